"""The button of a claim's card: the cheapest cell of its experiment once more, with a seed that nobody has shipped."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import streamlit as st

from pages.ui import cache, frame, tables
from pages.ui.charts import intervals
from pages.ui.drawing import show_chart
from pages.ui.names import data_name, short_network_name
from pages.ui.parts.claims import verdicts
from pages.ui.parts.train import runs as training
from pages.ui.theme import FAMILIES
from pages.ui.words import say, verbatim
from tf_models.data import STUDIED
from tf_models.errors import LabError
from tf_models.jobs import worker
from tf_models.runs.record import RunRecord
from tf_models.runs.spec import RunSpec
from tf_models.runs.store import ACTIVE
from tf_models.study.claims import Claim
from tf_models.study.exact import read_measures
from tf_models.study.judging import EXACT, TRAINED, PartResult, Result
from tf_models.study.plans import command, is_asked, plan

DATASET = STUDIED[0]  # the smallest: seconds per run
MOST_ARMS = 4
LIVE_SEEDS = range(1000, 2000)  # of what a visitor repeats: no experiment reports them
SLOW = ("cost",)  # exact experiments that take more than a minute


@dataclass(frozen=True)
class Cell:
    """Some arms of an experiment, each with its shipped runs; the arms' specs have the seed 0."""

    experiment: str
    arms: dict[RunSpec, list[RunRecord]]
    value: float  # of the measure, whose sign says which of two arms comes first

    @property
    def seconds(self) -> float:
        """One run of every arm, as long as the shipped ones took."""
        return sum(float(np.mean([record.train_seconds for record in records])) for records in self.arms.values())


def show(claim: Claim, results: Sequence[Result]) -> None:
    """The way to repeat a claim's experiment, and the runs that this visitor has made."""
    part = _part(claim, results)
    cell = cheapest_cell(part) if part is not None else None
    if cell is None or not cell.arms:
        _show_other_ways(claim, results)
        return
    try:
        seed = _next_seed(cell)
    except LabError as error:  # no store: nothing can be trained
        frame.show_error(error)
        return
    arms = say("claims.and").join(short_network_name(spec) for spec in cell.arms)
    images = next(iter(cell.arms.values()))[0].train_images
    words = {"experiment": cell.experiment, "dataset": data_name(DATASET), "arms": arms, "images": f"{images:,}"}
    st.markdown(say("repeat.lead", **words, seconds=f"{cell.seconds:.0f}"))
    if st.button(say("repeat.start", seed=seed), key=f"repeat_{claim.id}", icon=":material/replay:"):
        try:
            training.submit([replace(spec, seed=seed) for spec in cell.arms], again=False, purpose=cell.experiment)
        except LabError as error:
            frame.show_error(error)
    active = any(run.status in ACTIVE for run in _own(cell))
    st.fragment(_show_runs, run_every=1.0 if active else None)(claim.id, cell, active)


def _part(claim: Claim, results: Sequence[Result]) -> PartResult | None:
    """The primary part where it is trained, else the first one that is, as measured on digits."""
    result = next((result for result in results if result.dataset == DATASET), None)
    if result is None:
        return None
    trained = [part for part in result.parts if part.part.experiment in TRAINED]
    trained.sort(key=lambda part: part.part.key != claim.primary)
    return next((part for part in trained if part.measure is not None), None)


def cheapest_cell(part: PartResult) -> Cell:
    """The arms of a measure; where it has several training sets or many arms, the cheapest that belong together."""
    measure = part.measure
    assert measure is not None
    known = cache.records_by_id()
    arms: dict[RunSpec, list[RunRecord]] = {}
    for run in measure.runs:
        if run in known:
            arms.setdefault(replace(known[run].spec, seed=0), []).append(known[run])
    sizes = {spec: records[0].train_images for spec, records in arms.items()}
    fewest = min(sizes.values(), default=0)
    chosen = [spec for spec in arms if sizes[spec] == fewest] if len(arms) > 2 else list(arms)
    chosen = sorted(chosen, key=lambda spec: arms[spec][0].macs)[:MOST_ARMS] if len(chosen) > MOST_ARMS else chosen
    return Cell(part.part.experiment, {spec: arms[spec] for spec in chosen}, measure.value)


def _own(cell: Cell, everyone: bool = False) -> list[training.Shown]:
    """The runs of this cell that were made from this page, newest first, those of this visitor or of everyone."""
    visitor = None if everyone else training.visitor()
    return [
        training.shown_run(run)
        for run in cache.store().runs(visitor=visitor, limit=500)
        if run.purpose == cell.experiment and run.spec.seed in LIVE_SEEDS and replace(run.spec, seed=0) in cell.arms
    ]


