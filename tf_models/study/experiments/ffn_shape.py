"""``ffn-shape``: a Transformer's FFN wider, narrower, deeper and shallower, against a convolutional stem.

    python -m tf_models run ffn-shape --dataset digits --seeds 5

Three dense layers at ratio 2 have the parameters of two at ratio 4; one has those of two at ratio ½. 91 runs: 5 minutes
on 2 cores for digits. Result there: ratio 8 is −1.84 points [−4.18, +0.50] against 4, three layers −1.34 [−2.87, +0.20]
against two; a larger or deeper FFN closes no half of the gap to the CNN. On cifar10-jpeg (10,000 images, 5 epochs, 3
seeds, 63 runs: 11 minutes) ratio 8 is −1.70 [−5.01, +1.61] against 4 and 4 is −0.44 [−1.56, +0.67] against 2, three
layers +0.36 [−1.16, +1.88] against two; the widest FFN is −7.84 [−10.94, −4.74] against a convolutional stem.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from tf_models.study.experiments.base import Arm, Contrast, Experiment, closes_half, difference

RATIOS = (1, 2, 8)  # 4 is `vit`


@dataclass(frozen=True)
class FfnShape(Experiment):
    name: ClassVar[str] = "ffn-shape"
    needs_ffn_control: ClassVar[bool] = True

    @cached_property
    def arms(self) -> dict[str, Arm]:
        return {
            "vit": Arm("vit"),
            "cnn": Arm("cnn"),
            "stem": Arm("vit", {"stem": "convolution"}),
            "off": Arm("vit", {"ffn": "off"}),
            **{f"ratio {ratio}": Arm("vit", {"ffn_ratio": ratio}) for ratio in RATIOS},
            "layers 1": Arm("vit", {"ffn_layers": 1}),
            "layers 2 narrow": Arm("vit", {"ffn_ratio": 0.5}),
            "layers 3": Arm("vit", {"ffn_layers": 3, "ffn_ratio": 2}),
        }

    @cached_property
    def contrasts(self) -> dict[str, Contrast]:
        return {
            "deeper_closes_half": closes_half("layers 3", "vit", "cnn"),
            "wider_closes_half": closes_half("ratio 8", "vit", "cnn"),
            "stem_closes_half": closes_half("stem", "vit", "cnn"),
            "gap": difference("cnn", "vit"),
            "deeper_over_stem": difference("layers 3", "stem"),
            "wider_over_stem": difference("ratio 8", "stem"),
            "ratio.1_over_off": difference("ratio 1", "off"),
            "ratio.2_over_1": difference("ratio 2", "ratio 1"),
            "ratio.4_over_2": difference("vit", "ratio 2"),
            "ratio.8_over_4": difference("ratio 8", "vit"),
            "depth.2_over_1": difference("layers 2 narrow", "layers 1"),
            "depth.3_over_2": difference("layers 3", "vit"),
        }
