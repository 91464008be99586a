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

from tf_models.jobs.queue import Jobs
from tf_models.runs.spec import Recipe, RunSpec
from tf_models.runs.store import FINISHED, INTERRUPTED, QUEUED, RUNNING, RunStore

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
    """While every worker is held, two runs are under way and two wait; their ids."""
    until(lambda: jobs.trouble is None and len(processes(jobs)) == 2)
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
    until(lambda: jobs.trouble is not None and jobs.trouble.code == "store_broken")
    if state == "locked":
        other.close()
    else:
        file.rename(file.with_name("moved away"))
    all_finish(jobs, run_ids)


# The server

SERVER = """
import sys
from test_faults import short
from tf_models.jobs.queue import Jobs
from tf_models.runs.spec import Recipe, RunSpec
from tf_models.runs.store import RunStore
if __name__ == "__main__":
    jobs = Jobs(RunStore())
    done = jobs.submit(short(0)).run_id
    jobs.wait([done])
    others = [jobs.submit(RunSpec("cnn", {}, "digits", None, seed, Recipe(epochs=200))).run_id for seed in range(2)]
    print(done, *others, flush=True)
    jobs.wait(others)
"""


def test_a_server_that_starts_tells_at_once_what_its_killed_predecessor_left_behind(lab_home, monkeypatch):
    """The states were wrong for twenty seconds, or until somebody trained something."""
    environment = os.environ | {"LAB_WORKERS": "1", "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}
    server = subprocess.Popen([sys.executable, "-c", SERVER], env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        done, *others = server.stdout.readline().split()
        store = RunStore()
        until(lambda: [store.get(run_id).status for run_id in others] == [RUNNING, QUEUED])
        store.close()
        family = psutil.Process(server.pid).children(recursive=True)
    finally:
        server.kill()
        server.communicate()
    began = time.monotonic()
    store = RunStore()
    assert [store.get(run_id).status for run_id in (done, *others)] == [FINISHED, INTERRUPTED, INTERRUPTED]
    assert time.monotonic() - began < 5 and store.has_weights(done)
    store.close()
    assert psutil.wait_procs(family, timeout=20)[1] == []  # its cluster has ended too
