"""What every experiment is made of: arms, learning rates chosen on validation, paired runs, contrasts.

An experiment runs in two steps. First every arm is tried at three learning rates with a tuning seed, and keeps the
one that does best on *validation*; that seed is not reported. Then every arm is trained with the reported seeds, whose
test sets are read once. What follows from the runs is a pure function over run records.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar

from tf_models import settings
from tf_models.errors import LabError
from tf_models.runs.record import RunRecord
from tf_models.runs.spec import LEARNING_RATES, Recipe, RunSpec
from tf_models.statistics.effects import Effect
from tf_models.statistics.rule import declared_seeds, level
from tf_models.zoo import Value

TUNING_SEED = 1_000_003  # never reported
AGAIN = 100  # the A/A control trains an arm again with seeds from here on
MATCHED = 0.05  # parameter-matched arms stay within this share

Records = Mapping[RunSpec, Sequence[RunRecord]]  # every known record of a spec


@dataclass(frozen=True)
class Arm:
    """One side of a comparison: a classroom variant and its switches.

    It is trained with `train_size` images, those of the experiment where None, at the learning rate chosen for the arm
    `like`, its own where that is empty.
    """

    variant: str
    switches: Mapping[str, Value] = field(default_factory=dict)
    train_size: int | None = None
    like: str = ""


@dataclass(frozen=True)
class Contrast:
    """`a` minus `b` in test accuracy; the one `primary` contrast carries the experiment's verdict."""

    a: str
    b: str
    primary: bool = False


@dataclass(frozen=True)
class Experiment:
    """What is asked of one data set. `tuning_size` images, all where None, choose the learning rates."""

    dataset: str
    seeds: int
    train_size: int | None = None
    recipe: Recipe = Recipe()
    backend: str = ""
    tuning_size: int | None = None

    name: ClassVar[str]
    contrasts: ClassVar[tuple[Contrast, ...]]

    def __post_init__(self) -> None:
        if self.seeds < 2:
            raise LabError("too_few_seeds", value=self.seeds)
        if not self.backend:
            object.__setattr__(self, "backend", settings.backend())

    @property
    def level(self) -> float:
        """Of the intervals of contrasts: 0.975 beyond the declared number of seeds, which is a second look."""
        return level(self.seeds, declared_seeds(self.dataset))

    @cached_property
    def arms(self) -> dict[str, Arm]:
        """Every arm by its name."""
        raise NotImplementedError

    def steps(self, rates: Mapping[str, float]) -> dict[str, list[RunSpec]]:
        """The runs behind the tuning, in the order in which they are trained. ``arms`` is one of the steps."""
        raise NotImplementedError

    def analyse(self, records: Records) -> dict[str, Any]:
        """Everything that follows from the runs there are, as one JSON object."""
        raise NotImplementedError

    def spec(self, arm: Arm, seed: int, rate: float, train_size: int | None) -> RunSpec:
        recipe = replace(self.recipe, learning_rate=rate)
        return RunSpec(arm.variant, arm.switches, self.dataset, train_size, seed, recipe, self.backend)

    def tuning(self) -> dict[str, list[RunSpec]]:
        """The runs that choose each arm's learning rate."""
        size = self.tuning_size or self.train_size
        return {
            name: [self.spec(arm, TUNING_SEED, rate, size) for rate in LEARNING_RATES]
            for name, arm in self.arms.items()
            if not arm.like
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
        return chosen | {name: chosen[arm.like] for name, arm in self.arms.items() if arm.like}

    def runs(self, rates: Mapping[str, float]) -> dict[str, list[RunSpec]]:
        """The reported runs of every arm, a seed each."""
        return {
            name: [self.spec(arm, seed, rates[name], arm.train_size or self.train_size) for seed in range(self.seeds)]
            for name, arm in self.arms.items()
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
    wanted |= {spec for rate in rates for spec in experiment.steps(rate)["arms"]}
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


def numbers(effect: Effect | None) -> dict[str, Any]:
    """An effect as the fields of a contrast, all empty where there is none."""
    if effect is None:
        return dict(mean=None, low=None, high=None, seeds=0, wins=0, p=None)
    names = ("mean", "low", "high", "seeds", "wins", "p")
    return {name: getattr(effect, name) for name in names}
