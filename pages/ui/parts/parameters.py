"""The parts of the page *Parameters*: an analysis of ``parameter-efficiency`` as charts, tables and sentences."""

from typing import Any

import pandas as pd
import streamlit as st

from pages.ui import cache, tables
from pages.ui.charts import curves, intervals
from pages.ui.parts.anatomy import NAMES, count
from pages.ui.theme import FAMILIES, SHAPES, VERDICTS
from pages.ui.words import say
from tf_models.study.experiments.parameter_efficiency import REFERENCE
from tf_models.study.published import IMAGENET_ACCURACIES
from tf_models.zoo import CLASSROOM, PUBLISHED, parameters

COSTS = ("parameters", "macs", "seconds", "train_images")
USUAL_SYSTEMS = ("published-resnet50", "published-convnext_tiny", "published-vit_b16", "published-mixer_b16")


def marks() -> dict[str, tuple[str, str]]:
    """Every classroom network's colour, its family's, and shape."""
    found, used = {}, dict.fromkeys(FAMILIES, 0)
    for variant, spec in CLASSROOM.items():
        found[NAMES[variant]] = FAMILIES[spec.family], SHAPES[used[spec.family]]
        used[spec.family] += 1
    return found


def accuracy_rows(result: dict[str, Any], cost: str) -> pd.DataFrame:
    """What `curves.cost_and_accuracy` draws: every measured arm, or the curve over the amount of data."""
    arms = result["data_curve"] if cost == "train_images" else result["arms"]
    rows = [
        {
            "network": NAMES[arm["variant"]],
            "cost": arm[cost],
            **{name: 100 * arm[key] for name, key in (("accuracy", "test_accuracy"), ("low", "low"), ("high", "high"))},
            "seeds": len(arm["seeds"]),
            "front": cost in arm["front"],
        }
        for arm in arms
        if arm["test_accuracy"] is not None and arm["low"] is not None
    ]
    return pd.DataFrame(rows, columns=["network", "cost", "accuracy", "low", "high", "seeds", "front"])


def show_accuracy(result: dict[str, Any], cost: str) -> bool:
    """Accuracy against `cost`, and in a sentence who is best; False where nothing has been measured."""
    dataset, rows = result["dataset"], accuracy_rows(result, cost)
    if rows.empty:
        st.info(say("parameters.empty", dataset=dataset))
        return False
    linear = cache.linear_accuracy(dataset)
    columns = {name: say(f"column.{name}") for name in ("network", "accuracy", "low", "high", "seeds")}
    title = say("parameters.chart", dataset=dataset, images=f"{result['train_images']:,}", epochs=result["epochs"])
    chart = curves.cost_and_accuracy(rows, linear, title, say(f"axis.{cost}"), columns["accuracy"], columns, marks())
    st.altair_chart(chart, key=f"accuracy_{dataset}_{cost}", alt=say("parameters.alt", text=_best(result)))
    st.markdown(_best(result))
    primary = result["contrasts"][0]
    if primary["mean"] is not None:
        st.markdown(
            say(
                "parameters.finding",
                dataset=dataset,
                mean=tables.points(primary["mean"]),
                low=tables.points(primary["low"]),
                high=tables.points(primary["high"]),
                verdict=say(f"verdict.{primary['verdict']}"),
                delta=f"{100 * primary['delta']:g}",
            )
        )
    hint = say("parameters.hint", seeds=result["seeds"], tuning=f"{result['tuning_images']:,}")
    if linear is not None:
        hint += " " + say("parameters.linear_hint", accuracy=f"{linear:.1f}")
    st.caption(hint)
    if cost == "seconds":
        st.caption(say("parameters.seconds_hint", devices="; ".join(result["devices"])))
    tables.beside(rows.rename(columns={**columns, "cost": say(f"axis.{cost}")}).round(3), f"accuracy-{cost}-{dataset}")
    return True


def _best(result: dict[str, Any]) -> str:
    measured = [arm for arm in result["arms"] if arm["low"] is not None]
    best = max(measured, key=lambda arm: arm["test_accuracy"])
    front = [arm for arm in measured if "parameters" in arm["front"]]
    names = "; ".join(
        f"{NAMES[arm['variant']]} ({arm['parameters']:,}: {100 * arm['test_accuracy']:.1f} %)"
        for arm in sorted(front, key=lambda arm: arm["parameters"])
    )
    return say(
        "parameters.best",
        network=NAMES[best["variant"]],
        accuracy=f"{100 * best['test_accuracy']:.1f}",
        parameters=f"{best['parameters']:,}",
        front=names,
    )


