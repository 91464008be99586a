"""What each probe reads off a network: plain JSON, with a row for every layer (``../probes`` says what is computed).

Every function takes readers, images that their networks were not trained on, and their labels. A layer is named by its
path in the plan, or by its tap where it is what leaves a block. What cannot be said of a layer is None.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from tf_models.errors import LabError
from tf_models.inside.reader import Reader
from tf_models.layers.attention import Attention
from tf_models.probes import heads as head_probes
from tf_models.probes import linearity as linear_probes
from tf_models.probes import readout as readout_probes
from tf_models.probes import receptive_field as field_probes
from tf_models.probes import shift as shift_probes
from tf_models.probes import similarity as similarity_probes
from tf_models.probes import spectrum as spectrum_probes
from tf_models.probes.ridge import Split, split_images
from tf_models.training.gradients import vjp
from tf_models.zoo.counts import Layer

Found = dict[str, Any]
CELLS = 4  # areas along a side over which maps are averaged before they are compared
DEPTHS = 8  # matched relative depths
NEIGHBOURS = 10
READ_COMPONENTS = 128
FAR_PAIRS = 8  # of a token and a patch far from it
CHANNELS = 8  # of a depthwise convolution, evenly chosen
MOST_ROWS = 32_768  # of a regression: with those of all positions of large grids it would take minutes
FUNCTION_IMAGES = 64  # for what runs a part of the network by itself


def heads(reader: Reader, images: np.ndarray, labels: np.ndarray) -> Found:
    """How far, how evenly and how differently the heads of every attention look: see `probes.heads`."""
    layers = []
    for path, weights in reader.each(reader.attention(images).items()):
        grid, count = reader.rows[path].grid, weights.shape[1]
        layers.append(
            {
                "layer": path,
                "grid": list(grid),
                "ratio": head_probes.distance_ratio(weights, grid).tolist(),
                "ratio_to_others": _answer(head_probes.distance_ratio, weights, grid, own=False),
                "entropy": head_probes.normalised_entropy(weights).tolist(),
                "divergence": head_probes.head_divergence(weights) if count > 1 else None,
                "pairs": head_probes.head_pair_divergence(weights) if count > 1 else None,
                "between_images": head_probes.image_divergence(weights).tolist(),
            }
        )
    if not layers:
        raise LabError("probe_without_attention", value=reader.run.name)
    return {"layers": layers}


def spectrum(reader: Reader, images: np.ndarray, labels: np.ndarray) -> Found:
    """Spatial frequencies and variance of what leaves every block and its branches: see `probes.spectrum`."""
    places = {layer.path: ("stream", tap) for tap, layer in reader.levels.items()}
    branches = {layer.path: layer for layer in reader.block_rows("mixer", "channel")}
    places = {path: (path.rsplit(".", 1)[-1], path) for path in branches} | places
    sources = {path: reader.source(layer) for path, layer in branches.items()}
    wide = [path for path in places if min(reader.rows[path].grid) > 1]
    maps = reader.read(images, dict.fromkeys([*wide, *(sources[path] for path in wide if path in sources)]))
    layers = []
    for path in reader.each(wide):
        place, name = places[path]
        square = maps[path].shape[1] == maps[path].shape[2]
        curve = _answer(spectrum_probes.delta_log_amplitude, maps[path]) if square else None
        before = maps[sources[path]] if path in sources else None
        layers.append(
            {
                "layer": name,
                "place": place,
                "grid": list(maps[path].shape[1:3]),
                "log_amplitude": curve,
                "high_share": _answer(spectrum_probes.high_frequency_share, maps[path]),
                "variance": _answer(spectrum_probes.position_variance, maps[path], normalised=True),
                "variance_ratio": None
                if before is None or min(before.shape[1:3]) < 2
                else _answer(spectrum_probes.variance_ratio, before, maps[path]),
            }
        )
    return {"layers": layers}


def shift(reader: Reader, images: np.ndarray, labels: np.ndarray) -> Found:
    """What moving the image by one pixel, and by one patch, does to predictions and to every level.

    Moves are ``circular`` or ``seen``: see `probes.shift.moved`. All are means over four directions.
    """
    outputs = reader.head(images)
    accuracy = float(np.mean(outputs[0].argmax(axis=1) == labels))
    patch = max(1, reader.spec.input_shape[0] // max(reader.spec.grid[0], 1))
    moves = []
    for name, steps in reader.each(dict.fromkeys([("circular", 1), ("circular", patch), ("seen", 1)])):
        rows = []
        for direction in _directions(steps):
            still, moved = shift_probes.moved(images, direction, name)
            before = outputs if name == "circular" else reader.head(still)
            after = reader.head(moved)
            rows.append(
                (
                    _answer(shift_probes.consistency, before[0].argmax(axis=1), after[0].argmax(axis=1)),
                    shift_probes.invariance_error(before[0], after[0]),
                    shift_probes.invariance_error(before[1], after[1]),
                )
            )
        kept, logits, features = zip(*rows, strict=True)
        moves.append(
            {
                "move": name,
                "pixels": steps,
                "consistency": None if None in kept else float(np.mean(kept)),
                "logits_error": float(np.mean(logits)),
                "features_error": float(np.mean(features)),
            }
        )
    return {"accuracy": accuracy, "moves": moves, "layers": _equivariance(reader, images)}


def _equivariance(reader: Reader, images: np.ndarray) -> list[Found]:
    """ε of every level for a circular move by as many pixels as one of its positions has, away from the border."""
    pixels = {tap: images.shape[1] // layer.grid[0] for tap, layer in reader.levels.items()}
    still = reader.read(images, [layer.path for layer in reader.levels.values()])
    errors: dict[str, list[float | None]] = {tap: [] for tap in pixels}
    for reduction in dict.fromkeys(pixels.values()):
        levels = {tap: layer for tap, layer in reader.levels.items() if pixels[tap] == reduction}
        for direction in _directions(reduction):
            moved = reader.read(shift_probes.circular(images, direction), [layer.path for layer in levels.values()])
            for tap, layer in levels.items():
                border = 1 if min(layer.grid) > 3 else 0
                compared = still[layer.path], moved[layer.path], direction, reduction, border
                errors[tap].append(_answer(shift_probes.equivariance_error, *compared))
    known = {tap: [error for error in found if error is not None] for tap, found in errors.items()}
    means = {tap: float(np.mean(found)) if len(found) == len(errors[tap]) else None for tap, found in known.items()}
    return [{"layer": tap, "pixels": pixels[tap], "error": error} for tap, error in means.items()]


def _directions(steps: int) -> list[tuple[int, int]]:
    return [(steps, 0), (-steps, 0), (0, steps), (0, -steps)]


def receptive_field(reader: Reader, images: np.ndarray, labels: np.ndarray) -> Found:
    """What the middle of every level depends on: radius of half and of nine tenths of the gradient, in pixels.

    The mean absolute gradient, over images and channels, of a random mixture of a middle unit's channels (Luo 2016;
    Raghu 2021). ``excess`` is against a uniform field; ``map`` is the gradient of one of the middle units, over its
    largest.
    """
    images = images[:FUNCTION_IMAGES]
    pixels = reader.read(images, ["stem.rescale"])["stem.rescale"]
    layers = []
    for tap, layer in reader.each(reader.levels.items()):
        part, units = reader.part("stem.rescale", layer.path), field_probes.central_units(layer.grid)
        mixture = np.random.default_rng([reader.run.seed, 5]).normal(size=layer.channels).astype("float32")
        fields = []
        for row, column in units:
            cotangent = np.zeros((len(images), *layer.grid, layer.channels), "float32")
            cotangent[:, row, column] = mixture
            fields.append(np.abs(vjp(part, pixels, cotangent)).mean(axis=(0, 3)))
        gradients = np.stack(fields)
        layers.append(
            {
                "layer": tap,
                "grid": list(layer.grid),
                "r50": _answer(field_probes.central_radius, gradients, layer.grid, 0.5),
                "r90": _answer(field_probes.central_radius, gradients, layer.grid, 0.9),
                "excess": _answer(field_probes.central_radius, gradients, layer.grid, 0.5, excess=True),
                "map": (fields[0] / max(float(fields[0].max()), 1e-30)).tolist(),
            }
        )
    return {"layers": layers}


def probing(reader: Reader, images: np.ndarray, labels: np.ndarray) -> Found:
    """What a linear map reads off every level: the class, and how bright a patch far from a token is.

    `kernels` is how strongly the kernels that see the pixels prefer one orientation, None where these are no
    convolutions larger than 1×1.
    """
    split = split_images(len(images), reader.run.seed)
    maps = reader.read(images, [layer.path for layer in reader.levels.values()])
    pooled = {tap: maps[layer.path].mean(axis=(1, 2)) for tap, layer in reader.levels.items()}
    pooled["features"] = reader.head(images)[1]
    width = min(READ_COMPONENTS, len(split.fit) - 1, *(found.shape[1] for found in pooled.values()))
    layers = []
    for tap, found in reader.each(pooled.items()):
        read = _answer(readout_probes.readout, found, labels, split, width)
        layers.append({"layer": tap, "accuracy": read.accuracy if read else None})
    control = _answer(readout_probes.shuffled_readout, pooled["features"], labels, split, reader.run.seed, width)
    return {
        "components": width,
        "layers": layers,
        "shuffled": control.accuracy if control else None,
        "far": _far_patches(reader, images, split),
        "kernels": _orientation(reader),
    }


def _far_patches(reader: Reader, images: np.ndarray, split: Split) -> Found | None:
    """In the first block of a one-grid network: what a token tells of the mean of a patch at least three away, beyond
    its own patch. Mean over pairs, before the mixer, after it and after the channel mixer; None where no patch is so
    far, or where what leaves them is not the sum of two branches.
    """
    (height, width, _), (rows, columns) = reader.spec.input_shape, reader.spec.grid
    mixer, channel = "stage1.block1.mixer_sum", "stage1.block1.channel_sum"
    if mixer not in reader.rows or channel not in reader.rows or height % rows or height // rows != width // columns:
        return None
    patches = readout_probes.patches(images, height // rows).astype(float)
    before = reader.source(reader.rows["stage1.block1.mixer"])
    places = {"before": before, "mixer": mixer, "channel": channel}
    maps = reader.read(images, places.values())
    rng, found = np.random.default_rng([reader.run.seed, 6]), {place: [] for place in places}
    for pair in range(FAR_PAIRS):
        token = int(rng.integers(rows)), int(rng.integers(columns))
        far = _answer(readout_probes.far_patch, (rows, columns), token, pair)
        if far is None:
            continue
        own, target = patches[:, *token], patches[:, *far].mean(axis=1)
        for place, path in places.items():
            told = _answer(readout_probes.partial_r2, own, maps[path][:, *token], target, split)
            if told is not None:
                found[place].append(told)
    if not all(found.values()):
        return None
    return {place: float(np.mean(values)) for place, values in found.items()}


def _orientation(reader: Reader) -> float | None:
    for layer in reader.rows.values():
        if layer.op == "convolution" and layer.kernel > 2:
            kernel = np.asarray(reader.model.get_layer(layer.path).kernel)
            return spectrum_probes.orientation_selectivity(kernel) if layer.channels_in in (1, 3) else None
    return None


def linearity(reader: Reader, images: np.ndarray, labels: np.ndarray) -> Found:
    """How much of every branch the best affine map leaves unexplained, less what it leaves of a linear target.

    A channel mixer is regressed token by token, a convolution on its neighbourhood, what mixes the whole grid on the
    whole image; each without its norm (``inner``) and, from the stream, with it (``outer``). ``nested`` has the two
    narrower maps of an attention; ``interchange`` an error that needs no fit, at steps of a tenth, a half, the whole.
    """
    split = split_images(len(images), reader.run.seed)
    layers = []
    for layer in reader.each(reader.block_rows("mixer", "channel")):
        if layer.extra_in or layer.op == "identity":
            continue
        source = reader.source(layer)
        maps = reader.read(images, dict.fromkeys([source, layer.inputs[0], layer.path]))
        inner, outer, y = maps[layer.inputs[0]], maps[source], maps[layer.path]
        layers.append(
            {
                "layer": layer.path,
                "op": layer.op,
                "inner": _answer(_unexplained, inner, y, layer, split, reader.run.seed),
                "outer": _answer(_unexplained, outer, y, layer, split, reader.run.seed),
                "nested": _answer(_nested, reader, layer, images, inner, y, split),
                "interchange": _answer(_interchange, reader, layer, inner),
            }
        )
    return {"layers": layers}


def _mixes(layer: Layer) -> str:
    """What its output at one position depends on: ``position``, its ``neighbours`` or the ``image``."""
    if layer.path.endswith(".channel") or (layer.kernel == 1 and layer.op == "convolution"):
        return "position"
    return "neighbours" if layer.op in ("convolution", "depthwise", "pool") else "image"


def _unexplained(x: np.ndarray, y: np.ndarray, layer: Layer, split: Split, seed: int) -> float | None:
    """`probes.linearity.beyond_linear` of what the layer sees; None where strides make positions differ."""
    if (mixes := _mixes(layer)) == "image":
        components = max(1, min(linear_probes.COMPONENTS, len(split.fit) // 4))
        flat, out = x.reshape(len(x), -1), y.reshape(len(y), -1)
        return linear_probes.beyond_linear(flat, out, split, seed, components)
    if x.shape[1:3] != y.shape[1:3]:
        return None
    positions, places = x.shape[1] * x.shape[2], None
    if len(x) * positions > MOST_ROWS:  # a map that all positions share is told by some of them
        places = np.random.default_rng([seed, 7]).choice(positions, max(1, MOST_ROWS // len(x)), replace=False)

    def fitted(inputs: np.ndarray, outputs: np.ndarray, size: int) -> float:
        seen = linear_probes.neighbourhood(inputs, size, places)
        out = outputs.reshape(len(y), -1, outputs.shape[3])
        out = out if places is None else out[:, places]
        return linear_probes.beyond_linear(seen.reshape(len(x), -1, seen.shape[-1]), out, split, seed)

    if layer.op in ("depthwise", "pool"):  # every channel by itself: together they would be thousands of columns
        some = np.unique(np.linspace(0, x.shape[3] - 1, CHANNELS).astype(int))
        return float(np.mean([fitted(x[..., c : c + 1], y[..., c : c + 1], layer.kernel) for c in some]))
    return fitted(x, y, layer.kernel if mixes == "neighbours" else 1)


def _nested(
    reader: Reader, layer: Layer, images: np.ndarray, x: np.ndarray, y: np.ndarray, split: Split
) -> Found | None:
    """1 − R² of the mean pattern alone, ``frozen``, and with free channel maps, ``static``; None for what is no
    attention with projections.
    """
    made = reader.model.get_layer(layer.path)
    if not isinstance(made, Attention) or not made.projected:
        return None
    weights = reader.attention(images).get(layer.path)
    if weights is None:
        return None
    pattern = weights[split.fit].astype(float).mean(axis=0)
    tokens, out = x.reshape(len(x), -1, x.shape[3]), y.reshape(len(y), -1, y.shape[3])
    value, output = made.value_projection, made.output_projection
    values = np.asarray(value(tokens)).reshape(*tokens.shape[:2], made.heads, -1)
    mix = np.asarray(output.kernel).reshape(made.heads, values.shape[3], -1)
    by_head = np.einsum("bnhd,hdc->bhnc", values, mix)
    frozen = linear_probes.frozen_pattern(pattern, by_head, out, split)
    static = linear_probes.static_mixing(pattern, tokens, out, split)
    return {"frozen": frozen, "static": static}


def _interchange(reader: Reader, layer: Layer, x: np.ndarray) -> list[float]:
    part = reader.part(layer.inputs[0], layer.path)
    third = min(FUNCTION_IMAGES, len(x) // 3)
    a, b, c = (x[n * third : (n + 1) * third] for n in range(3))
    return linear_probes.interchange_errors(lambda inputs: np.asarray(part(inputs)), a, b, c).tolist()


def similarity(a: Reader, b: Reader, images: np.ndarray, labels: np.ndarray) -> Found:
    """How alike two networks represent images: CKA of every level with every level, and at matched relative depths."""
    sides = []
    for reader in (a, b):
        maps = reader.read(images, [layer.path for layer in reader.levels.values()])
        sides.append({tap: similarity_probes.pool(maps[layer.path], CELLS) for tap, layer in reader.levels.items()})
    first, second = sides
    heat = [[_answer(similarity_probes.cka, x, y) for y in second.values()] for x in a.each(first.values())]
    matched = []
    for depth in np.linspace(0, 1, DEPTHS):
        x, y = (list(side.values())[round(depth * (len(side) - 1))] for side in sides)
        matched.append(
            {
                "depth": float(depth),
                "cka": _answer(similarity_probes.cka, x, y),
                "within_classes": _answer(similarity_probes.cka_within, x, y, labels),
                "neighbours": _answer(similarity_probes.mutual_neighbours, x, y, NEIGHBOURS),
            }
        )
    known = {name: [row[name] for row in matched if row[name] is not None] for name in ("cka", "within_classes")}
    means = {name: float(np.mean(values)) if values else None for name, values in known.items()}
    return {"left": list(first), "right": list(second), "heat": heat, "matched": matched, **means}


def _answer(probe: Callable, *arguments: Any, **named: Any) -> Any:
    """What a probe says, as plain JSON; None where its question has no answer: a map of one value, one position."""
    try:
        found = probe(*arguments, **named)
    except ValueError:
        return None
    return found.tolist() if isinstance(found, np.ndarray) else found


SINGLE: dict[str, Callable[[Reader, np.ndarray, np.ndarray], Found]] = {
    "heads": heads,
    "spectrum": spectrum,
    "shift": shift,
    "receptive-field": receptive_field,
    "probing": probing,
    "linearity": linearity,
}
PAIRED: dict[str, Callable[[Reader, Reader, np.ndarray, np.ndarray], Found]] = {"similarity": similarity}
