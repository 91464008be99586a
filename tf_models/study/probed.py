"""What was read off the trained networks of ``inside``, and the measures that claims are judged by.

``results/probes-DATASET.json.gz``, written by ``python -m tf_models inside --ship``: where it comes from, and for every
network and seed what each probe found (`tf_models.inside.measure`). The seed is the unit: a value is a mean over
layers, heads or pairs within a seed, and its interval is over seeds.
"""

import gzip
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from tf_models.data import peek
from tf_models.probes.readout import rises
from tf_models.probes.similarity import index
from tf_models.runs import shipped
from tf_models.statistics.effects import Measure, effect_of_seeds
from tf_models.study.plans import plan

SINGLE = ("heads", "receptive-field", "shift", "linearity", "probing", "spectrum")  # probes of one network
PAIRED = ("similarity",)
PROBES = (*SINGLE, *PAIRED)
PROBED = ("heads", "shift", "linearity", "probing", "similarity")  # those that claims are judged by
DRAWN = ("heads", "receptive-field", "shift", "probing", "spectrum")  # those of one network that pages show
STARTED = ("heads", "probing")  # are read off the untrained networks too
PAIRS = (("cnn", "vit"), ("cnn", "cnn"), ("vit", "vit"))  # of two seeds
MATCHED = 0.05  # accuracies may differ by so much where consistency is compared
SMALLEST_SCALE = 0.1  # of the CKA index: its denominator must be shown to be larger
Found = Mapping[str, Any]


@dataclass(frozen=True)
class Probed:
    """Everything that was read off the networks of one data set.

    `networks`: (arm, seed, trained) → probe → what it found. `pairs`: (left arm, right arm, seed of the left one,
    trained) → what was found; the right one has the next seed, where there are several. `about` says where it comes
    from, `runs` the id of the run of (arm, seed).
    """

    dataset: str
    about: Mapping[str, Any] = field(default_factory=dict)
    networks: Mapping[tuple[str, int, bool], Mapping[str, Found]] = field(default_factory=dict)
    pairs: Mapping[tuple[str, str, int, bool], Found] = field(default_factory=dict)
    runs: Mapping[tuple[str, int], str] = field(default_factory=dict)

    def seeds(self, arm: str, trained: bool = True) -> list[int]:
        return sorted(seed for name, seed, state in self.networks if (name, state) == (arm, trained))

    def over_seeds(self, value: Callable[[int], float | None], arms: Sequence[str], unit: str) -> Measure | None:
        """The mean over the seeds that all `arms` have, with Student's interval; None where a seed has no value."""
        seeds = sorted(set.intersection(*(set(self.seeds(arm)) for arm in arms)))
        values = [value(seed) for seed in seeds]
        known = [found for found in values if found is not None]
        if len(seeds) < 2 or len(known) < len(seeds):
            return None
        runs = tuple(self.runs.get((arm, seed), "") for arm in arms for seed in seeds)
        return replace(effect_of_seeds(known), unit=unit, runs=tuple(filter(None, runs)))


def measures(found: Probed) -> dict[str, dict[str, Measure]]:
    """Probe → name → measure, as far as the networks are there."""
    delta = peek(found.dataset).delta(plan("inside", found.dataset).images)
    groups = {"heads": _heads, "shift": _shift, "linearity": _linearity, "similarity": _similarity}
    named = {name: group(found) for name, group in groups.items()} | {"probing": _probing(found, delta)}
    return {probe: {name: value for name, value in rows.items() if value is not None} for probe, rows in named.items()}


