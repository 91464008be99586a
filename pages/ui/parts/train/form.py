"""What *Train* asks: the network with its switches, the recipe, what is trained beside it."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import streamlit as st

from pages.ui import frame, links, tables
from pages.ui.names import OWN, network_name, switch_name, value_name, variant_name
from pages.ui.words import say
from tf_models import settings, zoo
from tf_models.data import DatasetInfo
from tf_models.errors import LabError
from tf_models.runs.spec import Recipe, RunSpec
from tf_models.zoo.switches import Numbers

MOST_TOKENS = 256  # that a patch may leave: more would take minutes
MOST_EPOCHS, MOST_SEEDS = 50, 5
SIZES = (100, 300, 1000, 3000, 10_000)
RATES = (3e-4, 1e-3, 3e-3)
MAIN = ("ffn", "mixer")  # the switches that the lab is about


def choose_network() -> str:
    """A classroom variant; with another one, what belonged to it goes."""
    label, names = say("train.variant"), tuple(zoo.CLASSROOM)
    return links.choose("variant", label, names, variant_name, "vit", resets=(*zoo.SWITCHES, "compare", "other"))


@dataclass(frozen=True)
class Places:
    """Where the form stands: what is always seen, and the expander with all else, which is only drawn while open."""

    main: Any
    advanced: Any

    def choose(
        self, key: str, label: str, options: Sequence[str], names: Callable[[str], str], default: str, **more: Any
    ) -> str:
        """One of `options`, asked in `advanced` while that is open. What the link says counts also where it is closed,
        and a value that is not the usual one stands in `main` as a chip that takes it back.
        """
        if self.advanced.open:
            value = links.choose(key, label, options, names, default, where=self.advanced, **more)
        else:
            with self.main:  # where a bad value is seen
                value = links.from_link(key, options, default)
        if value != default:
            chip, back = say("claims.place_of", place=label, text=names(value)), (key, default, default)
            self.main.button(chip, f"reset_{key}", icon=":material/close:", on_click=links.put, args=back)
        return value


def choose_length(where: Any, beside: Any) -> tuple[int, int]:
    """How many seeds, and epochs of each; `where` and `beside` are two columns."""
    usual, most = Recipe(), min(MOST_EPOCHS, settings.limit("LAB_MAX_EPOCHS"))
    hints = {name: say(f"train.{name}_hint") for name in ("seeds", "epochs")}
    seeds = links.choose_number("seeds", say("train.seeds"), 1, MOST_SEEDS, 1, where=where, help=hints["seeds"])
    epochs = links.choose_number(
        "epochs", say("train.epochs"), 1, most, min(usual.epochs, most), where=beside, help=hints["epochs"]
    )
    return seeds, epochs


def choose_recipe(
    known: DatasetInfo, epochs: int, places: Places, lab_rates: Callable[[], Sequence[float]]
) -> tuple[int | None, Recipe]:
    """How many training images (None: all), and how they are trained on; `lab_rates` are offered beside the usual ones,
    and asked for where somebody looks.
    """

    def images(size: str) -> str:
        return say("train.train_size.all", count=f"{known.train_images:,}") if size == "all" else f"{int(size):,}"

    sizes = ("all", *(str(size) for size in SIZES if size < known.train_images))
    more = lab_rates() if places.advanced.open or "rate" in st.query_params else ()
    rates, usual_rate = tuple(f"{rate:g}" for rate in sorted({*RATES, *more})), f"{Recipe().learning_rate:g}"
    size = places.choose("images", say("train.train_size"), sizes, images, "all")
    rate = places.choose("rate", say("train.rate"), rates, str, usual_rate)
    hint = say("train.mixed_hint")
    mixed = places.choose(
        "mixed", say("train.mixed"), ("off", "on"), lambda v: say(f"train.mixed.{v}"), "off", help=hint
    )
    recipe = Recipe(epochs=epochs, learning_rate=float(rate), mixed_precision=mixed == "on")
    return None if size == "all" else int(size), recipe


def size_words(spec: RunSpec) -> str:
    """What a network costs, in a line."""
    figures = {"parameters": f"{zoo.parameters(spec.model):,}", "macs": tables.large(zoo.macs(spec.model))}
    return say("train.size", name=network_name(spec), **figures)


def choose_switches(
    variant: str, input_shape: tuple[int, int, int], classes: int, places: Places
) -> dict[str, zoo.Value]:
    """The switches that the variant has, as the visitor sets them, those of `MAIN` always in sight; a switch at its
    usual value is left out.
    """
    chosen: dict[str, zoo.Value] = {}
    linked = {*st.query_params}
    for switch in zoo.SWITCHES:
        if switch not in MAIN and not places.advanced.open and switch not in linked:
            continue
        options, default = offered(variant, switch, chosen, input_shape, classes)
        if set(options) == {default}:
            with places.main:
                _refuse(variant, switch, chosen)
            continue
        label, names = switch_name(variant, switch), partial(value_name, switch)
        if switch in MAIN:
            value = links.choose(switch, label, options, names, default, where=places.main)
        else:
            value = places.choose(switch, label, options, names, default)
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


def beside(spec: RunSpec, compare: str) -> RunSpec:
    """What the lab may compare `spec` with: what is trained beside it, else the same with its FFN switched."""
    switched = "none" if spec.switches.get("ffn") == "off" else "ffn_off"
    bare = replace(spec, switches={key: value for key, value in spec.switches.items() if key != "ffn"})
    return next(iter(compared(spec, compare) or compared(bare, switched)), bare)


def compared(spec: RunSpec, compare: str) -> list[RunSpec]:
    """What is trained beside `spec`: the same without its FFN, or another network as it comes."""
    if compare == "ffn_off":
        kept = {key: value for key, value in spec.switches.items() if key != "ffn_ratio"}
        return [replace(spec, switches={**kept, "ffn": "off"})]
    return [] if compare == "none" else [replace(spec, variant=compare, switches={})]
