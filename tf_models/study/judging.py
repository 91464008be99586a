"""From measures to verdicts: every claim on every data set on which it was tested.

A claim row holds no verdict. Its parts are judged here, each by its own test, and together by `verdict.conjunction`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from tf_models.data import peek
from tf_models.locale import in_every_language
from tf_models.statistics.rule import (
    Measure,
    benjamini_hochberg,
    conjunction,
    conjunction_reason,
    declared_seeds,
    judge,
    smallest_effect,
)
from tf_models.study.claims import CLAIMS
from tf_models.study.claims.base import Claim, Part
from tf_models.study.exact import EXACT, exact_measures, exact_provenance
from tf_models.study.experiments.base import Records
from tf_models.study.plans import shipped_plan

TRAINED = (
    *("factorial", "data-curve", "permutation", "ffn-shape", "hybrids", "ablations"),
    "parameter-efficiency",
)  # judged on each data set, those of EXACT once
PLANNED = ("linearity", "shift", "heads", "similarity", "probing", "spectrum")  # their parts are untested
EVERY_EXPERIMENT = (*TRAINED, *EXACT, *PLANNED)
DATASETS = ("digits", "cifar10-jpeg")
DECIDING = ("cifar10-jpeg", "digits")  # the first on which a claim was tested gives its headline
NO_DATASET = "exact"
USUAL_IMAGES = 10_000  # of photographs, where no run says how many

Measures = Mapping[str, Measure]


@dataclass(frozen=True)
class Scale:
    """How large a data set was and how long it was trained on."""

    train_images: int
    epochs: int


@dataclass(frozen=True)
class PartResult:
    """The verdict on one part; `delta` is None where nothing was trained."""

    part: Part
    measure: Measure | None
    delta: float | None
    verdict: str
    reason: str  # a code of verdict.REASONS
    gap: Measure | None = None  # of a share of a gap: the part's denominator


@dataclass(frozen=True)
class Result:
    """The verdict on a claim on one data set, ``exact`` where no training is part of it.

    `seeds` is the smallest number behind any measured part, 0 where all are exact. `p` belongs to the primary part and
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
    def primary(self) -> PartResult:
        return next(result for result in self.parts if result.part.key == self.claim.primary)

    @property
    def exact(self) -> bool:
        """Whether nothing that decides depends on the data set."""
        return all(part.part.experiment in EXACT for part in self.parts if part.part.decides)


def judge_all(
    analyses: Mapping[tuple[str, str], Measures],
    exact: Mapping[str, Measures],
    scales: Mapping[tuple[str, str], Scale] | None = None,
    claims: Sequence[Claim] = CLAIMS,
) -> dict[str, tuple[Result, ...]]:
    """Claim id → a result for each data set, from the measures by (experiment, data set) and by exact experiment."""
    further = dict.fromkeys(dataset for _, dataset in analyses if dataset not in DATASETS)
    results: dict[str, list[Result]] = {claim.id: [] for claim in claims}
    for dataset in (*DATASETS, *further, NO_DATASET):
        found = []
        for claim in claims:
            result = _judge(claim, dataset, analyses, exact, scales or {})
            # beyond the lab's two data sets, only what was measured there is worth a line
            if is_tested(result) if dataset in further else dataset in _datasets(claim):
                found.append(result)
        with_p = [result for result in found if result.p is not None]
        adjusted = benjamini_hochberg([result.p for result in with_p if result.p is not None])
        by_claim = {result.claim.id: p for result, p in zip(with_p, adjusted, strict=True)}
        for result in found:
            results[result.claim.id].append(replace(result, p_adjusted=by_claim.get(result.claim.id)))
    return {claim: tuple(rows) for claim, rows in results.items()}


def _datasets(claim: Claim) -> tuple[str, ...]:
    """Where a claim needs a verdict: once for all where nothing that decides it, or was trained beside it, has data."""
    with_data = [part for part in claim.parts if part.experiment not in EXACT]
    exact = not any(part.decides or part.experiment in TRAINED for part in with_data)
    return (NO_DATASET,) if exact else DATASETS


def _judge(
    claim: Claim,
    dataset: str,
    analyses: Mapping[tuple[str, str], Measures],
    exact: Mapping[str, Measures],
    scales: Mapping[tuple[str, str], Scale],
) -> Result:
    def measures(part: Part) -> Measures:
        return (
            exact.get(part.experiment, {}) if part.experiment in EXACT else analyses.get((part.experiment, dataset), {})
        )

    def judged(part: Part) -> PartResult:
        found, scale = measures(part), scales.get((part.experiment, dataset))
        measure, gap = found.get(part.measure), found.get(part.denominator) if part.denominator else None
        if part.denominator and gap is None:
            measure = None  # a share of a gap that nobody has measured
        delta = smallest_effect(dataset, scale.train_images if scale else USUAL_IMAGES)
        verdict, reason = judge(measure, part.test, part.threshold, delta, gap)
        return PartResult(part, measure, None if part.experiment in EXACT else delta, verdict, reason, gap)

    parts = tuple(judged(part) for part in claim.parts)
    deciding = [result for result in parts if result.part.decides]
    verdicts = [result.verdict for result in deciding]
    reason = deciding[0].reason if len(deciding) == 1 else conjunction_reason(verdicts)
    primary = next(result for result in parts if result.part.key == claim.primary)
    known = [scales.get((result.part.experiment, dataset)) for result in (primary, *parts)]
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
        primary.measure.p if primary.measure else None,
    )


