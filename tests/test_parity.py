"""The published configurations compute the published functions.

With the same random weights, none of them zero, our networks are compared with keras.applications, and where that has
none, with slow and obvious NumPy versions written here. Every comparison has planted faults, to show that it would
notice them.
"""

import math
from dataclasses import replace
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from networks import error, random_images, taps
from scipy import special

from tf_models.layers.channels import FeedForward
from tf_models.layers.sparse_attention import SlidingAttention, WindowAttention
from tf_models.training.build import build
from tf_models.zoo import CLASSROOM, PUBLISHED
from tf_models.zoo.spec import ModelSpec, map_blocks

pytestmark = pytest.mark.usefixtures("forget_models")
SAME, OTHER = 1e-4, 1e-3  # relative errors: below the one, functions agree; a planted fault exceeds the other


def randomize(layer, seed=0) -> None:
    """Weights that leave no term out, of a size that neither explodes nor vanishes over many layers."""
    rng = np.random.default_rng(seed)
    for variable in layer.variables:
        name, shape = variable.path.split("/")[-1], variable.shape
        value = rng.standard_normal(shape, np.float32)
        if name == "kernel":
            depthwise = len(shape) == 4 and shape[3] == 1
            value *= (2 / math.prod(shape[:2] if depthwise else shape[:-1])) ** 0.5
        elif name == "moving_variance":
            value = rng.uniform(0.4, 4, shape)
        elif name == "gamma":
            value = rng.uniform(0.5, 2, shape)
        elif name != "table":
            value /= 2
        variable.assign(value)


def weights_of(layer) -> dict[str, np.ndarray]:
    return {variable.path: np.asarray(variable).astype(np.float64) for variable in layer.variables}


def changed(spec: ModelSpec, *, block=(), stem=(), head=(), **changes) -> ModelSpec:
    """`spec` with other fields, also in every block, in the stem and in the head."""
    stem, head = replace(spec.stem, **dict(stem)), replace(spec.head, **dict(head))
    return replace(spec, stem=stem, head=head, stages=map_blocks(spec.stages, **dict(block)), **changes)


def places(spec: ModelSpec) -> list[SimpleNamespace]:
    """Every block with its stage and number, from 1."""
    return [
        SimpleNamespace(path=f"stage{s}.block{b}", stage=s, number=b, block=block)
        for s, stage in enumerate(spec.stages, 1)
        for b, block in enumerate(stage.blocks, 1)
    ]


# keras.applications


def vgg16_layers(spec):
    for place in places(spec):
        yield f"{place.path}.mixer", f"block{place.stage}_conv{place.number}"
    yield from {"head.hidden1": "fc1", "head.hidden2": "fc2", "head.logits": "predictions"}.items()


def resnet50_layers(spec):
    yield from {"stem.convolution1": "conv1_conv", "stem.norm1": "conv1_bn"}.items()
    for place in places(spec):
        parts = ("shortcut", "reduce", "mixer", "expand")
        for number, part in enumerate(parts):
            if part != "shortcut" or place.number == 1:
                path = f"conv{place.stage + 1}_block{place.number}_{number}"
                yield f"{place.path}.{part}", f"{path}_conv"
                yield f"{place.path}.{part}_norm", f"{path}_bn"
    yield "head.logits", "predictions"


def mobilenet_v1_layers(spec):
    yield from {"stem.convolution1": "conv1", "stem.norm1": "conv1_bn"}.items()
    for number, place in enumerate(places(spec), 1):
        for ours, theirs in (("mixer", "dw"), ("channel", "pw")):
            yield f"{place.path}.{ours}", f"conv_{theirs}_{number}"
            yield f"{place.path}.{ours}_norm", f"conv_{theirs}_{number}_bn"
    yield "head.logits", "conv_preds"


def mobilenet_v2_layers(spec):
    yield from {"stem.convolution1": "Conv1", "stem.norm1": "bn_Conv1"}.items()
    for number, place in enumerate(places(spec)):
        path = f"block_{number}" if number else "expanded_conv"
        for ours, theirs in (("expand", "expand"), ("mixer", "depthwise"), ("contract", "project")):
            if ours != "expand" or number:  # the first block has factor 1 and expands nothing
                yield f"{place.path}.{ours}", f"{path}_{theirs}"
                yield f"{place.path}.{ours}_norm", f"{path}_{theirs}_BN"
    yield from {"head.convolution": "Conv_1", "head.norm": "Conv_1_bn", "head.logits": "predictions"}.items()