def contrast_rows(result: dict[str, Any]) -> pd.DataFrame:
    """The reference network minus every other at full size, for `intervals.effects`."""
    full = {arm["variant"]: arm for arm in result["arms"] if arm["budget"] == 1}
    rows = []
    for contrast in result["contrasts"]:
        if contrast["mean"] is None:
            continue
        verdict = contrast["verdict"]
        label = f"{NAMES[contrast['b']]} · {say(f'verdict.{verdict}')}"
        numbers = {name: 100 * contrast[name] for name in ("mean", "low", "high", "delta")}
        rows.append({"label": label, **numbers, "verdict": say(f"verdict.{verdict}"), "colour": VERDICTS[verdict]})
        first, second = (
            dict(zip(full[name]["seeds"], full[name]["test_accuracies"], strict=True))
            for name in (contrast["a"], contrast["b"])
        )
        for seed in sorted(first.keys() & second.keys()):
            rows.append({"label": label, "mean": 100 * (first[seed] - second[seed]), "seed": seed})
    columns = ["label", "mean", "low", "high", "delta", "verdict", "colour", "seed"]
    return pd.DataFrame(rows, columns=columns).astype({"seed": "float"})


def show_contrasts(result: dict[str, Any]) -> None:
    """The reference network against every other at equal parameters."""
    rows = contrast_rows(result)
    if rows.empty:
        st.info(say("parameters.no_pairs"))
        return
    dataset, words = result["dataset"], tables.column_names()
    sizes = [arm["parameters"] for arm in result["arms"] if arm["budget"] == 1]
    span = {"low": f"{min(sizes):,}", "high": f"{max(sizes):,}"}
    title = say("parameters.against_title", reference=NAMES[REFERENCE], **span)
    chart = intervals.effects(rows, title, say("ffn.gap_axis"), words)
    text = "; ".join(
        f"{row['label']} {row['mean']:+.2f} [{row['low']:+.2f}, {row['high']:+.2f}]"
        for row in rows.to_dict("records")
        if pd.isna(row["seed"])
    )
    st.altair_chart(chart, key=f"against_{dataset}", alt=say("parameters.against_alt", text=text))
    st.caption(say("verdict.hint", delta=f"{100 * result['contrasts'][0]['delta']:g}"))


def show_arms(result: dict[str, Any]) -> None:
    """Every size of every network as a table, beside the linear classifier."""
    linear = cache.linear_accuracy(result["dataset"])
    rows = [
        {
            say("column.network"): NAMES[arm["variant"]],
            say("column.parameters"): arm["parameters"],
            say("axis.macs"): count(arm["macs"]),
            say("column.accuracy"): round(100 * arm["test_accuracy"], 2),
            say("column.low"): None if arm["low"] is None else round(100 * arm["low"], 2),
            say("column.high"): None if arm["high"] is None else round(100 * arm["high"], 2),
            say("column.over_linear"): None if linear is None else round(100 * arm["test_accuracy"] - linear, 2),
            say("column.loss"): round(arm["test_loss"], 3),
            say("column.seconds"): round(arm["seconds"], 1),
            say("column.rate"): arm["learning_rate"],
            say("column.seeds"): len(arm["seeds"]),
            say("column.run"): ", ".join(arm["runs"]),
        }
        for arm in result["arms"]
        if arm["test_accuracy"] is not None
    ]
    data = pd.DataFrame(rows)
    thousands = {say("column.parameters"): st.column_config.NumberColumn(format="localized")}
    st.dataframe(data, hide_index=True, width="stretch", column_config=thousands)
    st.download_button(
        say("data.download"),
        data.to_csv(index=False).encode(),
        f"parameter-efficiency-{result['dataset']}.csv",
        "text/csv",
        key=f"csv_arms_{result['dataset']}",
    )


def show_published() -> None:
    """Accuracy and size of the published configurations, from publications."""
    rows = [
        {
            "network": NAMES[row.name],
            "family": say(f"family.{PUBLISHED[row.name].family}"),
            "parameters": parameters(PUBLISHED[row.name]),
            "accuracy": row.top1,
            "source": row.citation,
        }
        for row in IMAGENET_ACCURACIES
    ]
    data = pd.DataFrame(rows)
    columns = {name: say(f"column.{name}") for name in ("network", "family", "parameters", "source")}
    columns["accuracy"] = say("column.top1")
    colours = {say(f"family.{family}"): colour for family, colour in FAMILIES.items()}
    title = say("parameters.published_title")
    chart = curves.published_sizes(data, title, say("axis.parameters"), columns["accuracy"], columns, colours)
    text = "; ".join(f"{row['network']} {row['parameters']:,}, {row['accuracy']} %" for row in rows)
    st.altair_chart(chart, key="published_sizes", alt=say("parameters.published_alt", text=text))
    tables.beside(data.rename(columns=columns), "published-sizes")
    st.caption(" · ".join(dict.fromkeys(row.reference() for row in IMAGENET_ACCURACIES)))
