"""Controls of an experiment: what must come out whatever the question is. A failed one withholds the verdicts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tf_models.runs.provenance import Source
from tf_models.runs.record import RunRecord
from tf_models.statistics.effects import Measure, paired_effect
from tf_models.statistics.rule import UNTESTED, judge
from tf_models.study.experiments.base import CONTROL_SEEDS, Experiment

Runs = Mapping[int, RunRecord]  # by the place of their seed among those of the experiment


@dataclass(frozen=True)
class Control:
    """`passed` is None while runs are missing.

    ``positive``: test accuracies on the control task, with the FFN at least 95 %, without it chance.
    ``same_arm_twice``: equal arms must not come out different; whether they are shown to be equal is `verdict`.
    """

    name: str
    passed: bool | None
    with_ffn: list[float] = field(default_factory=list)
    without_ffn: list[float] = field(default_factory=list)
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
        chance = 3 * (0.25 / found["off"][0].test_images) ** 0.5  # three standard errors around one half
        passed = min(on) >= 0.95 and all(abs(accuracy - 0.5) <= chance for accuracy in off)
    return Control("positive", passed, on, off)


def same_arm_twice(first: Runs, second: Runs, delta: float) -> Control:
    """The A/A control: the same arm with other seeds."""
    a, b = paired([first, second])
    measure = paired_effect(a, b)
    passed = None if measure is None else measure.low <= 0 <= measure.high
    verdict, _ = judge(measure, "no_difference", None, delta)
    return Control("same_arm_twice", passed, measure=measure, verdict=verdict)
