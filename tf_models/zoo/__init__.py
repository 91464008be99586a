"""What a model is, without Keras: specifications, classroom variants, published configurations, switches, counts."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache

from tf_models.errors import LabError
from tf_models.zoo.classroom import CLASSROOM
from tf_models.zoo.inventory import inventory, macs, parameters
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
    "inventory",
    "macs",
    "parameters",
    "parse_switches",
    "with_switches",
]


def configure(
    variant: str, switches: Mapping[str, Value], input_shape: tuple[int, int, int], classes: int
) -> ModelSpec:
    """The classroom variant with these switches, for these images and classes."""
    if variant not in CLASSROOM:
        raise LabError("unknown_variant", value=variant, choices=", ".join(CLASSROOM))
    spec = CLASSROOM[variant]
    patch = int(check_switch("patch", switches["patch"], variant)) if "patch" in switches else spec.stem.patch
    # The image and its patch change together: neither need fit the other's old value.
    spec = replace(spec, stem=replace(spec.stem, patch=patch), input_shape=input_shape, classes=classes)
    return with_switches(spec, switches)


def defaults(variant: str) -> dict[str, Value]:
    """The setting of every switch that the variant has, as it stands in `CLASSROOM`."""
    if variant not in CLASSROOM:
        raise LabError("unknown_variant", value=variant, choices=", ".join(CLASSROOM))
    return dict(_standing(variant))


@cache  # every run record that is read asks for them
def _standing(variant: str) -> dict[str, Value]:
    return settings(CLASSROOM[variant])
