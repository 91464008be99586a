"""The parts of the page *FFN*: an analysis of ``ffn-gap`` as charts, tables and sentences."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from pages.ui import cache, frame, tables
from pages.ui.charts import bars, curves, intervals
from pages.ui.parts.anatomy import NAMES
from pages.ui.theme import ARMS
from pages.ui.words import language, say
from tf_models.errors import LabError
from tf_models.study.experiments.base import MATCHED
from tf_models.study.experiments.ffn_gap import CLASSROOM_DEPTH, WITHOUT_CONTROL
from tf_models.study.plans import command
from tf_models.study.published import FFN_ABLATIONS

# Where the nearest comparison of a network stands that has no FFN to switch off: page, what to choose on it.
NEAREST = {
    "plain_ffn": ("train", {"variant": "vit", "mixer": "convolution"}),
    "convolutional_ffn": ("ffn", {"variant": "convnext"}),
}
WITH_WITHOUT = (("column.with", "on", "with_ffn"), ("column.without", "off", "without_ffn"))


def _labels() -> dict[str, str]:
    return {arm: say(f"arm.{arm}") for arm in ARMS}


def show_refusal(variant: str, code: str) -> None:
    """Why this network has no FFN to switch off, and the way to the nearest comparison."""
    st.info(frame.error_text(LabError(code, variant=variant, value="off")), icon=":material/block:")
    page, query = NEAREST[code]
    if page == "ffn":  # a link to the page one is on would leave the address as it was
        st.button(say("ffn.nearest"), icon=frame.ICONS[page], on_click=st.query_params.update, args=(query,))
    else:
        _link(page, say("ffn.nearest"), query)


def _link(page: str, label: str, query: dict[str, str]) -> None:
    query = {**query, "lang": language()}
    st.page_link(f"pages/{page}.py", label=label, icon=frame.ICONS[page], query_params=query)


def _show_nothing_measured(variant: str, dataset: str) -> None:
    st.info(say("ffn.empty", network=NAMES[variant], dataset=dataset))
    st.code(command(cache.shipped_experiment(dataset, variant)), language="sh", wrap_lines=True)
    _link("train", say("ffn.train"), {"variant": variant})


def show_contrasts(result: dict[str, Any]) -> bool:
    """The gap of every arm with its interval; False where nothing has been measured."""
    variant, dataset, contrasts = result["variant"], result["dataset"], tables.contrast_rows(result)
    if contrasts.empty:
        _show_nothing_measured(variant, dataset)
        return False
    if any(row["withheld"] for row in result["contrasts"]):
        st.warning(say("ffn.withheld"))
    delta = f"{100 * result['contrasts'][0]['delta']:g}"
    chart = intervals.effects(contrasts, say("ffn.gap_title"), say("ffn.gap_axis"), tables.column_names())
    text = "; ".join(filter(None, (tables.effect_text(result, row["b"]) for row in result["contrasts"])))
    st.altair_chart(chart, key=f"gap_{variant}_{dataset}", alt=say("ffn.gap_alt", text=text))
    st.markdown(tables.finding(result) or "")
    st.caption(say("verdict.hint", delta=delta))
    shown = contrasts.drop(columns="colour").rename(columns=tables.column_names())
    tables.beside(shown, f"ffn-gap-{variant}-{dataset}")
    return True


def show_arms(result: dict[str, Any]) -> None:
    """Accuracy, loss and size of every arm, with its runs."""
    labels = _labels()
    size = {arm["name"]: arm["parameters"] for arm in result["arms"]}
    st.caption(say("ffn.arms_hint", share=f"{100 * (1 - size['off'] / size['on']):.0f}"))
    unmatched = {name: size[name] / size["on"] - 1 for name in ("off_deeper", "off_wider")}
    unmatched = [f"{labels[name]} {100 * more:+.0f} %" for name, more in unmatched.items() if abs(more) > MATCHED]
    if unmatched:
        st.warning(say("ffn.unmatched", arms="; ".join(unmatched).replace("-", "−")))
    rows = [
        {
            say("column.arm"): labels[arm["name"]],
            say("column.accuracy"): round(100 * arm["test_accuracy"], 2),
            say("column.loss"): round(arm["test_loss"], 3),
            say("column.parameters"): arm["parameters"],
            say("column.rate"): arm["learning_rate"],
            say("column.seeds"): len(arm["seeds"]),
            say("column.run"): ", ".join(arm["runs"]),
        }
        for arm in result["arms"]
        if arm["test_accuracy"] is not None
    ]
    thousands = {say("column.parameters"): st.column_config.NumberColumn(format="localized")}
    st.dataframe(pd.DataFrame(rows), hide_index=True, width="stretch", column_config=thousands)


def show_curves(variant: str, dataset: str) -> None:
    """Validation accuracy of the arms by epoch."""
    histories = pd.DataFrame(cache.arm_histories(dataset, variant))
    histories = histories.assign(validation=100 * histories["validation_accuracy"])
    rows = histories.groupby(["arm", "epoch"])["validation"].agg(mean="mean", low="min", high="max").reset_index()
    chart = curves.learning_curves(
        rows, say("ffn.curves"), say("axis.epoch"), say("column.validation"), _labels(), say("column.arm")
    )
    st.altair_chart(chart, key=f"curves_{variant}_{dataset}", alt=say("ffn.curves_alt"))


def show_grid(result: dict[str, Any]) -> None:
    """The gap against depth and training size."""
    cells = pd.DataFrame([cell for cell in result["grid"] if cell["mean"] is not None])
    if cells.empty:
        st.info(say("ffn.grid_empty"))
        return
    cells = cells.assign(**{name: 100 * cells[name] for name in ("mean", "low", "high", "delta")})
    chart = intervals.gap_grid(
        cells,
        say("ffn.grid_title"),
        say("axis.depth"),
        say("column.mean"),
        say("axis.train_images"),
        float(cells["delta"].iloc[0]),
    )
    st.altair_chart(chart, key=f"grid_{result['dataset']}", alt=say("ffn.grid_alt"))
    rates = {arm["name"]: arm["learning_rate"] for arm in result["arms"]}
    st.caption(say("ffn.grid_hint", depth=CLASSROOM_DEPTH, on=rates["on"], off=rates["off"]))
    names = tables.column_names() | {"depth": say("axis.depth"), "train_images": say("axis.train_images")}
    shown = cells[["depth", "train_images", "mean", "low", "high", "seeds", "wins", "verdict"]]
    shown = shown.assign(verdict=[say(f"verdict.{verdict}") for verdict in shown["verdict"]])
    tables.beside(shown.rename(columns=names), f"ffn-grid-{result['dataset']}")


def show_controls(result: dict[str, Any]) -> None:
    """Whether the controls passed, in figures."""
    positive, again = result["controls"]
    shares = {
        arm: ", ".join(f"{100 * value:.1f} %" for value in positive[key]) or say("ffn.control.missing")
        for arm, key in (("on", "with_ffn"), ("off", "without_ffn"))
    }
    task = say("ffn.control.positive", **shares)
    if result["variant"] in WITHOUT_CONTROL:
        task += " " + say("ffn.control.stands_in", network=NAMES[result["variant"]])
    for control, words in (
        (positive, task),
        (again, _same_arm_twice(again, f"{100 * result['contrasts'][0]['delta']:g}")),
    ):
        icon = {True: "check_circle", False: "cancel", None: "help"}[control["passed"]]
        st.markdown(f":material/{icon}: {words}")


def _same_arm_twice(control: Mapping[str, Any], delta: str) -> str:
    """Whether a difference was found, which the mark stands for, and, apart from it, whether equality was shown."""
    if control["passed"] is None:
        return say("ffn.control.again.missing")
    numbers = {name: tables.points(control[name]) for name in ("mean", "low", "high")}
    found = say(f"ffn.control.again.found.{control['passed']}")
    shown = "supported" if control["verdict"] == "supported" else "open"
    equal = say(f"ffn.control.again.equal.{shown}", delta=delta)
    return say("ffn.control.same_arm_twice", found=found, equal=equal, **numbers)


def show_published(result: dict[str, Any] | None) -> None:
    """Accuracies with and without the FFN, measured here (where anything is) and published."""
    measured = {arm["name"]: arm["test_accuracy"] for arm in result["arms"]} if result else {}
    rows = [
        {
            "label": f"{NAMES[result['variant']]}, {result['dataset']}",
            "which": say(column),
            "value": 100 * measured[arm],
        }
        for column, arm, _ in WITH_WITHOUT
        if result and measured[arm] is not None
    ]
    rows += [
        {
            "label": f"{row.system}, {row.data}" + ("" if row.metric == "top-1" else f" ({row.metric})"),
            "which": say(column),
            "value": getattr(row, field),
        }
        for row in FFN_ABLATIONS
        for column, _, field in WITH_WITHOUT
    ]
    chart = bars.published_gaps(pd.DataFrame(rows), "", say("ffn.published_axis"), "", (ARMS["on"], ARMS["off"]))
    st.altair_chart(chart, key="published", alt=say("ffn.published_alt"))
    for row in FFN_ABLATIONS:
        note = say(f"published.{row.source}")
        st.markdown(f"- {row.system}, {row.data}, {row.metric}: {row.reference()}. {note}")
