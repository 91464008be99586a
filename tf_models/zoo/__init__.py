"""What a model is, without Keras: specifications, classroom variants, published configurations, switches, counts."""

from collections.abc import Mapping
from functools import cache, lru_cache
from types import MappingProxyType

from tf_models.errors import LabError
from tf_models.zoo.classroom import CLASSROOM
from tf_models.zoo.plan import macs, parameters
from tf_models.zoo.published import PUBLISHED
from tf_models.zoo.spec import ModelSpec
from tf_models.zoo.switches import SWITCHES, Value, check_switch, parse_switches, settings, with_switches

__all__ = [
    "CLASSROOM",
    "PUBLISHED",
    "SWITCHES",
    "ModelSpec",
    "check_switch",
    "configure",
    "defaults",
    "macs",
    "parameters",
    "parse_switches",
    "with_switches",
]


def configure(
    variant: str, switches: Mapping[str, Value], input_shape: tuple[int, int, int], classes: int
) -> ModelSpec:
    """The classroom variant with these switches, for these images and classes."""
    checked = tuple((switch, check_switch(switch, value, variant)) for switch, value in sorted(switches.items()))
    return _configured(variant, checked, input_shape, classes)


@lru_cache(maxsize=4096)  # analyses and pages ask for the same few hundred again and again
def _configured(
    variant: str, switches: tuple[tuple[str, Value], ...], input_shape: tuple[int, int, int], classes: int
) -> ModelSpec:
    return with_switches(_variant(variant), dict(switches), input_shape=input_shape, classes=classes)


@cache  # every run record that is read asks for them
def defaults(variant: str) -> Mapping[str, Value]:
    """The setting of every switch that the variant has, as it stands in `CLASSROOM`."""
    return MappingProxyType(settings(_variant(variant)))


def _variant(name: str) -> ModelSpec:
    if name not in CLASSROOM:
        raise LabError("unknown_variant", value=name, choices=", ".join(CLASSROOM))
    return CLASSROOM[name]
