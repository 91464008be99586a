"""The parts of the page *FFN* about one network: the gap with its intervals, its arms, its grid, its controls."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from pages.ui import analyses, cache, frame, links, tables
from pages.ui.charts import curves, intervals
from pages.ui.drawing import show_chart
from pages.ui.names import NAMES, data_name, short_data_name
from pages.ui.parts import effects
from pages.ui.replay import drawn_once
from pages.ui.theme import ARMS, FAMILIES
from pages.ui.words import language, plain, say, sentences
from tf_models.data import peek
from tf_models.runs.known import latest_pair
from tf_models.study.analysis import Analysis, Control
from tf_models.study.answers import Answer
from tf_models.study.arms import ArmResult
from tf_models.study.experiments.base import MATCHED
from tf_models.study.experiments.ffn_gap import CLASSROOM_DEPTH, WITHOUT_CONTROL
from tf_models.study.published import FFN_ABLATIONS
from tf_models.zoo import CLASSROOM

# Where the nearest comparison of a network stands that has no FFN to switch off: page, what to choose on it.
NEAREST = {
    "plain_ffn": ("train", {"variant": "vit", "mixer": "convolution"}),
    "convolutional_ffn": ("ffn", {"variant": "convnext"}),
}
LEAST_ERROR = 0.1  # percent: none has no place on a log axis
WITH_WITHOUT = (("column.with", "on", "with_ffn"), ("column.without", "off", "without_ffn"))


def _labels() -> dict[str, str]:
    return {arm: say(f"arm.{arm}") for arm in ARMS}


def show_refusal(variant: str, code: str) -> None:
    """Why this network has no FFN to switch off, and the way to the nearest comparison."""
    st.info(say(f"ffn.refusal.{code}", network=NAMES[variant]), icon=":material/block:")
    page, query = NEAREST[code]
    if page == "ffn":  # a link to the page one is on would leave the address as it was
        st.button(say("ffn.nearest"), icon=frame.PAGES[page], on_click=st.query_params.update, args=(query,))
    else:
        _link(page, say("ffn.nearest"), query)


def _link(page: str, label: str, query: dict[str, str]) -> None:
    query = {**query, "lang": language()}
    st.page_link(f"pages/{page}.py", label=label, icon=frame.PAGES[page], query_params=query)


def answer_words(answer: Answer, variant: str) -> str:
    """What the FFN is worth at one scale, in a sentence."""
    analysis, found, words = answer.analysis, answer.contrast.measure, analyses.fields(answer.contrast)
    assert found is not None and words is not None
    return say(
        "overview.finding",
        dataset=data_name(analysis.experiment.dataset),
        images=f"{analysis.scale.train_images:,}",
        epochs=analysis.scale.epochs,
        seeds=found.seeds,
        network=say("overview.vit", depth=CLASSROOM_DEPTH) if variant == "vit" else say(f"train.variant.{variant}"),
        better=say("overview.better" if found.value >= 0 else "overview.worse"),
        **words | {"mean": tables.points(abs(found.value), sign=False)},
    )


def show_answer(answer: Answer, variant: str, write: Callable[..., Any] = st.markdown) -> None:
    """The sentence, and its label where the experiment is exploratory; `write` is ``st.caption`` for one beside."""
    text = sentences(answer_words(answer, variant), analyses.tier(answer.analysis))
    write(text, help=analyses.tier_hint(answer.analysis))


def own_rows(variant: str, dataset: str, delta: float) -> pd.DataFrame:
    """For `effects.effect_chart`: the latest runs of this network that were made here with its FFN and without it."""
    runs = [
        record
        for record in cache.own_records(dataset)
        if record.spec.variant == variant and record.spec.switches in ({}, {"ffn": "off"})
    ]
    rows = []
    if pair := latest_pair(runs):
        on, off = sorted(pair, key=lambda some: len(some[0].spec.switches))
        label = say("ffn.own", epochs=on[0].spec.recipe.epochs, images=f"{on[0].train_images:,}", seeds=len(on))
        rows = effects.pair_rows(label, on, off, delta, FAMILIES[CLASSROOM[variant].family])
    return pd.DataFrame(rows, columns=analyses.EFFECT_COLUMNS).astype({"seed": "float"})


@drawn_once
def show_contrasts(analysis: Analysis, variant: str, answers: list[Answer]) -> bool:
    """What the FFN is worth, one answer per scale, and the gap of every arm, beside what was trained here; False where
    nothing came with the lab.
    """
    experiment = analysis.experiment
    names = {name: say(f"arm.{row.b}") for name, row in analysis.contrasts.items() if not row.contrast.at}
    measured = analyses.effect_rows(analysis, names)
    own = own_rows(variant, experiment.dataset, analysis.primary.delta)
    rows = pd.concat([found for found in (measured, own) if not found.empty] or [measured], ignore_index=True)
    columns, key = analyses.column_names(), f"{variant}-{experiment.dataset}"
    if not rows.empty:
        analyses.show_withheld(analysis)
        chart = effects.effect_chart(rows, say("ffn.gap_title"), "ffn", columns)
        show_chart(chart, key=f"gap_{key}", text=plain(say("ffn.gap_alt", text=analyses.effect_words(rows))))
    if measured.empty:
        analyses.show_empty(experiment, say("ffn.empty", network=NAMES[variant], dataset=data_name(experiment.dataset)))
        _link("train", say("ffn.train"), {"variant": variant, "data": experiment.dataset})
        return False
    for answer in answers:
        show_answer(answer, variant)
    if len(answers) > 1:
        st.caption(say("ffn.scales"))
    analyses.show_reading(analysis.primary.delta)
    analyses.show_source(analysis)
    analyses.show_effects(rows, columns)
    if not all(name in analysis.measures for name in names):  # some arms were trained for other experiments alone
        analyses.show_unmeasured([experiment])
    return True


def show_parts(analysis: Analysis, variant: str) -> None:
    """What stands behind the contrasts, on demand: the arms, the gap in other places, the controls."""
    links.section("arms", say("ffn.arms"), partial(show_six, analysis, variant))
    if has_grid(analysis):
        links.section("grid", say("ffn.grid"), partial(show_grid, analysis))
    links.section("controls", say("ffn.controls"), partial(show_controls, analysis, variant))


def show_six(analysis: Analysis, variant: str) -> None:
    """The arms at the network's own depth: their table, and how they learned."""
    show_arms(analysis)
    show_curves(analysis, variant)


