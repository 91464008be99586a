"""Run records that nobody trained, for what is computed from records alone."""

import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from tf_models.runs.record import RunRecord, pack_correct
from tf_models.runs.spec import RunSpec
from tf_models.study.experiments.base import index
from tf_models.study.experiments.ffn_gap import FfnGap
from tf_models.study.experiments.sweep import Sweep

_ids = itertools.count()


def make_record(spec: RunSpec, correct: np.ndarray | None = None, **changes: Any) -> RunRecord:
    """A record of `spec` with this correctness on its test images, (N,) bool."""
    correct = np.arange(100) < 90 if correct is None else np.asarray(correct, bool)
    content = changes.get("dataset_hash", "0123456789abcdef")
    record = RunRecord(
        run_id=f"{next(_ids):012x}",
        spec=spec,
        fingerprint=spec.fingerprint(content),
        parameters=1000,
        macs=2000,
        dataset_hash=content,
        dataset_source="embedded",
        fixed_test=False,
        train_images=1258,
        test_images=len(correct),
        validation_accuracy=0.9,
        validation_loss=0.3,
        test_accuracy=float(correct.mean()),
        test_loss=1.0 - 0.5 * float(correct.mean()),
        correct=pack_correct(correct),
        history=({"epoch": 1, "loss": 0.5, "validation_accuracy": 0.9},),
        train_seconds=1.5,
        images_per_second=1000.0,
        device="CPU test",
        versions={"keras": "3", "python": "3"},
        git="abc",
        finished="2026-01-01T00:00:00+00:00",
    )
    return replace(record, **changes)


def correct_share(share: float, images: int = 360) -> np.ndarray:
    """`images` of which this share, rounded to whole images, is right."""
    return np.arange(images) < round(share * images)


def fill(
    experiment: FfnGap,
    accuracy: Mapping[str, float | Callable[[int], float]],
    control: tuple[float, float] = (0.99, 0.5),
    again: float = 0.0,
    images: int = 360,
    best_rate: float = 1e-3,
    skip: Iterable[str] = (),
    **changes: Any,
) -> list[RunRecord]:
    """Every record of an experiment, with these test accuracies by arm (a number, or a function of the seed).

    Tuning runs choose `best_rate` on validation. `control` holds the accuracies with and without the FFN, `again` what
    the A/A control gains over the arm that it repeats. The seeds of an arm vary by a few images.
    """
    records = []
    for arm, specs in experiment.tuning().items():
        if f"tuning {arm}" in skip:
            continue
        for spec in specs:
            validation = 0.95 if spec.recipe.learning_rate == best_rate else 0.9
            records.append(make_record(spec, validation_accuracy=validation, **changes))
    for arm, value in zip(("on", "off"), control, strict=True):
        for spec in experiment.positive_control()[arm]:
            records.append(make_record(spec, correct_share(value, 600), **changes))
    rates = dict.fromkeys(experiment.arms, best_rate)
    arms = experiment.runs(rates)
    cells = [(arm, specs) for cell in experiment.grid(rates).values() for arm, specs in cell.items()]
    for arm, specs in [*arms.items(), *cells]:
        for position, spec in enumerate(specs):
            if arm in skip:
                continue
            value = accuracy["on"] if arm == "on_again" else accuracy[arm]
            share = value(position) if callable(value) else value + 0.003 * (position % 3 - 1)
            records.append(make_record(spec, correct_share(share + again * (arm == "on_again"), images), **changes))
    return records


def indexed(records: Iterable[RunRecord]) -> dict[RunSpec, list[RunRecord]]:
    return index(records)


def fill_sweep(
    plan: Sweep,
    accuracy: Mapping[str, float] | Callable[[str], float],
    validation: Mapping[str, float] | None = None,
    control: tuple[float, float] = (0.99, 0.5),
    again: float = 0.0,
    skip: str = "",
) -> list[RunRecord]:
    """Every record of a plan, with these test accuracies by arm, a few images more or less by seed."""
    of = accuracy if callable(accuracy) else accuracy.__getitem__
    records = []
    for specs in plan.tuning().values():
        records += [
            make_record(spec, validation_accuracy=0.95 if spec.recipe.learning_rate == 1e-3 else 0.9) for spec in specs
        ]
    if plan.needs_ffn_control:
        control_specs = plan.steps(dict.fromkeys(plan.arms, 1e-3))["control"]
        for spec in control_specs:
            value = control[1] if spec.switches.get("ffn") == "off" else control[0]
            records.append(make_record(spec, correct_share(value, 600)))
    for arm, specs in plan.runs(dict.fromkeys(plan.arms, 1e-3)).items():
        if arm == skip:
            continue
        share = of(plan.again) + again if arm == "again" else of(arm)
        for position, spec in enumerate(specs):
            correct = correct_share(share + 0.002 * (position % 3 - 1), 1000)
            records.append(make_record(spec, correct, validation_accuracy=(validation or {}).get(arm, 0.9)))
    return records