def _heads(found: Probed) -> dict[str, Measure | None]:
    def layers(arm: str, seed: int, trained: bool = True) -> list[Found]:
        return found.networks.get((arm, seed, trained), {}).get("heads", {}).get("layers", [])

    def ratios(arm: str, seed: int, trained: bool = True) -> list[float]:
        return [float(np.mean(layer["ratio"])) for layer in layers(arm, seed, trained)]

    def nearer(arm: str, trained: bool) -> Callable[[int], float | None]:
        def value(seed: int) -> float | None:
            first = [ratios(name, seed, trained)[:1] for name in ("vit none", "vit permuted_sincos", arm)]
            return min(first[0][0], first[1][0]) - first[2][0] if all(first) else None

        return value

    def mean_of(name: str, trained: bool = True) -> Callable[[int], float | None]:
        def value(seed: int) -> float | None:
            rows = layers("vit", seed, trained)
            known = [float(np.mean(row[name])) for row in rows if row[name] is not None]
            return float(np.mean(known)) if known else None

        return value

    controls = ("vit none", "vit permuted_sincos")
    learned, sincos = ("vit", *controls), ("vit sincos", *controls)
    return {
        "nearer.learned.trained": found.over_seeds(nearer("vit", True), learned, "ratio"),
        "nearer.sincos.trained": found.over_seeds(nearer("vit sincos", True), sincos, "ratio"),
        "nearer.learned.start": found.over_seeds(nearer("vit", False), learned, "ratio"),
        "nearer.sincos.start": found.over_seeds(nearer("vit sincos", False), sincos, "ratio"),
        "ratio.first": found.over_seeds(lambda seed: (ratios("vit", seed) or [None])[0], ("vit",), "ratio"),
        "ratio.rises": found.over_seeds(lambda seed: _share(np.diff(ratios("vit", seed)) > 0), ("vit",), "share"),
        "js.trained": found.over_seeds(mean_of("divergence"), ("vit",), "ratio"),
        "js.trained_over_start": found.over_seeds(
            _difference(mean_of("divergence"), mean_of("divergence", False)), ("vit",), "ratio"
        ),
        "js.heads_over_images": found.over_seeds(
            _difference(mean_of("pairs"), mean_of("between_images")), ("vit",), "ratio"
        ),
        "entropy": found.over_seeds(mean_of("entropy"), ("vit",), "ratio"),
    }


def _shift(found: Probed) -> dict[str, Measure | None]:
    def of(arm: str, move: str, name: str) -> Callable[[int], float | None]:
        def value(seed: int) -> float | None:
            rows = found.networks.get((arm, seed, True), {}).get("shift", {}).get("moves", [])
            return next((row[name] for row in rows if (row["move"], row["pixels"]) == (move, 1)), None)

        return value

    def compared(a: str, b: str, move: str) -> Measure | None:
        """What is right more often changes less often for that alone: between unequal networks nothing is decided."""
        difference = _difference(of(a, move, "consistency"), of(b, move, "consistency"))
        measure = found.over_seeds(difference, (a, b), "share")
        if measure is None:
            return None
        means = [
            np.mean([found.networks[arm, seed, True]["shift"]["accuracy"] for seed in found.seeds(arm)])
            for arm in (a, b)
        ]
        return replace(measure, withheld="unmatched") if abs(means[0] - means[1]) > MATCHED else measure

    return {
        "pooled.one_pixel": found.over_seeds(of("cnn", "circular", "features_error"), ("cnn",), "error"),
        "learned_over_none": compared("vit", "vit none", "circular"),
        "learned_over_none.seen": compared("vit", "vit none", "seen"),
        "cnn_over_vit": compared("cnn", "vit", "seen"),
    }


def _linearity(found: Probed) -> dict[str, Measure | None]:
    def mean_of(op: str, name: str) -> Callable[[int], float | None]:
        def value(seed: int) -> float | None:
            rows = found.networks.get(("vit", seed, True), {}).get("linearity", {}).get("layers", [])
            known = [row[name] for row in rows if row["op"] == op and row[name] is not None]
            return float(np.mean(known)) if known else None

        return value

    def ratio(name: str) -> Callable[[int], float | None]:
        attention, ffn = mean_of("attention", name), mean_of("ffn", name)

        def value(seed: int) -> float | None:
            a, b = attention(seed), ffn(seed)
            return a / b if a is not None and b else None

        return value

    return {
        "nonlinearity.attention": found.over_seeds(mean_of("attention", "inner"), ("vit",), "share"),
        "nonlinearity.attention.with_norm": found.over_seeds(mean_of("attention", "outer"), ("vit",), "share"),
        "nonlinearity.ffn": found.over_seeds(mean_of("ffn", "inner"), ("vit",), "share"),
        "attention_over_ffn": found.over_seeds(ratio("inner"), ("vit",), "ratio"),
        "attention_over_ffn.with_norm": found.over_seeds(ratio("outer"), ("vit",), "ratio"),
    }


