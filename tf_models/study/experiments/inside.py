"""``inside``: the networks that probes look into.

    python -m tf_models inside --dataset digits

Every family as it is; a ViT with other positions, with one head, and one whose grid shrinks in stages (Swin's merging
with attention over the whole grid, at the parameters of the ViT). On digits 13 networks, 5 seeds, about 25 minutes on 2
cores, and 20 more for the probes (`study.probed`).

Result on digits: in the first layer a ViT's heads look +0.91 [+0.89, +0.94] as far as uniform attention, and no nearer
with learned positions than without (+0.01 [−0.02, +0.04]). Two heads differ more on one image than one head between
two, +0.07 [+0.04, +0.09] of what they could. The best affine map leaves +0.15 [+0.14, +0.16] of attention's output
unexplained, and +0.10 [+0.09, +0.12] of the FFN's: attention is the less linear one, by +1.49 [+1.17, +1.80] times. A
move by one pixel changes the CNN's features by +0.26 [+0.25, +0.28] of what another image does. CNN and ViT are as
alike (CKA +0.77 [+0.75, +0.79], untrained +0.55 [+0.49, +0.60]) as two ViTs, +0.76 [+0.74, +0.79], and less than two
CNNs, +0.93 [+0.92, +0.95]. Attention tells a token of a patch far away, +0.36 [+0.28, +0.45] of what its own leaves,
the FFN nothing, −0.01 [−0.07, +0.05]. Four heads over one +1.39 [−0.09, +2.88] points, a grid that shrinks over one
that does not +0.39 [−1.55, +2.32].

Result so far on photographs, CNN and ViT with three seeds (``--arms cnn,vit``, the runs of `mixers`, an hour): heads of
the first layer look +0.85 [+0.75, +0.94] as far as uniform attention, and two heads differ by +0.05 [+0.03, +0.06] more
than one between two images. The best affine map leaves +0.40 [+0.34, +0.46] of the FFN's output unexplained, more than
on digits; of attention's nothing can be said, since the few columns that 512 images allow hold too little of 64 tokens.
CNN and ViT are no more alike (CKA +0.61 [+0.60, +0.63]) than untrained ones, +0.63 [+0.59, +0.67], where two CNNs have
+0.86 [+0.84, +0.89] and two ViTs +0.85 [+0.83, +0.87]. Attention tells a token +0.12 [+0.04, +0.20] of a patch far
away, the FFN nothing, −0.03 [−0.09, +0.02]. The others are not trained yet (a day of 2 cores): what pages show of them
is read off those that come with the lab, one seed of each, which no claim is judged by (``inside --shipped``, half an
hour).
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
