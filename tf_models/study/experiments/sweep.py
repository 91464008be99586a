"""What the training sweeps share: arms, sums of arms that are measured, controls, one analysis.

Where arms differ in the amount of data, all make the same number of updates: an arm with a tenth of the images is
trained for ten times the epochs. With equal epochs, the smallest training sets would be hardly trained at all.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from tf_models.data import peek
from tf_models.runs.record import RunRecord
from tf_models.runs.spec import RunSpec
from tf_models.statistics.effects import mean_accuracy, weighted_effect
from tf_models.statistics.rule import decide, smallest_effect
from tf_models.study.experiments.base import AGAIN, MATCHED, Arm, Contrast, Experiment, Records, numbers, one_source
from tf_models.study.experiments.controls import positive_control, positive_row, same_arm_twice
from tf_models.zoo import Value, configure, macs, matching, parameters


@dataclass(frozen=True)
class Sum:
    """What is measured: Σ weight · accuracy of an arm, in test accuracy unless `unit` says otherwise.

    `test` is the question of a sum by itself, ``difference`` or ``no_difference`` (see `decide`); None where it is
    neither, so that only a claim can say what it must be.
    """

    weights: Mapping[str, float]
    unit: str = "accuracy"
    primary: bool = False
    test: str | None = "difference"


def difference(a: str, b: str, primary: bool = False, test: str | None = "difference") -> Sum:
    """Accuracy of `a` minus accuracy of `b`."""
    return Sum({a: 1.0, b: -1.0}, primary=primary, test=test)


def closes_half(new: str, old: str, best: str, primary: bool = False) -> Sum:
    """(new − old) − ½ (best − old): above 0 where `new` closes more than half of the gap between `old` and `best`."""
    return Sum({new: 1.0, old: -0.5, best: -0.5}, primary=primary, test=None)


def interaction(a: tuple[str, str], b: tuple[str, str], primary: bool = False) -> Sum:
    """(a₁ − a₂) − (b₁ − b₂)."""
    weights: dict[str, float] = {}
    for arm, weight in ((a[0], 1.0), (a[1], -1.0), (b[0], -1.0), (b[1], 1.0)):
        weights[arm] = weights.get(arm, 0.0) + weight
    return Sum({arm: weight for arm, weight in weights.items() if weight}, primary=primary)


def measured(
    total: Sum,
    complete: Mapping[str, Sequence[RunRecord]],
    delta: float,
    level: float,
    withheld: bool = False,
) -> dict[str, Any]:
    """Σ weight · accuracy as the fields of a measure, without figures where one of the arms is not complete."""
    found = [(weight, complete[arm]) for arm, weight in total.weights.items() if arm in complete]
    effect = weighted_effect(found, level) if len(found) == len(total.weights) > 0 else None
    mean = numbers(effect)
    verdict = decide(effect, delta, total.test) if total.test else None
    return {
        "weights": dict(total.weights),
        "a": " + ".join(arm for arm, weight in total.weights.items() if weight > 0),
        "b": " + ".join(arm for arm, weight in total.weights.items() if weight < 0),
        "unit": total.unit,
        "primary": total.primary,
        **mean,
        "value": mean["mean"],
        "delta": delta,
        "verdict": "inconclusive" if withheld and effect is not None else verdict,
        "withheld": withheld,
        "runs": [record.run_id for _, records in found for record in records] if effect else [],
    }


@dataclass(frozen=True)
class Sweep(Experiment):
    """An experiment that measures sums of arms.

    `again` is the arm of the A/A control, which trains it once more with other seeds. With `needs_ffn_control`, the
    task that only an FFN can solve is trained too.
    """

    again: ClassVar[str] = "vit"
    needs_ffn_control: ClassVar[bool] = False
    contrasts: ClassVar[tuple[Contrast, ...]] = ()

    @cached_property
    def sums(self) -> dict[str, Sum]:
        """What is measured, by its name; exactly one is primary."""
        raise NotImplementedError

    def chosen_sums(self, runs: Mapping[str, Sequence[RunRecord]]) -> dict[str, Sum]:
        """`sums`, with what is chosen on validation put in."""
        return self.sums

    def spec(self, arm: Arm, seed: int, rate: float, train_size: int | None) -> RunSpec:
        spec = super().spec(arm, seed, rate, train_size)
        if not arm.train_size:
            return spec
        epochs = round(self.recipe.epochs * self.images / arm.train_size)
        return replace(spec, recipe=replace(spec.recipe, epochs=epochs))

    @property
    def images(self) -> int:
        """Training images of an arm that names no number of its own."""
        return self.train_size or peek(self.dataset).train_images

    def steps(self, rates: Mapping[str, float]) -> dict[str, list[RunSpec]]:
        control = (
            [spec for specs in positive_control(self).values() for spec in specs] if self.needs_ffn_control else []
        )
        return {
            **({"control": control} if control else {}),
            "arms": [spec for specs in self.runs(rates).values() for spec in specs],
        }

    def runs(self, rates: Mapping[str, float]) -> dict[str, list[RunSpec]]:
        """The reported runs of every arm, a seed each, and of the A/A control ``again``."""
        arm = self.arms[self.again]
        again = [self.spec(arm, AGAIN + seed, rates[self.again], self.train_size) for seed in range(self.seeds)]
        return super().runs(rates) | {"again": again}

    def analyse(self, records: Records) -> dict[str, Any]:
        """Arms with intervals, sums with verdicts, controls, run ids.

        A sum whose runs are missing has no figures and is ``untested``; a failed control withholds the verdicts.
        """
        known = peek(self.dataset)
        records = one_source(self, records)
        rates = self.rates(records)
        specs = self.runs(rates) if rates else {}
        runs = {name: [records[s][0] for s in specs.get(name, ()) if records.get(s)] for name in (*self.arms, "again")}
        complete = {name: found for name, found in runs.items() if len(found) == len(specs.get(name, ())) > 0}
        delta = smallest_effect(self.dataset, self.images)
        controls = [same_arm_twice(complete.get(self.again, []), complete.get("again", []), delta)]
        if self.needs_ffn_control:
            controls.insert(0, positive_row(self, records))
        withheld = any(control["passed"] is False for control in controls)

        arms = []
        for name, arm in self.arms.items():
            model = configure(arm.variant, arm.switches, known.input_shape, known.classes)
            effect = mean_accuracy(runs[name])
            arms.append(
                {
                    "name": name,
                    "variant": arm.variant,
                    "switches": dict(arm.switches),
                    "train_images": arm.train_size or self.images,
                    "parameters": parameters(model),
                    "macs": macs(model),
                    "learning_rate": rates[name] if rates else None,
                    "seeds": [record.spec.seed for record in runs[name]],
                    "test_accuracies": [record.test_accuracy for record in runs[name]],
                    "test_accuracy": float(np.mean([r.test_accuracy for r in runs[name]])) if runs[name] else None,
                    "low": effect.low if effect else None,
                    "high": effect.high if effect else None,
                    "test_loss": float(np.mean([r.test_loss for r in runs[name]])) if runs[name] else None,
                    "runs": [record.run_id for record in runs[name]],
                }
            )
        measures = {
            name: measured(total, complete, delta, self.level, withheld)
            for name, total in self.chosen_sums(complete).items()
        }
        return {
            "experiment": self.name,
            "dataset": self.dataset,
            "train_images": self.images,
            "tuning_images": self.tuning_size or self.images,
            "epochs": self.recipe.epochs,
            "seeds": self.seeds,
            "backend": self.backend,
            "devices": dict(Counter(record.device for found in runs.values() for record in found)),
            "arms": arms,
            "contrasts": [{"name": name, **row} for name, row in measures.items()],
            "measures": measures,
            "controls": controls,
            "runs": sorted({record.run_id for found in runs.values() for record in found}),
        }


def matched(dataset: str, variant: str, switches: Mapping[str, Value], switch: str, like: Arm) -> Arm | None:
    """`variant` with `switches` and the parameters of `like`, by its width or depth: see `zoo.matching.matched`."""
    image = peek(dataset).input_shape, peek(dataset).classes
    target = parameters(configure(like.variant, like.switches, *image))
    found = matching.matched(variant, switches, switch, target, *image, MATCHED)
    return Arm(variant, found) if found is not None else None
