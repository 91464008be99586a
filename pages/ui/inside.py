"""What was read off networks, for the pages that look inside: shipped ones, and the visitors' own runs."""

from typing import Any

import streamlit as st

from pages.ui import cache, links
from pages.ui.theme import FAMILIES
from pages.ui.words import say
from tf_models.data import STUDIED
from tf_models.jobs import probing
from tf_models.runs.record import RunRecord
from tf_models.study.plans import plan
from tf_models.study.probed import Found, Probed, probes_stamp, read_probed
from tf_models.zoo import CLASSROOM

USUAL = {"left": "cnn", "right": "vit"}


def probed(dataset: str) -> Probed:
    """What came with the lab of a data set; empty where nothing did."""
    return read_probed(dataset)


def choose_dataset() -> str:
    """A data set of the lab, the first by itself."""
    return links.choose("data", say("ffn.dataset"), STUDIED, kind="segments", help=say("data.hint"))


def networks(dataset: str) -> dict[str, str]:
    """What can be looked into: choice → name. First the arms that came with the lab, then own runs, by their ids."""
    arms = dict.fromkeys(arm for arm, _, trained in probed(dataset).networks if trained)
    order = [arm for arm in plan("inside", dataset).arms if arm in arms]
    own = {name: record for name, record in cache.networks().get(dataset, {}).items() if name == record.run_id}
    return {arm: say(f"inside.arm.{arm}") for arm in order} | {name: _own_name(row) for name, row in own.items()}


def _own_name(record: RunRecord) -> str:
    accuracy = say("unit.share", value=f"{100 * record.test_accuracy:.1f}")
    return f"{record.spec.name} · {accuracy} · {record.run_id[:6]}"


def choose_network(side: str, dataset: str, where: Any = st) -> str:
    """What stands on a side, ``left`` or ``right``: the CNN and the ViT by themselves."""
    names = networks(dataset)
    usual = USUAL[side] if USUAL[side] in names else next(iter(names))
    return links.choose(side, say(f"inside.{side}"), list(names), names.__getitem__, usual, where=where)


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
    with st.spinner(say("inside.working"), show_time=True):
        return list(_computed(choice, probe, trained, probes_stamp()))


@st.cache_resource(max_entries=64, show_spinner=False)
def _computed(choice: str, probe: str, trained: bool, _stamp: tuple) -> tuple[Found, ...]:
    record, weights = probing.network(cache.store(), choice)
    answer = probing.answer(cache.jobs(), probe, [(record.spec, weights if trained else None)])
    return () if answer is None else (answer,)