def _probing(found: Probed, delta: float) -> dict[str, Measure | None]:
    def of(arm: str, seed: int, trained: bool = True) -> Found:
        return found.networks.get((arm, seed, trained), {}).get("probing", {})

    def curve(arm: str, seed: int) -> list[float]:
        return [layer["accuracy"] for layer in of(arm, seed).get("layers", []) if layer["accuracy"] is not None]

    def last(arm: str) -> Callable[[int], float | None]:
        return lambda seed: (curve(arm, seed) or [None])[-1]

    def far(after: str, before: str) -> Callable[[int], float | None]:
        def value(seed: int) -> float | None:
            told = of("vit", seed).get("far")
            return told[after] - told[before] if told else None

        return value

    def rising(seed: int) -> float | None:
        values = curve("cnn", seed)
        return float(rises(values, delta)) if len(values) > 1 else None

    return {
        "cnn.rises": found.over_seeds(rising, ("cnn",), "share"),
        "cnn.orientation": found.over_seeds(
            _difference(
                lambda seed: of("cnn", seed).get("kernels"), lambda seed: of("cnn", seed, False).get("kernels")
            ),
            ("cnn",),
            "ratio",
        ),
        "pyramid_over_isotropic": found.over_seeds(
            _difference(last("pyramid"), last("vit")), ("pyramid", "vit"), "accuracy"
        ),
        "other_patch.attention": found.over_seeds(far("mixer", "before"), ("vit",), "share"),
        "other_patch.ffn": found.over_seeds(far("channel", "mixer"), ("vit",), "share"),
    }


def _similarity(found: Probed) -> dict[str, Measure | None]:
    def cka(left: str, right: str, seed: int, trained: bool = True) -> float | None:
        return found.pairs.get((left, right, seed, trained), {}).get("cka")

    seeds = sorted(seed for left, right, seed, trained in found.pairs if (left, right, trained) == ("cnn", "vit", True))
    sides = (("cnn", "vit", True), ("cnn", "cnn", True), ("vit", "vit", True), ("cnn", "vit", False))
    rows = [[cka(left, right, seed, trained) for left, right, trained in sides] for seed in seeds]
    known = [[value for value in row if value is not None] for row in rows]
    if len(seeds) < 2 or any(len(row) < len(sides) for row in known):
        return {}
    runs = tuple(found.runs[arm, seed] for arm in ("cnn", "vit") for seed in seeds if (arm, seed) in found.runs)

    def over(values: Sequence[float]) -> Measure:
        return replace(effect_of_seeds(values), unit="ratio", runs=runs)

    scale = over([(row[1] + row[2]) / 2 - row[3] for row in known])
    names = ("cka", "cka.cnn", "cka.vit", "cka.floor")
    measured: dict[str, Measure | None] = {name: over(values) for name, *values in zip(names, *known, strict=True)}
    indices = [value for row in known if (value := index(*row, bound=0.0)) is not None]
    if len(indices) == len(known):
        withheld = "" if scale.low > SMALLEST_SCALE else "denominator"
        measured["cka_index"] = replace(over(indices), withheld=withheld)
    return measured | {"cka_scale": scale}


def _difference(a: Callable[[int], float | None], b: Callable[[int], float | None]) -> Callable[[int], float | None]:
    def value(seed: int) -> float | None:
        first, second = a(seed), b(seed)
        return first - second if first is not None and second is not None else None

    return value


