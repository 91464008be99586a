"""What was read off networks, for the pages that look inside: shipped ones, and the visitors' own runs."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from pages.ui import analyses, cache, links
from pages.ui.names import data_name, run_names, short_network_name
from pages.ui.theme import FAMILIES
from pages.ui.words import say
from tf_models.data import STUDIED
from tf_models.errors import LabError
from tf_models.jobs import probing
from tf_models.runs import readouts
from tf_models.runs.readouts import Readouts
from tf_models.statistics.effects import effect_of_seeds
from tf_models.study.plans import plan
from tf_models.study.probed import Found, Probed, probes_stamp, read_probed
from tf_models.zoo import CLASSROOM, ModelSpec

USUAL = {"left": "cnn", "right": "vit"}
SOON = 0.3  # seconds for which an answer is waited for without a word
POLL_SECONDS = 1.0


def probed(dataset: str) -> Probed:
    """What came with the lab of a data set; empty where nothing did."""
    return read_probed(dataset)


def choose() -> tuple[str, tuple[str, ...]]:
    """A data set, and the networks on both sides of the page, in one row.

    Without networks where there are none; that nothing came with the lab is said.
    """
    first, *sides = st.columns([3, 2, 2])  # the names of data sets in one line
    named = {value for side in USUAL if (value := st.query_params.get(side))}
    dataset = analyses.choose_dataset(
        first, lambda name: bool(networks(name)), (lambda name: named <= networks(name).keys()) if named else None
    )
    if not probed(dataset).networks:
        show_empty(dataset)
    if not networks(dataset):
        return dataset, ()
    chosen = tuple(choose_network(side, dataset, where) for side, where in zip(USUAL, sides, strict=True))
    once = [choice for choice in dict.fromkeys(chosen) if len(probed(dataset).seeds(choice)) == 1]
    if once:
        names = say("lab.comma").join(say(f"inside.arm.{arm}") for arm in once)
        st.caption(say("inside.one_seed", networks=names))
    return dataset, chosen


def networks(dataset: str) -> dict[str, str]:
    """What can be looked into: choice → name. First the arms that came with the lab, then own runs, by their ids."""
    arms = dict.fromkeys(arm for arm, _, trained in probed(dataset).networks if trained)
    order = [arm for arm in plan("inside", dataset).arms if arm in arms]
    own = {name: record for name, record in cache.networks().get(dataset, {}).items() if name == record.run_id}
    return {arm: say(f"inside.arm.{arm}") for arm in order} | run_names(own)


def in_words(error: LabError, dataset: str) -> LabError:
    """The error as a visitor reads it: networks of `cache.networks`, and their data set, by what they are called."""
    called = {dataset: data_name(dataset)}
    for choice, record in cache.networks().get(dataset, {}).items():
        called |= dict.fromkeys((choice, f"{choice}-{dataset}"), short_network_name(record.spec))
    return LabError(error.code, **{key: called.get(str(value), value) for key, value in error.values.items()})


def show_empty(dataset: str) -> None:
    """That nothing was read off networks of this data set, where there is something, and what would do it."""
    st.info(say("inside.empty", dataset=data_name(dataset)))
    st.code(f"python -m tf_models inside --dataset {dataset} --ship", language="sh", wrap_lines=True)
    for other in filter(lambda name: probed(name).networks, STUDIED):
        st.button(
            say("inside.other", dataset=data_name(other)), on_click=st.query_params.update, args=({"data": other},)
        )


def choose_network(side: str, dataset: str, where: Any = st) -> str:
    """What stands on a side, ``left`` or ``right``: the CNN and the ViT by themselves."""
    names = networks(dataset)
    usual = USUAL[side] if USUAL[side] in names else next(iter(names))
    return links.choose(
        side, say(f"inside.{side}"), list(names), names.__getitem__, usual, where=where, lasting=usual in USUAL.values()
    )


def choose_depth() -> float:
    """How deep the layers are that the pictures of a page show: from 0, the first, to 1, what leaves the last block."""
    label, hint = say("inside.depth"), say("inside.depth_hint")
    whole = say("unit.share", value="%d") + "%"  # printf's
    return links.choose_number("layer", label, 0, 100, 50, step=10, format=whole, help=hint) / 100


def at_depth(levels: Sequence[str], depth: float) -> str:
    """The level nearest to a relative depth."""
    return levels[round(depth * (len(levels) - 1))]


def level_name(level: str) -> str:
    """What a level is, from its tap or path: the stem, or a block of a stage."""
    numbers = [int(number) for number in re.findall(r"(?:stage|block)(\d+)", level)]
    return say("layer.place", stage=numbers[0], block=numbers[1]) if numbers else say("layer.stem")


def model_of(dataset: str, choice: str) -> ModelSpec:
    """The architecture of a network."""
    experiment = plan("inside", dataset)
    arm = experiment.arms.get(choice)
    return experiment.model(arm) if arm else cache.networks()[dataset][choice].spec.model


def over_seeds(values: Sequence[float]) -> dict[str, float]:
    """The mean of one value per seed and Student's interval as `value`, `low` and `high`; one seed has no width."""
    if len(values) < 2:
        return dict.fromkeys(("value", "low", "high"), values[0])
    effect = effect_of_seeds(values)
    return {"value": effect.value, "low": effect.low, "high": effect.high}


