"""``ablations``: one change to one network, for the claims that name it.

    python -m tf_models run ablations --dataset digits --seeds 5

MobileViT without its FFN; MLP-Mixer without its token MLP, and without its channel MLP; VGG with an activation after
every convolution, after every second one, after one per stage; VGG's dense head against a mean; ResNet's bottleneck
(reduce, 3×3, expand) against the opposite order of widths (expand ×4, 3×3, reduce) at equal parameters; Swin without
the shift of its windows; ViT without attention's projections W_V and W_O, with its FFN and without. 149 runs, 8 minutes
on 2 cores for digits. Result: MobileViT's FFN is worth +0.17 points [−0.41, +0.75], Mixer's token MLP +24.1 [+23.2,
+24.9]; VGG with fewer activations is better by 2.7 to 3.3 points. On cifar10-jpeg (10,000 images, 5 epochs, 3 seeds,
111 runs: 25 minutes) MobileViT's FFN is worth −0.29 [−1.85, +1.27], Mixer's token MLP +9.6 [+6.4, +12.7], its channel
MLP +4.0 [+0.9, +7.0]; VGG with fewer activations is better by 8.5 to 11.8 points, ResNet's bottleneck +7.5 [+5.2, +9.9]
better than the opposite order, attention's projections −1.56 [−3.26, +0.13] beside an FFN. VGG started as Glorot’s
here, which alone weakens what has more ReLUs.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from tf_models.study.experiments.base import Arm, Contrast, Experiment, difference
from tf_models.zoo import Value

FOUR_A_STAGE: dict[str, Value] = {"depth": 4, "width": 16}  # so that "every second" and "one per stage" differ


@dataclass(frozen=True)
class Ablations(Experiment):
    name: ClassVar[str] = "ablations"
    needs_ffn_control: ClassVar[bool] = True

    @cached_property
    def arms(self) -> dict[str, Arm]:
        resnet = Arm("resnet")
        inverted = self.matched("resnet", {"ffn_ratio": 4}, "width", resnet)
        return {
            "vit": Arm("vit"),  # also for the A/A control
            "vit off": Arm("vit", {"ffn": "off"}),
            "vit identity values": Arm("vit", {"values": "identity"}),
            "vit off, identity values": Arm("vit", {"ffn": "off", "values": "identity"}),
            "swin": Arm("swin"),
            "swin unshifted": Arm("swin", {"shift": "off"}),
            "mobilevit": Arm("mobilevit"),
            "mobilevit off": Arm("mobilevit", {"ffn": "off"}),
            "mixer": Arm("mixer"),
            "mixer identity": Arm("mixer", {"mixer": "identity"}),
            "mixer off": Arm("mixer", {"ffn": "off"}),
            **{
                f"vgg {which}": Arm("vgg", {**FOUR_A_STAGE, "activations": which})
                for which in ("every", "second", "last")
            },
            "vgg": Arm("vgg"),
            "vgg mean": Arm("vgg", {"head": "mean"}),
            "resnet": resnet,
            **({"resnet inverted": inverted} if inverted else {}),
        }

    @cached_property
    def contrasts(self) -> dict[str, Contrast]:
        return {
            "mobilevit.ffn": difference("mobilevit", "mobilevit off"),
            "mixer.token_mlp": difference("mixer", "mixer identity"),
            "mixer.channel_mlp": difference("mixer", "mixer off"),
            "vgg.every_over_second": difference("vgg every", "vgg second"),
            "vgg.every_over_last": difference("vgg every", "vgg last"),
            "vgg.head": difference("vgg", "vgg mean", test="no_difference"),
            "swin.shift": difference("swin", "swin unshifted"),
            "vit.projections": difference("vit", "vit identity values"),
            "vit.projections_without_ffn": difference("vit off", "vit off, identity values"),
            "resnet.bottleneck": difference("resnet", "resnet inverted", test="no_difference"),
        }
