"""The queue alone: who comes next, and what happens when the store or a worker does not do its part. No Dask."""

import concurrent.futures
import copy
import functools
import io
import threading
import time

import pytest
from conftest import until
from synthetic import make_record

from tf_models.errors import LabError
from tf_models.jobs import connection
from tf_models.jobs import queue as queue_module
from tf_models.jobs.order import Order, Waiting
from tf_models.jobs.queue import Jobs, Submitted
from tf_models.jobs.worker import Outcome
from tf_models.runs.spec import Recipe, RunSpec
from tf_models.runs.store import FAILED, FINISHED, INTERRUPTED, QUEUED, RUNNING, STOPPED, STOPPING, RunStore

LOCKED = LabError("store_locked", path="lab.sqlite", reason="database is locked")


def spec(variant: str = "cnn", seed: int = 0, rate: float = 1e-3) -> RunSpec:
    return RunSpec(variant, {}, "digits", 100, seed, Recipe(2, rate))


# Order


def starts(order: Order, *workers: str) -> list[str]:
    """The ids of the runs that these workers are given, one after the other."""
    chosen = []
    for worker in workers:
        run = order.choose(worker)
        assert run is not None and run.run_id in order
        order.start(run, worker)
        chosen.append(run.run_id)
    return chosen


def line(*runs: tuple[str, RunSpec, str]) -> Order:
    order = Order()
    for run_id, asked, visitor in runs:
        order.add(Waiting(run_id, asked, [visitor]))
    return order


def test_a_visitor_with_one_run_does_not_wait_for_anothers_series():
    order = line(("a0", spec(seed=0), "anna"), ("a1", spec(seed=1), "anna"), ("a2", spec(seed=2), "anna"))
    assert starts(order, "w") == ["a0"]
    order.add(Waiting("b0", spec(seed=9), ["bela"]))
    assert [order.place(run_id) for run_id in ("b0", "a1", "a2", "a0")] == [0, 1, 2, None]  # as they will be served
    assert starts(order, "w", "w", "w") == ["b0", "a1", "a2"]
    assert order.choose("w") is None and len(order) == 0


def test_a_worker_gets_what_it_has_traced_whatever_the_seed_and_rate():
    order = line(("vit0", spec("vit"), ""), ("cnn0", spec("cnn"), ""), ("vit1", spec("vit", 1, 3e-3), ""))
    assert starts(order, "one") == ["vit0"]
    assert starts(order, "two") == ["cnn0"]  # vit is left to the worker that has traced it
    order.add(Waiting("cnn1", spec("cnn", 1), [""]))
    assert starts(order, "two") == ["cnn1"]
    order.forget("one")
    order.add(Waiting("cnn2", spec("cnn", 2), [""]))
    assert starts(order, "three") == ["vit1"]  # nobody is warm for it any more
    assert starts(order, "three") == ["cnn2"]  # better than to wait for the warm one


def test_a_worker_is_warm_for_its_last_four_networks():
    variants = ("cnn", "vgg", "resnet", "vit", "mixer")
    order = line(*((name, spec(name), "") for name in variants))
    assert starts(order, *["w"] * 5) == list(variants)
    for name in ("cnn", "vgg"):
        order.add(Waiting(name, spec(name, 1), [""]))
    assert starts(order, "w") == ["vgg"]


def test_places_are_those_in_which_runs_are_served_until_something_changes():
    """The order of arrival told somebody with one run to wait for another's whole series."""
    variants = ("cnn", "vit", "mixer")
    runs = [(f"{name}{i}", spec(variants[i % 3], i), name) for name in ("anna", "bela") for i in range(6)]
    order = line(*runs, ("cora0", spec("vit", 9), "cora"))
    assert starts(order, "one", "two") == ["anna0", "bela1"]
    workers = ["one", "two"] * 6
    places = {run.run_id: order.place(run.run_id) for run in order}
    assert starts(copy.deepcopy(order), *workers[: len(places)]) == sorted(places, key=lambda run_id: places[run_id])
    assert sorted(places.values()) == list(range(11)) and places["cora0"] == 0
    order.leave(next(run for run in order if run.run_id == "cora0"), "cora")  # the last one stays
    order.join(next(run for run in order if run.run_id == "anna5"), "dora")
    assert [order.place(run_id) for run_id in ("anna5", "cora0")] == [0, 1] and len(order) == 11
    order.remove("anna5")
    assert [order.place(run_id) for run_id in ("anna5", "cora0")] == [None, 0]


