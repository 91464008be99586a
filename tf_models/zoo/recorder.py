"""Takes down a network layer by layer: what the functions of `zoo.plan` are written against."""

import math
from dataclasses import dataclass, field, replace
from typing import Any

from tf_models.zoo.counts import Layer, Role, over
from tf_models.zoo.spec import Block, ModelSpec


@dataclass(frozen=True)
class Recorder:
    """Takes down layers. Every method takes what flows in, as the row that made it, and returns the row that it adds.

    A recorder stands in one part of a network: `path` comes before the names of its layers and taps, `block` gives
    them norm, activation and biases, `stride` is that of the block. All parts write into the same `layers`.
    """

    spec: ModelSpec
    path: str = ""
    block: Block | None = None
    stride: int = 1
    shifted: bool = False  # windows
    extra_is_read: bool = True  # by anything after the block
    layers: dict[str, Layer] = field(default_factory=dict)

    def inside(self, path: str, block: Block, number: int = 1, stride: int = 1) -> "Recorder":
        """A recorder inside a part; every second block of a stage shifts its windows."""
        path, shifted = f"{self.path}.{path}".lstrip("."), block.shift and number % 2 == 0
        return replace(self, path=path, block=block, stride=stride, shifted=shifted)

    def record(self, op: str, name: str, *inputs: Layer, **fields: Any) -> Layer:
        """One more row. What the fields do not say is as in the first input."""
        x = inputs[0]
        usual = {"grid": x.grid, "channels": x.channels, "extra": x.extra, "unfolded": x.unfolded, "block": self.block}
        flow = {"grid_in": x.grid, "channels_in": x.channels, "extra_in": x.extra}
        path = f"{self.path}.{name}".lstrip(".")
        row = Layer(path=path, op=op, inputs=tuple(i.path for i in inputs), **flow, **usual | fields)
        self.layers[path] = row
        return row

    def tap(self, x: Layer, *names: str) -> Layer:
        """Show `x` to visitors under these names."""
        row = self.layers[x.path]
        names = tuple(f"{self.path}.{name}".lstrip(".") for name in names)
        self.layers[x.path] = replace(row, taps=(*row.taps, *names))
        return self.layers[x.path]

    def image(self) -> Layer:
        rows, columns, channels = self.spec.input_shape
        sizes = {"grid_in": (rows, columns), "grid": (rows, columns), "channels_in": channels, "channels": channels}
        self.layers["image"] = Layer(path="image", op="image", inputs=(), **sizes)
        return self.layers["image"]

    def slide(
        self, op: str, name: str, x: Layer, kernel: int, stride: int = 1, *, valid: bool = False, **fields: Any
    ) -> Layer:
        """A layer whose kernel slides over the grid, padded as the spec says, or with `valid` not at all.

        Where the spec wants blurs, it goes step by step, and `blurred` follows.
        """
        stride = 1 if self.spec.blur and not valid else stride
        if self.spec.padding == "symmetric" and min(kernel, stride) > 1 and op != "pool" and not valid:
            border = 2 * (kernel // 2)
            grid = x.grid[0] + border, x.grid[1] + border
            x, valid = self.record("pad", f"{name}_padding", x, kernel=kernel, grid=grid), True
        rows, columns = ((n - kernel) // stride + 1 if valid else math.ceil(n / stride) for n in x.grid)
        fields |= {"kernel": kernel, "stride": stride, "kind": "valid" if valid else "same", "grid": (rows, columns)}
        return self.record(op, name, x, **fields)

    def convolution(
        self, x: Layer, name: str, width: int, kernel: int = 1, stride: int = 1, role: Role = "channel", **fields: Any
    ) -> Layer:
        """With a bias where no norm of the block takes it away again, if `fields` do not say."""
        fields = {"bias": self.bias, "channels": width, "role": role} | fields
        return self.slide("convolution", name, x, kernel, stride, **fields)

    @property
    def bias(self) -> bool:
        return self.block is None or self.block.bias or self.block.norm == "none"

    def norm(self, x: Layer, name: str, kind: str | None = None) -> Layer:
        kind = kind or (self.block.norm if self.block else "none")
        return x if kind == "none" else self.record("norm", name, x, kind=kind, role="norm")

    def active(self, x: Layer, name: str) -> Layer:
        """Norm and activation after a convolution."""
        return self.activation(self.norm(x, f"{name}_norm"), f"{name}_activation")

    def activation(self, x: Layer, name: str, kind: str | None = None) -> Layer:
        return self.record("activation", name, x, kind=kind or (self.block.activation if self.block else "linear"))

    def mixer(self, x: Layer, stride: int = 1, **fields: Any) -> Layer:
        """The token mixer; one that slides no kernel takes every second position of a grid with a stride.

        ``pool`` is the plain average of the neighbourhood (PoolFormer subtracts its input, which the residual undoes).
        """
        block = self.block
        assert block is not None
        extra = x.extra if self.extra_is_read else 0
        fields = {"role": "mixer", "shifted": self.shifted, "extra": extra} | fields
        if block.mixer in ("convolution", "depthwise", "pool"):
            x = self.slide(block.mixer, "mixer", x, block.kernel, stride, **fields)
            return self.tap(x, "mixer")
        if stride > 1 and not self.spec.blur:
            x = self.record("every_second", "stride", x, stride=stride, grid=over(x.grid, stride))
        hidden = max(1, round(x.channels * block.token_ratio)) if block.mixer == "token_mlp" else 0
        x = self.record(block.mixer, "mixer", x, hidden=hidden, kind=block.activation, **fields)
        return self.tap(x, "mixer")

    def channel(self, x: Layer) -> Layer:
        """What each position does alone: an FFN, one without its activation, the activation alone, or nothing."""
        block = self.block
        assert block is not None
        kind = "linear" if block.channel == "linear" else block.activation
        if block.channel == "activation":
            x = self.record("activation", "channel", x, kind=kind, role="channel")
        elif block.channel != "off":
            x = self.record("ffn", "channel", x, kind=kind, role="channel", hidden=block.hidden(block.width))
        return self.tap(x, "channel")

    def add(self, x: Layer, y: Layer) -> Layer:
        """x + y, on the tokens that both have; y alone where the block has no skip connections."""
        name = f"{y.path.rsplit('.', 1)[-1]}_sum"
        skip = self.block is None or self.block.skip
        return self.record("add", name, x, y, extra=min(x.extra, y.extra)) if skip else y

    def blurred(self, x: Layer, name: str, stride: int) -> Layer:
        """The blur that stands in the place of a stride (Zhang 2019), where the spec wants blurs."""
        return self.record("blur", name, x, grid=over(x.grid, 2)) if self.spec.blur and stride > 1 else x
