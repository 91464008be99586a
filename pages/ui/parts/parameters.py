"""The parts of the page *Parameters*: an analysis of ``parameter-efficiency`` as charts, tables and sentences."""

from math import isnan

import pandas as pd
import streamlit as st

from pages.ui import analyses, cache, tables
from pages.ui.charts import curves
from pages.ui.drawing import show_chart
from pages.ui.names import NAMES, data_name, device_name, network_name
from pages.ui.parts import effects
from pages.ui.replay import drawn_once
from pages.ui.theme import FAMILIES, SHAPES
from pages.ui.words import language, plain, say, sentences
from tf_models.study.analysis import Analysis
from tf_models.study.arms import ArmResult
from tf_models.study.experiments.data_curve import ARMS as DATA_ARMS
from tf_models.study.experiments.data_curve import DataCurve
from tf_models.study.experiments.parameter_efficiency import REFERENCE
from tf_models.study.linear import linear_accuracy
from tf_models.study.published import IMAGENET_ACCURACIES
from tf_models.zoo import CLASSROOM, PUBLISHED, parameters

COLUMNS = ["network", "cost", "accuracy", "low", "high", "seeds", "front"]  # of a chart of costs
COSTS = ("parameters", "macs", "seconds", "train_images")
MOST_OWN = 60  # runs that were made here and are drawn beside the others
COMPARISONS = {"more": ">", "equal": "=", "less": "<", "open": "?"}  # by more than δ, or within it
USUAL_SYSTEMS = ("published-resnet50", "published-convnext_tiny", "published-vit_b16", "published-mixer_b16")


def marks() -> dict[str, tuple[str, str]]:
    """Every classroom network's colour, its family's, and shape."""
    found, used = {}, dict.fromkeys(FAMILIES, 0)
    for variant, spec in CLASSROOM.items():
        found[NAMES[variant]] = FAMILIES[spec.family], SHAPES[used[spec.family]]
        used[spec.family] += 1
    return found


def _sizes(analysis: Analysis) -> list[ArmResult]:
    """Every size of every network, trained with all images."""
    return [arm for arm in analysis.arms.values() if arm.arm.train_size is None]


def _full(analysis: Analysis) -> list[ArmResult]:
    """Every network at its full size, also with fewer images."""
    return [arm for arm in analysis.arms.values() if arm.arm.at["budget"] == 1]


def _linear(dataset: str) -> float | None:
    """The yardstick in percent."""
    share = linear_accuracy(dataset)
    return None if share is None else 100 * share