def test_five_hundred_places_are_known_in_less_than_a_second():
    """Every visitor's page asks for them once a second."""
    order = line(*((f"{i}", spec("cnn", i, 1e-3), f"v{i % 30}") for i in range(500)))
    starts(order, "one", "two")
    began = time.monotonic()
    assert {order.place(f"{i}") for i in range(500)} >= set(range(498))
    assert time.monotonic() - began < 1


def test_a_run_that_two_visitors_ask_for_counts_as_a_turn_of_both():
    """Whoever joins another's run would else be served twice where others are served once."""
    order = line(("a0", spec(seed=0), "anna"), ("a1", spec(seed=1), "anna"), ("b0", spec(seed=2), "bela"))
    next(iter(order)).visitors.append("bela")
    assert starts(order, "w") == ["a0"]
    order.add(Waiting("c0", spec(seed=3), ["cora"]))
    assert starts(order, "w", "w", "w") == ["c0", "a1", "b0"]


# A queue whose workers do what the test says


class Workers:
    """Stands in for `Connection`: a run's outcome is what the test sets on its future."""

    def __init__(self, *_):
        self.generation, self.connected, self.unavailable, self.silent = 0, True, False, False
        self.alive, self.futures, self.ended = {"w"}, {}, []

    def workers(self):
        if self.silent:
            raise LabError("no_workers", seconds=5.0, reason="the scheduler does not answer")
        return set(self.alive)

    def hanging(self):
        return set()

    def start(self, worker, function, spec, run_id="", owner=""):
        future = self.futures[run_id or (worker, spec)] = Future()
        return future

    def end(self, worker):
        self.ended.append(worker)
        self.alive = self.alive - {worker} | {worker + "'"}

    def set_event(self, name):
        pass

    def close(self):
        pass


class Future(concurrent.futures.Future):
    status, timeouts = "finished", 0

    def result(self, timeout=None):
        self.timeouts -= 1
        if self.timeouts >= 0:
            raise TimeoutError
        return super().result(timeout)


@pytest.fixture
def jobs(lab_home, monkeypatch):
    monkeypatch.setattr(queue_module, "Connection", Workers)
    monkeypatch.setattr(queue_module, "RETRY_SECONDS", (0.05, 0.2))
    monkeypatch.setattr(queue_module, "GRACE_SECONDS", 0.1)
    jobs = Jobs(RunStore())
    yield jobs
    jobs.close()
    jobs.store.close()


def begun(jobs: Jobs, seed: int = 0) -> str:
    """A run that has started."""
    run_id = jobs.submit(spec(seed=seed)).run_id
    until(lambda: run_id in jobs._connection.futures)
    return run_id


def finish(jobs: Jobs, run_id: str, **changes) -> None:
    record = make_record(jobs.store.get(run_id).spec, run_id=run_id)
    jobs._connection.futures[run_id].set_result(Outcome(FINISHED, None, record, b"weights", **changes))


def fails(times: int, function):
    """`function`, which finds the store locked so many times first."""
    left = [LOCKED] * times

    def call(*arguments):
        if left:
            raise left.pop()
        return function(*arguments)

    return call


