"""Token mixers: who talks to whom. Each keeps the grid's shape, (B, H, W, C) → (B, H, W, C)."""

import keras
from keras import ops


class Attention(keras.layers.Layer):
    """Multi-head self-attention over all positions (Vaswani 2017, section 3.2; biases everywhere, as in ViT).

    Args:
        heads: number of heads; the channels are a multiple of it.

    Input shape: grid (B, H, W, C), optionally extra tokens (B, E, C), which come first in the sequence.
    Output shape: grid (B, H, W, C); weights (B, heads, E+H·W, E+H·W), whose rows sum to 1; where they came in, the
    extra tokens (B, E, C).
    """

    def __init__(self, heads: int, name: str | None = None, dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.heads = heads

    def build(self, grid_shape, extra_shape=None):
        channels = grid_shape[-1]
        for part in ("query", "key", "value", "output"):
            projection = keras.layers.Dense(channels, name=part, dtype=self.dtype_policy)
            projection.build((None, None, channels))
            setattr(self, f"{part}_projection", projection)

    def call(self, grid, extra=None):
        _, height, width, channels = grid.shape
        x = ops.reshape(grid, (-1, height * width, channels))  # (B, n, C)
        if extra is not None:
            x = ops.concatenate([extra, x], axis=1)
        query, key, value = (
            self._split(projection(x))
            for projection in (self.query_projection, self.key_projection, self.value_projection)
        )
        scale = (channels // self.heads) ** -0.5
        logits = ops.matmul(query * scale, ops.transpose(key, (0, 1, 3, 2)))  # (B, heads, n, n)
        weights = ops.softmax(logits, axis=-1)
        x = ops.matmul(weights, value)  # (B, heads, n, C/heads)
        x = ops.reshape(ops.transpose(x, (0, 2, 1, 3)), (-1, x.shape[2], channels))
        x = self.output_projection(x)  # (B, n, C)
        if extra is None:
            return ops.reshape(x, (-1, height, width, channels)), weights
        count = extra.shape[1]
        return ops.reshape(x[:, count:], (-1, height, width, channels)), weights, x[:, :count]

    def _split(self, x):
        """(B, n, C) → (B, heads, n, C/heads)."""
        x = ops.reshape(x, (-1, x.shape[1], self.heads, x.shape[2] // self.heads))
        return ops.transpose(x, (0, 2, 1, 3))


def grid_mixer(kind: str, width: int, name: str) -> keras.layers.Layer:
    """The mixers that work on the grid alone; 3×3, stride 1, zero padding.

    ``pool`` is the plain average of the neighbourhood (PoolFormer subtracts its input, which the residual undoes).
    """
    match kind:
        case "convolution":
            return keras.layers.Conv2D(width, 3, padding="same", name=name)
        case "depthwise":
            return keras.layers.DepthwiseConv2D(3, padding="same", name=name)
        case "pool":
            return keras.layers.AveragePooling2D(3, strides=1, padding="same", name=name)
        case "identity":
            return keras.layers.Identity(name=name)
    raise ValueError(f"mixer {kind} is not one of convolution, depthwise, pool, identity")
