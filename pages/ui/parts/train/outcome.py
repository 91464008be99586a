"""What came out of the visitor's runs: how they learned, and their difference beside that of the runs that came with
the lab.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from pages.ui import analyses, cache, tables
from pages.ui.charts import curves
from pages.ui.drawing import show_chart
from pages.ui.frame import PAGES
from pages.ui.names import class_words, data_name, device_name, network_name
from pages.ui.parts import effects
from pages.ui.theme import ARMS, DASHES, FAMILIES, RUN_COLOURS
from pages.ui.words import language, quote, say, sentences
from tf_models import zoo
from tf_models.data import STUDIED, peek
from tf_models.runs.known import alike, latest_pair, settings_of
from tf_models.runs.record import RunRecord
from tf_models.runs.spec import RunSpec
from tf_models.statistics.effects import Measure, paired_effect
from tf_models.statistics.power import images_needed, seeds_needed
from tf_models.study.arms import ArmResult
from tf_models.study.experiments import EXPERIMENTS
from tf_models.study.plans import is_planned, plan

Runs = Sequence[RunRecord]


@dataclass(frozen=True)
class Course:
    """A run as its curve shows it, by its epochs."""

    run_id: str
    spec: RunSpec
    epochs: Sequence[Mapping[str, float]]


def show_curves(runs: Sequence[Course]) -> None:
    """Validation accuracy by epoch: a network has one colour, its seeds are thin lines and their mean a bold one."""
    if rows := curve_rows(runs):
        title = say("train.curves_title")
        words = {"network": say("column.network"), "seed": say("column.seed"), "epoch": say("axis.epoch")}
        words |= {"accuracy": say("column.validation")}
        most = max(run.spec.recipe.epochs for run in runs)
        chart = curves.seed_curves(pd.DataFrame(rows), most, title, words, looks([run.spec for run in runs]))
        show_chart(chart, key="live_curves", text=say("train.curves_alt"))
        if len(runs) > 1:
            st.caption(say("train.curves_hint"))


def alike_courses(runs: Sequence[Course]) -> list[Course]:
    """Of `runs`, newest first, those that differ from the newest in network and seed alone, each but once."""
    found: dict[RunSpec, Course] = {}
    for run in runs:
        if settings_of(run.spec) == settings_of(runs[0].spec):
            found.setdefault(run.spec, run)
    return list(found.values())


def curve_rows(runs: Sequence[Course]) -> list[dict[str, Any]]:
    """For `curves.seed_curves`: a row for every epoch of every run."""
    return [
        {
            "network": network_name(run.spec),
            "seed": run.spec.seed,
            "run": run.run_id,
            "epoch": row["epoch"],
            "accuracy": 100 * row["validation_accuracy"],
        }
        for run in runs
        for row in run.epochs
    ]


def looks(specs: Sequence[RunSpec]) -> dict[str, tuple[str, list[int]]]:
    """Name → colour and dash of each network: its family's, unless a network before it has them; without an FFN, those
    that this has everywhere.
    """
    found: dict[str, tuple[str, list[int]]] = {}
    for spec in specs:
        arm = str(spec.switches.get("ffn", "on"))
        own = FAMILIES[zoo.CLASSROOM[spec.variant].family] if arm == "on" else ARMS[arm]
        taken = [colour for colour, _ in found.values()]
        colour = next((colour for colour in (own, *RUN_COLOURS) if colour not in taken), own)
        found.setdefault(network_name(spec), (colour, DASHES[arm]))
    return found


@dataclass(frozen=True)
class Beside:
    """A difference of two arms that came with the lab, first minus second."""

    measure: Measure
    first: ArmResult
    second: ArmResult

    @property
    def pairs(self) -> tuple[list[RunRecord], list[RunRecord]]:
        """The runs of both, seed by seed."""
        a, b = self.first.records, self.second.records
        there = sorted(a.keys() & b.keys())
        return [a[place] for place in there], [b[place] for place in there]


def shipped_difference(a: RunSpec, b: RunSpec) -> Beside | None:
    """What the lab ships on the difference between these two networks on their data set, whichever was named first;
    what decides before what explores. None where it ships nothing.
    """
    planned = [name for name in EXPERIMENTS if is_planned(name, a.dataset)]
    for name in sorted(planned, key=lambda name: plan(name, a.dataset).exploratory):
        analysis = cache.analysis(name, a.dataset)
        for row in analysis.contrasts.values():
            weights, measure = row.contrast.weights, row.measure
            compares = row.contrast.quantity == "test_accuracy" and sorted(weights.values()) == [-1.0, 1.0]
            if measure is None or not compares or analysis.withheld:
                continue
            first, second = (analysis.arms[arm] for arm in sorted(weights, key=lambda arm: -weights[arm]))
            whole = not first.arm.train_size and not second.arm.train_size
            if whole and {_network(first), _network(second)} == {_key(a), _key(b)}:
                return Beside(measure, first, second)
    return None


def lab_rates(a: RunSpec, b: RunSpec) -> list[float]:
    """The learning rates with which the lab trained these two networks, where it compares them."""
    beside = shipped_difference(a, b)
    return [] if beside is None else [runs[0].spec.recipe.learning_rate for runs in beside.pairs]


def _key(spec: RunSpec) -> RunSpec:
    """The network of a run, whatever it is trained on and how."""
    return RunSpec(spec.variant, spec.switches)


def _network(arm: ArmResult) -> RunSpec | None:
    """None of an arm that was not trained, or on shuffled labels."""
    return _key(next(iter(arm.records.values())).spec) if arm.records and arm.arm.labels == "true" else None


def show_difference(records: Runs) -> None:
    """The latest two networks that may be compared, seed by seed, beside what came with the lab; `records` from new to
    old.
    """
    pair = latest_pair(records)
    if pair is None:
        return
    first, second = pair
    beside = shipped_difference(first[0].spec, second[0].spec)
    first, second = turned(first, second, beside)
    names = {"first": network_name(first[0].spec), "second": network_name(second[0].spec)}
    dataset, called = first[0].spec.dataset, data_name(first[0].spec.dataset)
    delta = peek(dataset).delta(first[0].train_images)
    colour = looks([first[0].spec])[network_name(first[0].spec)][0]
    rows = effects.pair_rows(say("train.yours", seeds=len(first)), first, second, delta, colour)
    if beside is not None:
        rows += effects.pair_rows(say("train.shipped", seeds=beside.measure.seeds), *beside.pairs, delta, colour)
    data = pd.DataFrame(rows, columns=analyses.EFFECT_COLUMNS).astype({"seed": "float"})
    title = say("train.difference", dataset=called, **names)
    told = difference_words(first, second, beside, delta)
    columns = analyses.column_names() | {"label": say("train.from")}
    chart = effects.effect_chart(data, title, sides(first[0].spec, second[0].spec), columns)
    show_chart(chart, key="difference", text=f"{title}: {told}".replace("**", ""))
    st.markdown(told)
    _show_settings(first, second, beside)
    _show_classes(first, second)
    _show_links(first[0].spec)
    others = sum(record.spec.dataset == dataset and not alike(record, first[0]) for record in records)
    source = {
        "dataset": quote(called),
        "version": first[0].dataset_hash[:8],
        "device": quote(device_name(first[0].device)),
    }
    st.caption(sentences(say("topic.source", **source), say("train.not_compared", runs=others) if others else ""))


def turned(first: Runs, second: Runs, beside: Beside | None) -> tuple[Runs, Runs]:
    """Both in the order of the shipped difference; where there is none, the one with an FFN first."""
    if beside is not None:
        swap = _network(beside.first) != _key(first[0].spec)
    else:
        swap = first[0].spec.switches.get("ffn", "on") != "on"
    return (second, first) if swap else (first, second)


def sides(first: RunSpec, second: RunSpec) -> str:
    """What the ends of the axis of their difference are called: see `effects.effect_chart`."""
    without = {"ffn": "off", **{key: value for key, value in first.switches.items() if key != "ffn_ratio"}}
    same = first.variant == second.variant and "ffn" not in first.switches and second.switches == without
    return "ffn" if same else "first"


def _show_classes(first: Runs, second: Runs) -> None:
    """How much of each class of a visitor's own data the two networks classify correctly, over all seeds."""
    record = first[0]
    if record.dataset_source != "local file" or record.spec.dataset in STUDIED or record.class_names is None:
        return
    counts = [np.sum([r.confusion for r in runs if r.confusion is not None], axis=0) for runs in (first, second)]
    if any(np.ndim(table) != 2 for table in counts):  # a record from before they were kept
        return
    shares = [100 * table.diagonal() / np.maximum(table.sum(axis=1), 1) for table in counts]
    names = [network_name(runs[0].spec) for runs in (first, second)]
    data = pd.DataFrame(dict(zip(names, shares, strict=True))).assign(images=[sum(r) for r in record.confusion or ()])
    data = data[data["images"] > 0]
    data.insert(0, "class", np.array(class_words(record.spec.dataset, len(record.class_names)))[data.index])
    if any(row.unbalanced for row in (*first, *second)):
        mean = data.drop(columns="class").mean().to_dict() | {"class": say("own.balanced_row"), "images": None}
        data = pd.concat([data, pd.DataFrame([mean])], ignore_index=True)
    figures = {name: st.column_config.NumberColumn(format="%.1f") for name in names}
    told = {"class": say("own.class"), "images": say("own.test_images")}
    st.markdown(f"**{say('own.by_class')}**")
    st.dataframe(data, hide_index=True, column_config=figures | told, height=min(35 * len(data) + 38, 390))


