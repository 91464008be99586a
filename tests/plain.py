"""The classroom variants as a tutorial would write them, with `keras.layers` alone: what the lab is timed against.

Every function of `PLAIN` builds a network from uint8 images (B, 32, 32, 3) to 10 logits with the widths, depths,
activations and norms of the variant of that name. Attention is `keras.layers.MultiHeadAttention`, and sparse attention
is a mask. ``python tests/plain.py`` holds the numbers of parameters against those of the lab.
"""

from collections.abc import Callable

import keras
import numpy as np
from keras import Model, layers, ops


class Positions(layers.Layer):
    """Adds a learned table."""

    def build(self, shape):
        self.table = self.add_weight(shape=shape[1:], initializer="random_normal")

    def call(self, x):
        return x + self.table


class Token(layers.Layer):
    """Puts one learned token before the others: (B, n, C) → (B, 1 + n, C)."""

    def build(self, shape):
        self.token = self.add_weight(shape=(1, 1, shape[2]), initializer="zeros")

    def call(self, x):
        return ops.concatenate([ops.broadcast_to(self.token, (ops.shape(x)[0], 1, x.shape[2])), x], axis=1)


class Scale(layers.Layer):
    """Multiplies every channel by a learned factor."""

    def build(self, shape):
        self.scale = self.add_weight(shape=shape[-1:], initializer=keras.initializers.Constant(0.1))

    def call(self, x):
        return x * self.scale


# Parts


def start():
    image = keras.Input((32, 32, 3), dtype="uint8")
    return image, layers.Rescaling(1 / 127.5, -1.0)(image)


def norm(x):
    return layers.LayerNormalization(epsilon=1e-6)(x)


def batch(x, activation: str | None = None):
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.Activation(activation)(x) if activation else x


def conv(x, width: int, side: int, activation: str | None = None, stride: int = 1):
    """Convolution, batch norm, activation."""
    return batch(layers.Conv2D(width, side, stride, "same", use_bias=False)(x), activation)


def depthwise(x, activation: str, stride: int = 1):
    return batch(layers.DepthwiseConv2D(3, stride, "same", use_bias=False)(x), activation)


def mean_head(image, x) -> Model:
    return Model(image, layers.Dense(10)(layers.GlobalAveragePooling2D()(x)))


def token_head(image, x) -> Model:
    return Model(image, layers.Dense(10)(layers.GlobalAveragePooling1D()(norm(x))))


def ffn(x, hidden: int, activation: str = "gelu"):
    return layers.Dense(x.shape[-1])(layers.Dense(hidden, activation=activation)(x))


