"""`ModelSpec` → `keras.Model` with named taps."""

import math

import keras
from keras import ops

from tf_models.layers.channels import FeedForward
from tf_models.layers.grids import Blur, EverySecond, Fold, LayerScale, Merge, Shuffle, SideBySide, Unfold
from tf_models.layers.mixers import token_mixer
from tf_models.layers.stems import ClassToken, Position
from tf_models.zoo.inventory import stem_convolutions
from tf_models.zoo.spec import REACHING_EXTRA_TOKENS, Block, ModelSpec, Place, hidden_width, inner_block


class Network(keras.Model):
    """A functional model from uint8 images (B, H, W, channels) to logits (B, classes).

    `taps` names what flows inside: ``stem``; for every block ``stageS.blockB.mixer`` and ``.channel`` (the sub-block's
    output before it is added to the residual), ``.attention`` (weights: (B, h, n, n) for ``attention``, see the mixers'
    classes for the sparse ones) and ``.out``; ``stageS.downsample`` and ``.pool``; ``features`` (B, C) and ``logits``.
    Grids are (B, H, W, C). Inside a ``mobilevit`` block the Transformer's taps are ``.innerN.mixer`` and so on, on the
    folded grid, with the attention of its four unfolded grids side by side (B, 4·h, n, n).
    """

    taps: dict


def build(spec: ModelSpec) -> Network:
    """The untrained network of `spec`. Start its weights with `training.initialize.start`."""
    return _Builder(spec).network()