def _show_links(spec: RunSpec) -> None:
    """Where the same question is answered by what came with the lab."""
    with st.container(horizontal=True):
        gap = {"variant": spec.variant} | ({"open": "explored"} if spec.dataset == STUDIED[-1] else {})
        for page, query in (("ffn", gap), ("parameters", {})):
            shown = {**query, "lang": language()} | ({"data": spec.dataset} if spec.dataset in STUDIED else {})
            st.page_link(f"pages/{page}.py", label=say(f"{page}.nav"), icon=PAGES[page], query_params=shown)


def difference_words(first: Runs, second: Runs, beside: Beside | None, delta: float) -> str:
    """One's own difference beside the shipped one, why the two may differ, and how many seeds would tell."""
    effect = paired_effect(first, second)
    differences = [a.test_accuracy - b.test_accuracy for a, b in zip(first, second, strict=True)]
    told = [_told("yours", float(np.mean(differences)), effect)]
    if beside is not None:
        told.append(_told("came", beside.measure.value, beside.measure))
        told += _why(first, second, beside)
    if effect is None:
        told.append(say("train.one_seed"))
    elif effect.error and effect.low <= delta <= effect.high:
        points = tables.points(delta, sign=False)
        if images_needed(effect, delta):
            told.append(say("train.more_images", delta=points))
        else:
            told.append(say("train.more_seeds", delta=points, seeds=seeds_needed(effect, delta)))
    return sentences(*told)


