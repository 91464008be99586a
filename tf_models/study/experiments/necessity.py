"""``necessity``: which tasks need an FFN, with LayerNorm and without?

    python -m tf_models reproduce necessity

Generated tasks whose nonlinearity is known (`data.tasks`), and a small ViT, two blocks of 32 channels. The products say
what a network *can* compute. They are tried with LayerNorm and without, since it is a nonlinearity of every token
too, as the softmax is one between tokens. The product of one pixel is linear: one pair shows that every arm learns. The
lookup tables ask how much a network can hold, and that is asked of the usual one alone. Ten pairs of task and norm, six
arms each: 60 arms, about 1,300 runs of 9 to 20 seconds of one core, two to three hours on 2.

Result, five seeds, all 60 arms trained on JAX (`KERAS_BACKEND=jax`, the faster one for networks so small): every arm
learns the sign of one pixel (100 %). The product of two pixels, of one token or of two, is solved without any FFN, with
LayerNorm and without it (99.97 % and more): the softmax is nonlinear enough. So is that of four pixels of a token, with
LayerNorm (99.7 %); without, some seeds with attention learn it and some do not (80.7 % without an FFN, 70.1 % with one,
−10.53 [−39.91, +18.84]), all do with GELU in its place (97.5 %), none with a linear FFN (58.2 %), and an FFN that mixes
nothing has 100 %. Without mixing, an FFN solves the products of a token and is at chance where two tokens count. An FFN
without GELU and without norm fails on two tokens (63 %, its seeds far apart).

The gap does not grow with the table: 16 symbols are learned by all (99.97 % with the FFN and without), on 81 every
network that mixes is at 74 to 76 % (with its FFN −0.30 points [−4.15, +3.55]), on 256 at 60 to 63 % (−0.77 [−4.64,
+3.11]), and the FFN that mixes nothing is at 100, 100 and 77.4 %. With 256, all arms that mix but the linear one
learned less than 95 % of 256 images by heart: verdicts on them are withheld.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar

from tf_models.study.experiments.base import Arm, Contrast, Experiment, difference
from tf_models.zoo import Value

CHANNELS: dict[str, dict[str, Value]] = {
    "on": {},
    "off": {"ffn": "off"},
    "linear": {"ffn": "linear"},
    "activation": {"ffn": "activation"},
    "ffn_only": {"mixer": "identity"},
}
WIDER = "off_wider"  # without FFN, as wide as the parameters of ``on`` allow


@dataclass(frozen=True)
class Necessity(Experiment):
    """Every channel mixer on every pair of a task and a norm, in arms such as ``product_2 layer off``."""

    name: ClassVar[str] = "necessity"
    again: ClassVar[str] = "product_2 layer on"
    own_data: ClassVar[str] = "product_2"
    tasks: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "product_2": ("layer", "none"),
        "product_4": ("layer", "none"),
        "product_apart": ("layer", "none"),
        "product_1": ("layer",),
        "lookup_16": ("layer",),
        "lookup_81": ("layer",),
        "lookup_256": ("layer",),
    }  # task → norms
    channels: ClassVar[tuple[str, ...]] = tuple(CHANNELS)
    network: ClassVar[Mapping[str, Value]] = {"depth": 2, "width": 32}

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Every task with every norm under which it is tried."""
        return [(task, norm) for task, norms in self.tasks.items() for norm in norms]

    @cached_property
    def arms(self) -> dict[str, Arm]:
        found = {}
        for task, norm in self.pairs:
            bare: dict[str, Value] = {**self.network, "norm": norm}
            at: dict[str, Value] = {"task": task, "norm": norm}
            for channel in self.channels:
                own = {**bare, **CHANNELS[channel]}
                found[f"{task} {norm} {channel}"] = Arm("vit", own, at={**at, "channel": channel}, dataset=task)
            off = {**bare, **CHANNELS["off"]}
            if wider := self.matched("vit", off, "width", found[f"{task} {norm} on"]):
                found[f"{task} {norm} {WIDER}"] = replace(wider, at={**at, "channel": WIDER})
        return found

    @cached_property
    def contrasts(self) -> dict[str, Contrast]:
        """``gain`` is what the FFN is worth, ``solved`` the accuracy of one arm: what that must be, a claim says."""
        found = {}
        for task, norm in self.pairs:
            place, at = f"{task}.{norm}", {"task": task, "norm": norm}
            of = {channel: f"{task} {norm} {channel}" for channel in (*CHANNELS, WIDER)}
            found[f"gain.{place}"] = difference(of["on"], of["off"], at=at)
            found[f"gain.{place}.wider"] = difference(of["on"], of[WIDER], at=at)
            found[f"activation.{place}"] = difference(of["activation"], of["off"], at=at)
            found[f"over_ffn_only.{place}"] = difference(of["on"], of["ffn_only"], at=at)
            for channel, arm in of.items():
                solved: dict[str, Value] = {**at, "channel": channel}
                found[f"solved.{place}.{channel}"] = Contrast({arm: 1.0}, "share", test=None, at=solved)
        return {name: row for name, row in found.items() if row.weights.keys() <= self.arms.keys()}
