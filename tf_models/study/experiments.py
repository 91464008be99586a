"""Experiments: which runs they need, and what follows from the runs, as pure functions over run records.

An experiment runs in two steps. First every arm is tried at three learning rates with a tuning seed, and keeps the
one that does best on *validation*; that seed is not reported. Then every arm is trained with the reported seeds, whose
test sets are read once.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tf_models.data import peek
from tf_models.errors import LabError
from tf_models.study.runs import LEARNING_RATES, Recipe, RunRecord, RunSpec, default_backend
from tf_models.study.verdict import Effect, decide, paired_effect, smallest_effect
from tf_models.zoo import CLASSROOM, Value, configure, parameters

TUNING_SEED = 1_000_003  # never reported
AGAIN = 100  # the A/A control trains the first arm again with seeds from here on
CONTROL_SEEDS = 3
MATCHED = 0.05  # parameter-matched arms stay within this share

Records = Mapping[RunSpec, Sequence[RunRecord]]  # every known record of a spec


@dataclass(frozen=True)
class Contrast:
    """`a` minus `b` in test accuracy; the one `primary` contrast carries the experiment's verdict."""

    a: str
    b: str
    primary: bool = False


@dataclass(frozen=True)
class Experiment:
    """What is asked of one data set. `grid` cells repeat the first contrast at other depths and training sizes."""

    name: str
    dataset: str
    seeds: int
    train_size: int | None = None
    recipe: Recipe = Recipe()
    backend: str = ""
    depths: tuple[int, ...] = ()
    train_sizes: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.name not in EXPERIMENTS:
            raise LabError("unknown_experiment", value=self.name, choices=", ".join(EXPERIMENTS))
        if self.seeds < 2:
            raise LabError("too_few_seeds", value=self.seeds)
        if not self.backend:
            object.__setattr__(self, "backend", default_backend())

    @property
    def arms(self) -> dict[str, dict[str, Value]]:
        """The switches of every arm."""
        known = peek(self.dataset)
        return ffn_arms(known.input_shape, known.classes)

    @property
    def contrasts(self) -> tuple[Contrast, ...]:
        return EXPERIMENTS[self.name]

    def spec(self, switches: Mapping[str, Value], seed: int, rate: float, train_size: int | None) -> RunSpec:
        recipe = replace(self.recipe, learning_rate=rate)
        return RunSpec("vit", switches, self.dataset, train_size, seed, recipe, self.backend)

    def tuning(self) -> dict[str, list[RunSpec]]:
        """The runs that choose each arm's learning rate."""
        return {
            arm: [self.spec(switches, TUNING_SEED, rate, self.train_size) for rate in LEARNING_RATES]
            for arm, switches in self.arms.items()
        }

    def rates(self, records: Records) -> dict[str, float] | None:
        """Each arm's learning rate, best on validation; None while tuning runs are missing."""
        chosen = {}
        for arm, specs in self.tuning().items():
            found = [records[spec][0] for spec in specs if records.get(spec)]
            if len(found) < len(specs):
                return None
            best = max(found, key=lambda record: (record.validation_accuracy, -record.validation_loss))
            chosen[arm] = best.spec.recipe.learning_rate
        return chosen

    def runs(self, rates: Mapping[str, float]) -> dict[str, list[RunSpec]]:
        """The reported runs of every arm, a seed each, and of the A/A control ``on_again``."""
        on = self.arms["on"]
        specs = {
            arm: [self.spec(switches, seed, rates[arm], self.train_size) for seed in range(self.seeds)]
            for arm, switches in self.arms.items()
        }
        again = range(AGAIN, AGAIN + self.seeds)
        return specs | {"on_again": [self.spec(on, seed, rates["on"], self.train_size) for seed in again]}

    def grid(self, rates: Mapping[str, float]) -> dict[tuple[int, int | None], dict[str, list[RunSpec]]]:
        """(depth, training size) → runs with and without the FFN, at the learning rates of the full experiment."""
        arms = self.arms
        return {
            (depth, size): {
                arm: [self.spec({**arms[arm], "depth": depth}, seed, rates[arm], size) for seed in range(self.seeds)]
                for arm in ("on", "off")
            }
            for size in (*self.train_sizes, *((self.train_size,) if self.depths else ()))
            for depth in (self.depths or (CLASSROOM_DEPTH,))
        }

    def positive_control(self) -> dict[str, list[RunSpec]]:
        """`token_product` with nothing that mixes tokens and no norm: only the FFN can solve it."""
        bare: dict[str, Value] = {"mixer": "identity", "norm": "none"}
        recipe = Recipe(xla=self.recipe.xla, mixed_precision=self.recipe.mixed_precision)
        return {
            arm: [
                RunSpec("vit", switches, "token_product", None, seed, recipe, self.backend)
                for seed in range(CONTROL_SEEDS)
            ]
            for arm, switches in (("on", bare), ("off", {**bare, "ffn": "off"}))
        }


