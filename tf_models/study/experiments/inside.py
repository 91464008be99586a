"""``inside``: the networks that probes look into.

    python -m tf_models inside --dataset digits

Every family as it is; a ViT with other positions, with one head, and one whose grid shrinks in stages (Swin's merging
with attention over the whole grid, at the parameters of the ViT). On digits 13 networks, 5 seeds, about 25 minutes on 2
cores, and 20 more for the probes (`study.probed`).

Result on digits: a ViT's heads look 0.91 as far as uniform attention in the first layer, not less with positions than
without; two heads differ more on one image than one head between two. Attention is less linear than the FFN: 17 % of
its output is beyond the best affine map, of the FFN's 10 %. A move by one pixel changes 26 % of the features of the CNN
(relative to another image); CNN and ViT are nearly as alike (CKA 0.77, untrained 0.55) as two ViTs (0.76), less than
two CNNs (0.93). After attention a token tells of a far patch (+0.36 of what its own leaves), the FFN adds nothing. Four
heads over one +1.39 [−0.09, +2.88], a grid that shrinks over one that does not +0.39 [−1.55, +2.32].
"""

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from tf_models.study.experiments.base import Arm, Contrast, Experiment, difference

FAMILIES = ("cnn", "vgg", "resnet", "convnext", "vit", "swin", "mobilevit", "mixer")
POSITIONS = ("none", "sincos", "permuted_sincos")


@dataclass(frozen=True)
class Inside(Experiment):
    name: ClassVar[str] = "inside"

    @cached_property
    def arms(self) -> dict[str, Arm]:
        pyramid = self.matched("swin", {"mixer": "attention"}, "width", Arm("vit"))
        return {
            **{name: Arm(name) for name in FAMILIES},
            **{f"vit {position}": Arm("vit", {"position": position}) for position in POSITIONS},
            "vit one head": Arm("vit", {"heads": 1}),
            **({"pyramid": pyramid} if pyramid else {}),
        }

    @cached_property
    def contrasts(self) -> dict[str, Contrast]:
        return {
            "four_over_one": difference("vit", "vit one head"),
            "cnn_over_vit": difference("cnn", "vit"),
            "pyramid_over_isotropic": difference("pyramid", "vit"),
        }
