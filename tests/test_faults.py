"""What can go wrong while runs wait, are trained and end, with real workers: nothing is lost, and the queue goes on.

A worker that is held (SIGSTOP) keeps its run under way for as long as a test needs.
"""

import contextlib
import itertools
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from conftest import ROOT, until

from tf_models.errors import LabError
from tf_models.jobs import connection
from tf_models.jobs.queue import Jobs
from tf_models.runs.spec import Recipe, RunSpec
from tf_models.runs.store import FAILED, FINISHED, INTERRUPTED, QUEUED, RUNNING, RunStore

SEEDS = itertools.count()


def short(seed: int) -> RunSpec:
    return RunSpec("cnn", {"width": 8, "depth": 1}, "digits", 100, seed, Recipe(epochs=1))


@pytest.fixture(scope="module")
def jobs(tmp_path_factory):
    """One queue with two workers for the whole file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAB_WORKERS", "2")
        for name in ("DASK_SCHEDULER_ADDRESS", "LAB_DATA_DIR", "LAB_DATABASE_URL"):
            patch.delenv(name, raising=False)
        jobs = Jobs(RunStore(tmp_path_factory.mktemp("faults")))
        jobs._connection.client().wait_for_workers(2, timeout=60)
    yield jobs
    jobs.close()
    jobs.store.close()


def processes(jobs: Jobs) -> dict[str, int]:
    return jobs._connection.client().run(os.getpid)


@contextlib.contextmanager
def held(jobs: Jobs):
    """While every worker is held, two runs are under way and two wait; their ids, in this order."""
    until(lambda: len(processes(jobs)) == 2)
    workers = list(processes(jobs).values())
    for worker in workers:
        os.kill(worker, signal.SIGSTOP)
    try:
        run_ids = [ask_for_one(jobs) for _ in range(4)]
        until(lambda: [jobs.store.get(run_id).status for run_id in run_ids] == [RUNNING] * 2 + [QUEUED] * 2)
        yield run_ids
    finally:
        for worker in workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker, signal.SIGCONT)


def ask_for_one(jobs: Jobs) -> str:
    """A run that no other test has asked for."""
    return jobs.submit(short(next(SEEDS)), visitor="anna", purpose="fault").run_id


def all_finish(jobs: Jobs, run_ids: list[str]) -> None:
    """Every run ends with its record, its weights, and under the name of who asked for it."""
    for run in jobs.wait(run_ids):
        assert run.status == FINISHED and run.record is not None and run.purpose == "fault", (run.status, run.reason)
        assert jobs.store.has_weights(run.id)
    assert set(run_ids) <= {run.id for run in jobs.store.runs(visitor="anna")}
    until(lambda: jobs.trouble is None)


# The store


def test_runs_go_on_in_a_new_store_when_theirs_is_deleted(jobs):
    """SQLite goes on writing into a file that has no name any more: every result until the restart was lost."""
    with held(jobs) as run_ids:
        for suffix in ("", "-wal", "-shm"):
            Path(f"{jobs.store.home / 'lab.sqlite'}{suffix}").unlink()
        until(lambda: {run.id for run in jobs.store.runs()} == set(run_ids))  # also while they wait
    all_finish(jobs, run_ids)
    assert jobs.store.replaced is not None and "was removed or replaced" in str(jobs.store.replaced)


def test_runs_go_on_when_the_whole_folder_is_deleted(jobs):
    """With the folder of the weights: a result had nowhere to go until somebody made it again."""
    with held(jobs) as run_ids:
        shutil.rmtree(jobs.store.home)
    all_finish(jobs, run_ids)


def test_runs_go_on_in_a_backup_that_knows_nothing_of_them(jobs):
    done = [ask_for_one(jobs)]
    all_finish(jobs, done)
    file = jobs.store.home / "lab.sqlite"
    with (
        contextlib.closing(sqlite3.connect(file)) as source,
        contextlib.closing(sqlite3.connect(f"{file}.bak")) as copy,
    ):
        source.backup(copy)
    with held(jobs) as run_ids:
        for suffix in ("-wal", "-shm"):
            Path(f"{file}{suffix}").unlink()
        os.replace(f"{file}.bak", file)
    all_finish(jobs, [*done, *run_ids])


@pytest.mark.parametrize("state", ["locked", "garbage", "another schema"])
def test_results_wait_while_the_store_cannot_be_used(jobs, state):
    """What ends meanwhile is kept, one sentence says why, and all of it is stored as soon as that is possible."""
    file = jobs.store.home / "lab.sqlite"
    with held(jobs) as run_ids:
        if state == "locked":
            other = sqlite3.connect(file, isolation_level=None)
            other.execute("BEGIN EXCLUSIVE")
        else:
            made = file.with_name("made")
            if state == "garbage":
                made.write_bytes(b"a text of some length, and no database" * 1000)
            else:
                with contextlib.closing(sqlite3.connect(made)) as connection:
                    connection.execute("CREATE TABLE runs (other TEXT)")
            for suffix in ("-wal", "-shm"):
                Path(f"{file}{suffix}").unlink()
            os.replace(made, file)
    until(lambda: len(jobs._ended) == 2)  # trained, and nowhere to keep them
    until(lambda: jobs.trouble is not None and jobs.trouble.code in ("store_locked", "store_broken"))
    assert (jobs.trouble.code == "store_locked") == (state == "locked")
    if state == "locked":
        other.close()
    else:
        file.rename(file.with_name("moved away"))
    all_finish(jobs, run_ids)


# Workers


@contextlib.contextmanager
def no_room(jobs: Jobs):
    """While no weights can be written: what ends is kept."""
    folder = jobs.store.home / "weights"
    folder.rename(folder.with_name("elsewhere"))
    folder.write_text("no folder")
    try:
        yield
    finally:
        folder.unlink()
        folder.with_name("elsewhere").rename(folder)


@pytest.mark.parametrize("victim", ["worker", "cluster"])
def test_a_process_that_is_killed_costs_the_runs_that_it_trained_and_no_other(jobs, victim, monkeypatch):
    """One run has ended and cannot be stored yet, two are trained, two wait."""
    monkeypatch.setenv("LAB_WORKERS", "2")  # for the next cluster
    done = [ask_for_one(jobs) for _ in range(2)]
    all_finish(jobs, done)
    with no_room(jobs):
        ending = ask_for_one(jobs)
        until(lambda: ending in jobs._ended)
        workers = processes(jobs)
        with held(jobs) as run_ids:
            killed, process = next(iter(workers.items()))
            lost = [run_id for run_id in run_ids[:2] if victim == "cluster" or jobs._running[run_id].worker == killed]
            os.kill(process if victim == "worker" else jobs._connection._process.pid, signal.SIGKILL)
    all_finish(jobs, [*done, ending, *(run_id for run_id in run_ids if run_id not in lost)])
    for run in jobs.wait(lost):
        assert run.status == FAILED and run.reason is not None and run.reason.code == "worker_died"
    assert len(lost) == (1 if victim == "worker" else 2)


def test_a_worker_that_hangs_costs_its_own_run_and_nobody_waits_for_it(jobs, monkeypatch):
    """A question to it, such as for feature maps, was answered after two minutes with an error."""
    monkeypatch.setattr(connection, "SILENT_SECONDS", 2.0)
    until(lambda: len(processes(jobs)) == 2)
    (hangs, process), (_, other) = processes(jobs).items()
    os.kill(process, signal.SIGSTOP)
    run_ids = [ask_for_one(jobs) for _ in range(3)]
    until(lambda: len(jobs._running) == 2)
    (stuck,) = (run_id for run_id, job in jobs._running.items() if job.worker == hangs)
    all_finish(jobs, [run_id for run_id in run_ids if run_id != stuck])
    assert [jobs.ask(os.getpid, seconds=60) for _ in range(3)] == [other] * 3
    with monkeypatch.context() as patch:
        patch.setenv("LAB_MAX_SECONDS", "1")
        (run,) = jobs.wait([stuck])
    assert run.status == FAILED and run.reason is not None and run.reason.code == "time_limit"
    until(lambda: not psutil.pid_exists(process))
    all_finish(jobs, [ask_for_one(jobs)])


def test_where_every_worker_hangs_a_question_ends_with_a_sentence_of_its_own(jobs, monkeypatch):
    monkeypatch.setattr(connection, "SILENT_SECONDS", 1.0)
    with held(jobs) as run_ids, pytest.raises(LabError, match="Every worker hangs"):
        jobs.ask(os.getpid, seconds=60)
    all_finish(jobs, run_ids)


# The server

SERVER = """
import sys, time
from test_faults import short
from tf_models.jobs.queue import Jobs
from tf_models.runs.spec import Recipe, RunSpec
from tf_models.runs.store import RunStore
def full(*_):
    raise OSError(28, "No space left on device")