CLASSROOM_DEPTH = len(CLASSROOM["vit"].blocks)

# Experiment → its contrasts, the primary one first.
EXPERIMENTS: dict[str, tuple[Contrast, ...]] = {
    "ffn-gap": (
        Contrast("on", "off", primary=True),
        Contrast("on", "off_deeper"),
        Contrast("on", "off_wider"),
        Contrast("on", "activation"),
        Contrast("on", "linear"),
    ),
}


def ffn_arms(input_shape: tuple[int, int, int], classes: int) -> dict[str, dict[str, Value]]:
    """The six arms of ``ffn-gap``, all of `vit`.

    Removing the FFN removes about 65 % of the parameters, so it is also removed at equal parameters, by depth and by
    width; ``activation`` keeps norm → GELU → residual, ``linear`` both dense layers without the GELU.
    """

    def count(switches: Mapping[str, Value]) -> int:
        return parameters(configure("vit", switches, input_shape, classes))

    target = count({})
    heads = CLASSROOM["vit"].blocks[0].heads
    deeper = min(range(1, 25), key=lambda depth: abs(count({"ffn": "off", "depth": depth}) - target))
    wider = min(range(heads, 400, heads), key=lambda width: abs(count({"ffn": "off", "width": width}) - target))
    return {
        "on": {},
        "off": {"ffn": "off"},
        "activation": {"ffn": "activation"},
        "linear": {"ffn": "linear"},
        "off_deeper": {"ffn": "off", "depth": deeper},
        "off_wider": {"ffn": "off", "width": wider},
    }


# From records to results


def index(records: Iterable[RunRecord]) -> dict[RunSpec, list[RunRecord]]:
    """Records by what was asked, in the given order: the first of several equal runs is the one that is reported."""
    found: dict[RunSpec, list[RunRecord]] = {}
    for record in records:
        found.setdefault(record.spec, []).append(record)
    return found


def one_source(experiment: Experiment, records: Records) -> Records:
    """The records that may be compared: those of one device and one version of the data set.

    Where there are several, the one that has most of the experiment's runs counts. The control task is other data, and
    only the device must be the same.
    """
    rates = [dict.fromkeys(experiment.arms, rate) for rate in LEARNING_RATES]
    wanted = {spec for specs in experiment.tuning().values() for spec in specs}
    wanted |= {spec for rate in rates for specs in experiment.runs(rate).values() for spec in specs}
    sources = Counter(
        source for spec in wanted for source in {(r.device, r.dataset_hash) for r in records.get(spec, ())}
    )
    if not sources:
        return {}
    device, content = sources.most_common(1)[0][0]

    def comparable(record: RunRecord) -> bool:
        same_data = record.dataset_hash == content or record.spec.dataset != experiment.dataset
        return record.device == device and same_data

    kept = {spec: [record for record in found if comparable(record)] for spec, found in records.items()}
    return {spec: found for spec, found in kept.items() if found}


def pair(a: Sequence[RunSpec], b: Sequence[RunSpec], records: Records) -> tuple[list[RunRecord], list[RunRecord]]:
    """The finished runs of two arms, as far as both of a pair are there."""
    pairs = [(records[x][0], records[y][0]) for x, y in zip(a, b, strict=True) if records.get(x) and records.get(y)]
    return [first for first, _ in pairs], [second for _, second in pairs]


