"""``ffn-gap``: what the FFN of a network is worth, of a Vision Transformer where no other is named.

    python -m tf_models run ffn-gap --dataset digits --seeds 5
    python -m tf_models run ffn-gap --variant swin --dataset digits --seeds 5

Six arms (`ffn_arms`). On digits, where the learning rate of each is chosen from five by three seeds, 165 runs without
those of its grid of depths and sizes: half an hour on 2 cores. Result for vit there: +0.22 points [−1.39, +1.83]; with
rates from one seed, of which a tie chose one, it had been +1.89. On cifar10-jpeg the plan is exploratory: −0.72 points
after 10 epochs of 10,000 images.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from tf_models.data import peek
from tf_models.errors import LabError
from tf_models.study.experiments.base import Arm, Contrast, Experiment, difference, option
from tf_models.zoo import CLASSROOM, SWITCHES, Value, configure, defaults, parameters
from tf_models.zoo.matching import nearest

CLASSROOM_DEPTH = len(CLASSROOM["vit"].blocks)
WITH_FFN = tuple(variant for variant, spec in CLASSROOM.items() if SWITCHES["ffn"].refusal(spec) is None)
# Its stem and its inverted blocks are nonlinear, whatever the switches say: it solves the control task without any FFN
# (100 % with three seeds), so the experiment is checked with `vit` in its place.
WITHOUT_CONTROL = ("mobilevit",)


@dataclass(frozen=True)
class FfnGap(Experiment):
    """The first contrast, on − off, is repeated at every depth of `depths` and every size of `train_sizes`."""

    depths: tuple[int, ...] = option("further depths at which to measure the gap", ())
    train_sizes: tuple[int, ...] = option("smaller training sets on which to measure the gap too", ())
    variant: str = option("the network whose FFN is switched off", "vit")

    name: ClassVar[str] = "ffn-gap"
    again: ClassVar[str] = "on"
    needs_ffn_control: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.variant not in CLASSROOM:
            raise LabError("unknown_variant", value=self.variant, choices=", ".join(WITH_FFN))
        if code := SWITCHES["ffn"].refusal(CLASSROOM[self.variant]):
            raise LabError(code, variant=self.variant, value="off")

    @cached_property
    def arms(self) -> dict[str, Arm]:
        known = peek(self.dataset)
        six = ffn_arms(known.input_shape, known.classes, self.variant)
        arms = {name: Arm(self.variant, switches) for name, switches in six.items()}
        for depth, size in self.cells:
            more: dict[str, Value] = {"depth": depth} if depth else {}
            fewer = size if size != self.images else None
            for like in ("on", "off"):
                if (name := self._arm_at(like, depth, size)) not in arms:
                    chosen_with = like if self.exploratory else ""
                    arms[name] = Arm(self.variant, six[like] | more, fewer, chosen_with, {"depth": depth})
        return arms

    @cached_property
    def contrasts(self) -> dict[str, Contrast]:
        against = {"gain": "off", "gain.deeper": "off_deeper", "gain.wider": "off_wider"}
        against |= {"over_activation": "activation", "nonlinearity": "linear"}
        cells = {
            f"gain.depth_{depth}.{size}": difference(
                self._arm_at("on", depth, size),
                self._arm_at("off", depth, size),
                at={"depth": depth, "train_images": size},
            )
            for depth, size in self.cells
        }
        return {name: difference("on", off) for name, off in against.items()} | cells

    @property
    def cells(self) -> list[tuple[int, int]]:
        """Depth and training images of every repetition of the first contrast, at the full experiment's rates in an
        exploratory plan.

        The depth is that of the switch; 0 is the variant's own, where its stages differ in depth.
        """
        sizes = (*self.train_sizes, *((self.images,) if self.depths else ()))
        return [(depth, size) for size in sizes for depth in (self.depths or (self._usual_depth,))]

    @property
    def _usual_depth(self) -> int:
        return int(defaults(self.variant).get("depth", 0))

    def _arm_at(self, like: str, depth: int, size: int) -> str:
        return like if (depth, size) == (self._usual_depth, self.images) else f"{like}.depth_{depth}.{size}"

    @property
    def control_variant(self) -> str:
        """`vit` where this network solves the control task without an FFN."""
        return "vit" if self.variant in WITHOUT_CONTROL else self.variant


def ffn_arms(input_shape: tuple[int, int, int], classes: int, variant: str = "vit") -> dict[str, dict[str, Value]]:
    """The six arms of ``ffn-gap``, all of `variant`.

    Removing the FFN removes about 65 % of a ViT's parameters, so it is also removed at equal parameters, by depth and
    by width, as nearly as these allow; ``activation`` keeps norm → GELU → residual, ``linear`` both dense layers
    without the GELU.
    """
    target = parameters(configure(variant, {}, input_shape, classes))

    def matched(switch: str) -> dict[str, Value]:
        return nearest(variant, {"ffn": "off"}, switch, target, input_shape, classes)

    return {
        "on": {},
        "off": {"ffn": "off"},
        "activation": {"ffn": "activation"},
        "linear": {"ffn": "linear"},
        "off_deeper": matched("depth"),
        "off_wider": matched("width"),
    }