class _Builder:
    def __init__(self, spec: ModelSpec):
        self.spec = spec
        self.taps: dict = {}
        self.extra_is_read = True  # by anything behind the block that is being built

    def network(self) -> Network:
        spec = self.spec
        image = keras.Input(spec.input_shape, dtype="uint8", name="image")
        grid = keras.layers.Rescaling(1 / 127.5, offset=-1.0, name="stem.rescale")(image)
        if spec.shuffle != "none":
            grid = Shuffle(spec.shuffle, spec.shuffled_patch, name="stem.shuffle")(grid)
        grid, extra = self._stem(grid)
        self.taps["stem"] = grid
        places = spec.places
        for place in places:
            stage, path = spec.stages[place.stage - 1], f"stage{place.stage}"
            if place.number == 1 and stage.downsample != "none":
                grid = self._downsample(stage.downsample, place, grid)
            self.extra_is_read = place is not places[-1] or spec.head.pool == "token"
            grid, extra = getattr(self, f"_{place.block.kind}")(place, grid, extra)
            if stage.pool and place.number == len(stage.blocks):
                if spec.blur:
                    grid = keras.layers.MaxPooling2D(2, strides=1, padding="same", name=f"{path}.max")(grid)
                    grid = Blur(name=f"{path}.pool")(grid)
                else:
                    grid = keras.layers.MaxPooling2D(2, name=f"{path}.pool")(grid)
                self.taps[f"{path}.pool"] = grid
        logits = self._head(grid, extra)
        model = Network(image, logits, name=spec.name)
        model.taps = self.taps
        return model

    # parts that every kind is made of

    def _norm(self, kind: str, name: str) -> keras.layers.Layer:
        match kind:
            case "layer":
                return keras.layers.LayerNormalization(epsilon=self.spec.layer_epsilon, name=name)
            case "batch":
                momentum, epsilon = self.spec.batch_momentum, self.spec.batch_epsilon
                return keras.layers.BatchNormalization(momentum=momentum, epsilon=epsilon, name=name)
        return keras.layers.Identity(name=name)

    def _norm_each(self, kind: str, name: str, grid, extra):
        """A norm on the grid and, with the same weights, on the extra tokens; batch norm counts both as positions."""
        norm = self._norm(kind, name)
        if extra is None or kind != "batch":
            return _each(norm, grid, extra)
        sequence = ops.concatenate([extra, ops.reshape(grid, (-1, math.prod(grid.shape[1:3]), grid.shape[3]))], axis=1)
        sequence, count = norm(sequence), extra.shape[1]
        return ops.reshape(sequence[:, count:], (-1, *grid.shape[1:])), sequence[:, :count]

    def _convolution(self, grid, width: int, side: int, stride: int, bias: bool, name: str):
        """A dense convolution, padded as the spec says where it has a stride."""
        if stride == 1 or self.spec.padding == "same":
            return keras.layers.Conv2D(width, side, stride, "same", use_bias=bias, name=name)(grid)
        padded = keras.layers.ZeroPadding2D(side // 2, name=f"{name}_padding")(grid)
        return keras.layers.Conv2D(width, side, stride, use_bias=bias, name=name)(padded)

    def _depthwise(self, grid, side: int, stride: int, bias: bool, name: str):
        if stride == 1 or self.spec.padding == "same":
            return keras.layers.DepthwiseConv2D(side, stride, "same", use_bias=bias, name=name)(grid)
        padded = keras.layers.ZeroPadding2D(side // 2, name=f"{name}_padding")(grid)
        return keras.layers.DepthwiseConv2D(side, stride, use_bias=bias, name=name)(padded)

    def _mix(
        self,
        block: Block,
        grid,
        extra,
        path: str,
        *,
        stride: int = 1,
        bias: bool = True,
        shifted: bool = False,
    ):
        """The token mixer; extra tokens pass unmixed where it does not reach them.

        ``pool`` is the plain average of the neighbourhood (PoolFormer subtracts its input, which the residual undoes).
        A mixer that has no stride of its own takes every second position first.
        """
        name = f"{path}.mixer"
        match block.mixer:
            case "convolution":
                width = block.width if block.kind == "plain" else grid.shape[-1]
                grid = self._convolution(grid, width, block.kernel, stride, bias, name)
            case "depthwise":
                grid = self._depthwise(grid, block.kernel, stride, bias, name)
            case "pool":
                grid = keras.layers.AveragePooling2D(block.kernel, stride, "same", name=name)(grid)
            case _:
                if stride > 1:
                    grid = EverySecond(stride, name=f"{path}.stride")(grid)
                layer = token_mixer(block, grid.shape[1:3], shifted, name, self.extra_is_read)
                reaching = extra is not None and block.mixer in REACHING_EXTRA_TOKENS
                out = layer(grid, extra) if reaching else layer(grid)
                grid, *more = out if isinstance(out, (tuple, list)) else (out,)
                if more and block.mixer != "linear_attention":
                    self.taps[f"{path}.attention"] = more.pop(0)
                extra = more.pop() if more else extra
        self.taps[name] = grid
        return grid, extra if self.extra_is_read else None

    def _channel(self, block: Block, name: str) -> keras.layers.Layer:
        match block.channel:
            case "on":
                return FeedForward(hidden_width(block), block.activation, block.ffn_layers, name=name)
            case "linear":
                return FeedForward(hidden_width(block), "linear", block.ffn_layers, name=name)
            case "off":  # a plain convolution without its activation
                return keras.layers.Identity(name=name)
        return keras.layers.Activation(block.activation, name=name)

    def _active(self, grid, block: Block, name: str):
        """Norm and activation behind a convolution."""
        grid = self._norm(block.norm, f"{name}_norm")(grid)
        return keras.layers.Activation(block.activation, name=f"{name}_activation")(grid)

    def _pointwise(self, grid, width: int, block: Block, name: str, stride: int = 1):
        bias = block.bias or block.norm == "none"
        return keras.layers.Conv2D(width, 1, stride, use_bias=bias, name=name)(grid)

    # from pixels to the first grid, between stages, and to the logits

    def _stem(self, grid):
        spec, stem, extra = self.spec, self.spec.stem, None
        if stem.kind == "patch":
            patch = spec.patch
            grid = keras.layers.Conv2D(stem.width, patch, strides=patch, name="stem.patch")(grid)
            if stem.norm != "none":
                grid = self._norm(stem.norm, "stem.norm")(grid)
        elif stem.kind == "convolution":
            for index, (width, stride) in enumerate(stem_convolutions(spec), 1):
                blurred = spec.blur and stride > 1
                bias, name = stem.bias or stem.norm == "none", f"stem.convolution{index}"
                grid = self._convolution(grid, width, stem.kernel, 1 if blurred else stride, bias, name)
                grid = self._norm(stem.norm, f"stem.norm{index}")(grid)
                grid = keras.layers.Activation(stem.activation, name=f"stem.activation{index}")(grid)
                grid = Blur(name=f"stem.blur{index}")(grid) if blurred else grid
            if stem.project:
                grid = keras.layers.Conv2D(stem.width, 1, name="stem.project")(grid)
            if stem.pool:
                grid = self._stem_pool(grid)
        if stem.class_token:
            extra = ClassToken(stem.position == "learned", name="stem.class_token")(grid)
        if stem.position != "none":
            grid = Position(stem.position, name="stem.position")(grid)
        return grid, extra

    def _stem_pool(self, grid):
        """3×3 max-pooling of stride 2. What comes in is not negative, so that zeros pad as well as minus infinity."""
        if self.spec.blur:
            grid = keras.layers.MaxPooling2D(3, strides=1, padding="same", name="stem.max")(grid)
            return Blur(name="stem.pool")(grid)
        if self.spec.padding == "same":
            return keras.layers.MaxPooling2D(3, strides=2, padding="same", name="stem.pool")(grid)
        padded = keras.layers.ZeroPadding2D(1, name="stem.pool_padding")(grid)
        return keras.layers.MaxPooling2D(3, strides=2, name="stem.pool")(padded)

    def _downsample(self, kind: str, place: Place, grid):
        path, width = f"stage{place.stage}.downsample", place.channels_in
        if kind == "merge":
            grid = self._norm(place.block.norm, f"{path}_norm")(Merge(name=f"{path}_merge")(grid))
            grid = keras.layers.Dense(width, use_bias=False, name=path)(grid)
        else:
            grid = self._norm(place.block.norm, f"{path}_norm")(grid)
            if self.spec.blur:
                grid = keras.layers.Conv2D(width, 2, padding="same", name=path)(grid)
                grid = Blur(name=f"{path}_blur")(grid)
            else:
                grid = keras.layers.Conv2D(width, 2, strides=2, name=path)(grid)
        self.taps[path] = grid
        return grid

    def _head(self, grid, extra):
        spec, head = self.spec, self.spec.head
        if head.convolution:
            bias = head.norm == "none"
            grid = keras.layers.Conv2D(head.convolution, 1, use_bias=bias, name="head.convolution")(grid)
        norm = self._norm(head.norm, "head.norm")
        if head.pool == "token":
            features = norm(extra)[:, 0]  # (B, C)
        else:
            grid = grid if head.norm_after_pool else norm(grid)
            if head.convolution:
                grid = keras.layers.Activation(head.activation, name="head.activation")(grid)
            if head.pool == "flatten":
                features = keras.layers.Flatten(name="head.flatten")(grid)  # (B, H·W·C)
            else:
                features = keras.layers.GlobalAveragePooling2D(name="head.mean")(grid)
            features = norm(features) if head.norm_after_pool else features
        for index, width in enumerate(head.hidden, 1):
            features = keras.layers.Dense(width, head.activation, name=f"head.hidden{index}")(features)
        self.taps["features"] = features
        if spec.dropout:
            features = keras.layers.Dropout(spec.dropout, name="head.dropout")(features)
        # float32 also under mixed precision: the loss is computed from these.
        logits = keras.layers.Dense(spec.classes, dtype="float32", name="head.logits")(features)
        self.taps["logits"] = logits
        return logits

    # block kinds

    def _plain(self, place: Place, grid, extra):
        """conv → (norm) → ReLU."""
        block, path = place.block, place.path
        grid, extra = self._mix(block, grid, extra, path)
        grid = self._channel(block, f"{path}.channel")(self._norm(block.norm, f"{path}.mixer_norm")(grid))
        self.taps[f"{path}.channel"] = grid
        return grid, extra

    def _bottleneck(self, place: Place, grid, extra):
        """ReLU(x + expand(mixer(reduce(x)))); a 1×1 convolution fits x where stride or width change it."""
        block, path, stride = place.block, place.path, 1 if place.blurred else place.stride
        hidden, bias = hidden_width(block), block.bias or block.norm == "none"
        first, second = (stride, 1) if block.stride_first else (1, stride)
        x = self._active(self._pointwise(grid, hidden, block, f"{path}.reduce", first), block, f"{path}.reduce")
        x, extra = self._mix(block, x, extra, path, stride=second, bias=bias, shifted=place.shifted)
        x = self._blurred(self._active(x, block, f"{path}.mixer"), place)
        x = self._norm(block.norm, f"{path}.expand_norm")(self._pointwise(x, block.width, block, f"{path}.expand"))
        self.taps[f"{path}.channel"] = x
        if block.skip:
            if place.stride > 1 or place.channels_in != block.width:
                if place.blurred:
                    grid = Blur(name=f"{path}.shortcut_blur")(grid)
                grid = self._pointwise(grid, block.width, block, f"{path}.shortcut", stride)
                grid = self._norm(block.norm, f"{path}.shortcut_norm")(grid)
            x = keras.layers.add([grid, x])
        x = keras.layers.Activation(block.activation, name=f"{path}.activation")(x)
        self.taps[f"{path}.out"] = x
        return x, extra

    def _separable(self, place: Place, grid, extra):
        """depthwise → norm → activation, then 1×1 convolution → norm → activation."""
        block, path = place.block, place.path
        bias, stride = block.bias or block.norm == "none", 1 if place.blurred else place.stride
        x, extra = self._mix(block, grid, extra, path, stride=stride, bias=bias, shifted=place.shifted)
        x = self._blurred(self._active(x, block, f"{path}.mixer"), place)
        x = self._active(self._pointwise(x, block.width, block, f"{path}.channel"), block, f"{path}.channel")
        self.taps[f"{path}.channel"] = self.taps[f"{path}.out"] = x
        return x, extra

    def _inverted(self, place: Place, grid, extra):
        """x + contract(mixer(expand(x))), no activation behind the contraction; x only where its shape stays."""
        block, path = place.block, place.path
        bias, stride = block.bias or block.norm == "none", 1 if place.blurred else place.stride
        x, hidden = grid, hidden_width(block, place.channels_in)
        if hidden != place.channels_in:
            x = self._active(self._pointwise(x, hidden, block, f"{path}.expand"), block, f"{path}.expand")
        x, extra = self._mix(block, x, extra, path, stride=stride, bias=bias, shifted=place.shifted)
        x = self._blurred(self._active(x, block, f"{path}.mixer"), place)
        x = self._norm(block.norm, f"{path}.contract_norm")(self._pointwise(x, block.width, block, f"{path}.contract"))
        self.taps[f"{path}.channel"] = x
        if block.skip and place.stride == 1 and place.channels_in == block.width:
            x = keras.layers.add([grid, x])
        self.taps[f"{path}.out"] = x
        return x, extra

    def _blurred(self, grid, place: Place):
        return Blur(name=f"{place.path}.blur")(grid) if place.blurred else grid

    def _one_residual(self, place: Place, grid, extra):
        """x + scale · channel(norm(mixer(x)))."""
        block, path = place.block, place.path
        x, extra = self._mix(block, grid, extra, path, shifted=place.shifted)
        if block.channel != "off":
            x = self._norm(block.norm, f"{path}.mixer_norm")(x)
            x = self.taps[f"{path}.channel"] = self._channel(block, f"{path}.channel")(x)
        if block.layer_scale:
            x = LayerScale(name=f"{path}.scale")(x)
        x = keras.layers.add([grid, x]) if block.skip else x
        self.taps[f"{path}.out"] = x
        return x, extra

    def _two_residuals(self, place: Place, grid, extra):
        return self._transformer(place.block, grid, extra, place.path, place.shifted)

    def _transformer(self, block: Block, grid, extra, path: str, shifted: bool = False):
        """x + mixer(norm(x)), then x + channel(norm(x)); `ffn=off` leaves out the second line whole."""

        def join(x, y):
            return keras.layers.add([x, y]) if block.skip else y

        normed = self._norm_each(block.norm, f"{path}.mixer_norm", grid, extra)
        mixed, mixed_extra = self._mix(block, *normed, path, shifted=shifted)
        grid, extra = join(grid, mixed), None if mixed_extra is None else join(extra, mixed_extra)
        if block.channel != "off":
            normed = self._norm_each(block.norm, f"{path}.channel_norm", grid, extra)
            changed, changed_extra = _each(self._channel(block, f"{path}.channel"), *normed)
            self.taps[f"{path}.channel"] = changed
            grid, extra = join(grid, changed), None if extra is None else join(extra, changed_extra)
        self.taps[f"{path}.out"] = grid
        return grid, extra

    def _mobilevit(self, place: Place, grid, extra):
        """3×3 and 1×1 convolution, Transformer blocks on the unfolded grid, 1×1 convolution, fusion with the input."""
        block, path, channels = place.block, place.path, place.channels_in
        bias = block.bias or block.norm == "none"
        x = self._convolution(grid, channels, 3, 1, bias, f"{path}.local")
        x = self._active(x, block, f"{path}.local")
        x = keras.layers.Conv2D(block.inner_width, 1, use_bias=False, name=f"{path}.project")(x)
        self.taps[f"{path}.local"] = x
        rows, columns = x.shape[1:3]
        x = Unfold(name=f"{path}.unfold")(x)
        outer, self.taps = self.taps, {}
        inner = inner_block(block)
        for index in range(1, block.inner_depth + 1):
            shifted = inner.shift and index % 2 == 0
            x, _ = self._transformer(inner, x, None, f"{path}.inner{index}", shifted)
        found, self.taps = self.taps, outer
        for name, tap in found.items():
            self.taps[name] = SideBySide()(tap) if name.endswith(".attention") else Fold(rows, columns)(tap)
        x = Fold(rows, columns, name=f"{path}.fold")(self._norm(inner.norm, f"{path}.inner_norm")(x))
        x = self._active(self._pointwise(x, channels, block, f"{path}.restore"), block, f"{path}.restore")
        x = keras.layers.Concatenate(name=f"{path}.both")([grid, x])
        x = self._convolution(x, block.width, 3, 1, bias, f"{path}.fuse")
        x = self._active(x, block, f"{path}.fuse")
        self.taps[f"{path}.out"] = x
        return x, extra


def _each(layer, grid, extra):
    """A position-wise layer on the grid and, with the same weights, on the extra tokens."""
    return layer(grid), None if extra is None else layer(extra)
