"""``data-curve``: CNN against Transformers, as the training set grows.

    python -m tf_models run data-curve --dataset digits --seeds 5 --train-sizes 150,300,600

CNN and ViT have equal parameters (the convolutional stem adds a tenth on 32×32 images), and all make the same number of
updates at every size. Beside the CNN and the Transformer stand two Transformers with something of a convolution: one
whose stem is convolutional, and one whose attention starts as a convolution (`position=local`). 97 runs on digits.
Result on cifar10-jpeg (250 to 10,000 images, 3 seeds, 87 runs: over an hour on 2 busy cores): the CNN leads by 8.4
points with 250 images, 17.5 with 2,000 and 9.9 with 10,000, so that no slope fits all sizes (+0.13 points a doubling
[−1.79, +2.04]); from 1,000 on it is −2.21 [−3.75, −0.67].
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from tf_models.data import peek
from tf_models.errors import LabError
from tf_models.study.experiments.base import Arm, Contrast, Experiment, closes_half, difference, option

ARMS = {
    "cnn": Arm("cnn"),
    "vit": Arm("vit"),
    "stem": Arm("vit", {"stem": "convolution"}),
    "prior": Arm("vit", {"position": "local"}),
}


@dataclass(frozen=True)
class DataCurve(Experiment):
    """`train_sizes` are the smaller training sets."""

    train_sizes: tuple[int, ...] = option("smaller training sets", ())

    name: ClassVar[str] = "data-curve"
    equal_updates: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if any(size >= self.images for size in self.train_sizes):
            raise LabError("number", name="train-sizes", value=max(self.train_sizes), low=1, high=self.images - 1)

    @cached_property
    def arms(self) -> dict[str, Arm]:
        smaller = {
            f"{name} {size}": Arm(arm.variant, arm.switches, size, like=name)
            for size in self.train_sizes
            for name, arm in ARMS.items()
        }
        return ARMS | smaller

    @cached_property
    def contrasts(self) -> dict[str, Contrast]:
        small = peek(self.dataset).usual.small
        smaller = {size: f" {size}" for size in self.train_sizes}
        sizes = smaller | {self.images: ""}
        largest_first = reversed(sizes.items())
        found: dict[str, Contrast] = {"gap_slope": self._slope(sizes)} if len(sizes) > 1 else {}
        upper = {size: suffix for size, suffix in sizes.items() if size >= small}
        if len(upper) > 1:  # with fewer images still, neither network may have learned much
            found["gap_slope.from_small"] = self._slope(upper)
        found |= {f"gap.{size}": difference(f"cnn{suffix}", f"vit{suffix}") for size, suffix in largest_first}
        # the CNN with so many images against the ViT with all of them: how far apart the curves are along the images
        found |= {f"shift.{size}": difference(f"cnn{suffix}", "vit", test=None) for size, suffix in smaller.items()}
        for arm in ("stem", "prior"):
            for size, suffix in sizes.items():
                cnn, vit, new = (f"{name}{suffix}" for name in ("cnn", "vit", arm))
                found[f"{arm}_gap.{size}"] = difference(new, vit)
                found[f"{arm}_closes_half.{size}"] = closes_half(new, vit, cnn)
        aliases = {name: contrast for name, contrast in found.items() if name.endswith(f".{small}")}
        if smaller:
            found["shift.half"] = found[f"shift.{max(smaller)}"]
        return found | {name.rpartition(".")[0] + ".small": contrast for name, contrast in aliases.items()}

    def _slope(self, sizes: dict[int, str]) -> Contrast:
        """Least squares of the gap on log₂ n: the change of the gap each time that the training set doubles."""
        logs = {size: math.log2(size) for size in sizes}
        mean = sum(logs.values()) / len(logs)
        spread = sum((value - mean) ** 2 for value in logs.values())
        weights: dict[str, float] = {}
        for size, suffix in sizes.items():
            weights[f"cnn{suffix}"] = (logs[size] - mean) / spread
            weights[f"vit{suffix}"] = -weights[f"cnn{suffix}"]
        return Contrast(weights, "doubling", test=None)
