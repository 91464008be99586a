"""``depth``: does the worth of the FFN grow with the depth, and is it the FFN or the skip connection that is missed?

    python -m tf_models reproduce depth

A ViT of 2, 4 and 8 blocks with its FFN, without it, and without it at equal parameters; at 8 blocks also without skip
connections. On photographs a run has 7,500 updates, and the rates are chosen at 1,500: twelve arms, about eight hours
on 2 cores with three seeds.

Result: none is shipped yet.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from tf_models.study.experiments.base import Arm, Contrast, Experiment, difference
from tf_models.zoo import Value, defaults

DEPTHS = (2, 4, 8)
WITHOUT_SKIP = 8


@dataclass(frozen=True)
class Depth(Experiment):
    name: ClassVar[str] = "depth"
    again: ClassVar[str] = "on.4"

    @cached_property
    def arms(self) -> dict[str, Arm]:
        arms: dict[str, Arm] = {}

        def add(suffix: str, at: dict[str, Value], switches: dict[str, Value]) -> None:
            arms[f"on.{suffix}"] = on = Arm("vit", switches, at=at | {"channel": "on"})
            off: dict[str, Value] = switches | {"ffn": "off"}
            arms[f"off.{suffix}"] = Arm("vit", off, at=at | {"channel": "off"})
            if found := self.matched("vit", off, "width", on):
                arms[f"off_wider.{suffix}"] = Arm("vit", found.switches, at=at | {"channel": "off_wider"})

        for depth in DEPTHS:
            usual = defaults("vit")["depth"] == depth
            add(f"{depth}", {"depth": depth, "skip": "on"}, {} if usual else {"depth": depth})
        add(f"{WITHOUT_SKIP}.bare", {"depth": WITHOUT_SKIP, "skip": "off"}, {"depth": WITHOUT_SKIP, "skip": "off"})
        return arms

    @cached_property
    def contrasts(self) -> dict[str, Contrast]:
        deepest, shallowest = max(DEPTHS), min(DEPTHS)
        grows = {f"on.{deepest}": 1.0, f"off.{deepest}": -1.0, f"on.{shallowest}": -1.0, f"off.{shallowest}": 1.0}
        found = {"grows": Contrast(grows)}
        for name, on in self.arms.items():
            channel, _, suffix = name.partition(".")
            for measure, off in (("gain", "off"), ("gain.wider", "off_wider")):
                if channel == "on" and f"{off}.{suffix}" in self.arms:
                    found[f"{measure}.{suffix}"] = difference(name, f"{off}.{suffix}", at=on.at)
        for channel in ("on", "off"):
            found[f"skip.{channel}"] = difference(f"{channel}.{WITHOUT_SKIP}", f"{channel}.{WITHOUT_SKIP}.bare")
        return found