def convnext_tiny_layers(spec):
    """Some layers of one side are two of the other: their weights follow each other."""
    yield ("stem.patch", "stem.norm"), "convnext_tiny_stem"
    for place in places(spec):
        if place.number == 1 and place.stage > 1:
            path = f"stage{place.stage}.downsample"
            yield (f"{path}_norm", path), f"convnext_tiny_downsampling_block_{place.stage - 2}"
        path = f"convnext_tiny_stage_{place.stage - 1}_block_{place.number - 1}"
        yield f"{place.path}.mixer", f"{path}_depthwise_conv"
        yield f"{place.path}.mixer_norm", f"{path}_layernorm"
        yield f"{place.path}.channel", (f"{path}_pointwise_conv_1", f"{path}_pointwise_conv_2")
        yield f"{place.path}.scale", f"{path}_layer_scale"
    yield from {"head.norm": "convnext_tiny_head_layernorm", "head.logits": "convnext_tiny_head_dense"}.items()


REFERENCES = {
    "vgg16": dict(
        application="VGG16",
        layers=vgg16_layers,
        faults={
            "no ReLU behind the dense layers": dict(head={"activation": "linear"}),
            "another activation": dict(block={"activation": "silu"}),
        },
    ),
    # The row follows version 1.5; Keras has version 1: every convolution has a bias, and the first 1×1 convolution of a
    # stage the stride. It pads as PyTorch does, and has an epsilon of its own.
    "resnet50": dict(
        application="ResNet50",
        layers=resnet50_layers,
        ours=dict(block={"bias": True, "stride_first": True}, stem={"bias": True}, batch_epsilon=1.001e-5),
        faults={
            "stride on the 3×3 convolution": dict(block={"stride_first": False}),
            "same padding": dict(padding="same"),
            "another epsilon": dict(batch_epsilon=1e-1),
            "the default epsilon": dict(batch_epsilon=1e-3),
        },
    ),
    "mobilenet_v1": dict(
        application="MobileNet",
        stem_norm="conv1_bn",
        layers=mobilenet_v1_layers,
        faults={
            "ReLU for ReLU6 in the blocks": dict(block={"activation": "relu"}),
            "ReLU for ReLU6 in the stem": dict(stem={"activation": "relu"}),
            "symmetric padding": dict(padding="symmetric"),
            "another epsilon": dict(batch_epsilon=1e-1),
        },
    ),
    "mobilenet_v2": dict(
        application="MobileNetV2",
        stem_norm="bn_Conv1",
        layers=mobilenet_v2_layers,
        faults={
            "ReLU for ReLU6 in the blocks": dict(block={"activation": "relu"}),
            "ReLU for ReLU6 in the stem": dict(stem={"activation": "relu"}),
            "no residual": dict(block={"skip": False}),
            "symmetric padding": dict(padding="symmetric"),
        },
    ),
    "convnext_tiny": dict(
        application="ConvNeXtTiny",
        options={"include_preprocessing": False},
        layers=convnext_tiny_layers,
        faults={
            "norm before pooling": dict(head={"norm_after_pool": False}),
            "another activation": dict(block={"activation": "relu"}),
            "another epsilon": dict(layer_epsilon=1e-1),
        },
    ),
}


def listed(layers) -> tuple[str, ...]:
    return (layers,) if isinstance(layers, str) else layers


def with_weights_of(reference, spec) -> keras.Model:
    """Our network with the weights of the reference, every one of both copied once."""
    model = build(spec)
    copied, used = [], []
    for ours, theirs in reference.layers(spec):
        targets = [variable for name in listed(ours) for variable in model.get_layer(name).weights]
        values = [value for name in listed(theirs) for value in reference.weights[name]]
        for target, value in zip(targets, values, strict=True):
            # The same shapes but for sides of length 1: a depthwise kernel is (k, k, C, 1) here, and in ConvNeXt, a
            # convolution in C groups, (k, k, 1, C); MobileNet's classifier is a 1×1 convolution.
            assert [n for n in target.shape if n > 1] == [n for n in value.shape if n > 1]
            target.assign(value.reshape(target.shape))
        copied += [target.path for target in targets]
        used += listed(theirs)
    assert sorted(copied) == sorted(variable.path for variable in model.variables)
    assert sorted(used) == sorted(reference.weights)
    return model


@pytest.fixture(scope="module", params=REFERENCES)
def reference(request):
    """A network of keras.applications: its weights by layer, images, and their logits."""
    row = REFERENCES[request.param]
    shape, classes = (64, 96, 3), 7
    spec = replace(PUBLISHED[request.param], input_shape=shape, classes=classes)
    options = dict(weights=None, input_shape=shape, classes=classes, classifier_activation=None)
    model = getattr(keras.applications, row["application"])(**options, **row.get("options", {}))
    randomize(model)
    if "stem_norm" in row:  # so that some of what comes to the first ReLU6 is above 6
        gamma = model.get_layer(row["stem_norm"]).gamma
        gamma.assign(4 * gamma)
    images = random_images(shape)
    return SimpleNamespace(
        spec=changed(spec, **row.get("ours", {})),
        layers=row["layers"],
        faults=row["faults"],
        weights={layer.name: layer.get_weights() for layer in model.layers if layer.weights},
        images=images,
        logits=np.asarray(model(images / np.float32(127.5) - 1)),  # (B, classes)
    )


