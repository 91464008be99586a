"""Run records that nobody trained, for what is computed from records alone."""

import itertools
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from tf_models.data import content_hash
from tf_models.runs.known import index
from tf_models.runs.record import RunRecord, pack_correct
from tf_models.runs.spec import RunSpec
from tf_models.study.experiments.base import Experiment

_ids = itertools.count()


def make_record(spec: RunSpec, correct: np.ndarray | None = None, **changes: Any) -> RunRecord:
    """A record of `spec` with this correctness on its test images, (N,) bool."""
    correct = np.arange(100) < 90 if correct is None else np.asarray(correct, bool)
    content = changes.get("dataset_hash") or content_hash(spec.dataset) or "0123456789abcdef"
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
        history=({"epoch": 1, "loss": 0.5, "accuracy": 0.8, "validation_accuracy": 0.9},),
        train_seconds=1.5,
        images_per_second=1000.0,
        device="CPU test",
        versions={"keras": "3", "python": "3"},
        git="abc",
        finished="2026-01-01T00:00:00+00:00",
        updates=300,
        fit_loss=0.1,
        fit_accuracy=1.0,
    )
    return replace(record, **changes)


def correct_share(share: float, images: int = 360) -> np.ndarray:
    """`images` of which this share, rounded to whole images, is right."""
    return np.arange(images) < round(share * images)


def fill(
    plan: Experiment,
    accuracy: Mapping[str, float | Callable[[int], float]] | Callable[[str], float],
    validation: Mapping[str, float] | None = None,
    control: tuple[float, float] = (0.99, 0.5),
    shuffled: float = 0.1,
    again: float = 0.0,
    best_rate: float = 1e-3,
    skip: Iterable[str] = (),
    **changes: Any,
) -> list[RunRecord]:
    """Every record of a plan, with these test accuracies by arm: a number, or a function of the seed.

    An arm that is not named is as good as the one that it is like, ``off.depth_1`` as ``off``; what it does on its
    training images is what it does on the test images. Every arm is best on validation at `best_rate` and learns by
    heart what it must. `control` holds the accuracies with and without the FFN, `shuffled` that after
    training on labels in a random order, `again` what the A/A control gains over
    the arm that it repeats. The seeds of an arm vary by a few images.
    """

    def of(arm: str) -> float | Callable[[int], float]:
        if callable(accuracy):
            return accuracy(arm)
        return accuracy[arm if arm in accuracy else plan.arms[arm].like or arm.partition(".")[0]]

    tuned: dict[RunSpec, RunRecord] = {}
    while wanted := [spec for specs in plan.tuning(tuned.get).values() for spec in specs if spec not in tuned]:
        for spec in wanted:
            away = abs(math.log2(spec.recipe.learning_rate / best_rate))
            losses = dict.fromkeys(("validation_loss", "fit_loss"), 0.2 + 0.1 * away)
            told = {"validation_accuracy": 0.9 if away else 0.95, **losses}
            tuned[spec] = make_record(spec, **{**told, **changes})
    records = list(tuned.values())
    for (_, specs), share in zip(plan.ffn_control().items(), control, strict=False):
        records += [make_record(spec, correct_share(share, 600), **without_version(changes)) for spec in specs]
    rates = dict.fromkeys([*plan.arms, "again"], best_rate)
    records += [make_record(spec, correct_share(shuffled, 600), **changes) for spec in plan.shuffled_control(rates)]
    records += [make_record(spec, **changes) for spec in plan.fit_checks(rates).values()]
    for arm, specs in plan.runs(rates).items():
        if arm in skip:
            continue
        value = of(plan.again if arm == "again" else arm)
        more = {"validation_accuracy": (validation or {}).get(arm, 0.9)} | changes
        for place, spec in enumerate(specs):
            share = value(place) if callable(value) else value + 0.002 * (place % 3 - 1)
            record = make_record(spec, correct_share(share + again * (arm == "again"), 1000), **more)
            records.append(replace(record, fit_accuracy=record.test_accuracy, fit_loss=record.test_loss))
    return records


def without_version(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Without the version of the data set, which the control task does not share."""
    return {name: value for name, value in changes.items() if name != "dataset_hash"}


def indexed(records: Iterable[RunRecord]) -> dict[RunSpec, list[RunRecord]]:
    return index(records)
