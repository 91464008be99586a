"""``training-length``: what the FFN of a ViT is worth after so many updates, in test accuracy and in training loss.

    python -m tf_models reproduce training-length

One training is as long as every shorter one until the rate of that goes down (the schedule ``decay``), so that five
lengths cost little more than the longest. The rates are chosen at `TUNED_AT` epochs. Four arms, about six hours on 2
cores with three seeds; up to 10 epochs it takes two and a half, and a longer training goes on from there.

Result so far, three seeds and three of the arms, up to 7,500 updates: the FFN is worth +0.35 points [−1.32, +2.03]
after 750, +0.44 [−0.72, +1.60] after 1,500, +1.33 [−0.06, +2.72] after 3,750 and +2.83 [+1.52, +4.14] after 7,500: the
longer the training, the more, and from 7,500 on it is shown. At equal parameters it is −1.75 [−2.98, −0.52], −1.00
[−2.11, +0.11], +0.11 [−1.02, +1.25] and +2.11 [−0.12, +4.34]. The training loss after 7,500 is lower with it by 0.080
nats [+0.033, +0.127], at equal parameters by 0.067 [+0.007, +0.127]. All rates were chosen at 1,500 updates. The longer
trainings, the activation alone and the A/A control are missing: the command goes on from here.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from tf_models.data import peek
from tf_models.study.experiments.base import Arm, Contrast, Experiment, difference, option
from tf_models.study.experiments.ffn_gap import ffn_arms
from tf_models.zoo import Value

CHANNELS = ("on", "off", "off_wider", "activation")  # of `ffn_arms`
TUNED_AT = 2  # epochs: 1,500 updates of 48,000 images


@dataclass(frozen=True)
class TrainingLength(Experiment):
    """Every arm at every length, named such as ``off.5``; `lengths` in epochs, rising."""

    lengths: tuple[int, ...] = option("epochs after which the gap is measured", (1, 2, 5, 10, 20, 40))

    name: ClassVar[str] = "training-length"
    again: ClassVar[str] = "on.5"

    @cached_property
    def arms(self) -> dict[str, Arm]:
        known = peek(self.dataset)
        switches = ffn_arms(known.input_shape, known.classes)

        def arm(channel: str, epochs: int) -> Arm:
            at: dict[str, Value] = {"channel": channel, "epochs": epochs}
            like = "" if epochs == TUNED_AT else f"{channel}.{TUNED_AT}"
            return Arm("vit", switches[channel], like=like, at=at, epochs=epochs)

        return {f"{channel}.{epochs}": arm(channel, epochs) for epochs in self.lengths for channel in CHANNELS}

    @cached_property
    def contrasts(self) -> dict[str, Contrast]:
        against = {"gain": "off", "gain.wider": "off_wider", "over_activation": "activation"}
        found = {}
        for epochs in reversed(self.lengths):
            at: dict[str, Value] = {"epochs": epochs}
            for name, off in against.items():
                on, off = f"on.{epochs}", f"{off}.{epochs}"
                found[f"{name}.{epochs}"] = difference(on, off, at=at)
                # how much lower the FFN makes a loss, in nats
                weights = {off: 1.0, on: -1.0}
                found[f"{name}.fit_loss.{epochs}"] = Contrast(weights, test=None, at=at, quantity="fit_loss")
                found[f"{name}.test_loss.{epochs}"] = Contrast(weights, test=None, at=at, quantity="test_loss")
        return found