def transformer(x, hidden: int, activation: str = "gelu"):
    """A pre-norm Transformer block with 4 heads: (B, n, C) → (B, n, C)."""
    y = norm(x)
    x = x + layers.MultiHeadAttention(4, x.shape[-1] // 4)(y, y)
    return x + ffn(norm(x), hidden, activation)


def patches(x, width: int):
    """Patches of 4×4 pixels in raster order: (B, 64, C)."""
    return layers.Reshape((64, width))(layers.Conv2D(width, 4, strides=4)(x))


# Convolutional networks


def cnn() -> Model:
    image, x = start()
    for width in (32, 64, 96):
        x = layers.Conv2D(width, 3, padding="same", activation="relu")(x)
        x = layers.Conv2D(width, 3, padding="same", activation="relu")(x)
        x = layers.MaxPooling2D()(x)
    return mean_head(image, x)


def vgg() -> Model:
    image, x = start()
    for width, depth in ((24, 2), (48, 2), (64, 3)):
        for _ in range(depth):
            x = layers.Conv2D(width, 3, padding="same", activation="relu")(x)
        x = layers.MaxPooling2D()(x)
    x = layers.Dense(64, activation="relu")(layers.Flatten()(x))
    x = layers.Dense(64, activation="relu")(x)
    return Model(image, layers.Dense(10)(x))


def resnet() -> Model:
    image, x = start()
    x = conv(x, 32, 3, "relu", stride=2)
    for width, first in ((64, 1), (128, 2), (224, 2)):
        for stride in (first, 1):
            y = conv(x, width // 4, 1, "relu")
            y = conv(y, width // 4, 3, "relu", stride)
            y = conv(y, width, 1)
            shortcut = x if x.shape[-1] == width else conv(x, width, 1, stride=stride)
            x = layers.Activation("relu")(shortcut + y)
    return mean_head(image, x)


def mobilenet_v1() -> Model:
    image, x = start()
    x = conv(x, 32, 3, "relu6", stride=2)
    for width, stride in ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (256, 1)):
        x = depthwise(x, "relu6", stride)
        x = conv(x, width, 1, "relu6")
    return mean_head(image, x)


def inverted(x, width: int, ratio: int, activation: str, stride: int = 1):
    """Expand, depthwise, contract; a residual where the shape stays."""
    y = conv(x, x.shape[-1] * ratio, 1, activation) if ratio > 1 else x
    y = depthwise(y, activation, stride)
    y = conv(y, width, 1)
    return x + y if stride == 1 and x.shape[-1] == width else y


def mobilenet_v2() -> Model:
    image, x = start()
    x = conv(x, 16, 3, "relu6", stride=2)
    x = inverted(x, 16, 1, "relu6")
    for width, stride in ((24, 1), (40, 2), (72, 2)):
        x = inverted(x, width, 6, "relu6", stride)
        x = inverted(x, width, 6, "relu6")
    return mean_head(image, conv(x, 256, 1, "relu6"))


def convnext() -> Model:
    image, x = start()
    x = norm(layers.Conv2D(32, 2, strides=2)(x))
    for width, depth in ((32, 2), (64, 2), (96, 1)):
        if width > 32:
            x = layers.Conv2D(width, 2, strides=2)(norm(x))
        for _ in range(depth):
            y = norm(layers.DepthwiseConv2D(7, padding="same")(x))
            x = x + Scale()(ffn(y, 4 * width))
    return Model(image, layers.Dense(10)(norm(layers.GlobalAveragePooling2D()(x))))


# Transformers


def vit() -> Model:
    image, x = start()
    x = Positions()(patches(x, 64))
    for _ in range(4):
        x = transformer(x, 256)
    return token_head(image, x)


def windows(x, side: int):
    """(B, H, W, C) → (B, windows, side², C)."""
    _, height, width, channels = x.shape
    x = ops.reshape(x, (-1, height // side, side, width // side, side, channels))
    x = ops.transpose(x, (0, 1, 3, 2, 4, 5))
    return ops.reshape(x, (-1, height * width // side**2, side**2, channels))


def grid_of(x, height: int, width: int, side: int):
    """The inverse of `windows`."""
    x = ops.reshape(x, (-1, height // side, width // side, side, side, x.shape[-1]))
    return ops.reshape(ops.transpose(x, (0, 1, 3, 2, 4, 5)), (-1, height, width, x.shape[-1]))


def shifted_mask(size: int, side: int) -> np.ndarray:
    """(1, windows, side², side²): in a grid rolled by half a window, who was a neighbour before."""
    region = np.zeros((1, size, size, 1))
    parts = slice(0, -side), slice(-side, -side // 2), slice(-side // 2, None)
    for i, rows in enumerate(parts):
        for j, columns in enumerate(parts):
            region[:, rows, columns] = 3 * i + j
    region = np.asarray(windows(region, side))[..., 0]
    return region[:, :, :, None] == region[:, :, None]


def swin() -> Model:
    """Without the biases by relative position, 686 parameters: `MultiHeadAttention` has no place for them."""
    image, x = start()
    x = norm(layers.Conv2D(20, 2, strides=2)(x))
    for size, width in ((16, 20), (8, 40), (4, 80)):
        if width > 20:
            x = ops.concatenate([x[:, i::2, j::2] for j in range(2) for i in range(2)], axis=-1)
            x = layers.Dense(width, use_bias=False)(norm(x))
        for block in range(2):
            shift = 2 if block % 2 and size > 4 else 0
            y = ops.roll(norm(x), (-shift, -shift), axis=(1, 2)) if shift else norm(x)
            y = windows(y, 4)
            attention = layers.MultiHeadAttention(width // 20, 20, attention_axes=(2,))
            y = attention(y, y, attention_mask=shifted_mask(size, 4) if shift else None)
            y = grid_of(y, size, size, 4)
            x = x + (ops.roll(y, (shift, shift), axis=(1, 2)) if shift else y)
            x = x + ffn(norm(x), 4 * width)
    return mean_head(image, norm(x))


def band(tokens: int, reach: int, extra: int = 0) -> np.ndarray:
    """(1, n, n): tokens at most `reach` apart, and the `extra` first ones with all."""
    place = np.arange(-extra, tokens)
    near = np.abs(place[:, None] - place[None]) <= reach
    return (near | (place < 0)[:, None] | (place < 0)[None])[None]


def longformer() -> Model:
    """Attention under a band mask, and the global token's own attention to all, not behind the last block.

    9,576 parameters more than Longformer: `MultiHeadAttention` brings the global token an output projection of its own.
    """
    image, x = start()
    x = Positions()(Token()(patches(x, 56)))
    for block in range(4):
        y = norm(x)
        mixed = layers.MultiHeadAttention(4, 14)(y, y, attention_mask=band(64, 8, extra=1))
        if block < 3:
            mixed = ops.concatenate([layers.MultiHeadAttention(4, 14)(y[:, :1], y), mixed[:, 1:]], axis=1)
        x = x + mixed
        x = x + ffn(norm(x), 224)
    return token_head(image, x[:, 1:])


def mobilevit() -> Model:
    image, x = start()
    x = conv(x, 16, 3, "silu", stride=2)
    x = inverted(x, 16, 4, "silu")
    for size, width, inner in ((8, 32, 48), (4, 40, 56)):
        x = inverted(x, width, 4, "silu", stride=2)
        y = layers.Conv2D(inner, 1, use_bias=False)(conv(x, width, 3, "silu"))
        y = ops.reshape(y, (-1, size // 2, 2, size // 2, 2, inner))  # unfold: (4B, n/4, C)
        y = ops.reshape(ops.transpose(y, (0, 2, 4, 1, 3, 5)), (-1, size**2 // 4, inner))
        for _ in range(2):
            y = transformer(y, 2 * inner, "silu")
        y = ops.reshape(norm(y), (-1, 2, 2, size // 2, size // 2, inner))  # fold
        y = ops.reshape(ops.transpose(y, (0, 3, 1, 4, 2, 5)), (-1, size, size, inner))
        y = conv(y, width, 1, "silu")
        x = conv(layers.Concatenate()([x, y]), width, 3, "silu")
    return mean_head(image, conv(x, 128, 1, "silu"))


def mixer() -> Model:
    image, x = start()
    x = patches(x, 72)
    for _ in range(4):
        y = layers.Permute((2, 1))(norm(x))
        x = x + layers.Permute((2, 1))(ffn(y, 36))
        x = x + ffn(norm(x), 288)
    return token_head(image, x)


PLAIN: dict[str, Callable[[], Model]] = {
    function.__name__: function
    for function in (cnn, vgg, resnet, mobilenet_v1, mobilenet_v2, convnext, vit, swin, longformer, mobilevit, mixer)
}


def main() -> None:
    """Parameters of the lab's networks and of these; more than 5 % apart only where the docstring says why."""
    from tf_models.zoo import CLASSROOM, parameters

    for variant, spec in CLASSROOM.items():
        model = PLAIN[variant]()
        ours, theirs = parameters(spec), sum(int(np.prod(v.shape)) for v in model.trainable_variables)
        far = "  more than 5 % apart" if abs(theirs / ours - 1) > 0.05 else ""
        print(f"{variant:12} lab {ours:9,}  plain {theirs:9,}  {theirs / ours - 1:+7.2%}{far}")


if __name__ == "__main__":
    import sys
    from pathlib import Path

    sys.path.insert(0, str(Path(__file__).parents[1]))
    main()
