"""Runs that are taken along and brought back, one's own that are deleted, and the command that repeats one."""

import hashlib

import streamlit as st

from pages.ui import cache, frame
from pages.ui.parts.runs.table import TABLE
from pages.ui.parts.train.runs import visitor
from pages.ui.words import say
from tf_models.errors import LabError
from tf_models.runs.exchange import pack, repeat_command, unpack
from tf_models.runs.record import RunRecord
from tf_models.runs.store import ACTIVE, Run


def has_own() -> bool:
    """Whether this visitor has asked for runs; not where nobody can tell, as what came with the lab is shown anyway."""
    try:
        return bool(cache.store().runs(visitor=visitor(), limit=1))
    except LabError:
        return False


def show_exchange(records: list[RunRecord]) -> None:
    """A file of all these runs, and the place to bring one back."""
    with st.expander(say("runs.exchange"), icon=":material/swap_horiz:"):
        st.caption(say("runs.exchange_lead"))
        if records:
            st.download_button(say("runs.export"), lambda: pack(records), "runs.zip", "application/zip")
        file = st.file_uploader(say("runs.import"), "zip", key="runs_import")
        if file is None:
            return
        content = file.getvalue()
        digest = hashlib.sha256(content).hexdigest()
        if st.session_state.get("imported_runs") != digest:
            try:
                taken = cache.store().take(unpack(content), visitor())
            except LabError as error:
                frame.show_error(error)
                return
            st.session_state["imported_runs"] = digest
            st.toast(say("runs.imported", count=taken), icon=":material/download_done:")
            st.rerun()


def show_repeat(record: RunRecord) -> None:
    """How the same is trained again."""
    if (command := repeat_command(record.spec)) is not None:
        st.markdown(say("runs.repeat"))
        st.code(command, language="sh", wrap_lines=True)


def show_delete(runs: list[Run], several: bool = False) -> None:
    """A visitor's own runs can be deleted, once they have ended: one, or `several` that are compared."""
    mine = [run.id for run in runs if run.visitor == visitor() and run.status not in ACTIVE]
    if mine:
        label = say("runs.delete_all", count=len(mine)) if several else say("runs.delete")
        key = "delete_all" if several else "delete_run"
        st.button(label, key, icon=":material/delete:", on_click=_delete, args=(mine,))


def _delete(run_ids: list[str]) -> None:
    try:
        for run_id in run_ids:
            cache.store().remove(run_id, visitor())
    except LabError as error:
        frame.show_error(error)
    held = st.session_state.get("choice_compare", [])
    st.session_state["choice_compare"] = [run_id for run_id in held if run_id not in run_ids]
    st.session_state.pop(TABLE, None)  # its lines are others now
