"""The queue: runs go to Dask workers, their progress comes back into the run store.

Dask brings workers, nannies, messages and clusters. The order is decided here, because a worker that has just trained
an architecture starts its next seed several seconds sooner than another worker would.
"""

import contextlib
import json
import logging
import os
import queue
import subprocess
import sys
import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from distributed import Client, Event, Future

from tf_models.data import names, peek
from tf_models.errors import LabError
from tf_models.jobs import worker
from tf_models.runs.shipped import find_shipped
from tf_models.runs.spec import Recipe, RunSpec
from tf_models.runs.store import ACTIVE, FAILED, HEARTBEAT_SECONDS, RUNNING, STOPPED, STOPPING, RunStore

log = logging.getLogger(__name__)
GRACE_SECONDS = 2.0  # a stop that no batch has noticed by then ends the worker
LOST_SECONDS = 2.0  # a worker that the scheduler has not known for so long is gone
START_SECONDS = 60.0
WARM_MODELS = 4  # as many as a worker keeps


def limit(name: str, default: int) -> int:
    """A whole number from the environment, such as LAB_MAX_QUEUE."""
    text = os.environ.get(name, "")
    return int(text) if text.isdigit() and int(text) > 0 else default


@dataclass
class _Job:
    run_id: str
    spec: RunSpec
    visitor: str
    future: Future | None = None
    address: str = ""
    started: float = 0.0
    stop_asked: float | None = None
    lost_since: float | None = None
    end: tuple[str, LabError | None] | None = None  # how it ends once its worker is ended on purpose

    @property
    def warmth(self) -> tuple:
        """What a worker must have trained before to start this at once: see `training.train.warm_key`."""
        spec = self.spec
        recipe = replace(spec.recipe, learning_rate=Recipe.learning_rate, epochs=Recipe.epochs)
        return spec.variant, tuple(spec.switches.items()), spec.dataset, recipe


