"""Analyses and judged claims as JSON documents, as the command line prints them."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from tf_models.data import STUDIED, peek
from tf_models.locale import in_every_language
from tf_models.runs.record import RunRecord
from tf_models.statistics.effects import Measure
from tf_models.study.analysis import Analysis, ContrastResult
from tf_models.study.arms import ArmResult
from tf_models.study.claims import Claim, Part
from tf_models.study.controls import Control
from tf_models.study.exact import exact_provenance
from tf_models.study.judging import NO_DATASET, PartResult, Result, headline, key_of, rule

COSTS = ("parameters", "macs", "seconds")


def analysis_document(analysis: Analysis) -> dict[str, Any]:
    """What ``run NAME --json`` prints."""
    experiment = analysis.experiment
    fronts = {cost: {arm.name for arm in analysis.front(cost)} for cost in COSTS}
    left_out = [
        {"device": device, "dataset": dataset, "dataset_hash": content, "runs": runs}
        for (device, dataset, content), runs in analysis.left_out.items()
    ]
    return {
        "experiment": experiment.name,
        "variant": getattr(experiment, "variant", None),
        "dataset": experiment.dataset,
        "dataset_hash": analysis.dataset_hash,
        **asdict(analysis.scale),
        "tuning_images": experiment.tuning_size or experiment.images,
        "backend": experiment.backend,
        "devices": {analysis.device: len(analysis.runs)} if analysis.runs else {},
        "left_out": left_out,
        "arms": [
            _arm(arm) | {"front": [cost for cost in COSTS if name in fronts[cost]]}
            for name, arm in analysis.arms.items()
        ],
        "contrasts": [
            {"name": name, "primary": row is analysis.primary, **_contrast(row)}
            for name, row in analysis.contrasts.items()
        ],
        "controls": [_control(control) for control in analysis.controls],
        "runs": analysis.runs,
    }


def _arm(arm: ArmResult) -> dict[str, Any]:
    names = ("name", "train_images", "parameters", "macs", "learning_rate", "seeds", "test_accuracies")
    found = arm.accuracy
    return {
        "variant": arm.arm.variant,
        "switches": dict(arm.arm.switches),
        **arm.arm.at,
        **{name: getattr(arm, name) for name in (*names, "test_accuracy", "test_loss", "seconds", "runs")},
        "low": found.low if found else None,
        "high": found.high if found else None,
    }


def _contrast(row: ContrastResult) -> dict[str, Any]:
    """All figures are empty where runs are missing."""
    found, contrast = row.measure, row.contrast
    return {
        "a": row.a,
        "b": row.b,
        "weights": dict(contrast.weights),
        "unit": row.unit,
        "quantity": contrast.quantity,
        **contrast.at,
        **_figures(found),
        "withheld": found.withheld if found else "",
        "runs": list(found.runs) if found else [],
        "delta": row.delta,
        "verdict": row.verdict,
    }


def _control(control: Control) -> dict[str, Any]:
    own = {"name": control.name, "passed": control.passed}
    if control.accuracies:
        return own | dict(control.accuracies)
    return own | _figures(control.measure) | {"verdict": control.verdict}


def _figures(found: Measure | None) -> dict[str, Any]:
    if found is None:
        return dict(mean=None, low=None, high=None, seeds=0, wins=0)
    return {"mean": found.value} | {name: getattr(found, name) for name in ("low", "high", "seeds", "wins")}


def claim_document(
    claim: Claim, results: tuple[Result, ...], analyses: Mapping[tuple[str, str], Analysis] | None = None
) -> dict[str, Any]:
    """A claim with its rule, what was measured on every data set, and the verdict on the deciding one.

    `analyses`, by experiment and data set, tell of every part what its networks were trained with.
    """
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
                "hash": part.rule_hash,
                "primary": part.key == claim.primary,
            }
            for part in claim.parts
        ],
        "refuted_by": in_every_language(claim.words("refuted_by")),
        "right": in_every_language(claim.words("right")),
        "wrong": in_every_language(claim.words("wrong")),
        "before": in_every_language(claim.words("before")),
        "measured": [_result(result, analyses or {}) for result in results],
        "published": [
            {
                "words": in_every_language(row.words),
                "source": "" if row.read == "computed" else row.citation(),
                **{name: getattr(row, name) for name in ("link", "supports", "read")},
            }
            for row in claim.published
        ],
        "verdict": head.verdict,
        "definition": head.definition,
        "measurement": head.measured,
        "reason": head.reason,
        "dataset": NO_DATASET if head.exact else head.dataset,
        "seeds": head.seeds,
        "declared_seeds": {} if head.exact else {dataset: peek(dataset).seeds for dataset in STUDIED},
    }


def _result(result: Result, analyses: Mapping[tuple[str, str], Analysis]) -> dict[str, Any]:
    names = ("dataset", "train_images", "epochs", "seeds", "verdict", "reason", "p", "p_adjusted", "definition")
    return {name: getattr(result, name) for name in names} | {
        "measurement": result.measured,
        "parts": [_part(row, analyses.get(key_of(row.part.experiment, result.dataset))) for row in result.parts],
    }


def _part(row: PartResult, analysis: Analysis | None) -> dict[str, Any]:
    """Verdict, rule, figures and, where networks were trained for it, how each was."""
    part, found = row.part, row.measure
    figures = asdict(found) if found else {"value": None, "low": None, "high": None, "runs": []}
    return {
        "key": part.key,
        "decides": part.decides,
        "kind": part.kind,
        "verdict": row.verdict,
        "reason": row.reason,
        "delta": row.delta,
        "rule": rule(part),
        "rule_hash": part.rule_hash,
        "rule_date": row.rule_date,
        "rule_changed": row.rule_changed,
        **figures,
        "p": row.p,
        "power": asdict(row.power) if row.power else None,
        "survives_swap": row.survives_swap,
        "tier": _tier(analysis) if analysis else None,
        "arms": _arms_of(part, analysis) if analysis and found else [],
        "provenance": exact_provenance().get(part.experiment, {}) if found else {},
    }


def _tier(analysis: Analysis) -> str:
    return "exploratory" if analysis.experiment.exploratory else "deciding"


def _arms_of(part: Part, analysis: Analysis) -> list[dict[str, Any]]:
    """How the networks of a contrast were trained, and how well they fit what they were trained on."""
    arms = []
    for name, weight in analysis.contrasts[part.measure].contrast.weights.items():
        arm = analysis.arms[name]
        arms.append(
            {
                "name": name,
                "weight": weight,
                "learning_rate": arm.learning_rate,
                "rates": {f"{rate:g}": loss for rate, loss in arm.curve.items()},
                "rate_margin": _margin(arm.curve.values()),
                "updates": _mean([_updates(record) for record in arm.records.values()]),
                "train_accuracy": _mean([record.fit_accuracy for record in arm.records.values()]),
                "train_loss": _mean([record.fit_loss for record in arm.records.values()]),
                "test_accuracy": arm.test_accuracy,
                "fits": arm.fits,
            }
        )
    return arms


def _updates(record: RunRecord) -> int:
    """Of records from before they were counted: one for every batch, a last incomplete one included."""
    recipe = record.spec.recipe
    return record.updates or recipe.epochs * math.ceil(record.train_images / recipe.batch_size)


def _margin(losses: Iterable[float]) -> float | None:
    """By how many nats the second-best learning rate is worse on validation."""
    best, *others = sorted(losses) or [0.0]
    return others[0] - best if others else None


def _mean(values: Sequence[float | None]) -> float | None:
    """None where a record lacks it."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known and len(known) == len(values) else None