def seeds_hint(drawn: str, seeds: int) -> str:
    """How several seeds are drawn, as ``thin`` lines or by ``bars``; of one seed, which has neither, nothing."""
    return say(f"inside.seeds.{drawn}", seeds=seeds) if seeds > 1 else ""


def colour(dataset: str, choice: str) -> str:
    """The colour of the network's family."""
    arm = plan("inside", dataset).arms.get(choice)
    variant = arm.variant if arm else cache.networks()[dataset][choice].spec.variant
    return FAMILIES[CLASSROOM[variant].family]


def found(dataset: str, choice: str, probe: str, trained: bool = True) -> list[Found]:
    """What a probe found in a network, for every seed; a visitor's own run is looked into now, in a worker.

    Empty where the network has nothing that the probe asks for. Raises `LabError` where no worker answers, or the
    weights are gone.
    """
    rows = probed(dataset).networks
    seeds = sorted(seed for arm, seed, state in rows if (arm, state) == (choice, trained))
    if seeds:
        return [rows[choice, seed, trained][probe] for seed in seeds if probe in rows[choice, seed, trained]]
    if choice in plan("inside", dataset).arms:
        return []
    return _asked(dataset, (choice,), probe, trained)


def similar(dataset: str, left: str, right: str, trained: bool = True) -> list[Found]:
    """How alike two networks represent images (probe ``similarity``), left against right, for every seed.

    Of pairs that did not come with the lab, shipped weights and visitors' own runs are compared now, in a worker. Empty
    where weights are not here. Raises `LabError` as `found` does.
    """
    pairs = probed(dataset).pairs
    for first, second in dict.fromkeys([(left, right), (right, left)]):
        seeds = sorted(seed for a, b, seed, state in pairs if (a, b, state) == (first, second, trained))
        if seeds:
            rows = [pairs[first, second, seed, trained] for seed in seeds]
            return rows if (first, second) == (left, right) else [turned(row) for row in rows]
    known = cache.networks().get(dataset, {})
    if not {left, right} <= known.keys():
        return []
    names = tuple(name if name == known[name].run_id else f"{name}-{dataset}" for name in (left, right))
    return _asked(dataset, names, "similarity", trained)


def again(dataset: str, choice: str) -> list[Found]:
    """The same of two seeds of one network, for every pair that came with the lab."""
    pairs = sorted(probed(dataset).pairs.items(), key=lambda row: row[0])
    return [found for (a, b, _, trained), found in pairs if a == b == choice and trained]


def turned(found: Found) -> Found:
    """What the probe ``similarity`` found with its sides exchanged: what is matched is the same for both."""
    heat = [list(row) for row in zip(*found["heat"], strict=True)]
    return {**found, "left": found["right"], "right": found["left"], "heat": heat}


def _asked(dataset: str, choices: tuple[str, ...], probe: str, trained: bool) -> list[Found]:
    """What a worker finds. Until it has, the page ends here, with how much is done: all else on it can be used."""
    asked = choices, probe, trained, probes_stamp()
    try:
        found = awaited(_question(*asked), say("inside.working", probe=say(f"inside.probe.{probe}")))
    except LabError as error:
        _question.clear(*asked)  # the next visit asks again
        raise in_words(error, dataset) from error
    return [] if found is None else [found]


@st.cache_resource(max_entries=64, show_spinner=False)
def _question(choices: tuple[str, ...], probe: str, trained: bool, _stamp: tuple) -> probing.Question:
    """Asked once for all visitors, whoever comes first."""
    networks = [probing.network(cache.store(), choice) for choice in choices]
    asked = [(record.spec, weights if trained else None) for record, weights in networks]
    jobs = cache.jobs()
    return probing.Question(lambda told: probing.answer(jobs, probe, asked, told))


def readouts_of(dataset: str, choice: str) -> Readouts | probing.Question:
    """What the levels of one of `cache.networks` predict: shipped, or asked of a worker, once for all visitors."""
    name = choice if choice == cache.networks()[dataset][choice].run_id else f"{choice}-{dataset}"
    path = readouts.shipped_path(name)
    return _shipped_readouts(path, path.stat().st_mtime_ns) if path.exists() else _readouts_question(name)


def forget_readouts(dataset: str, choice: str) -> None:
    """Ask again at the next visit."""
    for name in (choice, f"{choice}-{dataset}"):
        _readouts_question.clear(name)


@st.cache_resource(max_entries=32, show_spinner=False)
def _shipped_readouts(path: Path, _modified: int) -> Readouts:
    return readouts.unpack(path.read_bytes(), path.stem)


@st.cache_resource(max_entries=64, show_spinner=False)
def _readouts_question(name: str) -> probing.Question:
    (record, weights), jobs = probing.network(cache.store(), name), cache.jobs()
    return probing.Question(lambda told: probing.ask_readouts(jobs, record.spec, weights, told))


def awaited(question: probing.Question, words: str) -> Any:
    """What was found; until then a bar shows how much is done, and what comes after it on the page is not drawn."""
    if question.is_over(SOON):
        return question.answer()

    @st.fragment(run_every=POLL_SECONDS)
    def show() -> None:
        if question.is_over():
            st.rerun()
        st.progress(question.share, words)

    show()
    st.stop()