class Jobs:
    """Submits runs and keeps their rows; one instance a process.

    The cluster starts with the first job: DASK_SCHEDULER_ADDRESS names an existing one, else a local one is started.
    """

    def __init__(self, store: RunStore):
        self.store = store
        self.owner = uuid.uuid4().hex
        self.trouble: LabError | None = None  # the last failure to write the store or to reach workers
        self._lock = threading.RLock()  # of the queue
        self._connecting = threading.RLock()  # apart: a cluster takes seconds, and pages ask the queue meanwhile
        self._waiting: OrderedDict[str, _Job] = OrderedDict()
        self._running: dict[str, _Job] = {}
        self._warm: dict[str, OrderedDict[tuple, None]] = {}
        self._served: dict[str, float] = {}  # when a visitor's run was started last
        self._ended: set[str] = set()  # workers ended on purpose that the scheduler still lists
        self._inbox: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._client: Any = None  # a Client; its type hints say that every call may be a coroutine
        self._process: subprocess.Popen | None = None
        self._closing = False
        self._beat_at = 0.0
        store.beat(self.owner)
        self._thread = threading.Thread(target=self._loop, name="lab-jobs", daemon=True)
        self._thread.start()

    # asking

    def submit(
        self, spec: RunSpec, visitor: str = "", purpose: str = "", fresh: bool = False, shipped: bool = True
    ) -> str:
        """Queue a run and return its id; an identical run that is finished or under way is not trained again.

        With `fresh`, finished runs do not count; without `shipped`, those that came with the lab do not.
        Raises `LabError` for a spec that cannot be built and for a full queue.
        """
        allowed = limit("LAB_MAX_EPOCHS", 200)
        if spec.recipe.epochs > allowed:
            raise LabError("too_many_epochs", value=spec.recipe.epochs, limit=allowed)
        if spec.dataset not in names():
            raise LabError("unknown_dataset", value=spec.dataset, choices=", ".join(names()))
        _ = spec.model  # refuses what cannot be built
        known, size = peek(spec.dataset), spec.train_size
        if size is not None and not known.classes <= size <= known.train_images:
            raise LabError(
                "train_size", value=size, dataset=spec.dataset, available=known.train_images, classes=known.classes
            )
        content = self.store.known_hash(spec.dataset)
        fingerprint = spec.fingerprint(content) if content else None
        with self._lock:
            if fingerprint and not fresh:
                done = self.store.find(fingerprint) or (find_shipped(fingerprint) if shipped else None)
                if done is not None:
                    return done.run_id
            for job in [*self._waiting.values(), *self._running.values()]:
                if job.spec == spec and job.stop_asked is None:
                    return job.run_id
            if len(self._waiting) >= limit("LAB_MAX_QUEUE", 500):
                raise LabError("queue_full", value=len(self._waiting))
            run_id = self.store.add(spec, fingerprint, self.owner, visitor, purpose)
            self._waiting[run_id] = _Job(run_id, spec, visitor)
        self._inbox.put(lambda: None)
        return run_id

    def stop(self, run_id: str) -> None:
        """End a run: at once while it waits, within a second or so while it trains, by ending its worker otherwise."""
        with self._lock:
            if self._waiting.pop(run_id, None) is not None:
                self.store.set_status(run_id, STOPPED)
                return
            job = self._running.get(run_id)
            if job is None or job.stop_asked is not None:
                return
            job.stop_asked = time.monotonic()
            self.store.set_status(run_id, STOPPING)
        self._inbox.put(lambda: self._ask_to_stop(run_id))

    def place(self, run_id: str) -> int | None:
        """How many runs of this process go first; None once the run has left the queue."""
        with self._lock:
            return list(self._waiting).index(run_id) if run_id in self._waiting else None

    def wait(self, run_ids: Iterable[str], on_change: Callable[[int], None] = lambda active: None) -> None:
        """Until all have ended; `on_change` gets how many have not, about five times a second."""
        pending = set(run_ids)
        while pending:
            pending &= {run.id for run in self.store.runs(ACTIVE, limit=100_000)}
            on_change(len(pending))
            if pending:
                time.sleep(0.2)

    def ask(self, function: Callable[..., Any], *arguments: Any, seconds: float = 120) -> Any:
        """The result of a short function run in a worker, before anything that waits."""
        client = self._connect()
        future = client.submit(function, *arguments, pure=False, priority=100)
        try:
            return future.result(timeout=seconds)
        except TimeoutError as error:
            raise LabError("no_workers", seconds=seconds, reason="every worker is busy") from error
        except LabError:
            raise
        except Exception as error:
            log.exception("a question to a worker failed")
            raise LabError("worker_died", reason=type(error).__name__) from error
        finally:
            future.release()

    def close(self) -> None:
        """Stop everything; unfinished runs become interrupted."""
        self._closing = True
        self._inbox.put(lambda: None)
        self._thread.join(timeout=10)
        with contextlib.suppress(LabError):
            self.store.leave(self.owner)
        if self._client is not None:
            with contextlib.suppress(Exception):  # a cluster that is gone already
                self._client.close(timeout=2)
        if self._process is not None:
            assert self._process.stdin is not None
            self._process.stdin.close()
            try:
                self._process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            assert self._process.stdout is not None
            self._process.stdout.close()

    # the thread

    def _loop(self) -> None:
        while not self._closing:
            try:
                with contextlib.suppress(queue.Empty):
                    self._inbox.get(timeout=0.25)()
                    while True:
                        self._inbox.get_nowait()()
                self._beat()
                self._watch()
                self._dispatch()
            except LabError as error:
                self.trouble = error
                log.error("%s", error)
                time.sleep(0.5)
            except Exception:
                log.exception("the queue goes on")
                time.sleep(0.5)

    def _beat(self) -> None:
        if time.monotonic() - self._beat_at > HEARTBEAT_SECONDS:
            self._beat_at = time.monotonic()
            self.store.beat(self.owner)

    def _dispatch(self) -> None:
        """Give every idle worker the run that suits it best."""
        if not self._waiting:
            return
        try:
            client = self._connect()
            workers = client.nthreads()
        except LabError as error:
            self._fail_all(error)
            return
        self._ended &= set(workers)
        busy = {job.address for job in self._running.values()} | self._ended
        for address in workers:
            if address not in busy:
                self._start_on(client, address)

    def _start_on(self, client: Any, address: str) -> None:
        with self._lock:
            job = self._choose(address)
            if job is None:
                return
            del self._waiting[job.run_id]
            self._running[job.run_id] = job
            job.address, job.started = address, time.monotonic()
            self._served[job.visitor] = job.started
            self.store.set_status(job.run_id, RUNNING)
        warm = self._warm.setdefault(address, OrderedDict())
        warm[job.warmth] = None
        warm.move_to_end(job.warmth)
        while len(warm) > WARM_MODELS:
            warm.popitem(last=False)
        arguments = (job.spec, job.run_id, self.owner)
        future = job.future = client.submit(worker.run, *arguments, pure=False, workers=[address], retries=0)
        future.add_done_callback(lambda future: self._inbox.put(lambda: self._done(job, future)))

    def _choose(self, address: str) -> _Job | None:
        """The visitor who was served longest ago comes first: nobody's long series keeps the others waiting.

        Of that visitor's runs: first one that this worker is warm for; else one that no other worker is warm for; else
        the one that has waited longest.
        """
        if not self._waiting:
            return None
        mine = self._warm.get(address, {})
        others = {key for other, keys in self._warm.items() if other != address for key in keys}
        visitor = min((job.visitor for job in self._waiting.values()), key=lambda name: self._served.get(name, 0.0))
        jobs = [job for job in self._waiting.values() if job.visitor == visitor]
        warm = next((job for job in jobs if job.warmth in mine), None)
        cold = next((job for job in jobs if job.warmth not in others), None)
        return warm or cold or jobs[0]

    def _event(self, message: dict[str, Any]) -> None:
        values = dict(message)
        run_id = values.pop("run_id")
        values.pop("worker", None)  # Dask adds who sent it
        if run_id in self._running:
            self.store.add_epoch(run_id, values)

    def _done(self, job: _Job, future: Future) -> None:
        if self._running.pop(job.run_id, None) is None:
            return
        if job.end is not None:
            self.store.set_status(job.run_id, *job.end)
            return
        if future.status != "finished":
            error = future.exception() if future.status == "error" else None
            log.error("run %s ended its worker: %r", job.run_id, error)
            self._warm.pop(job.address, None)
            reason = type(error).__name__ if error is not None else "the process is gone"
            self.store.set_status(job.run_id, FAILED, LabError("worker_died", reason=reason))
            return
        result = future.result()
        self._replace_if_large(job.address)
        if isinstance(result, LabError):
            self.store.set_status(job.run_id, FAILED, result)
        elif isinstance(result, str):
            self.store.set_status(job.run_id, result)
        else:
            record, weights = result
            try:
                self.store.weights(job.run_id).write_bytes(weights)
                self.store.finish(record)
            except (OSError, LabError) as error:
                text = error.strerror or str(error) if isinstance(error, OSError) else str(error)
                reason = LabError("home_not_writable", path=self.store.home, reason=text)
                self.trouble = reason
                self.store.set_status(job.run_id, FAILED, reason)

    def _ask_to_stop(self, run_id: str) -> None:
        if run_id in self._running:
            Event(worker.stop_event(run_id), client=self._connect()).set()

    def _watch(self) -> None:
        """End what does not end by itself: stops that no batch notices, runs over time, runs whose worker is gone."""
        if not self._running:
            return
        now, workers = time.monotonic(), self._connect().nthreads()
        seconds = limit("LAB_MAX_SECONDS", 3600)
        for job in list(self._running.values()):
            if job.stop_asked is not None and now - job.stop_asked > GRACE_SECONDS:
                self._end_worker(job, STOPPED, None)
            elif now - job.started > seconds:
                self._end_worker(job, FAILED, LabError("time_limit", limit=seconds))
            elif job.address in workers:
                job.lost_since = None
            elif job.lost_since is None:
                job.lost_since = now
            elif now - job.lost_since > LOST_SECONDS:
                self._end_worker(job, FAILED, LabError("worker_died", reason="the process is gone"))

    def _end_worker(self, job: _Job, status: str, reason: LabError | None) -> None:
        """End a run with its worker. Dask itself cannot end a task that runs."""
        job.end = (status, reason)
        if job.future is not None:
            job.future.cancel()
        self._replace_worker(job.address)
        self._running.pop(job.run_id, None)
        self.store.set_status(job.run_id, status, reason)

    def _replace_worker(self, address: str) -> None:
        """End a worker; its nanny starts another."""
        self._warm.pop(address, None)
        self._ended.add(address)
        with contextlib.suppress(Exception):  # the worker is gone before it can answer
            self._connect().run(os._exit, 1, workers=[address], on_error="ignore")

    def _replace_if_large(self, address: str) -> None:
        """A worker starts anew in the seconds between two runs; each start costs it the networks it has traced."""
        if self._connect().run(worker.has_grown, workers=[address], on_error="ignore").get(address):
            log.info("worker %s has grown: it is replaced", address)
            self._replace_worker(address)

    def _fail_all(self, reason: LabError) -> None:
        self.trouble = reason
        with self._lock:
            for run_id in list(self._waiting):
                del self._waiting[run_id]
                self.store.set_status(run_id, FAILED, reason)

    # the cluster

    def _connect(self) -> Any:
        with self._connecting:
            alive = self._client is not None and self._client.status == "running"
            if alive and (self._process is None or self._process.poll() is None):
                return self._client
            if self._client is not None:  # the cluster died: its runs are lost, a new one serves the rest
                for job in list(self._running.values()):
                    self._running.pop(job.run_id)
                    reason = LabError("worker_died", reason="the scheduler is gone")
                    self.store.set_status(job.run_id, FAILED, reason)
                self._warm.clear()
                with contextlib.suppress(Exception):
                    self._client.close(timeout=1)
                self._client = None
            address = os.environ.get("DASK_SCHEDULER_ADDRESS") or self._start_cluster()
            try:
                client = Client(address, set_as_default=False, timeout=START_SECONDS)
                client.wait_for_workers(1, timeout=START_SECONDS)
            except (OSError, TimeoutError) as error:
                raise LabError("no_workers", seconds=START_SECONDS, reason=f"{address}: {error}") from error
            client.subscribe_topic(
                worker.topic(self.owner), lambda event: self._inbox.put(lambda: self._event(event[1]))
            )
            self._client = client
            return client

    def _start_cluster(self) -> str:
        root = Path(__file__).parents[2]
        with (self.store.home / "workers.log").open("w") as log_file:  # TensorFlow and Dask have much to say
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tf_models.jobs.cluster"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log_file,
                cwd=root,
                text=True,
            )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise LabError("no_workers", seconds=0.0, reason="the cluster process ended at once")
        return json.loads(line)["address"]