@drawn_once
def show_arms(analysis: Analysis) -> None:
    """Accuracy, loss and size of every arm, with its runs."""
    labels, arms = _labels(), _six(analysis)
    size = {arm.name: arm.parameters for arm in arms}
    st.caption(say("ffn.arms_hint", share=f"{100 * (1 - size['off'] / size['on']):.0f}"))
    unmatched = {name: size[name] / size["on"] - 1 for name in ("off_deeper", "off_wider")}
    unmatched = [
        f"{labels[name]} {say('unit.share', value=f'{100 * more:+.0f}')}"
        for name, more in unmatched.items()
        if abs(more) > MATCHED
    ]
    if unmatched:
        st.warning(say("ffn.unmatched", arms=say("claims.and").join(unmatched).replace("-", "−")))
    rows = [
        {
            say("column.arm"): labels[arm.name],
            say("column.accuracy"): round(100 * arm.test_accuracy, 2),
            say("column.loss"): round(arm.test_loss, 3),
            say("column.parameters"): arm.parameters,
            say("column.rate"): arm.learning_rate,
            say("column.seeds"): len(arm.seeds),
            say("column.run"): ", ".join(arm.runs),
        }
        for arm in arms
        if arm.test_accuracy is not None and arm.test_loss is not None
    ]
    thousands = {say("column.parameters"): st.column_config.NumberColumn(format="localized")}
    st.dataframe(pd.DataFrame(rows), hide_index=True, width="stretch", column_config=thousands)


def _six(analysis: Analysis) -> list[ArmResult]:
    """The arms at the network's own depth, with all images."""
    return [arm for arm in analysis.arms.values() if not arm.arm.like]


@drawn_once
def show_curves(analysis: Analysis, variant: str) -> None:
    """Validation error of the arms by epoch."""
    epochs = [
        {"arm": arm.name, "epoch": row["epoch"], "error": max(100 * (1 - row["validation_accuracy"]), LEAST_ERROR)}
        for arm in _six(analysis)
        for record in arm.records.values()
        for row in record.history
    ]
    by_epoch = pd.DataFrame(epochs).groupby(["arm", "epoch"])["error"]
    rows = by_epoch.agg(mean="mean", low="min", high="max").reset_index()
    words = say("axis.epoch"), say("axis.validation_error", least=f"{LEAST_ERROR:g}")
    chart = curves.learning_curves(rows, say("ffn.curves"), *words, _labels(), say("column.arm"))
    show_chart(chart, key=f"curves_{variant}_{analysis.experiment.dataset}", text=say("ffn.curves_alt"))


def has_grid(analysis: Analysis) -> bool:
    """Whether the gap was measured in more than one place."""
    return len(_cells(analysis)) > 1


