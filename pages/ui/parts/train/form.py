"""What *Train* asks: the network with its switches, the recipe, what is trained beside it."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import streamlit as st

from pages.ui import frame, links, tables
from pages.ui.words import say
from tf_models import settings, zoo
from tf_models.data import DatasetInfo
from tf_models.errors import LabError
from tf_models.runs.spec import Recipe, RunSpec
from tf_models.zoo.switches import Numbers

OWN = "0"  # a number that stays as the variant has it: automatic, or not the same in all stages
MOST_TOKENS = 256  # that a patch may leave: more would take minutes
MOST_EPOCHS, MOST_SEEDS = 50, 5
SIZES = (100, 300, 1000, 3000, 10_000)
RATES = (3e-4, 1e-3, 3e-3)


def choose_network() -> str:
    """A classroom variant; with another one, what belonged to it goes."""
    label, names = say("train.variant"), tuple(zoo.CLASSROOM)
    return links.choose("variant", label, names, variant_name, "vit", resets=(*zoo.SWITCHES, "compare", "other"))


def choose_training(known: DatasetInfo, where: Any, beside: Any) -> tuple[int, int | None, Recipe]:
    """How many seeds, how many training images (None: all), and the recipe; `where` and `beside` are two columns."""

    def images(size: str) -> str:
        return say("train.train_size.all", count=f"{known.train_images:,}") if size == "all" else f"{int(size):,}"

    usual, most = Recipe(), min(MOST_EPOCHS, settings.limit("LAB_MAX_EPOCHS"))
    sizes = ("all", *(str(size) for size in SIZES if size < known.train_images))
    rates, usual_rate = tuple(f"{rate:g}" for rate in RATES), f"{usual.learning_rate:g}"
    hints = {name: say(f"train.{name}_hint") for name in ("seeds", "epochs")}
    seeds = links.choose_number("seeds", say("train.seeds"), 1, MOST_SEEDS, 1, where=where, help=hints["seeds"])
    epochs = links.choose_number(
        "epochs", say("train.epochs"), 1, most, min(usual.epochs, most), where=beside, help=hints["epochs"]
    )
    size = links.choose("images", say("train.train_size"), sizes, images, where=where)
    rate = links.choose("rate", say("train.rate"), rates, default=usual_rate, where=beside)
    return seeds, None if size == "all" else int(size), Recipe(epochs=epochs, learning_rate=float(rate))


def size_words(spec: RunSpec) -> str:
    """What a network costs, in a line."""
    figures = {"parameters": f"{zoo.parameters(spec.model):,}", "macs": tables.large(zoo.macs(spec.model))}
    return say("train.size", name=spec.name, **figures)


def choose_switches(variant: str, input_shape: tuple[int, int, int], classes: int) -> dict[str, zoo.Value]:
    """The switches that the variant has, as the visitor sets them; those at their usual value are left out."""
    chosen: dict[str, zoo.Value] = {}
    with st.expander(say("train.switches"), icon=":material/tune:"):
        for switch in zoo.SWITCHES:
            options, default = offered(variant, switch, chosen, input_shape, classes)
            if set(options) == {default}:
                _refuse(variant, switch, chosen)
                continue
            inner = switch == "depth" and any(block.inner_depth for block in zoo.CLASSROOM[variant].blocks)
            label = say("train.switch.depth_inner" if inner else f"train.switch.{switch}")
            value = links.choose(switch, label, options, lambda v, s=switch: _option(s, v), default)
            if value != default:
                chosen[switch] = zoo.check_switch(switch, value, variant)
    return chosen


def _refuse(variant: str, switch: str, chosen: Mapping[str, zoo.Value]) -> None:
    """Say why a setting that the link asks for does not fit this network."""
    if (asked := links.drop(switch)) is not None:
        try:
            zoo.with_switches(zoo.CLASSROOM[variant], {**chosen, switch: zoo.check_switch(switch, asked, variant)})
        except LabError as error:
            st.warning(frame.error_text(error))


def offered(
    variant: str, switch: str, chosen: Mapping[str, zoo.Value], input_shape: tuple[int, int, int], classes: int
) -> tuple[tuple[str, ...], str]:
    """The values of a switch that can be built beside the choices (not the numbers) made before it, and its default.

    The default stands alone where the variant has no such switch, or where it would change nothing.
    """
    before = {key: value for key, value in chosen.items() if isinstance(value, str)}
    model = zoo.with_switches(zoo.CLASSROOM[variant], before)
    row = zoo.SWITCHES[switch]
    standing = row.standing(model)

    def works(value: str) -> bool:
        try:
            tried = zoo.configure(variant, {**before, switch: value}, input_shape, classes)
        except LabError:
            return False
        return switch != "patch" or math.prod(tried.grid) <= MOST_TOKENS

    if isinstance(row.values, Numbers):
        default = OWN if standing is None else f"{standing:g}"
        numbers = row.values.offers(float(standing or max(block.ffn_ratio for block in model.blocks)))
        values = sorted({default, *(f"{number:g}" for number in numbers)}, key=float)
    else:
        default, values = str(standing or ""), row.values
    return tuple(value for value in values if value == default or works(value)) or (default,), default


def _option(switch: str, value: str) -> str:
    if switch in ("mixer", "late_mixer") and value != "same":
        return say(f"mixer.{value}")
    if isinstance(zoo.SWITCHES[switch].values, tuple):
        return say(f"train.switch.{switch}.{value}")
    return say("train.switch.automatic" if switch == "patch" else "train.switch.own") if value == OWN else value


def variant_name(variant: str) -> str:
    """What a classroom variant is called."""
    return say(f"train.variant.{variant}")


def choose_comparison(variant: str) -> str:
    """What is trained beside the network: ``ffn_off``, ``none``, or the name of another variant."""
    spec = zoo.CLASSROOM[variant]
    comparisons = ("other", "none") if zoo.SWITCHES["ffn"].refusal(spec) else ("ffn_off", "other", "none")
    compare = links.choose("compare", say("train.compare"), comparisons, lambda c: say(f"train.compare.{c}"))
    if compare != "other":
        return compare
    others = [name for name in zoo.CLASSROOM if name != variant]
    usual = "vit" if spec.family == "convolution" else "cnn"
    return links.choose("other", say("train.other"), others, variant_name, usual)


def compared(spec: RunSpec, compare: str) -> list[RunSpec]:
    """What is trained beside `spec`: the same without its FFN, or another network as it comes."""
    if compare == "ffn_off":
        kept = {key: value for key, value in spec.switches.items() if key != "ffn_ratio"}
        return [replace(spec, switches={**kept, "ffn": "off"})]
    return [] if compare == "none" else [replace(spec, variant=compare, switches={})]
