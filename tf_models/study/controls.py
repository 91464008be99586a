"""Controls of an experiment: what must come out whatever the question is. A failed one withholds the verdicts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tf_models.data import peek
from tf_models.runs.provenance import Source
from tf_models.runs.record import RunRecord
from tf_models.statistics.effects import Measure, paired_effect
from tf_models.statistics.rule import UNTESTED, judge
from tf_models.study.experiments.base import CONTROL_SEEDS, Experiment

Runs = Mapping[int, RunRecord]  # by the place of their seed among those of the experiment


@dataclass(frozen=True)
class Control:
    """`passed` is None while runs are missing.

    ``positive``: test accuracies on the control task, ``with_ffn`` at least 95 %, ``without_ffn`` chance.
    ``shuffled``: after training on labels in a random order, chance.
    ``same_arm_twice``: equal arms must not come out different; whether they are shown to be equal is `verdict`.
    """

    name: str
    passed: bool | None
    accuracies: Mapping[str, list[float]] = field(default_factory=dict)
    measure: Measure | None = None
    verdict: str = UNTESTED


def paired(arms: Sequence[Runs]) -> list[list[RunRecord]]:
    """The runs of the seeds that all these arms have, arm by arm."""
    places = sorted(set.intersection(*(set(arm) for arm in arms))) if arms else []
    return [[arm[place] for place in places] for arm in arms]


def positive_control(experiment: Experiment, source: Source) -> Control:
    """What only the FFN can solve must be solved with it alone."""
    found = {
        arm: [record for spec in specs if (record := source.find(spec))]
        for arm, specs in experiment.ffn_control().items()
    }
    on, off = ([record.test_accuracy for record in found[arm]] for arm in ("on", "off"))
    passed = None
    if len(on) == len(off) == CONTROL_SEEDS:
        passed = min(on) >= 0.95 and all(_is_chance(record, 2) for record in found["off"])
    return Control("positive", passed, {"with_ffn": on, "without_ffn": off})


def shuffled_control(experiment: Experiment, source: Source, rates: Mapping[str, float]) -> Control:
    """Who learns labels in a random order must not know those of the test set."""
    found = [record for spec in experiment.shuffled_control(rates) if (record := source.find(spec))]
    passed = all(_is_chance(record, peek(record.spec.dataset).classes) for record in found) if found else None
    return Control("shuffled", passed, {"shuffled": [record.test_accuracy for record in found]})


def _is_chance(record: RunRecord, classes: int) -> bool:
    """Whether the accuracy is within three standard errors of that of guessing."""
    share = 1 / classes
    return abs(record.test_accuracy - share) <= 3 * (share * (1 - share) / record.test_images) ** 0.5


def same_arm_twice(first: Runs, second: Runs, delta: float) -> Control:
    """The A/A control: the same arm with other seeds."""
    a, b = paired([first, second])
    measure = paired_effect(a, b)
    passed = None if measure is None else measure.low <= 0 <= measure.high
    verdict, _ = judge(measure, "no_difference", None, delta)
    return Control("same_arm_twice", passed, measure=measure, verdict=verdict)