def test_a_published_network_computes_what_keras_applications_computes(reference):
    model = with_weights_of(reference, reference.spec)
    assert error(model(reference.images), reference.logits) < SAME


def test_the_comparison_with_keras_applications_notices_planted_faults(reference):
    for fault, changes in reference.faults.items():
        model = with_weights_of(reference, changed(reference.spec, **changes))
        assert error(model(reference.images), reference.logits) > OTHER, fault


# The functions in NumPy. `w` holds weights by their paths; grids are (B, H, W, C), sequences (B, n, C). A network
# returns what flows inside under the names of our taps; `fault` plants a fault.


def gelu(x):
    return x * 0.5 * (1 + special.erf(x / np.sqrt(2)))


def silu(x):
    return x * special.expit(x)


def relu(x):
    return np.maximum(x, 0)


def dense(x, w, path):
    y = x @ w[f"{path}/kernel"]
    return y + w[f"{path}/bias"] if f"{path}/bias" in w else y


def feed_forward(x, w, path, activation):
    return dense(activation(dense(x, w, f"{path}/expand")), w, f"{path}/contract")


def layer_norm(x, w, path, epsilon):
    x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + epsilon)
    return x * w[f"{path}/gamma"] + w[f"{path}/beta"]


def batch_norm(x, w, path, epsilon):
    x = (x - w[f"{path}/moving_mean"]) / np.sqrt(w[f"{path}/moving_variance"] + epsilon)
    return x * w[f"{path}/gamma"] + w[f"{path}/beta"]


def surroundings(x, side, stride=1, outside=0.0, before=None):
    """What each place of the kernel sees, k·k grids (B, ⌈H/s⌉, ⌈W/s⌉, C), with ⌊k/2⌋ rows and columns around."""
    before = side // 2 if before is None else before
    rows, columns = (math.ceil(n / stride) for n in x.shape[1:3])
    padded = np.pad(x, ((0, 0), (before, side), (before, side), (0, 0)), constant_values=outside)
    return [
        padded[:, i : i + stride * rows : stride, j : j + stride * columns : stride]
        for i in range(side)
        for j in range(side)
    ]