def _told(whose: str, mean: float, effect: Measure | None) -> str:
    numbers = {"mean": tables.points(mean)}
    if effect is None:
        return say(f"train.{whose}_one", **numbers)
    numbers |= {"low": tables.points(effect.low), "high": tables.points(effect.high)}
    return say(f"train.{whose}_many", **numbers, seeds=effect.seeds)


def _why(first: Runs, second: Runs, beside: Beside) -> list[str]:
    """In which settings one's own runs differ from the shipped ones, and how far those lie apart by their seeds."""
    told, (a, b) = [], beside.pairs
    own, shipped = _settings(first[0], second[0]), _settings(a[0], b[0])
    differing = [
        say("train.differing", setting=name, yours=own[name], shipped=shipped[name])
        for name in own
        if own[name] != shipped[name]
    ]
    if differing:
        told.append(say("train.differ", settings=say("lab.comma").join(differing)))
    if differing or len(first) == 1:
        apart = [x.test_accuracy - y.test_accuracy for x, y in zip(a, b, strict=True)]
        told.append(say("train.seeds_range", low=tables.points(min(apart)), high=tables.points(max(apart))))
    return told


def _settings(a: RunRecord, b: RunRecord) -> dict[str, str]:
    """How two networks were trained, in words; the learning rate of each where they are two."""
    rates = dict.fromkeys(f"{record.spec.recipe.learning_rate:g}" for record in (a, b))
    return {
        say("column.rate"): " / ".join(rates),
        say("column.epochs"): str(a.spec.recipe.epochs),
        say("axis.train_images"): f"{a.train_images:,}",
    }


def _show_settings(first: Runs, second: Runs, beside: Beside | None) -> None:
    """Both in a table, with how they were trained: what differs there can be why the differences differ."""
    if beside is None:
        return
    lines = [
        {say("train.from"): say(f"train.{whose}", seeds=len(a)), **_settings(a[0], b[0]), say("column.seeds"): len(a)}
        for whose, (a, b) in (("yours", (first, second)), ("shipped", beside.pairs))
    ]
    st.dataframe(pd.DataFrame(lines), hide_index=True, width="stretch")
