"""What probes might have read off networks that nobody trained, in figures that a test can work out by hand."""

from collections.abc import Sequence
from typing import Any

from tf_models.study.plans import plan
from tf_models.study.probed import Probed
from tf_models.zoo import ModelSpec
from tf_models.zoo.plan import levels
from tf_models.zoo.plan import plan as rows_of

ARMS = ("cnn", "vit", "vit none", "vit sincos", "vit permuted_sincos", "pyramid")
STARTS = {"cnn": 0.5, "pyramid": 1.5}  # r50 of the stem in pixels; 2.5 of the others
NEAR = {"vit": 0.6, "vit sincos": 0.7, "vit none": 0.9, "vit permuted_sincos": 1.0, "pyramid": 0.8}  # first layer


def read_off(dataset: str = "digits", arms: Sequence[str] = ARMS, seeds: int = 2) -> Probed:
    """Every seed lies 0.02 above the one before it; untrained networks look as far as uniform attention."""
    experiment = plan("inside", dataset)
    networks, about = {}, {}
    for arm in arms:
        spec = experiment.model(experiment.arms[arm])
        for seed in range(seeds):
            about[f"{arm} {seed}"] = (0.95 if arm == "pyramid" else 0.9) + 0.02 * seed
            networks[arm, seed, False] = {"probing": _probing(spec, arm, seed, False)}
            networks[arm, seed, True] = {
                "probing": _probing(spec, arm, seed, True),
                "receptive-field": _field(spec, arm, seed),
            }
            for trained in (True, False):
                if found := _heads(spec, arm, seed, trained):
                    networks[arm, seed, trained]["heads"] = found
    return Probed(dataset, {"accuracies": about}, networks)


def _field(spec: ModelSpec, arm: str, seed: int) -> dict[str, Any]:
    """r50 grows by a tenth of a pixel a level and with the seed, r90 is twice as large."""
    layers = []
    for place, (tap, layer) in enumerate(levels(spec).items()):
        r50 = STARTS.get(arm, 2.5) + 0.1 * place + 0.02 * seed
        row = {"layer": tap, "grid": list(layer.grid), "r50": r50, "r90": 2 * r50, "excess": r50 - 3.2}
        height, width, _ = spec.input_shape
        layers.append(row | ({"map": [[place / 10] * width] * height} if seed == 0 else {}))
    return {"layers": layers}


def _heads(spec: ModelSpec, arm: str, seed: int, trained: bool) -> dict[str, Any] | None:
    """Of four heads, the second looks 0.2 further than the first, and so on; 0.1 further in every layer."""
    layers = []
    for place, row in enumerate(row for row in rows_of(spec) if row.attention):
        ratios = [NEAR[arm] + 0.1 * place + 0.02 * seed + 0.2 * (head - 1.5) if trained else 1.0 for head in range(4)]
        layers.append(
            {"layer": row.path, "grid": list(row.grid), "ratio": ratios, "entropy": [0.5 if trained else 1.0] * 4}
        )
    told = {"divergence": 0.1, "pairs": 0.1, "between_images": [0.1] * 4, "ratio_to_others": None}
    return {"layers": [layer | told for layer in layers]} if layers else None


def _probing(spec: ModelSpec, arm: str, seed: int, trained: bool) -> dict[str, Any]:
    """Trained, 5 points more at every level, and 10 more in a pyramid at the end; untrained, half everywhere."""
    names = [*levels(spec), "features"]
    read = [0.5 + 0.05 * place + 0.02 * seed if trained else 0.5 for place in range(len(names))]
    read[-1] += 0.1 if arm == "pyramid" and trained else 0.0
    layers = [{"layer": name, "accuracy": value} for name, value in zip(names, read, strict=True)]
    far = {"before": 0.1, "mixer": 0.3 + 0.02 * seed, "channel": 0.35 + 0.02 * seed} if arm.startswith("vit") else None
    return {
        "components": 16,
        "layers": layers,
        "shuffled": 0.1,
        "far": far if trained else far and {**far, "mixer": 0.2},
        "kernels": None,
    }
