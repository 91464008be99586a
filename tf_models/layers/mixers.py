"""Token mixers: who talks to whom. Each keeps the grid's shape, (B, H, W, C) → (B, H, W, C).

Names of shapes: n = H·W positions, h heads, E extra tokens (a class token, global tokens), d = C/h.
"""

import keras
from keras import ops

from tf_models.layers.attention import Attention, sequence
from tf_models.layers.channels import FeedForward
from tf_models.layers.scoreless_attention import LinearAttention, StaticMixing
from tf_models.layers.sparse_attention import SlidingAttention, WindowAttention
from tf_models.zoo.counts import window_of
from tf_models.zoo.spec import MIXERS, Block


def token_mixer(
    block: Block, grid: tuple[int, int], shifted: bool, name: str, extra_is_read: bool = True
) -> keras.layers.Layer:
    """The token mixer of `block` for a grid of these rows and columns, at stride 1.

    Each takes a grid and returns one; ``attention``, ``window`` and ``sliding`` return their weights after it. Those
    of `REACHING_EXTRA_TOKENS` take extra tokens as a second argument, and return them last. `extra_is_read` says
    whether anything reads them there.
    """
    match block.mixer:
        case "attention":
            return Attention(block.heads, block.relative, block.local, block.projected, name=name)
        case "window":
            return WindowAttention(block.heads, window_of(block, grid), shifted, block.relative, name=name)
        case "sliding":
            reach = window_of(block, grid)[0]
            return SlidingAttention(block.heads, reach, block.sliding, block.relative, extra_is_read, name=name)
        case "linear_attention":
            return LinearAttention(block.heads, name=name)
        case "static":
            return StaticMixing(block.heads, name=name)
        case "token_mlp":
            return TokenMLP(block.token_ratio, block.activation, name=name)
        case "unshared":
            return Unshared(name=name)
        case "identity":
            return keras.layers.Identity(name=name)
    raise ValueError(f"mixer {block.mixer} is not one of {', '.join(MIXERS)} without those of Keras")


class TokenMLP(keras.layers.Layer):
    """Dense → activation → Dense over the positions, the same for every channel (Tolstikhin 2021, section 2).

    Input shape: (B, H, W, C). Output shape: (B, H, W, C).

    Args:
        ratio: hidden width over the number of channels.
        activation: a Keras activation.
    """

    def __init__(self, ratio: float, activation: str, name: str | None = None, dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.ratio, self.activation = ratio, activation

    def build(self, input_shape):
        _, rows, columns, channels = input_shape
        hidden = max(1, round(channels * self.ratio))
        self.mlp = FeedForward(hidden, self.activation, name="tokens", dtype=self.dtype_policy)
        self.mlp.build((None, channels, rows * columns))

    def call(self, grid):
        x = ops.transpose(sequence(grid), (0, 2, 1))  # (B, C, n)
        x = ops.transpose(self.mlp(x), (0, 2, 1))
        return ops.reshape(x, (-1, *grid.shape[1:]))


class Unshared(keras.layers.Layer):
    """A depthwise 3×3 convolution whose kernel is another one at every position: what sharing would save.

    Input shape: (B, H, W, C). Output shape: (B, H, W, C).
    """

    def build(self, input_shape):
        _, rows, columns, channels = input_shape
        self.kernel = self.add_weight(shape=(rows, columns, 9, channels), name="local_kernel")
        self.bias = self.add_weight(shape=(channels,), name="bias")

    def call(self, grid):
        _, rows, columns, _ = grid.shape
        kernel = ops.cast(self.kernel, grid.dtype)
        padded = ops.pad(grid, ((0, 0), (1, 1), (1, 1), (0, 0)))
        parts = [padded[:, i : i + rows, j : j + columns] * kernel[:, :, 3 * i + j] for i in range(3) for j in range(3)]
        return sum(parts[1:], parts[0]) + ops.cast(self.bias, grid.dtype)
