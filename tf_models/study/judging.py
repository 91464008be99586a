"""From measures to verdicts: every claim on every data set on which it was tested.

A claim row holds no verdict. Its parts are judged here, each by its own test, and together by `rule.conjunction`.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from tf_models.data import GENERATED, STUDIED, peek
from tf_models.errors import LabError
from tf_models.runs.provenance import Records
from tf_models.statistics.effects import Measure
from tf_models.statistics.power import Power, p_value, power_of
from tf_models.statistics.rule import (
    NOT_ASKED,
    TESTS,
    UNTESTED,
    conjunction,
    conjunction_reason,
    judge,
    stable,
)
from tf_models.study.analysis import Analysis, Scale, analyse
from tf_models.study.claims import CLAIMS
from tf_models.study.claims.base import Claim, Kind, Part
from tf_models.study.exact import EXACT, exact_measures
from tf_models.study.experiments import EXPERIMENTS, where
from tf_models.study.experiments.tuning import TUNING_SEEDS
from tf_models.study.plans import is_asked, plan_with_runs
from tf_models.study.probed import PROBED, measures, read_probed
from tf_models.study.rules import known_rules, rule_name

TRAINED = tuple(EXPERIMENTS)
ONCE = (*EXACT, *(name for name, kind in EXPERIMENTS.items() if kind.own_data))  # judged once, the others by data set
EVERY_EXPERIMENT = (*TRAINED, *EXACT, *PROBED)
NO_DATASET = "exact"

Measures = Mapping[str, Measure]
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PartResult:
    """The verdict on one part; `delta` is None where nothing was trained.

    `p` is that of the part's own test, margin included, and `power` what the design can find. `survives_swap` says
    whether the verdict is the same with the twin of the reference in its place, None where the reference is no part of
    it. The rule was kept on `rule_date`, before the runs, "" where it was not; `rule_changed` where it was another one.
    """

    part: Part
    measure: Measure | None
    delta: float | None
    verdict: str
    reason: str  # a code of rule.REASONS
    gap: Measure | None = None  # of a share of a gap: the part's denominator
    p: float | None = None
    power: Power | None = None
    survives_swap: bool | None = None
    rule_date: str = ""
    rule_changed: bool = False
    scale: Scale | None = None  # of its own experiment

    @property
    def decides(self) -> bool:
        """Whether it has a say in the verdict here: its rule says so, and its experiment is for this data set."""
        return self.part.decides and self.reason != NOT_ASKED


@dataclass(frozen=True)
class Result:
    """The verdict on a claim on one data set, ``exact`` where no training is part of it.

    `seeds` is the smallest number of any measured part, 0 where all are exact. `p` belongs to the primary part and
    `p_adjusted` to all primaries of the data set together (Benjamini–Hochberg).
    """

    claim: Claim
    dataset: str
    train_images: int | None
    epochs: int | None
    parts: tuple[PartResult, ...]
    verdict: str
    reason: str
    seeds: int
    p: float | None = None
    p_adjusted: float | None = None

    @property
    def definition(self) -> str:
        """The verdict on what is true by construction or by counting; "" where nothing of the kind decides."""
        return self._verdict_on("definition")

    @property
    def measured(self) -> str:
        """The verdict on what is measured; "" where nothing of the kind decides."""
        return self._verdict_on("measurement")

    def _verdict_on(self, kind: Kind) -> str:
        found = [part.verdict for part in self.parts if part.decides and part.part.kind == kind]
        return conjunction(found) if found else ""

    @property
    def primary(self) -> PartResult:
        return next(result for result in self.parts if result.part.key == self.claim.primary)

    @property
    def exact(self) -> bool:
        """Whether nothing that decides depends on the data set."""
        return all(part.part.experiment in ONCE for part in self.parts if part.decides)


@dataclass(frozen=True)
class Found:
    """What claims are judged by: measures by (experiment, data set), and by exact experiment.

    `swapped` are those of the contrasts with the reference, with its twin in place.
    """

    analyses: Mapping[tuple[str, str], Measures] = field(default_factory=dict)
    exact: Mapping[str, Measures] = field(default_factory=dict)
    scales: Mapping[tuple[str, str], Scale] = field(default_factory=dict)
    swapped: Mapping[tuple[str, str], Measures] = field(default_factory=dict)


def judge_all(measured: Found, claims: Sequence[Claim] = CLAIMS) -> dict[str, tuple[Result, ...]]:
    """Claim id → a result for each data set."""
    further = dict.fromkeys(
        dataset for name, dataset in measured.analyses if dataset not in STUDIED and name not in ONCE
    )
    results: dict[str, list[Result]] = {claim.id: [] for claim in claims}
    for dataset in (*STUDIED, *further, NO_DATASET):
        found = []
        for claim in claims:
            result = _judge(claim, dataset, measured)
            # beyond the data sets of the lab, only what was measured there is worth a row
            if is_tested(result) if dataset in further else dataset in _datasets(claim):
                found.append(result)
        with_p = [result for result in found if result.p is not None]
        adjusted = benjamini_hochberg([result.p for result in with_p if result.p is not None])
        by_claim = {result.claim.id: p for result, p in zip(with_p, adjusted, strict=True)}
        for result in found:
            results[result.claim.id].append(replace(result, p_adjusted=by_claim.get(result.claim.id)))
    return {claim.id: tuple(results[claim.id]) for claim in claims}


def _datasets(claim: Claim) -> tuple[str, ...]:
    """Where a claim needs a verdict: once for all where nothing that decides it, or was trained beside it, has data."""
    with_data = [part for part in claim.parts if part.experiment not in ONCE]
    exact = not any(part.decides or part.experiment in (*TRAINED, *PROBED) for part in with_data)
    return (NO_DATASET,) if exact else STUDIED


def _judge(claim: Claim, dataset: str, measured: Found) -> Result:
    parts = tuple(_judge_part(claim, part, dataset, measured) for part in claim.parts)
    deciding = [result for result in parts if result.decides]
    verdicts = [result.verdict for result in deciding]
    reason = deciding[0].reason if len(deciding) == 1 else conjunction_reason(verdicts)
    primary = next(result for result in parts if result.part.key == claim.primary)
    known = [measured.scales.get(key_of(result.part.experiment, dataset)) for result in (primary, *parts)]
    scale = next((scale for scale in known if scale is not None), None)
    return Result(
        claim,
        dataset,
        scale.train_images if scale else None,
        scale.epochs if scale else None,
        parts,
        conjunction(verdicts),
        reason,
        min((result.measure.seeds for result in deciding if result.measure and result.measure.seeds), default=0),
        primary.p,
    )


def key_of(experiment: str, dataset: str) -> tuple[str, str]:
    """Where the measures of an experiment stand, where a claim is judged on this data set."""
    return experiment, where(experiment, dataset) if experiment in TRAINED else dataset


def _judge_part(claim: Claim, part: Part, dataset: str, measured: Found) -> PartResult:
    is_exact, key = part.experiment in EXACT, key_of(part.experiment, dataset)
    if part.experiment in TRAINED and dataset != NO_DATASET and not is_asked(part.experiment, dataset):
        return PartResult(part, None, None, UNTESTED, NOT_ASKED)
    delta = _delta(key[1], measured.scales.get(key))
    found = measured.exact.get(part.experiment, {}) if is_exact else measured.analyses.get(key, {})
    measure, gap = _of(part, found)
    verdict, reason = judge(measure, part.test, part.threshold, delta, gap)
    survives = None
    twin = {} if is_exact else measured.swapped.get(key, {})
    if measure is not None and twin.keys() & {part.measure, part.denominator}:
        drawn, drawn_gap = _of(part, {**found, **twin})
        swapped = judge(drawn, part.test, part.threshold, delta, drawn_gap)
        verdict, reason, survives = stable((verdict, reason), swapped)
    threshold = delta if part.threshold is None else part.threshold
    rule = {} if is_exact else known_rules(*key).get(rule_name(claim, part), {})
    return PartResult(
        part,
        measure,
        None if is_exact else delta,
        verdict,
        reason,
        gap,
        None if measure is None or measure.withheld else p_value(measure, part.test, threshold),
        power_of(measure, part.test, threshold, reason),
        survives,
        rule.get("date", ""),
        bool(rule) and rule.get("hash") != part.rule_hash,
        measured.scales.get(key),
    )


def _of(part: Part, found: Measures) -> tuple[Measure | None, Measure | None]:
    """The measure of a part and its gap; none of a share of a gap that nobody has measured."""
    gap = found.get(part.denominator) if part.denominator else None
    return None if part.denominator and gap is None else found.get(part.measure), gap


def _delta(dataset: str, scale: Scale | None) -> float:
    """δ at the scale of an experiment, at the usual one of the data set where it has no runs."""
    row = peek(STUDIED[-1] if dataset == NO_DATASET else dataset)
    return row.delta(scale.train_images if scale else row.usual.train_size or row.train_images)


def benjamini_hochberg(ps: Sequence[float]) -> list[float]:
    """The p values, adjusted so that at most a share q of those at or below q are expected to be false discoveries."""
    count = len(ps)
    adjusted, least = [0.0] * count, 1.0
    for rank, index in sorted(enumerate(sorted(range(count), key=ps.__getitem__), 1), reverse=True):
        least = min(least, ps[index] * count / rank)
        adjusted[index] = least
    return adjusted


def is_tested(result: Result) -> bool:
    """Whether a part was measured on this data set itself, and not only once for all."""
    return any(part.measure is not None and part.part.experiment not in ONCE for part in result.parts)


def headline(results: Sequence[Result]) -> Result:
    """The result that stands for a claim: on the largest of the lab's data sets where it has a verdict, else on others;
    where it has none, on the largest where something of it was tested, or on the largest.

    Where only some of what decides was measured there is no verdict, and a smaller data set that has one stands.
    """
    by_dataset = {result.dataset: result for result in results}
    ordered = [by_dataset[name] for name in dict.fromkeys((*reversed(STUDIED), *by_dataset)) if name in by_dataset]
    judged = (result for result in ordered if is_tested(result) and result.verdict != "untested")
    return next(judged, None) or next(filter(is_tested, ordered), ordered[0])


def load_analyses(records: Records) -> dict[tuple[str, str], Analysis]:
    """Every experiment as the lab carries it out, as far as its runs are there, by its name and data set.

    Beyond the lab's own data sets, those are looked at on which an experiment was begun.
    """
    begun = (spec.dataset for spec in records if spec.seed == TUNING_SEEDS[0] and spec.dataset not in GENERATED)
    datasets = dict.fromkeys((*STUDIED, *begun))
    found = {}
    for name, dataset in dict.fromkeys(key_of(name, dataset) for dataset in datasets for name in TRAINED):
        try:
            found[name, dataset] = analyse(plan_with_runs(name, dataset, records), records)
        except LabError as error:  # a file that is gone or broken hides no other results
            log.warning("%s on %s: %s", name, dataset, error)
    return found


def judge_analyses(analyses: Mapping[tuple[str, str], Analysis]) -> dict[str, tuple[Result, ...]]:
    """Every claim by these analyses, and by what needs no training."""
    probed = {(probe, dataset): found for dataset in STUDIED for probe, found in measures(read_probed(dataset)).items()}
    scales = {key: analysis.scale for key, analysis in analyses.items()}
    scales |= {key: scales["inside", key[1]] for key in probed if ("inside", key[1]) in scales}
    return judge_all(
        Found(
            {key: analysis.measures for key, analysis in analyses.items()} | probed,
            exact_measures(),
            scales,
            {
                key: {name: row.swapped for name, row in analysis.contrasts.items() if row.swapped is not None}
                for key, analysis in analyses.items()
            },
        )
    )


def load_results(records: Records) -> dict[str, tuple[Result, ...]]:
    """Every claim as far as the runs are there."""
    return judge_analyses(load_analyses(records))


def rule(part: Part) -> str:
    """What must be so for the part to hold, in one line of symbols."""
    condition = f", where {part.denominator} > δ" if part.denominator else ""
    return f"{part.experiment}: {part.measure} {TESTS[part.test].asks(part.threshold)}{condition}"