def is_tested(result: Result) -> bool:
    """Whether a part was measured on this data set itself, and not only once for all."""
    return any(part.measure is not None and part.part.experiment not in EXACT for part in result.parts)


def headline(results: Sequence[Result]) -> Result:
    """The result that stands for a claim: on photographs where it was tested there, else on digits."""
    by_dataset = {result.dataset: result for result in results}
    tested = [by_dataset[name] for name in DECIDING if name in by_dataset and is_tested(by_dataset[name])]
    return tested[0] if tested else results[0]


def read_measures(rows: Mapping[str, Mapping[str, Any]]) -> dict[str, Measure]:
    """The measures of an analysis, without those whose runs are missing."""
    names = {field.name for field in fields(Measure)}

    def read(row: Mapping[str, Any]) -> Measure:
        values = {name: value for name, value in row.items() if name in names}
        return Measure(**{**values, "runs": tuple(row.get("runs", ()))})

    return {name: read(row) for name, row in rows.items() if row.get("value") is not None}


def load_results(records: Records) -> dict[str, tuple[Result, ...]]:
    """Every claim as far as the runs are there: each experiment as the lab ships it, over these records."""
    analyses: dict[tuple[str, str], Measures] = {}
    scales: dict[tuple[str, str], Scale] = {}
    for experiment in TRAINED:
        for dataset in dict.fromkeys((*DATASETS, *(spec.dataset for spec in records))):
            plan = shipped_plan(experiment, dataset)
            if plan is None:
                continue
            analyses[experiment, dataset] = read_measures(plan.analyse(records).get("measures", {}))
            scales[experiment, dataset] = Scale(plan.train_size or peek(dataset).train_images, plan.recipe.epochs)
    return judge_all(analyses, exact_measures(), scales)


# As one JSON document


def rule(part: Part) -> str:
    """What must be so for the part to hold, in one line of symbols."""
    threshold = part.threshold
    if isinstance(threshold, tuple):
        asked = f"from {threshold[0]:g} to {threshold[1]:g}"
    else:
        margin = "δ" if threshold is None else f"{threshold:g}".replace("-", "−")
        asked = {
            "difference": f"> {margin}",
            "no_difference": f"inside ±{margin}",
            "not_worse": f"> −{margin}",
            "above": f"> {margin}",
            "below": f"< {margin}",
            "equals": f"= {margin}",
        }[part.test]
    condition = f", where {part.denominator} > δ" if part.denominator else ""
    return f"{part.experiment}: {part.measure} {asked}{condition}"


def document(claim: Claim, results: tuple[Result, ...]) -> dict[str, Any]:
    """A claim with its rule, what was measured on every data set, and the verdict on the deciding one."""
    head = headline(results)
    return {
        "id": claim.id,
        "section": claim.sections[0],
        "sections": list(claim.sections),
        "systems": list(claim.systems),
        "statement": in_every_language(claim.words("statement")),
        "question": in_every_language(claim.words("question")),
        "experiment": head.primary.part.experiment,
        "rule": [
            {
                **asdict(part),
                "words": in_every_language(part.words),
                "rule": rule(part),
                "primary": part.key == claim.primary,
            }
            for part in claim.parts
        ],
        "refuted_by": in_every_language(claim.words("refuted_by")),
        "right": in_every_language(claim.words("right")),
        "wrong": in_every_language(claim.words("wrong")),
        "measured": [_measured(result) for result in results],
        "published": [
            {
                "words": in_every_language(row.words),
                "source": "" if row.read == "computed" else row.citation,
                **{name: getattr(row, name) for name in ("link", "supports", "read")},
            }
            for row in claim.published
        ],
        "verdict": head.verdict,
        "reason": head.reason,
        "dataset": NO_DATASET if head.exact else head.dataset,
        "seeds": head.seeds,
        "declared_seeds": {dataset: declared_seeds(dataset) for dataset in DATASETS} if claim.seeds else {},
    }


def _measured(result: Result) -> dict[str, Any]:
    names = ("dataset", "train_images", "epochs", "seeds", "verdict", "reason", "p", "p_adjusted")
    return {name: getattr(result, name) for name in names} | {
        "parts": [
            {
                "key": row.part.key,
                "decides": row.part.decides,
                "verdict": row.verdict,
                "reason": row.reason,
                "delta": row.delta,
                "provenance": exact_provenance().get(row.part.experiment, {}) if row.measure else {},
                **(asdict(row.measure) if row.measure else {"value": None, "low": None, "high": None, "runs": []}),
            }
            for row in result.parts
        ]
    }
