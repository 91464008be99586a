"""What every experiment is made of: arms, learning rates chosen on validation, paired runs, linear contrasts, controls.

An experiment runs in two steps. First every arm is tried at several learning rates with seeds that are not reported,
and keeps the one that does best on *validation* (`tuning.Search`). Then every arm is trained with the reported seeds,
whose test sets are read once. What follows from the runs is a pure function over run records: `study.analysis.analyse`.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import zip_longest
from typing import Any, ClassVar

from tf_models import settings
from tf_models.data import CONTROL_TASK, peek
from tf_models.errors import LabError
from tf_models.runs.record import RunRecord
from tf_models.runs.spec import Labels, Recipe, RunSpec
from tf_models.statistics.rule import looks
from tf_models.study.experiments.tuning import DECIDING, EXPLORING, FROM_THE_MIDDLE, Curve, Search
from tf_models.zoo import ModelSpec, Value, configure, matching, parameters

AGAIN = 100  # the A/A control trains an arm again with seeds from here on
MATCHED = 0.05  # parameter-matched arms stay within this share
CONTROL_SEEDS = 3
PLAIN_STACKS = ("cnn", "vgg")
FEW_IMAGES, FIT_EPOCHS = 256, 100  # what an arm must be able to learn by heart: see `Experiment.fit_checks`

Find = Callable[[RunSpec], RunRecord | None]  # the one record of a spec that counts


@dataclass(frozen=True)
class Arm:
    """One side of a comparison: a classroom variant and its switches.

    It is trained with `train_size` images for `epochs` on `dataset`, those of the experiment where they are not given,
    at the learning rate chosen for the arm `like`, its own where that is empty. `at` says where it stands on the
    experiment's axes, such as ``{"mixer": "attention", "channel": "off"}``.
    """

    variant: str
    switches: Mapping[str, Value] = field(default_factory=dict)
    train_size: int | None = None
    like: str = ""
    at: Mapping[str, Value] = field(default_factory=dict)
    epochs: int | None = None
    dataset: str = ""
    labels: Labels = "true"


@dataclass(frozen=True)
class Contrast:
    """A linear contrast: Σ weight · `quantity` of an arm, in the unit of the quantity unless `unit` says otherwise.

    `quantity` is a key of `effects.UNITS`. `test` is the question of a contrast by itself, one of `rule.TESTS` with the
    threshold δ; None where it is none, so that only a claim can say what it must be. Of a loss it is not asked: δ is an
    accuracy. `at` says where it stands on the experiment's axes.
    """

    weights: Mapping[str, float]
    unit: str = ""
    test: str | None = "difference"
    at: Mapping[str, Value] = field(default_factory=dict)
    quantity: str = "test_accuracy"


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

    An experiment that brings its own data exists once, whatever is studied: `own_data` is the data set that gives it δ
    and seeds, and its arms name theirs.
    """

    dataset: str = field(metadata={"help": "see the command datasets; digits by default"})
    seeds: int = field(metadata={"help": "reported runs per arm; by default as many as the data set declares"})
    train_size: int | None = option("class-balanced subset of the training images; all by default", None)
    recipe: Recipe = Recipe()
    backend: str = ""
    tuning_epochs: int | None = option("epochs of the runs that choose the learning rates; all by default", None)
    tuning_size: int | None = option("training images used to choose the learning rates; all by default", None)
    exploratory: bool = option("learning rates from three, by one seed: fast, and leads no headline", False)

    name: ClassVar[str]
    again: ClassVar[str] = "vit"
    own_data: ClassVar[str] = ""
    needs_ffn_control: ClassVar[bool] = False
    equal_updates: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if self.seeds < 2:
            raise LabError("too_few_seeds", value=self.seeds)
        first, second = looks(peek(self.dataset).seeds)
        if self.seeds > first and self.seeds != second:
            raise LabError("third_look", value=self.seeds, first=first, second=second)
        if self.own_data and self.dataset != self.own_data:
            raise LabError("own_data", value=self.dataset, experiment=self.name)
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
        """The network of an arm, for its data set's images and classes."""
        known = peek(arm.dataset or self.dataset)
        return configure(arm.variant, self._switches(arm), known.input_shape, known.classes)

    def _switches(self, arm: Arm) -> Mapping[str, Value]:
        """In an exploratory plan plain stacks start as Glorot's, as they did when its runs were made."""
        before = self.exploratory and arm.variant in PLAIN_STACKS
        return {**arm.switches, "start": "glorot"} if before else arm.switches

    def matched(self, variant: str, switches: Mapping[str, Value], switch: str, like: Arm) -> Arm | None:
        """`variant` with the parameters of `like` on the same data, by width or depth: see `zoo.matching.matched`."""
        known = peek(like.dataset or self.dataset)
        target = parameters(self.model(like))
        found = matching.matched(variant, switches, switch, target, known.input_shape, known.classes, MATCHED)
        return Arm(variant, found, dataset=like.dataset) if found is not None else None

    def spec(self, arm: Arm, seed: int, rate: float, train_size: int | None = None) -> RunSpec:
        recipe = replace(self.recipe, learning_rate=rate, epochs=arm.epochs or self.recipe.epochs)
        if self.equal_updates and arm.train_size:
            recipe = replace(recipe, epochs=round(recipe.epochs * self.images / arm.train_size))
        size = train_size or arm.train_size or self.train_size
        dataset = arm.dataset or self.dataset
        return RunSpec(arm.variant, self._switches(arm), dataset, size, seed, recipe, self.backend, arm.labels)

    @cached_property
    def search(self) -> Search:
        """How the learning rates are chosen."""
        if self.exploratory:
            return EXPLORING
        return DECIDING if peek(self.dataset).few_images else FROM_THE_MIDDLE

    @cached_property
    def tuned(self) -> dict[str, Arm]:
        """The arms that choose a learning rate of their own; the A/A control ``again`` last: it begins at the start."""
        own = {name: arm for name, arm in self.arms.items() if not arm.like}
        reference = self.arms[self.again].like or self.again
        return own if self.exploratory else own | {"again": own[reference]}

    def tuning(self, find: Find = lambda spec: None) -> dict[str, list[RunSpec]]:
        """The runs that choose each arm's learning rate, as far as they are known to be needed: see `Search.needed`."""
        return {name: self._searched(name, find)[0] for name in self.tuned}

    def _searched(self, name: str, find: Find) -> tuple[list[RunSpec], Curve | None]:
        """What must be trained to choose the rate of an arm, and the runs by rate once all are there."""
        arm, further = self.tuned[name], AGAIN if name == "again" else 0
        arm = replace(arm, epochs=self.tuning_epochs or arm.epochs)

        def specs(rate: float) -> list[RunSpec]:
            if (name, rate) not in self._tuning_specs:
                seeds = [seed + further for seed in self.search.seeds]
                self._tuning_specs[name, rate] = [self.spec(arm, seed, rate, self.tuning_size) for seed in seeds]
            return self._tuning_specs[name, rate]

        def records(rate: float) -> list[RunRecord] | None:
            found = [record for spec in specs(rate) if (record := find(spec)) is not None]
            return found if len(found) == len(self.search.seeds) else None

        known, needed = self.search.needed(records)
        return [spec for rate in needed for spec in specs(rate)], known if len(known) == len(needed) else None

    @cached_property
    def _tuning_specs(self) -> dict[tuple[str, float], list[RunSpec]]:
        """By arm and rate, as far as they were asked for: an analysis asks for each several times."""
        return {}

    def rate_curves(self, find: Find) -> dict[str, Curve]:
        """The tuning runs of every arm by learning rate; an arm whose search is not finished is left out."""
        curves = {name: self._searched(name, find)[1] for name in self.tuned}
        return {name: curve for name, curve in curves.items() if curve is not None}

    def rates(self, curves: Mapping[str, Curve]) -> dict[str, float]:
        """Each arm's learning rate, best on validation, of the arms whose curve is there."""
        chosen = {name: self.search.best(curve) for name, curve in curves.items()}
        chosen |= {name: chosen[arm.like] for name, arm in self.arms.items() if arm.like in chosen}
        if self.exploratory and self.again in chosen:
            chosen["again"] = chosen[self.again]
        return chosen

    def runs(self, rates: Mapping[str, float]) -> dict[str, list[RunSpec]]:
        """The reported runs of every arm whose rate is known, one per seed, and of the A/A control ``again``."""
        found = {
            name: [self.spec(arm, seed, rates[name]) for seed in range(self.seeds)]
            for name, arm in self.arms.items()
            if name in rates
        }
        if "again" in rates:
            again = self.arms[self.again]
            found["again"] = [self.spec(again, AGAIN + seed, rates["again"]) for seed in range(self.seeds)]
        return found

    def fit_checks(self, rates: Mapping[str, float]) -> dict[str, RunSpec]:
        """One training of every arm on `FEW_IMAGES` images, without augmentation: what cannot learn even these by heart
        at its rate has not been trained, whatever its architecture could do.
        """
        if self.exploratory:
            return {}
        recipe, seed = replace(self.recipe, epochs=FIT_EPOCHS, augment=False, schedule="cosine"), self.search.seeds[0]
        return {
            name: replace(self.spec(arm, seed, rate, FEW_IMAGES), recipe=replace(recipe, learning_rate=rate))
            for name, arm in self.tuned.items()
            if name != "again" and (rate := rates.get(name))
        }

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

    def shuffled_control(self, rates: Mapping[str, float]) -> list[RunSpec]:
        """The reference, trained on labels in a random order: if it then beats chance, it has seen the test set."""
        rate = rates.get(self.again)
        if self.exploratory or not self.control_variant or rate is None:
            return []
        return [self.spec(replace(self.arms[self.again], labels="shuffled"), 0, rate)]

    def steps(self, rates: Mapping[str, float], only: Collection[str] = ()) -> dict[str, list[RunSpec]]:
        """The runs after the tuning, in the order in which they are trained: a seed of every arm, then the next seed,
        so that a stop leaves a balanced design. Those of the arms `only`, without controls, where any are named.
        """
        runs, checks = self.runs(rates), self.fit_checks(rates)
        control = [spec for specs in self.ffn_control().values() for spec in specs] + self.shuffled_control(rates)
        if only:
            runs = {name: runs[name] for name in only if name in runs}
            checks = {name: checks[name] for name in self.choosing(only) if name in checks}
            control = []
        arms = [spec for specs in zip_longest(*runs.values()) for spec in specs if spec]
        steps = {"control": control, "fit": list(checks.values()), "arms": arms}
        return {step: list(dict.fromkeys(specs)) for step, specs in steps.items() if specs}

    def choosing(self, only: Collection[str]) -> list[str]:
        """The arms that choose the learning rates of the arms `only`. Raises `LabError` for one that there is not."""
        for name in only:
            if name not in self.arms:
                raise LabError("unknown_arm", value=name, experiment=self.name, choices=", ".join(self.arms))
        return list(dict.fromkeys(self.arms[name].like or name for name in only))
