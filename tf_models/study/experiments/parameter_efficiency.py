"""``parameter-efficiency``: accuracy against parameters, training images, seconds and multiply-adds.

    python -m tf_models run parameter-efficiency --dataset digits --seeds 5 --train-sizes 300

Every family at three sizes (a quarter, half and all of its parameters, by its width), and at its full size with fewer
training images. The learning rate is chosen once a family, at its full size. 253 runs: half an hour on 2 busy cores for
digits; about an hour and a half for cifar10-jpeg (10,000 images, 5 epochs, 3 seeds). Result: the CNN is +2.84 points
[+1.85, +3.83] above the Transformer on digits, +9.94 [+5.58, +14.30] on cifar10-jpeg.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from tf_models.data import peek
from tf_models.study.experiments.base import Arm, Contrast, Experiment, difference, option
from tf_models.zoo import CLASSROOM, Value, configure, macs, parameters
from tf_models.zoo.matching import nearest

BUDGETS = {"": 1.0, "half": 0.5, "quarter": 0.25}  # shares of the family's parameters
REFERENCE = "cnn"  # every family is compared with it


@dataclass(frozen=True)
class ParameterEfficiency(Experiment):
    """`train_sizes` are the smaller training sets of the curve over the amount of data."""

    train_sizes: tuple[int, ...] = option("smaller training sets", ())

    name: ClassVar[str] = "parameter-efficiency"

    @cached_property
    def arms(self) -> dict[str, Arm]:
        known = peek(self.dataset)
        budgets = {
            f"{variant} {name}".strip(): Arm(
                variant,
                budget_switches(variant, share, known.input_shape, known.classes),
                like=variant if name else "",
                at={"budget": share},
            )
            for name, share in BUDGETS.items()
            for variant in CLASSROOM
        }
        return budgets | {
            f"{variant} {size}": Arm(variant, {}, size, like=variant, at={"budget": 1.0})
            for size in self.train_sizes
            for variant in CLASSROOM
        }

    @cached_property
    def contrasts(self) -> dict[str, Contrast]:
        others = [variant for variant in CLASSROOM if variant not in (REFERENCE, "vit")]
        found = {
            **{f"cnn_over_{variant}": difference(REFERENCE, variant) for variant in ("vit", *others)},
            "cnn_over_vit.half": difference(f"{REFERENCE} half", "vit half"),
            "cnn_over_vit.quarter": difference(f"{REFERENCE} quarter", "vit quarter"),
        }
        # at equal multiply-adds, as nearly as the sizes allow and never to the Transformer's disadvantage
        most, sizes = macs(self.model(self.arms["vit"])), [f"{REFERENCE} {size}".strip() for size in BUDGETS]
        if cheap := next((size for size in sizes if macs(self.model(self.arms[size])) <= most), ""):
            found["as_cheap_cnn_over_vit"] = difference(cheap, "vit", test=None)
        return found


def budget_switches(variant: str, share: float, input_shape: tuple[int, int, int], classes: int) -> dict[str, Value]:
    """The width at which the variant comes nearest to this share of its parameters."""
    target = share * parameters(configure(variant, {}, input_shape, classes))
    return {} if share == 1 else nearest(variant, {}, "width", target, input_shape, classes)