def accuracy_rows(analysis: Analysis, cost: str) -> pd.DataFrame:
    """What `curves.cost_and_accuracy` draws: every measured arm."""
    front = {arm.name for arm in analysis.front(cost)}
    rows = [
        {
            "network": NAMES[arm.arm.variant],
            "cost": getattr(arm, cost),
            **analyses.accuracy(arm),
            "seeds": len(arm.seeds),
            "front": arm.name in front,
        }
        for arm in _sizes(analysis)
        if arm.accuracy is not None
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def data_rows(analysis: Analysis) -> pd.DataFrame:
    """The same of ``data-curve``: every network at every number of images."""
    names = data_marks()
    rows = [
        {
            "network": list(names)[list(DATA_ARMS).index(arm.arm.like or arm.name)],
            "cost": arm.train_images,
            **analyses.accuracy(arm),
            "seeds": len(arm.seeds),
            "front": False,
        }
        for arm in analysis.arms.values()
        if arm.accuracy is not None
    ]
    return pd.DataFrame(rows, columns=COLUMNS).sort_values("cost")


def data_marks() -> dict[str, tuple[str, str]]:
    """The networks of ``data-curve`` with colour and shape; a Transformer that has something of a convolution is a
    hybrid.
    """
    families = {"cnn": "convolution", "vit": "attention"}
    return {
        say(f"parameters.arm.{name}"): (FAMILIES[families.get(name, "hybrid")], SHAPES[number])
        for number, name in enumerate(DATA_ARMS)
    }


def own_rows(dataset: str, cost: str, images: int) -> pd.DataFrame:
    """The latest runs that were made here, as such a chart draws them: of all `images`, or, as the cost, of any."""
    costs = {"seconds": "train_seconds"}
    rows = [
        {
            "network": network_name(record.spec),
            "cost": getattr(record, costs.get(cost, cost)),
            "accuracy": 100 * record.test_accuracy,
            "epochs": record.spec.recipe.epochs,
            "seed": record.spec.seed,
            "colour": FAMILIES[CLASSROOM[record.spec.variant].family],
        }
        for record in cache.own_records(dataset)
        if cost == "train_images" or record.train_images == images
    ]
    return pd.DataFrame(rows[:MOST_OWN], columns=["network", "cost", "accuracy", "epochs", "seed", "colour"])


@drawn_once
def show_accuracy(analysis: Analysis, cost: str) -> bool:
    """Accuracy against `cost`, and in a sentence who is best; False where nothing has been measured."""
    experiment, rows = analysis.experiment, accuracy_rows(analysis, cost)
    dataset = experiment.dataset
    if rows.empty:
        analyses.show_empty(experiment)
        return False
    linear, scale, best = _linear(dataset), analysis.scale, _best(analysis)
    columns, own = _columns(), own_rows(dataset, cost, experiment.images)
    words = {"dataset": data_name(dataset), "images": f"{scale.train_images:,}", "epochs": scale.epochs}
    title = say("parameters.chart", **words)
    chart = curves.cost_and_accuracy(rows, linear, title, say(f"axis.{cost}"), columns, marks(), own)
    show_chart(chart, key=f"accuracy_{dataset}_{cost}", text=plain(say("parameters.alt", text=best)))
    if found := analyses.fields(analysis.primary):
        st.markdown(say("parameters.finding", dataset=data_name(dataset), **found))
    tuning = experiment.tuning_size or experiment.images
    hint = [say("parameters.hint", seeds=scale.seeds, tuning=f"{tuning:,}"), best]
    if cost == "seconds":
        hint.append(say("parameters.seconds_hint", devices=device_name(analysis.device)))
    told = "" if linear is None else say("parameters.linear_hint", accuracy=f"{linear:.1f}")
    st.caption(sentences(say("parameters.reading"), told, _own_words(own)), help=sentences(*hint))
    analyses.show_source(analysis)
    tables.beside(rows.drop(columns="front").rename(columns={**columns, "cost": say(f"axis.{cost}")}).round(3))
    return True


@drawn_once
def show_data_curve(analysis: Analysis) -> None:
    """Accuracy of CNN and ViT against the number of images, and how many the CNN needs for what the ViT reaches."""
    dataset, rows, axis = analysis.experiment.dataset, data_rows(analysis), say("axis.train_images")
    if rows.empty:
        analyses.show_empty(analysis.experiment)
        return
    own, columns, told = own_rows(dataset, "train_images", 0), _columns(), data_words(analysis)
    title = say("parameters.chart_data", dataset=data_name(dataset))
    chart = curves.cost_and_accuracy(rows, None, title, axis, columns, data_marks(), own)
    show_chart(chart, key=f"accuracy_{dataset}_train_images", text=plain(say("parameters.alt", text=told)))
    st.markdown(sentences(told, analyses.tier(analysis)), help=analyses.tier_hint(analysis))
    st.caption(sentences(say("parameters.reading_data", seeds=analysis.scale.seeds), _own_words(own)))
    analyses.show_source(analysis)
    tables.beside(rows.drop(columns="front").rename(columns={**columns, "cost": axis}).round(3))


def data_words(analysis: Analysis) -> str:
    """With how few images the CNN is no worse, by more than δ, than the ViT with all; else how far it is ahead."""
    experiment = analysis.experiment
    assert isinstance(experiment, DataCurve)
    many, told = experiment.images, {"dataset": data_name(experiment.dataset)}
    key, row = "parameters.gap", analysis.contrasts[f"gap.{many}"]
    for size in experiment.train_sizes:
        shift = analysis.contrasts[f"shift.{size}"]
        if shift.measure is not None and shift.measure.low > -shift.delta:
            key, row, told["few"] = "parameters.shift", shift, f"{size:,}"
            break
    return "" if row.measure is None else say(key, many=f"{many:,}", found=analyses.phrase(row), **told)


def _columns() -> dict[str, str]:
    return {name: say(f"column.{name}") for name in ("network", "accuracy", "low", "high", "seeds", "seed", "epochs")}


def _own_words(own: pd.DataFrame) -> str:
    return "" if own.empty else say("parameters.own", runs=len(own))


def _best(analysis: Analysis) -> str:
    """Who is most accurate, and what no other beats at its number of parameters."""

    def figures(arm: ArmResult) -> dict[str, str]:
        accuracy = f"{analyses.accuracy(arm)['accuracy']:.1f}"
        return {"network": NAMES[arm.arm.variant], "accuracy": accuracy, "parameters": f"{arm.parameters:,}"}

    best = max((arm for arm in _sizes(analysis) if arm.accuracy), key=lambda arm: arm.test_accuracy or 0.0)
    front = sorted(analysis.front("parameters"), key=lambda arm: arm.parameters)
    names = say("claims.and").join(say("parameters.front", **figures(arm)) for arm in front)
    return say("parameters.best", **figures(best), front=names)


def comparison(low: float, high: float, delta: float) -> str:
    """What an interval shows, one of `COMPARISONS`; empty for a seed, which has none."""
    if isnan(delta):
        return ""
    if high < -delta or low > delta:
        return "less" if high < -delta else "more"
    return "equal" if -delta < low and high < delta else "open"


@drawn_once
def show_contrasts(analysis: Analysis) -> None:
    """The reference network against every other at equal parameters."""
    full = {arm.name for arm in _full(analysis)}
    against = {name: row for name, row in analysis.contrasts.items() if row.unit == "accuracy"}
    labels = {name: NAMES[row.b] for name, row in against.items() if {row.a, row.b} <= full}
    families = {name: CLASSROOM[analysis.arms[against[name].b].arm.variant].family for name in labels}
    rows, dataset = analyses.effect_rows(analysis, labels, families), analysis.experiment.dataset
    if rows.empty:
        st.info(say("parameters.no_pairs"))
        return
    sizes = [arm.parameters for arm in _full(analysis)]
    span = {"low": f"{min(sizes):,}", "high": f"{max(sizes):,}"}
    words = {
        name: say(f"parameters.comparison.{name}", delta=tables.margin(analysis.primary.delta)) for name in COMPARISONS
    }
    shows = [comparison(row["low"], row["high"], row["delta"]) for row in rows.to_dict("records")]
    rows["mark"], rows["verdict"] = [COMPARISONS.get(name) for name in shows], [words.get(name) for name in shows]
    title = say("parameters.against_title", reference=NAMES[REFERENCE], **span)
    chart = effects.effect_chart(rows, title, "cnn", analyses.column_names(), marks="")
    text = say("parameters.against_alt", text=analyses.effect_words(rows))
    show_chart(chart, key=f"against_{dataset}", text=text)
    told = say("lab.comma").join(f"{mark} {words[name]}" for name, mark in COMPARISONS.items())
    st.caption(say("parameters.marks", marks=told))


@drawn_once
def show_arms(analysis: Analysis) -> None:
    """Every size of every network as a table, beside the linear classifier."""
    st.caption(say("parameters.table_hint"))
    dataset = analysis.experiment.dataset
    linear = _linear(dataset)

    def rounded(value: float | None, digits: int) -> float | None:
        return None if value is None else round(value, digits)

    rows = [
        {
            say("column.network"): NAMES[arm.arm.variant],
            say("column.parameters"): arm.parameters,
            say("axis.macs"): tables.large(arm.macs),
            say("column.accuracy"): round(100 * arm.test_accuracy, 2),
            say("column.low"): rounded(arm.accuracy and 100 * arm.accuracy.low, 2),
            say("column.high"): rounded(arm.accuracy and 100 * arm.accuracy.high, 2),
            say("column.over_linear"): None if linear is None else round(100 * arm.test_accuracy - linear, 2),
            say("column.loss"): rounded(arm.test_loss, 3),
            say("column.seconds"): rounded(arm.seconds, 1),
            say("column.rate"): arm.learning_rate,
            say("column.seeds"): len(arm.seeds),
            say("column.run"): ", ".join(arm.runs),
        }
        for arm in _sizes(analysis)
        if arm.test_accuracy is not None
    ]
    data = pd.DataFrame(rows)
    thousands = {say("column.parameters"): st.column_config.NumberColumn(format="localized")}
    st.dataframe(data, hide_index=True, width="stretch", column_config=thousands)


@drawn_once
def show_published() -> None:
    """Accuracy and size of the published configurations, from publications."""
    st.caption(say("parameters.published_hint"))
    rows = [
        {
            "network": NAMES[row.name],
            "family": say(f"family.{PUBLISHED[row.name].family}"),
            "parameters": parameters(PUBLISHED[row.name]),
            "accuracy": row.top1,
            "source": row.citation(language()),
        }
        for row in IMAGENET_ACCURACIES
    ]
    data = pd.DataFrame(rows)
    columns = {name: say(f"column.{name}") for name in ("network", "family", "parameters", "source")}
    columns["accuracy"] = say("column.top1")
    shown = {row["family"] for row in rows}
    colours = {name: colour for family, colour in FAMILIES.items() if (name := say(f"family.{family}")) in shown}
    title = say("parameters.published_title")
    chart = curves.published_sizes(data, title, say("axis.parameters"), columns["accuracy"], columns, colours)
    text = say("claims.and").join(
        say("parameters.front", **row | {"parameters": f"{row['parameters']:,}"}) for row in rows
    )
    show_chart(chart, key="published_sizes", text=plain(say("parameters.published_alt", text=text)))
    tables.beside(data.rename(columns=columns))
    st.caption(" · ".join(dict.fromkeys(row.reference(language()) for row in IMAGENET_ACCURACIES)))