def _share(holds: np.ndarray) -> float | None:
    """1 where everything holds, 0 where not; None of nothing."""
    return float(np.all(holds)) if len(holds) else None


def merged(before: Probed, found: Probed) -> Probed:
    """`found`, and what `before` says of other arms and pairs: in `about`, every origin has a part of ``earlier``."""
    again = {arm for arm, _, _ in found.networks}
    compared = {(left, right) for left, right, _, _ in found.pairs}
    networks = {key: value for key, value in before.networks.items() if key[0] not in again}
    pairs = {key: value for key, value in before.pairs.items() if key[:2] not in compared}
    runs = {key: value for key, value in before.runs.items() if key[0] not in again}
    names = {f"{arm} {seed}" for arm, seed in runs}
    parts = [*before.about.get("earlier", []), {key: before.about[key] for key in before.about if key != "earlier"}]
    earlier = []
    for part in parts:
        accuracies = {name: value for name, value in part.get("accuracies", {}).items() if name in names}
        if accuracies:
            earlier.append({**part, "accuracies": accuracies})
            names -= accuracies.keys()
    about = {**found.about, **({"earlier": earlier} if earlier else {})}
    for part in earlier:
        about["accuracies"] = {**part["accuracies"], **about.get("accuracies", {})}
    networks, pairs, runs = {**networks, **found.networks}, {**pairs, **found.pairs}, {**runs, **found.runs}
    return Probed(found.dataset, about, networks, pairs, runs)


# the file


def path_of(dataset: str) -> Path:
    return shipped.RESULTS / f"probes-{dataset}.json.gz"


def probes_stamp() -> tuple[tuple[str, int], ...]:
    """What changes whenever a file does."""
    return tuple(row for row in shipped.stamps(".json.gz") if row[0].startswith("probes-"))


def write_probed(found: Probed) -> Path:
    """Keep what was found; the same values give the same file."""
    networks = [
        {"arm": arm, "seed": seed, "trained": trained, "run_id": found.runs.get((arm, seed), ""), "found": probes}
        for (arm, seed, trained), probes in sorted(found.networks.items())
    ]
    pairs = [
        {"left": left, "right": right, "seed": seed, "trained": trained, "found": probes}
        for (left, right, seed, trained), probes in sorted(found.pairs.items())
    ]
    document = {"about": dict(found.about), "networks": networks, "pairs": pairs}
    shipped.RESULTS.mkdir(exist_ok=True)
    with path_of(found.dataset).open("wb") as file, gzip.GzipFile(fileobj=file, mode="wb", mtime=0, filename="") as f:
        f.write(json.dumps(_rounded(document), separators=(",", ":")).encode())
    return path_of(found.dataset)


def read_probed(dataset: str) -> Probed:
    """What came with the lab; empty where there is no file."""
    path = path_of(dataset)
    return _read(path, path.stat().st_mtime_ns) if path.exists() else Probed(dataset)


@lru_cache(maxsize=4)
def _read(path: Path, _stamp: int) -> Probed:
    document = json.loads(gzip.decompress(path.read_bytes()))
    networks = {(row["arm"], row["seed"], row["trained"]): row["found"] for row in document["networks"]}
    pairs = {(row["left"], row["right"], row["seed"], row["trained"]): row["found"] for row in document["pairs"]}
    runs = {(row["arm"], row["seed"]): row["run_id"] for row in document["networks"] if row["run_id"]}
    return Probed(path.name.removeprefix("probes-").removesuffix(".json.gz"), document["about"], networks, pairs, runs)


def _rounded(value: Any) -> Any:
    """Five digits are more than seeds agree on."""
    if isinstance(value, float):
        return float(f"{value:.5g}")
    if isinstance(value, dict):
        return {name: _rounded(inner) for name, inner in value.items()}
    return [_rounded(inner) for inner in value] if isinstance(value, (list, tuple)) else value
