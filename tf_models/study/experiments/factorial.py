"""``factorial``: every token mixer with every channel mixer, in one network of equal blocks.

    python -m tf_models run factorial --dataset digits --seeds 5

What does the FFN give to attention, and what to convolution? The blocks are those of `vit`: norm → token mixer →
residual, norm → channel mixer → residual. Removing the FFN also removes most parameters, so it is removed at equal
depth, and at equal parameters in two ways (deeper and wider).

27 arms with `--corners`, 171 runs: about 70 minutes on 2 busy cores for cifar10-jpeg with 3 seeds and 5 epochs. Result
there: the FFN gives +0.93 points [−1.42, +3.28] to attention, +6.21 [+2.70, +9.72] to a 3×3 convolution without ReLU
and +10.66 [+8.47, +12.84] to a depthwise one; attention without it keeps 92 % of the way from a linear network to the
full one.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar

from tf_models.study.experiments.base import Arm, Contrast, Experiment, closes_half, difference, interaction, option
from tf_models.zoo import Value

MIXERS = ("depthwise", "convolution", "window", "attention", "token_mlp", "identity", "static", "sliding")
# Those whose FFN is also removed at equal parameters, and whose GELU is tried alone.
MATCHED_MIXERS = MIXERS[:5]
CHANNELS = ("on", "off", "activation")
RATIOS = (1, 2)  # smaller FFNs beside the usual 4
# Nothing in it is nonlinear: fixed mixing of positions, a pair of dense layers, no norm.
LINEAR: dict[str, Value] = {"mixer": "static", "ffn": "linear", "norm": "none"}


def name_of(mixer: str, channel: str) -> str:
    """Of an arm, such as ``attention off``."""
    return f"{mixer} {channel}"


@dataclass(frozen=True)
class Factorial(Experiment):
    """Without `corners`, the whole table: pooling, every linear pair and the smaller FFNs too."""

    corners: bool = option("only the cells that the claims need", False)

    name: ClassVar[str] = "factorial"
    again: ClassVar[str] = "attention on"
    needs_ffn_control: ClassVar[bool] = True

    @property
    def mixers(self) -> tuple[str, ...]:
        return MIXERS if self.corners else (*MIXERS, "pool")

    @cached_property
    def arms(self) -> dict[str, Arm]:
        arms: dict[str, Arm] = {}

        def add(mixer: str, channel: str, **switches: Value) -> None:
            own = {} if (mixer, channel) == ("attention", "on") else {"mixer": mixer} | switches  # `vit` as it comes
            arms[name_of(mixer, channel)] = Arm("vit", own, at={"mixer": mixer, "channel": channel})

        for mixer in self.mixers:
            for channel in CHANNELS:
                if mixer in MATCHED_MIXERS or channel == "on" or not self.corners:
                    add(mixer, channel, ffn=channel)
        for mixer in MATCHED_MIXERS:
            for channel, switch in (("off deeper", "depth"), ("off wider", "width")):
                off: dict[str, Value] = {"mixer": mixer, "ffn": "off"}
                # a depthwise convolution has too few parameters to make up for an FFN's
                if other := self.matched("vit", off, switch, arms[name_of(mixer, "on")]):
                    arms[name_of(mixer, channel)] = replace(other, at={"mixer": mixer, "channel": channel})
        for mixer in ("attention",) if self.corners else self.mixers:
            add(mixer, "linear", ffn="linear")
        if not self.corners:
            for mixer in self.mixers:
                for ratio in RATIOS:
                    add(mixer, f"ratio {ratio}", ffn_ratio=ratio)
        return arms | {"linear": Arm("vit", LINEAR), "cnn": Arm("cnn")}

    @cached_property
    def contrasts(self) -> dict[str, Contrast]:
        def gain(mixer: str, off: str = "off") -> tuple[str, str]:
            return name_of(mixer, "on"), name_of(mixer, off)

        def both(plus: tuple[str, str], minus: tuple[str, str]) -> Contrast:
            """A main effect: half of each."""
            return Contrast({name_of(m, "on"): 0.5 for m in plus} | {name_of(m, "on"): -0.5 for m in minus})

        on = {mixer: name_of(mixer, "on") for mixer in self.mixers}
        found = {"interaction": interaction(gain("attention"), gain("convolution"))}
        for how in ("deeper", "wider"):
            found[f"interaction.{how}"] = interaction(
                gain("attention", f"off {how}"), gain("convolution", f"off {how}")
            )
        for mixer in self.mixers:
            if name_of(mixer, "off") in self.arms:
                found[f"gain.{mixer}"] = difference(*gain(mixer))
            if name_of(mixer, "activation") in self.arms:
                found[f"activation.{mixer}"] = difference(name_of(mixer, "activation"), name_of(mixer, "off"))
                found[f"over_activation.{mixer}"] = difference(on[mixer], name_of(mixer, "activation"))
            if name_of(mixer, "linear") in self.arms:
                found[f"nonlinearity.{mixer}"] = difference(on[mixer], name_of(mixer, "linear"))
        for mixer in MATCHED_MIXERS:
            for how in ("deeper", "wider"):
                if name_of(mixer, f"off {how}") in self.arms:
                    found[f"gain.{mixer}.{how}"] = difference(*gain(mixer, f"off {how}"))
        found |= {
            "dynamic": both(("window", "attention"), ("depthwise", "static")),
            "global": both(("static", "attention"), ("depthwise", "window")),
            "dynamic.local": difference(on["window"], on["depthwise"]),
            "dynamic.global": difference(on["attention"], on["static"]),
            "global.static": difference(on["static"], on["depthwise"]),
            "global.dynamic": difference(on["attention"], on["window"]),
            "window_over_global": difference(on["window"], on["attention"], test=None),
            "sliding_over_global": difference(on["sliding"], on["attention"], test=None),
            "ffn_only": difference(on["identity"], on["attention"], test=None),
            "token_mlp_over_attention": difference(on["token_mlp"], on["attention"], test=None),
            "vit_over_cnn": difference(on["attention"], "cnn", test="no_difference"),
            "attention_only_over_linear": difference(name_of("attention", "off"), "linear", test="no_difference"),
            "full_over_linear": difference(on["attention"], "linear"),
        }
        for suffix, off in (("", "off"), (".deeper", "off deeper"), (".wider", "off wider")):
            found[f"cnn_over_attention_only{suffix}"] = difference("cnn", name_of("attention", off))
            found[f"attention_only_closes_half{suffix}"] = closes_half(
                name_of("attention", off), "linear", on["attention"]
            )
        return found
