"""The queue with real workers: what runs, what is stopped, and what survives."""

import operator
import os
import signal
import sys
import time
from pathlib import Path

import dask
import numpy as np
import psutil
import pytest
from conftest import until

from tf_models import data
from tf_models.errors import LabError
from tf_models.jobs import connection, worker
from tf_models.jobs import queue as queue_module
from tf_models.jobs.queue import Jobs, Submitted
from tf_models.runs.shipped import shipped_records
from tf_models.runs.spec import Recipe, RunSpec
from tf_models.runs.store import ACTIVE, FAILED, FINISHED, INTERRUPTED, QUEUED, RUNNING, STOPPED, STOPPING, RunStore
from tf_models.runs.timelapse import unpack
from tf_models.runs.weights import unpack_weights
from tf_models.study.exact import exact_measures, read_measures

SHORT = Recipe(epochs=2)
LONG = Recipe(epochs=200)
SMALL = {"width": 8, "depth": 1}


def short(seed: int, **changes) -> RunSpec:
    return RunSpec(**{"variant": "cnn", "switches": SMALL, "train_size": 100, "seed": seed, "recipe": SHORT} | changes)


def long(seed: int) -> RunSpec:
    """Minutes of training: it is still there when a busy machine has brought the test to its end."""
    return RunSpec("cnn", {}, "digits", None, seed, LONG)


