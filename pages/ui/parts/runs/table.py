"""The table of runs, and one run in full."""

import json
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

import pandas as pd
import streamlit as st

from pages.ui import cache, links, tables
from pages.ui.charts import curves
from pages.ui.drawing import show_chart
from pages.ui.names import data_title, device_name, short_network_name
from pages.ui.parts.runs.comparison import MOST, MOST_OFFERED, run_name
from pages.ui.replay import drawn_once
from pages.ui.words import language, quote, say
from tf_models.data import STUDIED
from tf_models.runs.record import RunRecord
from tf_models.runs.shipped import shipped_records
from tf_models.runs.spec import RunSpec
from tf_models.runs.store import FINISHED

HEIGHT = 360  # pixels of the table
TABLE, SHOWN = "runs_table", "runs_shown"  # in the session: what is marked in the table, and the ids of its lines


def row(run_id: str, spec: RunSpec, status: str, record: RunRecord | None) -> dict:
    """One line of the table."""
    known = record is not None
    return {
        say("column.variant"): short_network_name(spec),
        say("column.dataset"): data_title(spec.dataset),
        say("column.seed"): spec.seed,
        say("column.accuracy"): round(100 * record.test_accuracy, 2) if known else None,
        say("column.validation"): round(100 * record.validation_accuracy, 2) if known else None,
        say("column.status"): say(f"status.{status}"),
        say("column.when"): record.finished[:16].replace("T", " ") if known else None,
        say("axis.train_images"): record.train_images if known else spec.train_size,
        say("column.epochs"): spec.recipe.epochs,
        say("column.rate"): spec.recipe.learning_rate,
        say("column.parameters"): record.parameters if known else None,
        say("column.seconds"): round(record.train_seconds, 1) if known else None,
        say("column.device"): device_name(record.device) if known else None,
        say("column.spec"): spec.name,
        say("column.run"): run_id,
    }


def shipped(dataset: str) -> Mapping[str, RunRecord]:
    """The runs on `dataset` that came with the lab, by their ids."""
    return _shipped(cache.stamp()).get(dataset, {})


@st.cache_resource(max_entries=1, show_spinner=False)
def _shipped(stamp: int) -> dict[str, dict[str, RunRecord]]:
    """The same of every data set."""
    order = sorted(shipped_records().values(), key=lambda r: (-r.train_images, r.spec.name, r.spec.seed))
    found: dict[str, dict[str, RunRecord]] = {}
    for record in order:
        found.setdefault(record.spec.dataset, {})[record.run_id] = record
    return found


def shipped_names(dataset: str) -> Mapping[str, str]:
    """What they are called, by their ids."""
    return _shipped_names(cache.stamp(), language(), dataset)


@st.cache_resource(max_entries=8, show_spinner=False)
def _shipped_names(stamp: int, language: str, dataset: str) -> dict[str, str]:
    """The same, which is written once for all visitors: for hundreds of choices it took half of the page's time."""
    return {run_id: run_name(record) for run_id, record in shipped(dataset).items()}


def choose_data() -> str:
    """The data set whose runs are shown: at first that of the run that the link names."""
    there, asked = _shipped(cache.stamp()), st.query_params.get("run", "")
    usual = next((dataset for dataset, runs in there.items() if asked in runs), None)
    options = tuple(dict.fromkeys([*STUDIED, *sorted(there)]))
    links.imply_data(usual, options[0])
    return links.choose_data(say("train.dataset"), options, resets=["run", "compare"])


@drawn_once
def _show_shipped(dataset: str) -> None:
    found = shipped(dataset)
    lines = [row(run_id, record.spec, FINISHED, record) for run_id, record in islice(found.items(), MOST_OFFERED)]
    _show_table(lines, HEIGHT, one_dataset=True)
    if len(found) > MOST_OFFERED:
        st.caption(say("runs.first", shown=f"{MOST_OFFERED:,}", all=f"{len(found):,}"))