def test_what_a_visitor_may_train_next_is_prepared_while_nobody_trains(jobs):
    """A click on Train waited for workers to start and for the network to be traced."""
    jobs._connection.alive = {"a", "b"}
    jobs.prepare(spec("vit"))
    until(lambda: ("a", spec("vit")) in jobs._connection.futures)
    jobs.prepare(spec("cnn"))  # one at a time: it waits
    run_id = begun(jobs, seed=1)  # of a cnn: not for the worker that traces a vit
    assert jobs._running[run_id].worker == "b" and len(jobs._connection.futures) == 2
    second = jobs.submit(spec("vit", seed=2)).run_id  # for the one that does
    until(lambda: second in jobs._connection.futures)
    assert jobs._running[second].worker == "a"
    jobs._connection.futures["a", spec("vit")].set_result(None)
    for run in (run_id, second):
        finish(jobs, run)
    jobs.wait([run_id, second])
    jobs.prepare(spec("vit", seed=5))  # is traced already
    jobs.prepare(spec("vgg"))
    until(lambda: ("a", spec("vgg")) in jobs._connection.futures)
    assert ("a", spec("vit", seed=5)) not in jobs._connection.futures


def test_a_worker_that_has_grown_by_preparing_is_replaced_unless_a_run_is_there(jobs):
    """Who only looks at networks had a worker trace one after the other, 70 MB each."""
    for variant, busy in (("vit", False), ("cnn", True)):
        (address,) = jobs._connection.alive
        jobs.prepare(spec(variant))
        future = until(functools.partial(jobs._connection.futures.get, (address, spec(variant))))
        run_id = begun(jobs, seed=8) if busy else None
        future.timeouts = 2 if not busy else 0  # a machine that has much to do: it is asked again
        future.set_result(True)
        until(lambda: jobs._preparing is None)
        assert jobs.trouble is None
        assert (address in jobs._connection.ended) == (not busy)
        assert jobs._order.is_traced(spec(variant)) == busy
        if run_id:
            finish(jobs, run_id)


def test_how_much_of_an_epoch_is_done_is_known_before_it_ends(jobs):
    run_id = begun(jobs)
    assert jobs.share(run_id) is None  # the network is prepared
    jobs._keep_epoch({"run_id": run_id, "share": 0.4, "worker": "w"})
    assert jobs.share(run_id) == 0.4 and jobs.store.epochs(run_id) == []
    jobs._keep_epoch({"run_id": run_id, **make_record(spec()).history[0]})
    assert jobs.share(run_id) == 0.0
    until(lambda: len(jobs.store.epochs(run_id)) == 1)
    finish(jobs, run_id)
    jobs.wait([run_id])
    assert jobs.share(run_id) is None


@pytest.mark.parametrize("broken", ["finish", "weights"])
def test_a_result_that_cannot_be_stored_is_kept_until_it_can_be(jobs, monkeypatch, broken, caplog):
    run_id = begun(jobs)
    works, gate = getattr(jobs.store, broken), threading.Event()

    def call(*arguments):
        if not gate.is_set():
            raise LOCKED if broken == "finish" else OSError(28, "No space left on device")
        return works(*arguments)

    monkeypatch.setattr(jobs.store, broken, call)
    finish(jobs, run_id)
    until(lambda: jobs.trouble is not None)
    assert jobs.trouble.code == {"finish": "store_locked", "weights": "home_not_writable"}[broken]
    assert jobs.store.get(run_id).status == RUNNING and jobs.submit(spec()) == Submitted(run_id)
    waits = threading.Thread(target=lambda: jobs.wait([run_id]))
    waits.start()
    other = begun(jobs, 1)  # the queue goes on
    gate.set()
    waits.join(timeout=20)
    run = jobs.store.get(run_id)
    assert run.status == FINISHED and run.record is not None
    assert jobs.store.weights(run_id).read_bytes() == b"weights"
    until(lambda: jobs.trouble is None)
    assert len([line for line in caplog.messages if line == str(LOCKED) or "No space" in line]) == 1
    finish(jobs, other)
    assert jobs.wait([other])[0].status == FINISHED


