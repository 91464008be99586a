"""What every experiment is made of: arms, learning rates chosen on validation, paired runs, linear contrasts, controls.

An experiment runs in two steps. First every arm is tried at three learning rates with a tuning seed, and keeps the
one that does best on *validation*; that seed is not reported. Then every arm is trained with the reported seeds, whose
test sets are read once. What follows from the runs is a pure function over run records: `study.analysis.analyse`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar

from tf_models import settings
from tf_models.data import CONTROL_TASK, peek
from tf_models.errors import LabError
from tf_models.runs.record import RunRecord
from tf_models.runs.spec import LEARNING_RATES, Recipe, RunSpec
from tf_models.zoo import ModelSpec, Value, configure, matching, parameters

TUNING_SEED = 1_000_003  # never reported
AGAIN = 100  # the A/A control trains an arm again with seeds from here on
MATCHED = 0.05  # parameter-matched arms stay within this share
CONTROL_SEEDS = 3

Find = Callable[[RunSpec], RunRecord | None]  # the one record of a spec that counts


@dataclass(frozen=True)
class Arm:
    """One side of a comparison: a classroom variant and its switches.

    It is trained with `train_size` images, those of the experiment where None, at the learning rate chosen for the arm
    `like`, its own where that is empty. `at` says where it stands on the experiment's axes, such as
    ``{"mixer": "attention", "channel": "off"}``.
    """

    variant: str
    switches: Mapping[str, Value] = field(default_factory=dict)
    train_size: int | None = None
    like: str = ""
    at: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class Contrast:
    """A linear contrast: Σ weight · accuracy of an arm, in test accuracy unless `unit` says otherwise.

    `test` is the question of a contrast by itself, one of `rule.TESTS` with the threshold δ; None where it is none, so
    that only a claim can say what it must be. `at` says where it stands on the experiment's axes.
    """

    weights: Mapping[str, float]
    unit: str = "accuracy"
    test: str | None = "difference"
    at: Mapping[str, Value] = field(default_factory=dict)


def difference(a: str, b: str, test: str | None = "difference", at: Mapping[str, Value] | None = None) -> Contrast:
    """Accuracy of `a` minus accuracy of `b`."""
    return Contrast({a: 1.0, b: -1.0}, test=test, at=at or {})


def closes_half(new: str, old: str, best: str) -> Contrast:
    """(new − old) − ½ (best − old): above 0 where `new` closes more than half of the gap between `old` and `best`."""
    return Contrast({new: 1.0, old: -0.5, best: -0.5}, test=None)


def interaction(a: tuple[str, str], b: tuple[str, str]) -> Contrast:
    """(a₁ − a₂) − (b₁ − b₂)."""
    weights: dict[str, float] = {}
    for arm, weight in ((a[0], 1.0), (a[1], -1.0), (b[0], -1.0), (b[1], 1.0)):
        weights[arm] = weights.get(arm, 0.0) + weight
    return Contrast({arm: weight for arm, weight in weights.items() if weight})


def option(text: str, default: Any) -> Any:
    """A field that the command line offers as an option, with its help."""
    return field(default=default, metadata={"help": text})


@dataclass(frozen=True)
class Experiment:
    """What is asked of one data set: arms and linear contrasts, of which the first is the primary one.

    `again` is the arm of the A/A control, which trains it once more with other seeds. With `needs_ffn_control`, the
    task that only an FFN can solve is trained too. With `equal_updates`, an arm with a tenth of the images is trained
    for ten times the epochs: with equal epochs, the smallest training sets would be hardly trained at all.
    """

    dataset: str = field(metadata={"help": "see the command datasets; digits by default"})
    seeds: int = field(metadata={"help": "reported runs per arm; by default as many as the data set declares"})
    train_size: int | None = option("class-balanced subset of the training images; all by default", None)
    recipe: Recipe = Recipe()
    backend: str = ""
    tuning_size: int | None = option("training images used to choose the learning rates; all by default", None)

    name: ClassVar[str]
    again: ClassVar[str] = "vit"
    needs_ffn_control: ClassVar[bool] = False
    equal_updates: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if self.seeds < 2:
            raise LabError("too_few_seeds", value=self.seeds)
        if not self.backend:
            object.__setattr__(self, "backend", settings.backend())

    @cached_property
    def arms(self) -> dict[str, Arm]:
        """Every arm by its name."""
        raise NotImplementedError

    @cached_property
    def contrasts(self) -> dict[str, Contrast]:
        """What is measured, by its name; the first is primary."""
        raise NotImplementedError

    def chosen(self, runs: Mapping[str, Sequence[RunRecord]]) -> dict[str, Contrast]:
        """`contrasts`, with what is chosen on validation put in; `runs` holds those of every arm."""
        return self.contrasts

    @property
    def images(self) -> int:
        """Training images of an arm that names no number of its own."""
        return self.train_size or peek(self.dataset).train_images

    def model(self, arm: Arm) -> ModelSpec:
        """The network of an arm, for the data set's images and classes."""
        known = peek(self.dataset)
        return configure(arm.variant, arm.switches, known.input_shape, known.classes)

    def matched(self, variant: str, switches: Mapping[str, Value], switch: str, like: Arm) -> Arm | None:
        """`variant` with the parameters of `like`, by its width or depth: see `zoo.matching.matched`."""
        known = peek(self.dataset)
        target = parameters(self.model(like))
        found = matching.matched(variant, switches, switch, target, known.input_shape, known.classes, MATCHED)
        return Arm(variant, found) if found is not None else None

    def spec(self, arm: Arm, seed: int, rate: float, train_size: int | None = None) -> RunSpec:
        recipe = replace(self.recipe, learning_rate=rate)
        if self.equal_updates and arm.train_size:
            recipe = replace(recipe, epochs=round(recipe.epochs * self.images / arm.train_size))
        size = train_size or arm.train_size or self.train_size
        return RunSpec(arm.variant, arm.switches, self.dataset, size, seed, recipe, self.backend)

    @cached_property
    def tuning(self) -> dict[str, list[RunSpec]]:
        """The runs that choose each arm's learning rate."""
        return {
            name: [self.spec(arm, TUNING_SEED, rate, self.tuning_size) for rate in LEARNING_RATES]
            for name, arm in self.arms.items()
            if not arm.like
        }

    def rates(self, find: Find) -> dict[str, float] | None:
        """Each arm's learning rate, best on validation; None while tuning runs are missing."""
        chosen = {}
        for arm, specs in self.tuning.items():
            found = [record for spec in specs if (record := find(spec)) is not None]
            if len(found) < len(specs):
                return None
            best = max(found, key=lambda record: (record.validation_accuracy, -record.validation_loss))
            chosen[arm] = best.spec.recipe.learning_rate
        return chosen | {name: chosen[arm.like] for name, arm in self.arms.items() if arm.like}

    def runs(self, rates: Mapping[str, float]) -> dict[str, list[RunSpec]]:
        """The reported runs of every arm, one per seed, and of the A/A control ``again``."""
        again = self.arms[self.again]
        return {
            name: [self.spec(arm, seed, rates[name]) for seed in range(self.seeds)] for name, arm in self.arms.items()
        } | {"again": [self.spec(again, AGAIN + seed, rates[self.again]) for seed in range(self.seeds)]}

    @property
    def control_variant(self) -> str:
        """Whose FFN the control task needs; empty where it is not trained."""
        return "vit" if self.needs_ffn_control else ""

    def ffn_control(self) -> dict[str, list[RunSpec]]:
        """The control task with nothing that mixes tokens and no norm: only the FFN can solve it."""
        if not self.control_variant:
            return {}
        bare: dict[str, Value] = {"mixer": "identity", "norm": "none"}
        recipe = Recipe(learning_rate=1e-3, xla=self.recipe.xla, mixed_precision=self.recipe.mixed_precision)
        return {
            arm: [
                RunSpec(self.control_variant, switches, CONTROL_TASK, None, seed, recipe, self.backend)
                for seed in range(CONTROL_SEEDS)
            ]
            for arm, switches in (("on", bare), ("off", {**bare, "ffn": "off"}))
        }

    def steps(self, rates: Mapping[str, float]) -> dict[str, list[RunSpec]]:
        """The runs after the tuning, in the order in which they are trained."""
        steps = {"control": self.ffn_control(), "arms": self.runs(rates)}
        return {
            step: list(dict.fromkeys(spec for specs in groups.values() for spec in specs))
            for step, groups in steps.items()
            if groups
        }
