"""Controls of an experiment: what must come out whatever the question is. A failed one withholds the verdicts."""

from collections.abc import Sequence
from typing import Any

from tf_models.runs.record import RunRecord
from tf_models.runs.spec import Recipe, RunSpec
from tf_models.statistics.effects import paired_effect
from tf_models.statistics.rule import decide
from tf_models.study.experiments.base import Experiment, Records, numbers
from tf_models.zoo import Value

CONTROL_SEEDS = 3


def positive_control(experiment: Experiment, variant: str = "vit") -> dict[str, list[RunSpec]]:
    """`token_product` with nothing that mixes tokens and no norm: only the FFN can solve it."""
    bare: dict[str, Value] = {"mixer": "identity", "norm": "none"}
    recipe = Recipe(xla=experiment.recipe.xla, mixed_precision=experiment.recipe.mixed_precision)
    return {
        arm: [
            RunSpec(variant, switches, "token_product", None, seed, recipe, experiment.backend)
            for seed in range(CONTROL_SEEDS)
        ]
        for arm, switches in (("on", bare), ("off", {**bare, "ffn": "off"}))
    }


def positive_row(experiment: Experiment, records: Records, variant: str = "vit") -> dict[str, Any]:
    """With the FFN at least 95 %, without it chance; `passed` is None while runs are missing."""
    found = {
        arm: [records[spec][0] for spec in specs if records.get(spec)]
        for arm, specs in positive_control(experiment, variant).items()
    }
    on, off = ([record.test_accuracy for record in found[arm]] for arm in ("on", "off"))
    passed = None
    if len(on) == len(off) == CONTROL_SEEDS:
        images = found["off"][0].test_images
        chance = 3 * (0.25 / images) ** 0.5  # three standard errors around one half
        passed = min(on) >= 0.95 and all(abs(accuracy - 0.5) <= chance for accuracy in off)
    return {"name": "positive", "passed": passed, "with_ffn": on, "without_ffn": off}


def same_arm_twice(first: Sequence[RunRecord], second: Sequence[RunRecord], delta: float) -> dict[str, Any]:
    """Equal arms must not come out different; whether they are shown to be equal is `verdict`."""
    effect = paired_effect(first, second) if len(first) == len(second) else None
    passed = None if effect is None else effect.low <= 0 <= effect.high
    row = {"name": "same_arm_twice", "passed": passed, **numbers(effect)}
    return row | {"verdict": decide(effect, delta, "no_difference")}