def test_a_result_that_is_still_kept_when_the_queue_closes_is_tried_once_more(jobs, monkeypatch):
    monkeypatch.setattr(queue_module, "RETRY_SECONDS", (60.0, 60.0))
    monkeypatch.setattr(jobs.store, "finish", fails(1, jobs.store.finish))
    run_id = begun(jobs)
    finish(jobs, run_id)
    until(lambda: jobs.trouble is not None)
    jobs.close()
    assert jobs.store.get(run_id).status == FINISHED


def test_no_run_starts_while_many_results_cannot_be_stored_and_a_stop_gives_one_up(jobs, monkeypatch):
    monkeypatch.setattr(queue_module, "MOST_KEPT", 0)
    monkeypatch.setattr(jobs.store, "finish", fails(10**6, jobs.store.finish))
    run_id = begun(jobs)
    finish(jobs, run_id)
    until(lambda: jobs.trouble is not None)
    other = jobs.submit(spec(seed=1)).run_id
    time.sleep(0.6)
    assert jobs.store.get(other).status == QUEUED and jobs.place(other) == 0
    jobs.stop(run_id)
    assert jobs.wait([run_id])[0].status == STOPPED
    until(lambda: jobs.store.get(other).status == RUNNING)


def test_a_result_is_stored_before_its_large_worker_is_ended(jobs):
    run_id, seen = begun(jobs), []
    ends = jobs._connection.end
    jobs._connection.end = lambda worker: (seen.append(jobs.store.get(run_id).status), ends(worker))
    finish(jobs, run_id, grown=True)
    until(lambda: seen)
    assert seen == [FINISHED] and jobs._connection.ended == ["w"]


def test_a_gpu_is_free_again_once_nothing_waits_for_it(jobs):
    first, second = begun(jobs), jobs.submit(spec(seed=1)).run_id
    finish(jobs, first, gpu=True)
    until(lambda: jobs.store.get(second).status == RUNNING)
    assert jobs._connection.ended == []
    finish(jobs, second, gpu=True)
    jobs.wait([second])
    until(lambda: jobs._connection.ended == ["w"])


def test_a_run_whose_start_or_stop_cannot_be_written_stays_where_it_is(jobs, monkeypatch):
    jobs._connection.alive = set()
    run_id = jobs.submit(spec()).run_id
    monkeypatch.setattr(jobs.store, "withdraw", fails(1, jobs.store.withdraw))
    with pytest.raises(LabError, match="database is locked"):
        jobs.stop(run_id)
    assert jobs.place(run_id) == 0
    monkeypatch.setattr(jobs.store, "set_status", fails(1, jobs.store.set_status))
    jobs._connection.alive = {"w"}
    until(lambda: jobs.trouble is not None)
    assert jobs.store.get(run_id).status == QUEUED and jobs.place(run_id) == 0
    until(lambda: jobs.store.get(run_id).status == RUNNING)
    finish(jobs, run_id)
    assert jobs.wait([run_id])[0].status == FINISHED


def test_a_failure_that_cannot_be_written_is_written_later(jobs, monkeypatch):
    run_id = begun(jobs)
    monkeypatch.setattr(jobs.store, "set_status", fails(2, jobs.store.set_status))
    jobs._connection.futures[run_id].set_result(Outcome(FAILED, LabError("not_finite", value="nan", epoch=1)))
    run = jobs.wait([run_id])[0]
    assert run.status == FAILED and run.reason.code == "not_finite"


def test_a_result_that_does_not_come_is_asked_for_again(jobs):
    run_id = begun(jobs)
    jobs._connection.futures[run_id].timeouts = 2
    finish(jobs, run_id)
    assert jobs.wait([run_id])[0].status == FINISHED


def test_while_the_scheduler_is_silent_stops_and_limits_still_hold_and_nothing_that_waits_fails(jobs):
    running, waiting = begun(jobs), jobs.submit(spec(seed=1)).run_id
    jobs._connection.silent = True
    until(lambda: jobs.trouble is not None and jobs.trouble.code == "no_workers")
    jobs.stop(running)
    assert jobs.wait([running])[0].status == STOPPED
    assert jobs.store.get(waiting).status == QUEUED
    jobs._connection.silent = False
    until(lambda: jobs.store.get(waiting).status == RUNNING)