def analyse(experiment: Experiment, records: Records) -> dict[str, Any]:
    """Everything that follows from the runs there are: arms, contrasts with verdicts, controls, grid, run ids.

    Missing runs leave their contrasts ``untested``; a failed control withholds the verdicts.
    """
    known = peek(experiment.dataset)
    train_images = experiment.train_size or known.train_images
    records = one_source(experiment, records)
    rates = experiment.rates(records)
    runs = experiment.runs(rates) if rates else {arm: [] for arm in (*experiment.arms, "on_again")}
    controls = _controls(experiment, runs, records, smallest_effect(experiment.dataset, train_images))
    withheld = any(control["passed"] is False for control in controls)

    def contrast(a: str, b: str, specs: Mapping[str, list[RunSpec]], images: int, primary: bool) -> dict[str, Any]:
        first, second = pair(specs[a], specs[b], records)
        effect, delta = paired_effect(first, second), smallest_effect(experiment.dataset, images)
        verdict = "inconclusive" if withheld and effect is not None else decide(effect, delta)
        row = {"a": a, "b": b, "primary": primary, **_numbers(effect), "delta": delta, "verdict": verdict}
        # Near the ceiling accuracies hardly differ any more; the loss still does.
        loss = [y.test_loss - x.test_loss for x, y in zip(first, second, strict=True)]
        return row | {"test_loss_saved": float(np.mean(loss)) if loss else None, "withheld": withheld}

    arms = []
    for name, switches in experiment.arms.items():
        found = [records[spec][0] for spec in runs[name] if records.get(spec)]
        arms.append(
            {
                "name": name,
                "switches": switches,
                "parameters": parameters(configure("vit", switches, known.input_shape, known.classes)),
                "learning_rate": rates[name] if rates else None,
                "seeds": [record.spec.seed for record in found],
                "test_accuracies": [record.test_accuracy for record in found],
                "test_accuracy": float(np.mean([r.test_accuracy for r in found])) if found else None,
                "test_loss": float(np.mean([r.test_loss for r in found])) if found else None,
                "runs": [record.run_id for record in found],
            }
        )
    cells = []
    for (depth, size), specs in (experiment.grid(rates) if rates else {}).items():
        row = contrast("on", "off", specs, size or train_images, primary=False)
        cells.append({"depth": depth, "train_images": size or train_images, **row})
    return {
        "experiment": experiment.name,
        "dataset": experiment.dataset,
        "train_images": train_images,
        "epochs": experiment.recipe.epochs,
        "seeds": experiment.seeds,
        "backend": experiment.backend,
        "devices": dict(Counter(r.device for specs in runs.values() for s in specs for r in records.get(s, ())[:1])),
        "arms": arms,
        "contrasts": [contrast(c.a, c.b, runs, train_images, c.primary) for c in experiment.contrasts],
        "controls": controls,
        "grid": cells,
        "runs": sorted({run for arm in arms for run in arm["runs"]}),
    }


def _numbers(effect: Effect | None) -> dict[str, Any]:
    if effect is None:
        return dict(mean=None, low=None, high=None, seeds=0, wins=0, p=None)
    names = ("mean", "low", "high", "seeds", "wins", "p")
    return {name: getattr(effect, name) for name in names}


def _controls(
    experiment: Experiment, runs: Mapping[str, list[RunSpec]], records: Records, delta: float
) -> list[dict[str, Any]]:
    """`passed` is None while runs are missing."""
    positive = {
        arm: [records[spec][0] for spec in specs if records.get(spec)]
        for arm, specs in experiment.positive_control().items()
    }
    on, off = ([r.test_accuracy for r in positive[arm]] for arm in ("on", "off"))
    rows = []
    passed = None
    if len(on) == len(off) == CONTROL_SEEDS:
        images = positive["off"][0].test_images
        chance = 3 * (0.25 / images) ** 0.5  # three standard errors around one half
        passed = min(on) >= 0.95 and all(abs(accuracy - 0.5) <= chance for accuracy in off)
    rows.append({"name": "positive", "passed": passed, "with_ffn": on, "without_ffn": off})

    first, second = pair(runs["on"], runs["on_again"], records)
    effect = paired_effect(first, second)
    same = decide(effect, delta, "no_difference")
    # Equal arms must not come out different; whether they are shown to be equal is `verdict`.
    passed = None if effect is None else effect.low <= 0 <= effect.high
    rows.append({"name": "same_arm_twice", "passed": passed, **_numbers(effect), "verdict": same})
    return rows