def show_shipped(dataset: str) -> list[str]:
    """The table of the runs on `dataset` that came with the lab; returns the ids of those shown."""
    words, found = links.write("find", say("runs.find"), placeholder=say("runs.find_hint")), shipped(dataset)
    if words:
        lines = [row(run_id, record.spec, FINISHED, record) for run_id, record in found.items()]
        return _show(lines, words, one_dataset=True)
    if found:
        _show_shipped(dataset)
    return list(found)


def show_own(lines: list[dict]) -> list[str]:
    """The same for runs that were trained here."""
    return _show(lines, links.write("find", say("runs.find"), placeholder=say("runs.find_hint")))


def _show_table(lines: list[dict], height: int, one_dataset: bool = False, **more: Any) -> None:
    """The lines; without their data set where it is the one that is chosen above, since a phone has no room for it."""
    hidden = {say("column.dataset"): None} if one_dataset else None
    st.dataframe(
        pd.DataFrame(lines),
        hide_index=True,
        width="stretch",
        height=height,
        placeholder="–",
        column_config=hidden,
        **more,
    )


def _show(lines: list[dict], words: str, one_dataset: bool = False) -> list[str]:
    """A line for every run that has all these words in it; those that are marked are compared."""
    wanted = words.casefold().split()
    kept = [line for line in lines if all(word in " ".join(map(str, line.values())).casefold() for word in wanted)]
    ids = [line[say("column.run")] for line in kept]
    if not kept:
        st.info(say("runs.not_found", words=quote(words)))
        return ids
    st.session_state[SHOWN] = ids
    more: dict[str, Any] = {"on_select": _compare_marked, "selection_mode": "multi-row", "key": TABLE}
    _show_table(kept, min(HEIGHT, 38 + 35 * len(kept)), one_dataset, **more)
    return ids


def _compare_marked() -> None:
    marked, shown = st.session_state[TABLE]["selection"]["rows"], st.session_state[SHOWN]
    st.session_state["choice_compare"] = [shown[number] for number in marked if number < len(shown)][:MOST]


@drawn_once
def _show_history(run: str, accuracies: Sequence[tuple[float, float]]) -> None:
    """Validation accuracy by epoch."""
    curve = pd.DataFrame([(epoch, 100 * share) for epoch, share in accuracies], columns=["epoch", "validation"])
    title = say("runs.history_title")
    words = title, say("axis.epoch"), say("column.validation"), say("column.run")
    chart = curves.run_curves(curve.assign(run=run), len(accuracies), *words)
    share = say("unit.share", value=tables.percent(accuracies[-1][1]))
    show_chart(chart, key="history", text=f"{title} {share}")


def _told() -> set[str]:
    """The columns of the table that are told of one run."""
    columns = ("variant", "dataset", "seed", "accuracy", "when", "epochs", "rate", "parameters", "device")
    return {*(say(f"column.{name}") for name in columns), say("axis.train_images")}


def _written(value: object) -> object:
    return quote(f"{value:,}" if isinstance(value, int) else value)


def show_record(record: RunRecord) -> None:
    """How a run learnt, and what is known of it: what one asks first, and on demand everything."""
    left, right = st.columns([3, 2])
    with left:
        _show_history(run_name(record), [(row["epoch"], row["validation_accuracy"]) for row in record.history])
    values = record.to_dict()
    with right:
        known, told = row(record.run_id, record.spec, FINISHED, record), _told()
        st.markdown(
            "  \n".join(say("runs.field", name=name, value=_written(known[name])) for name in known if name in told)
        )
        with st.expander(say("runs.record"), icon=":material/data_object:"):
            st.json({key: value for key, value in values.items() if key not in ("history", "correct")}, expanded=1)
    st.download_button(
        say("runs.download"),
        lambda: json.dumps(values, indent=1, ensure_ascii=False),  # written for whoever presses it
        f"{record.run_id}.json",
        "application/json",
    )
