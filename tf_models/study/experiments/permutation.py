"""``permutation``: the same images in another order of their pixels, the same order for all, trained anew.

    python -m tf_models run permutation --dataset digits --seeds 5

What a network loses tells what it takes from the arrangement of the pixels: all pixels shuffled, whole patches
shuffled, or the pixels inside every patch. 69 runs: 3 minutes on 2 cores for digits.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from tf_models.study.experiments.base import Arm
from tf_models.study.experiments.sweep import Sum, Sweep, difference

VARIANTS = ("vit", "cnn")
KINDS = ("pixels", "patches", "inside")


@dataclass(frozen=True)
class Permutation(Sweep):
    name: ClassVar[str] = "permutation"

    @cached_property
    def arms(self) -> dict[str, Arm]:
        return {variant: Arm(variant) for variant in VARIANTS} | {
            f"{variant} {kind}": Arm(variant, {"shuffle": kind}) for kind in KINDS for variant in VARIANTS
        }

    @cached_property
    def sums(self) -> dict[str, Sum]:
        return {
            f"{variant}.{kind}": difference(variant, f"{variant} {kind}", primary=(variant, kind) == ("cnn", "pixels"))
            for variant in VARIANTS
            for kind in KINDS
        }