if __name__ == "__main__":
    jobs = Jobs(RunStore())
    done = jobs.submit(short(0)).run_id
    jobs.wait([done])
    jobs.store.keep_weights = full
    others = [jobs.submit(short(1)).run_id]
    others += [jobs.submit(RunSpec("cnn", {}, "digits", None, seed, Recipe(epochs=200))).run_id for seed in range(2)]
    while others[0] not in jobs._ended:
        time.sleep(0.1)
    print(len({"tensorflow", "keras"} & sys.modules.keys()), done, *others, flush=True)
    jobs.wait(others)
"""


def test_a_server_that_starts_tells_at_once_what_its_killed_predecessor_left_behind(lab_home):
    """What had ended and was not stored yet, what was trained and what waited stood there as if it went on, for twenty
    seconds, or until somebody trained something.
    """
    environment = os.environ | {"LAB_WORKERS": "1", "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}
    server = subprocess.Popen([sys.executable, "-c", SERVER], env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        loaded, done, *others = server.stdout.readline().split()
        assert loaded == "0"  # who submits is the server: only workers hold TensorFlow
        store = RunStore()
        until(lambda: [store.get(run_id).status for run_id in others] == [RUNNING, RUNNING, QUEUED])
        store.close()
        family = psutil.Process(server.pid).children(recursive=True)
    finally:
        server.kill()
        server.communicate()
    began = time.monotonic()
    store = RunStore()
    assert [store.get(run_id).status for run_id in (done, *others)] == [FINISHED, *[INTERRUPTED] * 3]
    assert time.monotonic() - began < 5 and store.has_weights(done)
    store.close()
    assert psutil.wait_procs(family, timeout=20)[1] == []  # its cluster has ended too