def test_who_waits_is_told_that_a_run_has_vanished_or_the_queue_has_died(jobs, monkeypatch):
    vanished = begun(jobs)
    finish(jobs, vanished)
    jobs.wait([vanished])
    with jobs.store._begin() as connection:
        connection.exec_driver_sql("DELETE FROM runs")
    with pytest.raises(LabError, match=f"Unknown run “{vanished}”"):
        jobs.wait([vanished])
    run_id = jobs.submit(spec(seed=1)).run_id
    monkeypatch.setattr(threading, "excepthook", lambda arguments: None)
    jobs._inbox.put(lambda: (_ for _ in ()).throw(SystemExit))
    with pytest.raises(LabError, match="The queue of this lab is broken"):
        jobs.wait([run_id])


@pytest.mark.parametrize("state", ["waiting", "running", "kept"])
def test_a_run_ends_only_when_nobody_asks_for_it_any_more(jobs, monkeypatch, state):
    """One visitor's Stop used to end the run of all who had asked for the same."""
    if state == "waiting":
        jobs._connection.alive = set()
    if state == "kept":
        monkeypatch.setattr(jobs.store, "finish", fails(10**6, jobs.store.finish))
    run_id = jobs.submit(spec(), visitor="anna").run_id
    if state != "waiting":
        until(lambda: run_id in jobs._connection.futures)
    if state == "kept":
        finish(jobs, run_id)
        until(lambda: jobs.trouble is not None)
    assert jobs.submit(spec(), visitor="bela").run_id == run_id == jobs.submit(spec(), visitor="bela").run_id
    before = jobs.store.get(run_id).status
    assert jobs.stop(run_id, "anna") is False and jobs.stop(run_id, "anna") is False and jobs.stop(run_id) is False
    assert jobs.store.get(run_id).status == before and jobs._known()[run_id].visitors == ["bela"]
    assert jobs.store.withdrawn("anna") == {run_id} and jobs.store.withdrawn("bela") == set()
    assert jobs.submit(spec(), visitor="anna").run_id == run_id and jobs.store.withdrawn("anna") == set()
    assert jobs.stop(run_id, "bela") is False and jobs.stop(run_id, "anna") is True
    assert jobs.wait([run_id])[0].status == STOPPED
    for visitor in ("anna", "bela"):
        assert [run.id for run in jobs.store.runs(visitor=visitor)] == [run_id]


@pytest.mark.parametrize("state", ["waiting", "running"])
def test_a_stop_at_one_server_ends_a_run_of_another(jobs, state):
    """Visitors of one address may reach any of several servers: Stop did nothing where another one had the run."""
    if state == "waiting":
        jobs._connection.alive = set()
    run_id = jobs.submit(spec(), visitor="anna").run_id
    jobs.submit(spec(), visitor="bela")
    if state == "running":
        until(lambda: run_id in jobs._connection.futures)
    other = Jobs(RunStore())
    assert other.stop(run_id, "anna") is False and jobs.store.get(run_id).status in (QUEUED, RUNNING)
    assert other.stop(run_id, "bela") is True and jobs.store.get(run_id).status == STOPPING
    assert jobs.wait([run_id])[0].status == STOPPED
    lost = other.store.add(spec(seed=1), None, owner="gone", visitor="anna")
    assert other.stop(lost, "anna") is True and jobs.store.get(lost).status == INTERRUPTED  # nobody is there to end it
    other.close()
    other.store.close()


def test_a_start_that_failed_and_could_not_be_taken_back_is_corrected_later(jobs, monkeypatch):
    """The run waited, and its row said for ever that it was being trained."""
    works = jobs.store.set_status

    def breaks(*_):
        monkeypatch.setattr(jobs.store, "set_status", fails(1, works))
        jobs._connection.alive = set()
        raise LabError("no_workers", seconds=5.0, reason="the scheduler does not answer")

    monkeypatch.setattr(jobs._connection, "start", breaks)
    run_id = jobs.submit(spec()).run_id
    until(lambda: not jobs._connection.alive)
    until(lambda: jobs.store.get(run_id).status == QUEUED)
    assert jobs.place(run_id) == 0


