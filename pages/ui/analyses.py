"""Analyses in the visitor's words: their data set, scale and source, contrasts, verdicts, missing results."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import pandas as pd
import streamlit as st

from pages.ui import links, tables
from pages.ui.names import data_name, data_title, device_name
from pages.ui.theme import FAMILIES, MARKS
from pages.ui.words import say, sentences
from tf_models.data import STUDIED
from tf_models.study.analysis import Analysis, ContrastResult
from tf_models.study.arms import ArmResult
from tf_models.study.experiments import Experiment
from tf_models.study.plans import command
from tf_models.zoo import CLASSROOM

EFFECT_COLUMNS = ["label", "mean", "low", "high", "delta", "verdict", "mark", "colour", "seed"]


def choose_dataset(
    where: Any = st,
    has: Callable[[str], bool] = lambda name: True,
    named: Callable[[str], bool] | None = None,
) -> str:
    """A data set of the lab, by itself the largest of which the page `has` something to show, which decides; where the
    link says no data set, the largest of which it has what is `named` there, None where nothing is.
    """
    usual = next(filter(has, reversed(STUDIED)), STUDIED[-1])
    if named is not None:
        links.imply_data(next(filter(named, reversed(STUDIED)), None), usual)
    more: dict[str, Any] = {"kind": "segments", "where": where, "help": say("data.hint"), "wrap": True}
    return links.choose_data(say("ffn.dataset"), STUDIED, usual, has, **more)


def scale_of(analysis: Analysis, begins: bool = False) -> str:
    """Data and training of an analysis, in a phrase, or as a sentence that it `begins` and ends."""
    scale, dataset = analysis.scale, (data_title if begins else data_name)(analysis.experiment.dataset)
    images = f"{scale.train_images:,}"
    found = say("claims.on", dataset=dataset, images=images, epochs=scale.epochs, seeds=scale.seeds)
    return say("lab.sentence", words=found) if begins else found


def fields(row: ContrastResult | None) -> dict[str, str] | None:
    """A contrast as the fields of a sentence; None where it is untested."""
    if row is None or row.measure is None:
        return None
    numbers = {"mean": row.measure.value, "low": row.measure.low, "high": row.measure.high}
    points = {name: tables.points(value) for name, value in numbers.items()}
    verdict = say(f"verdict.{row.verdict}") if row.verdict else ""  # of what only a claim asks
    return {**points, "verdict": verdict, "delta": tables.margin(row.delta)}


def phrase(row: ContrastResult | None) -> str:
    """A contrast with its interval, in points."""
    found = fields(row)
    return say("topic.points", **found) if found else say("verdict.untested")


def show_empty(experiment: Experiment, words: str = "") -> None:
    """What makes the results that are missing."""
    st.info(words or say("topic.empty", experiment=experiment.name, dataset=data_name(experiment.dataset)))
    st.code(command(experiment), language="sh", wrap_lines=True)


def show_unmeasured(experiments: Sequence[Experiment]) -> None:
    """What makes the results that experiments still lack, out of the way; nothing where none lacks any."""
    if experiments:
        with st.expander(say("topic.unmeasured"), icon=":material/pending:"):
            st.code("\n".join(command(experiment) for experiment in experiments), language="sh", wrap_lines=True)


def show_source(analysis: Analysis) -> None:
    """On which device and which version of the data set the runs were made, and which runs are left out for it."""
    dataset = data_name(analysis.experiment.dataset)
    words = say("topic.source", dataset=dataset, version=analysis.dataset_hash[:8], device=device_name(analysis.device))
    others = say("claims.and").join(
        say("topic.other_source", runs=runs, dataset=data_name(name), version=content[:8], device=device_name(device))
        for (device, name, content), runs in analysis.left_out.items()
    )
    st.caption(sentences(words, say("topic.left_out", others=others) if others else ""))


def tier(analysis: Analysis) -> str:
    """The label of an exploratory experiment, for Markdown; empty where it decides."""
    if not analysis.experiment.exploratory:
        return ""
    return f":gray-badge[:material/explore: {say('tier.exploratory')}]"


def tier_hint(analysis: Analysis) -> str | None:
    """What the label means, to hover over; None where there is none."""
    return say("tier.exploratory_hint") if analysis.experiment.exploratory else None


def show_tier(analysis: Analysis) -> None:
    """The label of an exploratory experiment under the heading of its section."""
    if label := tier(analysis):
        st.markdown(label, help=tier_hint(analysis))


def show_withheld(analysis: Analysis) -> None:
    """That a control failed, where one did."""
    if analysis.withheld:
        st.warning(say("ffn.withheld"))


def effect_rows(
    analysis: Analysis, labels: Mapping[str, str], families: Mapping[str, str] = MappingProxyType({})
) -> pd.DataFrame:
    """Contrasts of two arms (name → words) for `intervals.effects`, the largest first, with every seed's difference.

    `families`: of which family a contrast has its colour, where not of its first arm's network.
    """
    measured = {name: found for name in labels if (found := analysis.contrasts[name].measure) is not None}
    rows = []
    for name, found in sorted(measured.items(), key=lambda pair: -pair[1].value):
        row, label = analysis.contrasts[name], labels[name]
        if row.verdict is None:
            continue
        arm = analysis.arms[row.a].arm
        numbers = {"mean": found.value, "low": found.low, "high": found.high, "delta": row.delta}
        shown = {key: 100 * value for key, value in numbers.items()}
        words = {"verdict": say(f"verdict.{row.verdict}"), "mark": MARKS[row.verdict]}
        colour = FAMILIES[families.get(name, CLASSROOM[arm.variant].family)]
        rows.append({"label": label, **shown, **words, "colour": colour})
        first, second = analysis.arms[row.a].records, analysis.arms[row.b].records
        for place in sorted(first.keys() & second.keys()):
            difference = first[place].test_accuracy - second[place].test_accuracy
            rows.append({"label": label, "mean": 100 * difference, "seed": first[place].spec.seed})
    return pd.DataFrame(rows, columns=EFFECT_COLUMNS).astype({"seed": "float"})


def show_reading(delta: float) -> None:
    """How such a picture is read, in a line; what the verdicts mean, to hover over."""
    small = tables.margin(delta)
    st.caption(say("verdict.marks", delta=small), help=say("verdict.hint", delta=small))


def effect_words(rows: pd.DataFrame) -> str:
    """The same without the seeds, as a text alternative."""

    def words(row: dict[Hashable, Any]) -> str:
        mean, low, high = (tables.decimal(row[name], sign=True) for name in ("mean", "low", "high"))
        interval = "" if pd.isna(row["low"]) else f" [{low}, {high}]"
        verdict = "" if pd.isna(row["verdict"]) else f": {row['verdict']}"
        return f"{row['label']} {mean}{interval}{verdict}"

    return say("claims.and").join(words(row) for row in rows.to_dict("records") if pd.isna(row["seed"]))


def show_effects(rows: pd.DataFrame, columns: Mapping[str, str]) -> None:
    """The rows of such a picture as a table."""
    tables.beside(rows.drop(columns=["colour", "mark"]).rename(columns=columns))


def column_names() -> dict[str, str]:
    """The headings of `effect_rows`."""
    names = ("label", "mean", "low", "high", "verdict", "delta", "seed", "seeds", "wins")
    return {name: say(f"column.{name}") for name in names}


def accuracy(arm: ArmResult) -> dict[str, float]:
    """Mean test accuracy of an arm with its interval, in percent."""
    assert arm.accuracy is not None
    values = {"accuracy": arm.accuracy.value, "low": arm.accuracy.low, "high": arm.accuracy.high}
    return {name: 100 * value for name, value in values.items()}


def show_no_exact(name: str) -> None:
    """What computes the figures of an experiment without training, where they are missing."""
    st.info(say("topic.empty_exact"))
    st.code(f"python -m tf_models exact --only {name} --ship", language="sh", wrap_lines=True)