@pytest.fixture(scope="module")
def worker_data(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("worker-data")


@pytest.fixture(scope="module")
def jobs(tmp_path_factory, worker_data):
    """One queue with two workers for the whole file: starting them takes seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAB_WORKERS", "2")
        patch.setenv("LAB_DATA_DIR", str(worker_data))
        patch.delenv("DASK_SCHEDULER_ADDRESS", raising=False)
        jobs = Jobs(RunStore(tmp_path_factory.mktemp("jobs")))
        jobs._connection.client().wait_for_workers(2, timeout=60)
    yield jobs
    jobs.close()
    jobs.store.close()


@pytest.fixture
def new(tmp_path):
    """Another queue, with a store of its own."""
    store = RunStore(tmp_path)
    jobs = Jobs(store)
    yield jobs
    jobs.close()
    store.close()


def submit(jobs, *arguments, **named) -> str:
    return jobs.submit(*arguments, **named).run_id


def ended(jobs, run_id):
    return jobs.wait([run_id])[0]


def trains(jobs, run_id):
    """Until the first epoch of a run has arrived."""
    until(lambda: jobs.store.epochs(run_id) or jobs.store.get(run_id).status not in ACTIVE)
    assert jobs.store.get(run_id).status == RUNNING


def worker_of(jobs, run_id) -> int:
    """The process that trains a run."""
    return processes(jobs)[jobs._running[run_id].worker]


def processes(jobs) -> dict[str, int]:
    """The workers' processes by their addresses."""
    return jobs._connection.client().run(os.getpid)


# Runs


def test_a_prepared_network_is_traced_where_its_run_will_be_trained(jobs):
    """The first point of a curve waited until the network was traced."""

    def traced() -> list:
        from tf_models.training import model_cache

        return [spec for spec, _ in model_cache._models]

    asked = RunSpec("cnn", {"width": 24}, "digits", 200, 0, Recipe(epochs=2, learning_rate=3e-3))
    jobs.prepare(asked)
    address, future = until(lambda: jobs._preparing)
    assert future.result(timeout=120) is False
    found = jobs._connection.client().run(traced)
    assert [worker for worker, models in found.items() if asked.model in models] == [address]
    run_id = submit(jobs, asked)
    trains(jobs, run_id)
    assert jobs._running[run_id].worker == address and jobs.share(run_id) is not None
    assert ended(jobs, run_id).status == FINISHED


def test_a_run_is_queued_then_running_then_finished(jobs):
    run_id = submit(jobs, short(1), visitor="anna", purpose="test")
    states = [jobs.store.get(run_id).status]
    while states[-1] in ACTIVE:
        if (status := jobs.store.get(run_id).status) != states[-1]:
            states.append(status)
        time.sleep(0.02)
    assert states[0] in (QUEUED, RUNNING) and states[-2:] == [RUNNING, FINISHED]
    run = jobs.store.get(run_id)
    assert run.record.run_id == run_id and run.record.spec == short(1)
    assert (run.visitor, run.purpose) == ("anna", "test")
    assert run.created <= run.started <= run.ended
    assert jobs.place(run_id) is None
    rows = until(lambda: len(jobs.store.epochs(run_id)) == 2 and jobs.store.epochs(run_id))
    assert rows == list(run.record.history)
    assert "head.logits/kernel" in unpack_weights(jobs.store.read_weights(run_id), run_id)
    assert unpack(jobs.store.timelapse(run_id).read_bytes(), run_id).epochs == (0, 1, 2)


def test_an_identical_run_is_not_trained_again_unless_that_is_asked(jobs):
    first = submit(jobs, short(2))
    assert submit(jobs, short(2)) == first  # under way
    record = ended(jobs, first).record
    assert jobs.submit(short(2), visitor="late") == Submitted(first, record)  # finished
    assert [run.id for run in jobs.store.runs(visitor="late")] == [first], "whoever is shown it finds it again"
    assert submit(jobs, short(2, switches={**SMALL, "norm": "none"})) == first  # the same, written at length
    again = submit(jobs, short(2), fresh=True)
    assert again != first
    repeated = ended(jobs, again).record
    assert repeated.test_loss == pytest.approx(record.test_loss, abs=1e-6)
    assert repeated.correct == record.correct
    assert submit(jobs, short(3)) not in (first, again)


def test_a_run_that_came_with_the_lab_counts_as_finished_unless_it_must_be_seen(jobs):
    record = next(record for record in shipped_records().values() if record.spec.dataset == "digits")
    assert jobs.submit(record.spec) == Submitted(record.run_id, record)
    own = submit(jobs, record.spec, shipped=False)
    assert own != record.run_id
    jobs.stop(own)
    assert ended(jobs, own).status == STOPPED


def test_an_error_in_a_run_is_its_reason_and_the_next_run_is_not_touched(jobs, worker_data, monkeypatch):
    """The file looks well from outside: only loading it shows that its test labels are unknown."""
    monkeypatch.setenv("LAB_DATA_DIR", str(worker_data))
    x = np.zeros((40, 8, 8, 1), np.uint8)
    y = np.arange(40) % 2
    np.savez(worker_data / "odd.npz", x_train=x, y_train=y, x_test=x, y_test=y + 1)
    bad, good = submit(jobs, short(0, dataset="odd", train_size=10)), submit(jobs, short(4))
    run = ended(jobs, bad)
    assert run.status == FAILED and "odd.npz: y_test has the label 2" in str(run.reason)
    assert ended(jobs, good).status == FINISHED


# Stops


def test_runs_wait_in_order_and_are_stopped_while_they_wait_and_while_they_train(jobs, monkeypatch):
    running = [submit(jobs, long(seed)) for seed in (0, 1)]
    for run_id in running:
        trains(jobs, run_id)
    waiting = [submit(jobs, long(seed)) for seed in (2, 3)]
    assert [jobs.place(run_id) for run_id in waiting] == [0, 1]
    monkeypatch.setenv("LAB_MAX_QUEUE", "2")
    with pytest.raises(LabError, match="2 runs are already waiting"):
        submit(jobs, long(4))

    jobs.stop(waiting[0])
    assert jobs.store.get(waiting[0]).status == STOPPED  # at once
    assert jobs.place(waiting[1]) == 0
    jobs.stop(waiting[1])
    before = set(processes(jobs).values())
    monkeypatch.setattr(queue_module, "GRACE_SECONDS", 60.0)
    for run_id in running:
        jobs.stop(run_id)
        assert jobs.store.get(run_id).status in (STOPPING, STOPPED)
        jobs.stop(run_id)  # asking twice does no harm
    for run_id in running:
        run = ended(jobs, run_id)
        assert run.status == STOPPED and run.record is None and run.reason is None
        assert 1 <= len(jobs.store.epochs(run_id)) < 200
    assert before == set(processes(jobs).values())  # a batch noticed: no worker was ended
    assert ended(jobs, submit(jobs, short(6))).status == FINISHED


def test_a_run_whose_worker_hangs_is_ended_with_its_worker_and_nobody_waits_for_it(jobs, monkeypatch):
    """The same as while a deep network is traced: nothing in the worker could look whether to stop."""
    monkeypatch.setattr(connection, "CALL_SECONDS", 0.5)
    run_id = submit(jobs, long(12))
    trains(jobs, run_id)
    process = worker_of(jobs, run_id)
    os.kill(process, signal.SIGSTOP)
    jobs.stop(run_id)
    assert ended(jobs, run_id).status == STOPPED
    until(lambda: not psutil.pid_exists(process))
    until(lambda: len(jobs._connection.workers()) == 2)  # its nanny starts another
    assert ended(jobs, submit(jobs, short(7))).status == FINISHED


def test_while_the_scheduler_hangs_the_queue_answers_and_says_so_and_no_run_is_lost(jobs, monkeypatch):
    running = submit(jobs, long(13))
    trains(jobs, running)
    cluster = jobs._connection._process.pid
    monkeypatch.setattr(connection, "CALL_SECONDS", 0.5)
    os.kill(cluster, signal.SIGSTOP)
    try:
        until(lambda: jobs.trouble is not None and jobs.trouble.code == "no_workers")
        waiting = submit(jobs, long(14))
        assert jobs.place(waiting) == 0
        jobs.stop(waiting)
        assert jobs.store.get(waiting).status == STOPPED and jobs.store.get(running).status == RUNNING
    finally:
        os.kill(cluster, signal.SIGCONT)
    until(lambda: jobs.trouble is None)
    jobs.stop(running)
    assert ended(jobs, running).status == STOPPED


def test_a_killed_worker_fails_its_own_run_and_the_queue_goes_on(jobs):
    victim, other = submit(jobs, long(10)), submit(jobs, long(11))
    for run_id in (victim, other):
        trains(jobs, run_id)
    waiting = submit(jobs, short(8))
    os.kill(worker_of(jobs, victim), signal.SIGKILL)
    run = ended(jobs, victim)
    assert run.status == FAILED and run.reason.code == "worker_died" and run.record is None
    assert jobs.store.get(other).status == RUNNING
    assert ended(jobs, waiting).status == FINISHED
    jobs.stop(other)
    assert ended(jobs, other).status == STOPPED


def test_a_run_over_its_time_is_ended_with_the_limit(jobs, monkeypatch):
    run_id = submit(jobs, long(20))
    trains(jobs, run_id)
    monkeypatch.setenv("LAB_MAX_SECONDS", "1")
    run = ended(jobs, run_id)
    assert run.status == FAILED and "ended after 1 s, the limit of LAB_MAX_SECONDS" in str(run.reason)
    monkeypatch.delenv("LAB_MAX_SECONDS")
    assert ended(jobs, submit(jobs, short(9))).status == FINISHED


# Questions to a worker


def test_a_short_question_is_answered_while_every_worker_trains(jobs):
    running = [submit(jobs, long(seed)) for seed in (30, 31)]
    for run_id in running:
        trains(jobs, run_id)
    assert jobs.ask(os.getpid, seconds=60) in processes(jobs).values()
    for run_id in running:
        assert jobs.store.get(run_id).status == RUNNING
        jobs.stop(run_id)
    assert {ended(jobs, run_id).status for run_id in running} == {STOPPED}


def test_a_worker_computes_an_experiment_that_needs_no_training_as_it_is_shipped(jobs):
    """What the button of a claim's card asks for: a name that the worker lacks, or a result that is no JSON, fails."""
    found = jobs.ask(worker.exact, "equivariance", seconds=300)
    values = {name: measure.value for name, measure in read_measures(found["measures"]).items()}
    expected = {name: measure.value for name, measure in exact_measures()["equivariance"].items()}
    assert values == pytest.approx(expected, rel=1e-3, abs=1e-6)
    assert found["provenance"]["backend"] == "tensorflow" and len(found["provenance"]["seeds"]) == 5


def test_a_question_that_fails_says_so(jobs):
    with pytest.raises(LabError, match="ZeroDivisionError"):
        jobs.ask(operator.truediv, 1, 0)
    with pytest.raises(LabError, match="Unknown data set “nothing”"):
        jobs.ask(data.load, "nothing")
    with pytest.raises(LabError, match="No worker answered within 0 s"):
        jobs.ask(time.sleep, 2, seconds=0.1)


def test_a_question_is_asked_once_more_where_its_worker_ends(jobs, tmp_path):
    """A worker that has grown is replaced as soon as its run has ended, whatever it is asked then."""

    def ends_its_worker(times: int, folder: Path) -> int:
        asked = len(list(folder.iterdir()))
        (folder / f"{asked}").touch()
        if asked < times:
            os.kill(os.getpid(), signal.SIGKILL)
        return asked

    once, always = tmp_path / "once", tmp_path / "always"
    once.mkdir(), always.mkdir()
    assert jobs.ask(ends_its_worker, 1, once) == 1
    with pytest.raises(LabError, match="KilledWorker"):
        jobs.ask(ends_its_worker, 9, always)
    assert len(list(always.iterdir())) == 2


# Clusters


def test_a_cluster_that_is_there_already_is_used_and_outlives_the_queue(jobs, new, monkeypatch):
    there = jobs._connection.client()
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", there.scheduler.address)
    names = {"tls_ca_file": "ca-file", "tls_client_cert": "client.cert", "tls_client_key": "client.key"}
    tls = {f"distributed.comm.tls.{name}": getattr(there.security, field) for field, name in names.items()}
    with dask.config.set(tls):
        new._connection.client()
    running = [submit(jobs, long(seed)) for seed in (40, 41)]
    for own in running:
        trains(jobs, own)
    run_id, stopped = submit(new, short(40)), submit(new, short(41))  # no queue knows of the other's runs
    seen = {own: len(jobs.store.epochs(own)) for own in running}

    def told() -> list:
        kept = [jobs.store.get(own) for own in running]
        return [jobs.trouble, *((run.status, run.reason, len(jobs.store.epochs(run.id)), seen[run.id]) for run in kept)]

    until(lambda: all(len(jobs.store.epochs(own)) > seen[own] + 5 for own in running), told=told)
    for waiting in (run_id, stopped):  # since a worker trains one at a time
        assert new.store.get(waiting).status == RUNNING and not new.store.epochs(waiting)
    new.stop(stopped)
    assert ended(new, stopped).status == STOPPED
    for own in running:
        jobs.stop(own)
    assert ended(new, run_id).status == FINISHED
    assert len(until(lambda: new.store.epochs(run_id))) >= 1
    assert new._connection._process is None
    new.close()
    assert jobs.ask(operator.add, 1, 1) == 2


def test_a_cluster_that_does_not_answer_fails_the_runs_with_the_reason(new, tmp_path, monkeypatch):
    monkeypatch.setattr(connection, "START_SECONDS", 0.5)
    silent = tmp_path / "python"
    silent.write_text("#!/bin/sh\nexec sleep 60\n")
    silent.chmod(0o755)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "executable", str(silent))
        run = ended(new, submit(new, short(0)))
        assert run.status == FAILED and "the cluster process is silent" in str(run.reason)
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", "tcp://127.0.0.1:1")
    run = ended(new, submit(new, short(0)))
    assert run.status == FAILED and "No worker answered within 0 s: tcp://127.0.0.1:1" in str(run.reason)


def test_closing_interrupts_what_is_unfinished_and_leaves_no_process_behind(new, monkeypatch):
    monkeypatch.setenv("LAB_WORKERS", "1")
    before = set(psutil.Process().children(recursive=True))
    running, waiting = submit(new, long(50)), submit(new, long(51))
    trains(new, running)
    children = set(psutil.Process().children(recursive=True)) - before
    assert len(children) >= 2  # the cluster, and its worker
    new.close()
    assert [new.store.get(run_id).status for run_id in (running, waiting)] == [INTERRUPTED, INTERRUPTED]
    _, alive = psutil.wait_procs(children, timeout=20)
    assert alive == []