def _next_seed(cell: Cell) -> int:
    """A seed that no shipped run has, nor any visitor's: so that something is trained."""
    return max([LIVE_SEEDS.start - 1, *(run.spec.seed for run in _own(cell, everyone=True))]) + 1


def _show_runs(claim: str, cell: Cell, was_active: bool) -> None:
    try:
        own = _own(cell)
    except LabError as error:
        frame.show_error(error)
        return
    active = [run for run in own if run.status in ACTIVE]
    if was_active and not active:
        st.rerun()  # the last one has ended: the page needs no timer any more
    if active:
        training.show_trouble()
    finished = [run.record for run in own if run.record is not None]
    shipped = [record for records in cell.arms.values() for record in records]
    rows = [
        {
            "arm": short_network_name(record.spec),
            "accuracy": 100 * record.test_accuracy,
            "seed": record.spec.seed,
            "new": new,
        }
        for new, records in ((False, shipped), (True, finished))
        for record in records
    ]
    columns = {name: say(f"claims.column.{name}") for name in ("arm", "seed", "accuracy")}
    data = pd.DataFrame(rows)
    colour = FAMILIES["attention"]
    chart = intervals.repeated(data, say("repeat.chart"), columns["accuracy"], columns, colour)
    show_chart(chart, key=f"repeated_{claim}", text=say("repeat.alt"))
    st.caption(say("repeat.hint"))
    if sentence := _difference(cell, finished):
        st.markdown(sentence)
    for run in own[: 2 * MOST_ARMS]:
        training.show_row(run)


def _difference(cell: Cell, finished: Sequence[RunRecord]) -> str | None:
    """The new difference beside the shipped ones, where two arms are compared."""
    if len(cell.arms) != 2:
        return None
    a, b = cell.arms
    shipped = [x.test_accuracy - y.test_accuracy for x, y in zip(cell.arms[a], cell.arms[b], strict=False)]
    if np.mean(shipped) * cell.value < 0:
        a, b, shipped = b, a, [-value for value in shipped]
    found = {(replace(record.spec, seed=0), record.spec.seed): record.test_accuracy for record in finished}
    seed = max((seed for spec, seed in found if spec == a and (b, seed) in found), default=None)
    if seed is None:
        return None
    numbers = {"mean": found[a, seed] - found[b, seed], "low": min(shipped), "high": max(shipped)}
    points = {name: tables.points(value) for name, value in numbers.items()}
    return say("repeat.difference", seed=seed, a=short_network_name(a), b=short_network_name(b), **points)


def _show_other_ways(claim: Claim, results: Sequence[Result]) -> None:
    """Where nothing can stand beside shipped runs: the command that computes or trains the experiments."""
    parts = {part.key: part for part in claim.parts}
    names = list(dict.fromkeys([parts[claim.primary].experiment, *(part.experiment for part in claim.parts)]))
    for name in names:
        if name in TRAINED:
            dataset = next(dataset for dataset in STUDIED if is_asked(name, dataset))
            st.markdown(say("repeat.none", experiment=name, command=command(plan(name, dataset))))
        elif name == "inventory":
            st.markdown(say("repeat.formula"))
        elif name in EXACT:
            _show_computing(claim, name, results)
        else:
            st.markdown(say("repeat.probed", experiment=name, dataset=DATASET))


def _show_computing(claim: Claim, name: str, results: Sequence[Result]) -> None:
    """Compute an exact experiment again, in a worker where that takes no more than a minute."""
    words = {"experiment": name, "command": f"python -m tf_models exact --only {name}"}
    if name in SLOW:
        st.markdown(say("repeat.exact", **words))
        return
    st.markdown(say("repeat.compute", **words))
    if st.button(say("repeat.compute_start"), key=f"compute_{claim.id}_{name}", icon=":material/replay:"):
        try:
            with st.spinner(say("repeat.computing", experiment=name), show_time=True):
                rows = cache.jobs().ask(worker.exact, name, seconds=300)["measures"]
            st.session_state[f"computed_{name}"] = read_measures(rows)
        except LabError as error:
            frame.show_error(error)
    computed = st.session_state.get(f"computed_{name}")
    if computed is None:
        return
    parts = {part.part.key: part for result in results for part in result.parts if part.part.experiment == name}
    for part in parts.values():
        again = computed.get(part.part.measure)
        old = say("reason.missing") if part.measure is None else verdicts.figure(part.measure, part.part.measure)
        new = say("reason.missing") if again is None else verdicts.figure(again, part.part.measure)
        st.markdown("- " + say("repeat.computed", words=verbatim(part.part.words), shipped=old, new=new))
