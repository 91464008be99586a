"""``parameter-efficiency``: accuracy against parameters, training images, seconds and multiply-adds.

    python -m tf_models run parameter-efficiency --dataset digits --seeds 5 --train-sizes 300

Every family at three sizes (a quarter, half and all of its parameters, by its width), and at its full size with fewer
training images. The learning rate is chosen once a family, at its full size. 253 runs: half an hour on 2 busy cores for
digits; about an hour and a half for cifar10-jpeg (10,000 images, 5 epochs, 3 seeds). Result: the CNN is +2.84 points
[+1.85, +3.83] above the Transformer on digits, +9.94 [+6.51, +13.37] on cifar10-jpeg.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from tf_models.data import peek
from tf_models.runs.record import RunRecord
from tf_models.runs.spec import RunSpec
from tf_models.statistics.effects import mean_accuracy, paired_effect
from tf_models.statistics.rule import decide, smallest_effect
from tf_models.study.experiments.base import AGAIN, Arm, Contrast, Experiment, Records, numbers, one_source, pair
from tf_models.study.experiments.controls import same_arm_twice
from tf_models.study.experiments.sweep import Sum, difference, measured
from tf_models.zoo import CLASSROOM, Value, configure, macs, parameters
from tf_models.zoo.matching import nearest

BUDGETS = (1.0, 0.5, 0.25)  # shares of the family's parameters
REFERENCE = "cnn"  # every family is compared with it


@dataclass(frozen=True)
class ParameterEfficiency(Experiment):
    """`train_sizes` are the smaller training sets of the curve over the amount of data."""

    train_sizes: tuple[int, ...] = ()

    name: ClassVar[str] = "parameter-efficiency"
    contrasts: ClassVar[tuple[Contrast, ...]] = (
        Contrast(REFERENCE, "vit", primary=True),
        *(Contrast(REFERENCE, variant) for variant in CLASSROOM if variant not in (REFERENCE, "vit")),
    )

    @cached_property
    def arms(self) -> dict[str, Arm]:
        return {variant: Arm(variant) for variant in CLASSROOM}

    def steps(self, rates: Mapping[str, float]) -> dict[str, list[RunSpec]]:
        return {
            "arms": [spec for specs in self.runs(rates).values() for spec in specs],
            "budgets": [spec for specs in self.budgets(rates).values() for spec in specs],
            "data": [spec for specs in self.data_curve(rates).values() for spec in specs],
        }

    def runs(self, rates: Mapping[str, float]) -> dict[str, list[RunSpec]]:
        """The reported runs of every variant, a seed each, and of the A/A control ``again``."""
        again = [self.spec(self.arms["vit"], AGAIN + seed, rates["vit"], self.train_size) for seed in range(self.seeds)]
        return super().runs(rates) | {"again": again}

    def budgets(self, rates: Mapping[str, float]) -> dict[tuple[str, float], list[RunSpec]]:
        """(variant, share of its parameters) → runs, the full size left out."""
        known = peek(self.dataset)
        return {
            (variant, share): [
                self.spec(
                    Arm(variant, budget_switches(variant, share, known.input_shape, known.classes)),
                    seed,
                    rates[variant],
                    self.train_size,
                )
                for seed in range(self.seeds)
            ]
            for share in reversed(BUDGETS[1:])  # the cheapest first
            for variant in CLASSROOM
        }

    def data_curve(self, rates: Mapping[str, float]) -> dict[tuple[str, int], list[RunSpec]]:
        """(variant, training images) → runs, the full training set left out."""
        return {
            (variant, size): [self.spec(arm, seed, rates[variant], size) for seed in range(self.seeds)]
            for variant, arm in self.arms.items()
            for size in self.train_sizes
        }

    def analyse(self, records: Records) -> dict[str, Any]:
        return analyse(self, records)


def budget_switches(variant: str, share: float, input_shape: tuple[int, int, int], classes: int) -> dict[str, Value]:
    """The width at which the variant comes nearest to this share of its parameters."""
    target = share * parameters(configure(variant, {}, input_shape, classes))
    return {} if share == 1 else nearest(variant, {}, "width", target, input_shape, classes)


def analyse(experiment: ParameterEfficiency, records: Records) -> dict[str, Any]:
    """Arms of every size with intervals, the fronts among them, the curve over data, and the contrasts at full size.

    ``front`` lists for which of parameters, macs and seconds no other arm is both cheaper (or equal) and better.
    Missing runs leave their rows out and their contrasts ``untested``; a failed control withholds the verdicts.
    """
    known = peek(experiment.dataset)
    train_images = experiment.train_size or known.train_images
    records = one_source(experiment, records)
    rates = experiment.rates(records)
    full = experiment.runs(rates) if rates else {variant: [] for variant in (*CLASSROOM, "again")}
    smaller = experiment.budgets(rates) if rates else {}
    less = experiment.data_curve(rates) if rates else {}

    arms = []
    for variant in CLASSROOM:
        for share in BUDGETS:
            specs = full[variant] if share == 1 else smaller.get((variant, share), [])
            switches = budget_switches(variant, share, known.input_shape, known.classes)
            model = configure(variant, switches, known.input_shape, known.classes)
            arms.append(
                {
                    "name": " ".join([variant, *(f"{key}={value}" for key, value in switches.items())]),
                    "variant": variant,
                    "budget": share,
                    "switches": switches,
                    "parameters": parameters(model),
                    "macs": macs(model),
                    "learning_rate": rates[variant] if rates else None,
                    **_measured(specs, records),
                }
            )
    for cost in ("parameters", "macs", "seconds"):
        for arm in pareto_front([arm for arm in arms if arm["low"] is not None], cost):  # one seed is no point
            arm["front"].append(cost)

    curve = [
        {"variant": variant, "train_images": size, **_measured(specs, records)}
        for (variant, size), specs in [
            *less.items(),
            *(((variant, train_images), full[variant]) for variant in CLASSROOM),
        ]
    ]
    delta = smallest_effect(experiment.dataset, train_images)
    control = same_arm_twice(_complete(full["vit"], records), _complete(full["again"], records), delta)
    withheld = control["passed"] is False
    contrasts = []
    for contrast in experiment.contrasts:
        first, second = pair(full[contrast.a], full[contrast.b], records)
        effect = paired_effect(first, second, experiment.level)
        row = {"a": contrast.a, "b": contrast.b, "primary": contrast.primary, **numbers(effect)}
        verdict = "inconclusive" if withheld and effect is not None else decide(effect, delta)
        contrasts.append(row | {"delta": delta, "verdict": verdict})
    measures = {
        name: measured(total, found, delta, experiment.level, withheld)
        for name, total, found in _sums(experiment, arms, full, smaller, records)
    }
    return {
        "experiment": experiment.name,
        "dataset": experiment.dataset,
        "train_images": train_images,
        "tuning_images": experiment.tuning_size or train_images,
        "epochs": experiment.recipe.epochs,
        "seeds": experiment.seeds,
        "backend": experiment.backend,
        "devices": dict(Counter(r.device for specs in full.values() for s in specs for r in records.get(s, ())[:1])),
        "arms": arms,
        "contrasts": contrasts,
        "measures": measures,
        "controls": [control],
        "data_curve": sorted(curve, key=lambda row: (row["variant"], row["train_images"])),
        "runs": sorted({run for arm in [*arms, *curve] for run in arm["runs"]}),
    }


def _sums(
    experiment: ParameterEfficiency,
    arms: Sequence[dict[str, Any]],
    full: Mapping[str, list[RunSpec]],
    smaller: Mapping[tuple[str, float], list[RunSpec]],
    records: Records,
) -> Iterator[tuple[str, Sum, dict[str, list[RunRecord]]]]:
    """(name, sum, complete arms) of what the claims ask: CNN − ViT at every size, per MMAC, and a quarter − all."""

    for suffix, share in (("", 1.0), (".half", 0.5), (".quarter", 0.25)):
        runs = {
            variant: _complete(full[variant] if share == 1 else smaller.get((variant, share), []), records)
            for variant in (REFERENCE, "vit")
        }
        found = {variant: records for variant, records in runs.items() if records}
        yield f"cnn_over_vit{suffix}", difference(REFERENCE, "vit"), found
        if share == 1:
            cost = {arm["variant"]: arm["macs"] / 1e6 for arm in arms if arm["budget"] == 1}
            weights = {REFERENCE: 1 / cost[REFERENCE], "vit": -1 / cost["vit"]}
            yield "per_mac", Sum(weights, "per_mmac", test=None), found
    quarter, vit = smaller.get((REFERENCE, 0.25), []), full["vit"]
    found = {name: _complete(specs, records) for name, specs in ((REFERENCE, quarter), ("vit", vit))}
    yield "quarter_cnn_over_vit", difference(REFERENCE, "vit"), {name: runs for name, runs in found.items() if runs}


def _complete(specs: Sequence[RunSpec], records: Records) -> list[RunRecord]:
    """The runs, or none where one is missing."""
    found = [records[spec][0] for spec in specs if records.get(spec)]
    return found if len(found) == len(specs) else []


def _measured(specs: Sequence[RunSpec], records: Records) -> dict[str, Any]:
    """What the finished runs among `specs` measured.

    `seconds` is one training, without building and tracing, at the best speed that any epoch of these runs reached:
    other work on the machine can only slow an epoch down.
    """
    found: list[RunRecord] = [records[spec][0] for spec in specs if records.get(spec)]
    effect = mean_accuracy(found)
    speed = max((row["images_per_second"] for r in found for row in r.history), default=0.0)
    return {
        "seeds": [record.spec.seed for record in found],
        "test_accuracies": [record.test_accuracy for record in found],
        "test_accuracy": float(np.mean([r.test_accuracy for r in found])) if found else None,
        "low": effect.low if effect else None,
        "high": effect.high if effect else None,
        "test_loss": float(np.mean([r.test_loss for r in found])) if found else None,
        "seconds": found[0].spec.recipe.epochs * found[0].train_images / speed if found else None,
        "front": [],
        "runs": [record.run_id for record in found],
    }


def pareto_front(arms: Sequence[dict[str, Any]], cost: str) -> list[dict[str, Any]]:
    """The measured arms that no other beats: none is at most as dear and more accurate, or cheaper and as accurate."""
    measured = [arm for arm in arms if arm["test_accuracy"] is not None]

    def beaten(arm: dict[str, Any]) -> bool:
        return any(
            (other[cost] <= arm[cost] and other["test_accuracy"] > arm["test_accuracy"])
            or (other[cost] < arm[cost] and other["test_accuracy"] >= arm["test_accuracy"])
            for other in measured
        )

    return sorted((arm for arm in measured if not beaten(arm)), key=lambda arm: arm[cost])