def convolution(x, w, path, stride=1, same=False):
    """With zeros all around, as PyTorch pads; `same`: one less at the top left at stride 2, as TensorFlow does."""
    kernel = w[f"{path}/kernel"]  # (k, k, C, C')
    side = len(kernel)
    seen = surroundings(x, side, stride, before=(side - stride) // 2 if same else None)
    y = sum(part @ place for part, place in zip(seen, kernel.reshape(-1, *kernel.shape[2:]), strict=True))
    return y + w[f"{path}/bias"] if f"{path}/bias" in w else y


def depthwise(x, w, path, stride=1, same=False):
    kernel = w[f"{path}/kernel"]  # (k, k, C, 1)
    side = len(kernel)
    seen = surroundings(x, side, stride, before=(side - stride) // 2 if same else None)
    return sum(part * place for part, place in zip(seen, kernel.reshape(side * side, -1), strict=True))


def attention(x, w, path, heads, allowed=None, bias=None, *, softmax=special.softmax, scale=None, prefix=""):
    """softmax(QKᵀ/√d + bias)V of all n positions, head by head, over the `allowed` pairs. bias is (h, n, n)."""
    query, key, value = (dense(x, w, f"{path}/{prefix}{part}") for part in ("query", "key", "value"))  # (B, n, C)
    size = x.shape[-1] // heads
    outputs, maps = [], []
    for head in range(heads):
        part = slice(head * size, (head + 1) * size)
        scores = query[..., part] @ key[..., part].transpose(0, 2, 1) * (scale or size**-0.5)  # (B, n, n)
        scores = scores if bias is None else scores + bias[head]
        scores = scores if allowed is None else np.where(allowed, scores, -np.inf)
        maps.append(softmax(scores, axis=-1))
        outputs.append(maps[-1] @ value[..., part])
    return dense(np.concatenate(outputs, axis=-1), w, f"{path}/output"), np.stack(maps, axis=1)


def transformer_block(x, w, path, mix, activation, epsilon, post_norm=False):
    """x + mix(norm(x)), then x + channel(norm(x)); `mix` returns attention maps too, or None."""
    if post_norm:
        x = layer_norm(x + mix(x, f"{path}.mixer")[0], w, f"{path}.mixer_norm", epsilon)
        return layer_norm(
            x + feed_forward(x, w, f"{path}.channel", activation), w, f"{path}.channel_norm", epsilon
        ), None
    mixed, maps = mix(layer_norm(x, w, f"{path}.mixer_norm", epsilon), f"{path}.mixer")
    x = x + mixed
    return x + feed_forward(layer_norm(x, w, f"{path}.channel_norm", epsilon), w, f"{path}.channel", activation), maps


def embed(images, w, patch):
    """Every patch flattened, then a dense layer: (B, rows, columns, C)."""
    pixels = images / 127.5 - 1
    rows, columns = (side // patch for side in images.shape[1:3])
    flat = [
        [
            pixels[:, patch * i : patch * (i + 1), patch * j : patch * (j + 1)].reshape(len(images), -1)
            for j in range(columns)
        ]
        for i in range(rows)
    ]
    kernel = w["stem.patch/kernel"]  # (p, p, 3, C)
    return np.array(flat).transpose(2, 0, 1, 3) @ kernel.reshape(-1, kernel.shape[-1]) + w["stem.patch/bias"]


def isotropic_network(images, w, spec, mix, fault=""):
    """ViT's frame: patches, class token, learned positions, pre-norm blocks, norm, class token or mean, dense."""
    grid = embed(images, w, spec.patch)
    batch, rows, columns, channels = grid.shape
    if spec.stem.position == "learned":
        table = w["stem.position/table"]  # (rows, columns, C)
        if fault == "positions column by column":
            table = table.swapaxes(0, 1).reshape(table.shape)
        grid = grid + table
    found = {"stem": grid}
    x, tokens = grid.reshape(batch, -1, channels), 0
    if spec.stem.class_token:
        token = w["stem.class_token/token"] + (w["stem.class_token/table"] if fault != "token without position" else 0)
        x, tokens = np.concatenate([np.tile(token, (batch, 1, 1)), x], axis=1), 1
    for b in range(1, len(spec.blocks) + 1):
        path = f"stage1.block{b}"
        x, maps = transformer_block(x, w, path, mix, gelu, 1e-6, post_norm=fault == "norms behind")
        found[f"{path}.attention"], found[f"{path}.out"] = maps, x[:, tokens:].reshape(grid.shape)
    x = layer_norm(x, w, "head.norm", 1e-6)
    use_token = spec.head.pool == "token" and fault != "mean of the grid"
    found["features"] = x[:, 0] if use_token else x[:, tokens:].mean(1)
    found["logits"] = dense(found["features"], w, "head.logits")
    return found


def vit(images, w, spec, fault=""):
    def mix(x, path):
        scale = x.shape[-1] ** -0.5 if fault == "scale of the whole width" else None
        return attention(x, w, path, spec.blocks[0].heads, scale=scale)

    return isotropic_network(images, w, spec, mix, fault)


def mixer(images, w, spec, fault=""):
    def mix(x, path):
        if fault == "over the channels":
            return feed_forward(x, w, f"{path}/tokens", gelu), None
        return feed_forward(x.transpose(0, 2, 1), w, f"{path}/tokens", gelu).transpose(0, 2, 1), None

    return isotropic_network(images, w, spec, mix, fault)


def longformer(images, w, spec, fault=""):
    block = spec.blocks[0]

    def mix(x, path):
        return sliding_attention(x, w, path, block.heads, spec.grid, block.window, block.sliding, 1, fault=fault)

    return isotropic_network(images, w, spec, mix, fault)


def sliding_attention(x, w, path, heads, grid, reach, order, tokens, table=None, fault=""):
    """Longformer's: `tokens` global tokens come first in x (B, E+n, C).

    A position attends to the global tokens and to what is at most `reach` away, in one softmax. A global token attends
    to everything, with projections of its own. `table` has a bias for every step from query to key.
    """
    places = [(i, j) for i in range(grid[0]) for j in range(grid[1])]
    if (order == "raster") != (fault == "other order"):
        places = [(0, number) for number in range(len(places))]
    n = len(places)
    allowed, bias = np.ones((tokens + n, tokens + n), bool), np.zeros((heads, tokens + n, tokens + n))
    for q, query in enumerate(places):
        for k, key in enumerate(places):
            down, right = key[0] - query[0], key[1] - query[1]
            near = allowed[tokens + q, tokens + k] = max(abs(down), abs(right)) <= reach
            if table is not None and near:
                if fault == "from key to query":
                    down, right = -down, -right
                row = right + reach if order == "raster" else (down + reach) * (2 * reach + 1) + right + reach
                bias[:, tokens + q, tokens + k] = table[row]

    def apart(scores, axis):
        halves = [special.softmax(part, axis) for part in (scores[..., :tokens], scores[..., tokens:])]
        return np.concatenate(halves, axis) / 2

    softmax = apart if fault == "two softmaxes" else special.softmax
    out, maps = attention(x, w, path, heads, allowed, bias, softmax=softmax)
    if tokens and f"{path}/global_query/kernel" in w:  # not in a last block whose global tokens nothing reads
        prefix = "" if fault == "projections shared" else "global_"
        out[:, :tokens] = attention(x, w, path, heads, prefix=prefix)[0][:, :tokens]
    return out, maps


def window_terms(grid, window, shift, table=None, fault=""):
    """Which pairs of positions attend to each other, (n, n), and the bias of each, (h, n, n) or None.

    Two positions do where they lie in the same cell of a tiling by windows that starts at `shift`: its cells at the
    border are the pieces that rolling would join with those of the other side.
    """
    places = [(i, j) for i in range(grid[0]) for j in range(grid[1])]
    if fault == "no mask":  # the grid is rolled, and what comes around stays
        sides = [math.ceil(n / m) * m for n, m in zip(grid, window, strict=True)]
        places = [tuple((p - s) % n for p, s, n in zip(place, shift, sides, strict=True)) for place in places]
    if fault in ("no mask", "no shift"):
        shift = (0, 0)
    cells = [tuple((p - s) // m for p, s, m in zip(place, shift, window, strict=True)) for place in places]
    allowed = np.array([[query == key for key in cells] for query in cells])
    if table is None:
        return allowed, None
    bias = np.zeros((table.shape[1], *allowed.shape))
    for q, k in np.argwhere(allowed):
        down, right = (a - b for a, b in zip(places[q], places[k], strict=True))
        if fault == "transposed index":
            down, right = right, down
        bias[:, q, k] = table[(down + window[0] - 1) * (2 * window[1] - 1) + right + window[1] - 1]
    return allowed, bias


def swin(images, w, spec, fault=""):
    """Patches and norm; windows of 7×7, shifted by 3 in every second block where the grid is larger; patch merging."""
    x = layer_norm(embed(images, w, 4), w, "stem.norm", 1e-5)
    found = {"stem": x}
    for s, stage in enumerate(spec.stages, 1):
        if s > 1:
            corners = ((0, 0), (1, 0), (0, 1), (1, 1))
            corners = sorted(corners) if fault == "merged row by row" else corners
            x = np.concatenate([x[:, i::2, j::2] for i, j in corners], axis=-1)
            x = dense(layer_norm(x, w, f"stage{s}.downsample_norm", 1e-5), w, f"stage{s}.downsample")
            found[f"stage{s}.downsample"] = x
        grid, shape = x.shape[1:3], x.shape
        for b, block in enumerate(stage.blocks, 1):
            path = f"stage{s}.block{b}"
            shift = tuple(3 if b % 2 == 0 and side > 7 else 0 for side in grid)
            allowed, bias = window_terms(grid, (7, 7), shift, w[f"{path}.mixer/table"], fault)

            def mix(x, path, heads=block.heads, allowed=allowed, bias=bias):
                return attention(x, w, path, heads, allowed, bias)

            x, maps = transformer_block(x.reshape(len(x), -1, shape[-1]), w, path, mix, gelu, 1e-5)
            x = x.reshape(shape)
            found[f"{path}.attention"], found[f"{path}.out"] = maps, x
    found["features"] = layer_norm(x, w, "head.norm", 1e-5).mean((1, 2))
    found["logits"] = dense(found["features"], w, "head.logits")
    return found


def resize(x, rows, columns):
    """Bilinear, between the centres of pixels, as PyTorch's `interpolate`."""
    for axis, new in ((1, rows), (2, columns)):
        old = x.shape[axis]
        centres = [min(max((k + 0.5) * old / new - 0.5, 0), old - 1) for k in range(new)]
        parts = []
        for centre in centres:
            low, share = int(centre), centre - int(centre)
            parts.append(x.take(low, axis) * (1 - share) + x.take(min(low + 1, old - 1), axis) * share)
        x = np.stack(parts, axis)
    return x


def mobilevit(images, w, spec, fault=""):
    """Inverted residuals; behind the last three strides, Transformer blocks between convolutions."""
    same = fault == "same padding"

    def active(x, path):
        return silu(batch_norm(x, w, f"{path}_norm", 1e-5))

    def inverted(x, path, stride):
        y = active(convolution(x, w, f"{path}.expand"), f"{path}.expand")
        y = active(depthwise(y, w, f"{path}.mixer", stride, same), f"{path}.mixer")
        y = batch_norm(convolution(y, w, f"{path}.contract"), w, f"{path}.contract_norm", 1e-5)
        return x + y if x.shape == y.shape else y

    def mix(x, path):
        return attention(x, w, path, heads=4)

    def transformers(x, path, depth):
        """The positions at the same place of every 2×2 patch are a sequence."""
        before = x.shape[1:3]
        x = resize(x, *(side + side % 2 for side in before))
        rows, columns = x.shape[1:3]
        sequences = [[(r, c) for r in range(i, rows, 2) for c in range(j, columns, 2)] for i, j in np.ndindex(2, 2)]
        if fault == "transposed unfolding":  # the four positions of a patch are a sequence
            sequences = list(zip(*sequences, strict=True))
        out, maps = np.zeros_like(x), [[] for _ in range(depth)]
        for sequence in sequences:
            r, c = np.transpose(sequence)
            y = x[:, r, c]  # (B, n/4, C)
            for number in range(depth):
                y, attended = transformer_block(y, w, f"{path}.inner{number + 1}", mix, silu, 1e-5)
                maps[number].append(attended)
            out[:, r, c] = layer_norm(y, w, f"{path}.inner_norm", 1e-5)
        for number in range(depth):  # heads of the four sequences side by side
            found[f"{path}.inner{number + 1}.attention"] = np.concatenate(maps[number], axis=1)
        return resize(out, *before)

    def mixed(x, path, depth):
        y = active(convolution(x, w, f"{path}.local"), f"{path}.local")
        y = found[f"{path}.local"] = convolution(y, w, f"{path}.project")
        y = active(convolution(transformers(y, path, depth), w, f"{path}.restore"), f"{path}.restore")
        both = [y, x] if fault == "result before input" else [x, y]
        return active(convolution(np.concatenate(both, axis=-1), w, f"{path}.fuse"), f"{path}.fuse")

    x = convolution(images / 127.5 - 1, w, "stem.convolution1", 2, same)
    x = silu(batch_norm(x, w, "stem.norm1", 1e-5))
    found = {"stem": x}
    for s, strides in enumerate([(1,), (2, 1, 1), (2,), (2,), (2,)], 1):
        for b, stride in enumerate(strides, 1):
            x = found[f"stage{s}.block{b}.out"] = inverted(x, f"stage{s}.block{b}", stride)
        if s > 2:
            x = found[f"stage{s}.block2.out"] = mixed(x, f"stage{s}.block2", depth=(2, 4, 3)[s - 3])
    x = silu(batch_norm(convolution(x, w, "head.convolution"), w, "head.norm", 1e-5))
    found["features"] = x.mean((1, 2))
    found["logits"] = dense(found["features"], w, "head.logits")
    return found


def resnet(images, w, spec, fault=""):
    """Version 1.5: no biases before a norm, the stride on the 3×3 convolution, zeros all around."""
    same = fault == "same padding"

    def normed(x, path):
        return batch_norm(x, w, f"{path}_norm", 1e-5)

    x = relu(batch_norm(convolution(images / 127.5 - 1, w, "stem.convolution1", 2), w, "stem.norm1", 1e-5))
    x = np.max(surroundings(x, 3, 2, outside=-np.inf, before=0 if same else 1), axis=0)
    found = {"stem": x}
    for s, stage in enumerate(spec.stages, 1):
        for b in range(1, len(stage.blocks) + 1):
            path, stride = f"stage{s}.block{b}", 2 if s > 1 and b == 1 else 1
            first, second = (stride, 1) if fault == "stride on the first convolution" else (1, stride)
            y = relu(normed(convolution(x, w, f"{path}.reduce", first), f"{path}.reduce"))
            y = relu(normed(convolution(y, w, f"{path}.mixer", second, same), f"{path}.mixer"))
            y = normed(convolution(y, w, f"{path}.expand"), f"{path}.expand")
            if b == 1:
                x = normed(convolution(x, w, f"{path}.shortcut", stride), f"{path}.shortcut")
            x = x + relu(y) if fault == "ReLU before the sum" else relu(x + y)
            found[f"{path}.out"] = x
    found["features"] = x.mean((1, 2))
    found["logits"] = dense(found["features"], w, "head.logits")
    return found


# Whole networks, with the published rows at fewer channels, blocks and pixels


def shrunken(spec, shape, widths, *, block=(), stem=()) -> ModelSpec:
    """At most two blocks a stage, of these widths; the stem has the first one."""
    stages = tuple(
        replace(stage, blocks=tuple(replace(row, width=width, **dict(block)) for row in stage.blocks[:2]))
        for stage, width in zip(spec.stages, widths, strict=False)
    )
    stem = replace(spec.stem, **{"width": widths[0], **dict(stem)})
    return replace(spec, stem=stem, stages=stages, input_shape=shape, classes=5)


def small_patches(spec, shape, patch, **block) -> ModelSpec:
    return shrunken(spec, shape, (24,), block=block, stem={"patch": patch})


def small_swin(shape, stages=2) -> ModelSpec:
    """Heads and windows are the published ones, a head is narrower."""
    return shrunken(PUBLISHED["swin_tiny"], shape, (24, 48)[:stages])


def small_resnet(shape) -> ModelSpec:
    return shrunken(PUBLISHED["resnet50"], shape, (32, 64, 96, 128), stem={"width": 12})


def narrow_mobilevit(shape) -> ModelSpec:
    """All blocks of MobileViT-S, with a quarter of the channels."""
    spec = PUBLISHED["mobilevit_s"]
    stages = (
        replace(s, blocks=tuple(replace(b, width=b.width // 4, inner_width=b.inner_width // 4) for b in s.blocks))
        for s in spec.stages
    )
    stem, head = replace(spec.stem, width=4), replace(spec.head, convolution=48)
    return replace(spec, stem=stem, stages=tuple(stages), head=head, input_shape=shape, classes=5)


LONGFORMER = CLASSROOM["longformer"]  # the published one is a language model
NETWORKS = {
    "vit_b16": (
        vit,
        small_patches(PUBLISHED["vit_b16"], (24, 32, 3), 8),
        ["scale of the whole width"],
    ),
    "deit_small": (
        vit,
        small_patches(PUBLISHED["deit_small"], (24, 32, 3), 8),
        ["norms behind", "mean of the grid", "positions column by column", "token without position"],
    ),
    "mixer_b16": (  # as many positions as channels, so that the planted fault fits the kernels
        mixer,
        small_patches(PUBLISHED["mixer_b16"], (32, 48, 3), 8),
        ["over the channels"],
    ),
    "longformer": (
        longformer,
        small_patches(LONGFORMER, (24, 32, 3), 4, window=3),
        ["two softmaxes", "projections shared", "other order"],
    ),
    "longformer, grid": (
        longformer,
        changed(small_patches(LONGFORMER, (24, 32, 3), 4, window=1, sliding="grid"), head={"pool": "token"}),
        ["two softmaxes", "projections shared", "other order"],
    ),
    "swin_tiny": (  # grids 14×14, four windows, and 7×7, one window, never shifted
        swin,
        small_swin((56, 56, 3)),
        ["no mask", "no shift", "transposed index", "merged row by row"],
    ),
    "swin_tiny, wide": (swin, small_swin((56, 112, 3)), ["no mask", "no shift"]),  # 14×28; 7×14, shifted along one side
    "swin_tiny, tiny": (swin, small_swin((28, 28, 3), stages=1), ["transposed index"]),  # 7×7
    "mobilevit_s": (  # unfolds 8×16, 4×8 and 2×4
        mobilevit,
        narrow_mobilevit((64, 128, 3)),
        ["same padding", "transposed unfolding", "result before input"],
    ),
    "mobilevit_s, odd": (  # the last grid is 3×2 and resized, like 7×7 at 224 pixels
        mobilevit,
        narrow_mobilevit((96, 64, 3)),
        ["transposed unfolding"],
    ),
    "resnet50": (
        resnet,
        small_resnet((64, 96, 3)),
        ["same padding", "stride on the first convolution", "ReLU before the sum"],
    ),
}


def dense_taps(model, images) -> dict[str, np.ndarray]:
    """What flows inside; attention in windows spread over all n positions, (B, h, n, n)."""
    found = taps(model, images)
    for name, value in found.items():
        path = name.removesuffix(".attention")
        if path != name and hasattr(layer := model.get_layer(f"{path}.mixer"), "dense_weights"):
            found[name] = layer.dense_weights(value, found[f"{path}.out"].shape[1:3])
    return found


@pytest.mark.parametrize("name", NETWORKS)
def test_a_published_network_computes_what_its_publication_says(name):
    function, spec, faults = NETWORKS[name]
    model, images = build(spec), random_images(spec.input_shape)
    randomize(model)
    found, w = dense_taps(model, images), weights_of(model)
    expected = function(images, w, spec)
    expected = {tap: value for tap, value in expected.items() if value is not None}
    assert {"stem", "features", "logits", *(f"{place.path}.out" for place in places(spec))} <= set(expected)
    for tap, value in expected.items():
        if tap.endswith(".attention") and name.startswith("longformer"):
            value = value[:, :, 1:, 1:]  # without the global token
        assert error(found[tap], value) < SAME, tap
    for fault in faults:
        assert error(found["logits"], function(images, w, spec, fault)["logits"]) > OTHER, fault


def test_layer_norms_have_the_published_epsilons():
    """Too small to tell one from the other in float32, unlike those of batch norms."""
    names = ("vit_b16", "deit_small", "mixer_b16", "convnext_tiny", "swin_tiny", "mobilevit_s")
    assert [PUBLISHED[name].layer_epsilon for name in names] == [1e-6, 1e-6, 1e-6, 1e-6, 1e-5, 1e-5]


# Sparse attention, layer by layer


def called(layer, *inputs):
    """The layer's outputs with random weights, and these weights, as float64."""
    layer(*inputs)  # builds it
    randomize(layer)
    return [np.asarray(value) for value in layer(*inputs)], weights_of(layer)


@pytest.mark.parametrize("relative", [False, True])
@pytest.mark.parametrize("shifted", [False, True])
@pytest.mark.parametrize(
    ("grid", "window"),
    [
        ((6, 6), (3, 3)),
        ((8, 4), (4, 4)),  # one window wide: no shift along the columns
        ((5, 7), (3, 3)),  # windows do not tile the grid
        ((9, 5), (4, 4)),  # so much padding that it keeps apart what rolling joins
        ((4, 6), (2, 3)),
        ((3, 4), (3, 4)),  # one window: never shifted
    ],
    ids=str,
)
def test_window_attention_is_attention_inside_the_cells_of_a_tiling(grid, window, shifted, relative):
    x = np.random.default_rng(1).normal(size=(2, *grid, 6)).astype("float32")
    layer = WindowAttention(2, window, shifted, relative, name="mixer")
    (out, weights), w = called(layer, x)
    shift = tuple(m // 2 if shifted and n > m else 0 for n, m in zip(grid, window, strict=True))
    sequence = x.reshape(2, -1, 6).astype(np.float64)

    def expected(fault=""):
        allowed, bias = window_terms(grid, window, shift, w.get("mixer/table"), fault)
        y, maps = attention(sequence, w, "mixer", 2, allowed, bias)
        return y.reshape(x.shape), maps

    assert error(out, expected()[0]) < SAME
    dense_weights = layer.dense_weights(weights, grid)
    assert error(dense_weights, expected()[1]) < SAME
    assert np.all(dense_weights[:, :, ~window_terms(grid, window, shift)[0]] < 1e-30)
    if any(shift):
        assert error(out, expected("no shift")[0]) > OTHER
    if any(shift) and grid != (9, 5):
        assert error(out, expected("no mask")[0]) > OTHER
    if relative and window[0] == window[1]:
        assert error(out, expected("transposed index")[0]) > OTHER


@pytest.mark.parametrize("tokens", [0, 1, 2])
@pytest.mark.parametrize("relative", [False, True])
@pytest.mark.parametrize("order", ["raster", "grid"])
@pytest.mark.parametrize(
    ("grid", "reach"),
    [((4, 4), 1), ((5, 7), 2), ((6, 5), 3), ((7, 8), 4), ((3, 4), 9)],  # not all tiled evenly; the last sees all
    ids=str,
)
def test_sliding_attention_is_attention_to_global_tokens_and_positions_within_reach(
    grid, reach, order, relative, tokens
):
    rng = np.random.default_rng(2)
    x = rng.normal(size=(2, *grid, 6)).astype("float32")
    extra = rng.normal(size=(2, tokens, 6)).astype("float32")
    layer = SlidingAttention(2, reach, order, relative, name="mixer")
    (out, weights, *out_extra), w = called(layer, x, extra) if tokens else called(layer, x)
    sequence = np.concatenate([extra, x.reshape(2, -1, 6)], axis=1).astype(np.float64)

    def expected(fault=""):
        table = w.get("mixer/table")
        y, maps = sliding_attention(sequence, w, "mixer", 2, grid, reach, order, tokens, table, fault)
        return y[:, tokens:].reshape(x.shape), y[:, :tokens], maps[:, :, tokens:, tokens:]

    y, y_extra, maps = expected()
    assert error(out, y) < SAME
    assert len(out_extra) == (1 if tokens else 0)
    if tokens:
        assert error(out_extra[0], y_extra) < SAME
        assert error(out, expected("two softmaxes")[0]) > OTHER
        assert error(out_extra[0], expected("projections shared")[1]) > OTHER
    dense_weights = layer.dense_weights(weights, grid)
    assert error(dense_weights, maps) < SAME
    np.testing.assert_array_equal(dense_weights[maps == 0], 0)
    if relative:
        assert error(out, expected("from key to query")[0]) > OTHER
    elif reach < min(grid):
        assert error(out, expected("other order")[0]) > OTHER


# Exact equalities


def test_the_feed_forward_network_is_two_convolutions_of_1_by_1():
    x = np.random.default_rng(3).normal(size=(2, 4, 5, 6)).astype("float32")
    layer = FeedForward(11, "gelu")
    layer.build(x.shape)
    randomize(layer)
    first, second = keras.layers.Conv2D(11, 1, activation="gelu"), keras.layers.Conv2D(6, 1)
    second(first(x))  # builds them
    for convolved, dense_layer in ((first, layer.expand), (second, layer.contract)):
        kernel, bias = dense_layer.get_weights()
        convolved.set_weights([kernel[None, None], bias])
    assert error(second(first(x)), layer(x)) < 1e-5
    wide = keras.layers.Conv2D(6, 3, padding="same")  # the planted fault: a convolution that sees neighbours
    wide(first(x))
    kernel, bias = second.get_weights()
    wide.set_weights([np.broadcast_to(kernel, wide.kernel.shape), bias])
    assert error(wide(first(x)), layer(x)) > OTHER