def _cells(analysis: Analysis) -> list[dict]:
    """The gap at every depth and training size, in points."""
    return [
        {
            **row.contrast.at,
            **{name: 100 * value for name, value in (("mean", found.value), ("low", found.low), ("high", found.high))},
            "seeds": found.seeds,
            "wins": found.wins,
            "verdict": say(f"verdict.{row.verdict}"),
        }
        for row in analysis.contrasts.values()
        if row.contrast.at and (found := row.measure) is not None
    ]


@drawn_once
def show_grid(analysis: Analysis) -> None:
    """The gap against depth and training size."""
    analyses.show_tier(analysis)
    data, dataset = pd.DataFrame(_cells(analysis)), analysis.experiment.dataset
    words = say("axis.depth"), say("column.mean"), say("axis.train_images")
    chart = intervals.gap_grid(data, say("ffn.grid_title"), *words, 100 * analysis.primary.delta)
    show_chart(chart, key=f"grid_{dataset}", text=say("ffn.grid_alt"))
    rates = {name: analysis.arms[name].learning_rate for name in ("on", "off")}
    st.caption(say("ffn.grid_hint", depth=CLASSROOM_DEPTH, **rates))
    names = analyses.column_names() | {"depth": words[0], "train_images": words[2]}
    tables.beside(data.rename(columns=names))


@drawn_once
def show_controls(analysis: Analysis, variant: str) -> None:
    """Whether the controls passed, in figures."""
    for control in analysis.controls:
        if control.accuracies:
            shares = {arm: _shares(found) for arm, found in control.accuracies.items()}
            chance = _shares([1 / peek(analysis.experiment.dataset).classes])
            words = say(f"ffn.control.{control.name}", chance=chance, **shares)
            if control.name == "positive" and variant in WITHOUT_CONTROL:
                words = sentences(words, say("ffn.control.stands_in", network=NAMES[variant]))
        else:
            words = _same_arm_twice(control, tables.margin(analysis.primary.delta))
        icon = {True: "check_circle", False: "cancel", None: "help"}[control.passed]
        st.markdown(f":material/{icon}: {words}")


def _shares(found: Sequence[float]) -> str:
    words = (say("unit.share", value=tables.percent(share)) for share in found)
    return say("lab.comma").join(words) or say("ffn.control.missing")


def _same_arm_twice(control: Control, delta: str) -> str:
    """Whether a difference was found, which the mark stands for, and, apart from it, whether equality was shown."""
    measure = control.measure
    if measure is None:
        return say("ffn.control.again.missing")
    values = {"mean": measure.value, "low": measure.low, "high": measure.high}
    numbers = {name: tables.points(value) for name, value in values.items()}
    found = say(f"ffn.control.again.found.{control.passed}")
    shown = "supported" if control.verdict == "supported" else "open"
    equal = say(f"ffn.control.again.equal.{shown}", delta=delta)
    return say("ffn.control.same_arm_twice", found=found, equal=equal, **numbers)


@drawn_once
def show_published(analysis: Analysis | None, variant: str) -> None:
    """With and without the FFN, measured here (where anything is) and published: a line each, since they have no scale
    in common but the share that is lost.
    """
    st.caption(say("ffn.published_hint"))
    names = ("column.system", "column.metric", *(column for column, *_ in WITH_WITHOUT), "ffn.lost", "column.source")
    table = [" | ".join(map(say, names)), "|".join(["---", "---", "---:", "---:", "---:", "---"])]
    here = [analysis.arms[arm].test_accuracy for _, arm, _ in WITH_WITHOUT] if analysis else [None, None]
    if analysis and here[0] is not None and here[1] is not None:
        system = say("source.then", first=NAMES[variant], then=short_data_name(analysis.experiment.dataset))
        table.append(_published_line(system, say("ffn.top1"), 100 * here[0], 100 * here[1], say("ffn.here")))
    for row in FFN_ABLATIONS:
        source = say("claims.place_of", place=row.reference(language()), text=say(f"published.{row.source}"))
        metric = say("ffn.top1") if row.metric == "top-1" else row.metric
        table.append(
            _published_line(
                say("source.then", first=row.system, then=row.data), metric, row.with_ffn, row.without_ffn, source
            )
        )
    st.markdown("\n".join(f"| {line} |" for line in table))


def _published_line(system: str, metric: str, with_ffn: float, without: float, source: str) -> str:
    lost = say("unit.share", value=tables.decimal(100 * (1 - without / with_ffn), 0))
    return " | ".join([system, metric, f"{with_ffn:.1f}", f"{without:.1f}", lost, source])