def test_a_run_that_others_took_for_lost_is_taken_back(jobs):
    """As after a laptop's sleep: its server was silent for long, and another one called its runs interrupted."""
    jobs._connection.alive = {"w"}
    running, waiting = begun(jobs), jobs.submit(spec(seed=1)).run_id
    for run_id in (running, waiting):
        jobs.store.set_status(run_id, INTERRUPTED)
    until(lambda: [jobs.store.get(run_id).status for run_id in (running, waiting)] == [RUNNING, QUEUED])
    finish(jobs, running)
    assert jobs.wait([running])[0].status == FINISHED


def test_what_two_servers_are_asked_for_is_trained_once_and_goes_on_while_one_of_both_waits(jobs):
    """Two servers on one store trained the same network twice."""
    other = Jobs(RunStore())
    run_id = begun(jobs)
    assert other.submit(spec(), visitor="bela").run_id == run_id
    assert not jobs.stop(run_id)  # bela still waits for it, at the other server
    ended: list = []
    waits = threading.Thread(target=lambda: ended.extend(other.wait([run_id])))
    waits.start()
    waits.join(timeout=0.5)
    assert waits.is_alive() and other.submit(spec(seed=1)).run_id != run_id
    finish(jobs, run_id)
    waits.join(timeout=20)
    assert [run.status for run in ended] == [FINISHED]
    other.close()
    other.store.close()


def test_a_visitor_may_queue_so_many_runs_and_leaves_room_for_others(jobs, monkeypatch):
    """One visitor could fill the queue of all; the command line, which has no name, still may."""
    monkeypatch.setenv("LAB_MAX_QUEUE_PER_VISITOR", "2")
    begun(jobs, 100)
    for seed in range(2):
        jobs.submit(spec(seed=seed), visitor="anna")
    with pytest.raises(LabError, match="2 of your runs are already waiting, the limit of LAB_MAX_QUEUE_PER_VISITOR"):
        jobs.submit(spec(seed=2), visitor="anna")
    bela = jobs.submit(spec(seed=2), visitor="bela").run_id
    assert jobs.submit(spec(seed=2), visitor="anna").run_id == bela  # to join costs nobody anything
    for seed in range(3, 6):
        jobs.submit(spec(seed=seed))
    monkeypatch.setenv("LAB_MAX_QUEUE", "6")
    with pytest.raises(LabError, match="6 runs are already waiting, the limit of LAB_MAX_QUEUE:"):
        jobs.submit(spec(seed=9), visitor="cora")


def test_what_a_cluster_said_last_is_there_after_the_next_one_has_started(tmp_path, monkeypatch):
    """The log of a crash was emptied by the restart; nor may it grow for ever."""
    monkeypatch.setattr(connection, "LOG_BYTES", 2000)
    log = tmp_path / "workers.log"
    for said in ("Segmentation fault\n", "all is well\n"):
        connection._keep_log(log, io.StringIO(said))
    kept = log.read_text()
    assert kept.count("a cluster starts") == 2 and kept.index("Segmentation fault") < kept.index("all is well")
    connection._keep_log(log, io.StringIO("Segmentation fault\n" * 1000))
    files = list(tmp_path.iterdir())
    assert len(files) == connection.LOGS_KEPT + 1 and all(file.stat().st_size <= 2000 for file in files)


def test_a_setting_that_cannot_be_read_is_named_before_a_queue_starts(lab_home, monkeypatch):
    monkeypatch.setenv("LAB_MAX_SECONDS", "ten")
    with pytest.raises(LabError, match="LAB_MAX_SECONDS is “ten”"):
        Jobs(RunStore())
