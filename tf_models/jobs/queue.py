"""The queue: runs go to Dask workers, their progress and their results come back into the run store.

Dask brings workers, nannies, messages and clusters. `jobs.order` decides who comes next, because a worker that has just
trained an architecture starts its next seed several seconds sooner than another worker would.
"""

import contextlib
import logging
import queue
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from distributed import Future

from tf_models import settings
from tf_models.data import is_here, peek, unknown_dataset
from tf_models.errors import LabError
from tf_models.jobs import worker
from tf_models.jobs.connection import Connection
from tf_models.jobs.order import Order, Waiting
from tf_models.jobs.worker import Outcome
from tf_models.runs.record import RunRecord
from tf_models.runs.shipped import find_shipped
from tf_models.runs.spec import RunSpec
from tf_models.runs.store import (
    FAILED,
    HEARTBEAT_SECONDS,
    INTERRUPTED,
    QUEUED,
    RUNNING,
    STOPPED,
    STOPPING,
    Run,
    RunStore,
)

log = logging.getLogger(__name__)
GRACE_SECONDS = 2.0  # a stop that no batch has noticed by then ends the worker
LOST_SECONDS = 2.0  # a worker that the scheduler has not known for so long is gone
FETCH_SECONDS = 5.0  # a result that has not come by then is asked for again
RETRY_SECONDS = (0.5, 30.0)  # between two tries to store a result: the first, the longest
COMPARE_SECONDS = 1.0  # between two looks at what the store has of the runs under way
MOST_EPOCHS_KEPT = 10_000  # that cannot be stored; the record of a run has its epochs too
MOST_KEPT = 8  # results that cannot be stored; with more, no run is started


@dataclass(frozen=True)
class Submitted:
    """A run that was asked for. `record` is that of a finished run with the same fingerprint: nothing is trained."""

    run_id: str
    record: RunRecord | None = None


@dataclass
class _Running:
    run: Waiting
    worker: str
    future: Future
    generation: int  # of the cluster
    started: float
    stop_asked: float | None = None
    lost_since: float | None = None
    share: float | None = None  # of the epoch under way that is done; None while the network is prepared


@dataclass
class _Ended:
    """How a run has ended, until the store has it."""

    run: Waiting
    outcome: Outcome
    again_at: float = 0.0
    pause: float = RETRY_SECONDS[0]


class Jobs:
    """Submits runs and keeps their rows; one instance per process.

    Raises `LabError` for a setting that cannot be read. `trouble` is what stands in the queue's way at present: the
    store cannot be written, or workers cannot be reached.
    """

    def __init__(self, store: RunStore):
        settings.check()
        self.store = store
        self.owner = uuid.uuid4().hex
        self.trouble: LabError | None = None
        # A run is in one of these from `submit` until the store has its end. Pages read them, the thread writes.
        self._order = Order()
        self._running: dict[str, _Running] = {}
        self._ended: dict[str, _Ended] = {}
        self._epochs: deque[tuple[str, dict[str, Any]]] = deque(maxlen=MOST_EPOCHS_KEPT)  # by run id, to be stored
        self._told: dict[str, Callable[[float], None]] = {}  # by question: who wants to know how much of it is done
        self._compared = 0.0
        self._elsewhere: set[str] = set()  # runs of other servers that were asked for here too
        self._lock = threading.RLock()
        self._wanted: RunSpec | None = None  # to be prepared
        self._preparing: tuple[str, Future] | None = None  # the worker that does
        self._replaced: set[str] = set()  # workers ended on purpose that the scheduler still lists
        self._inbox: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._connection = Connection(
            store.home / "workers.log",
            worker.topic(self.owner),
            lambda message: self._inbox.put(lambda: self._hear(message)),
        )
        self._closing = threading.Event()
        store.beat(self.owner)
        self._thread = threading.Thread(target=self._loop, name="lab-jobs", daemon=True)
        self._thread.start()
        threading.Thread(target=self._beat, name="lab-heartbeat", daemon=True).start()

    # asking

    def submit(
        self, spec: RunSpec, visitor: str = "", purpose: str = "", fresh: bool = False, shipped: bool = True
    ) -> Submitted:
        """Queue a run; an identical run that is finished or under way is not trained again, but for all who ask for it.

        With `fresh`, finished runs do not count; without `shipped`, those that came with the lab do not.
        Raises `LabError` for a spec that cannot be built, and where no more runs may wait.
        """
        check(spec)
        content = self.store.known_hash(spec.dataset)
        fingerprint = spec.fingerprint(content) if content else None
        with self._lock:
            if fingerprint and not fresh:
                if (done := self.store.find(fingerprint)) is not None:
                    self.store.wish(done.run_id, visitor)  # it is theirs too, and still there after a reload
                elif shipped:
                    done = find_shipped(fingerprint)
                if done is not None:
                    return Submitted(done.run_id, done)
            running = [job.run for job in self._running.values() if job.stop_asked is None]
            kept = [ended.run for ended in self._ended.values() if ended.outcome.record is not None]
            for run in (*self._order, *running, *kept):
                if run.spec == spec:
                    self.store.wish(run.run_id, visitor)
                    self._order.join(run, visitor)
                    return Submitted(run.run_id)
            if fingerprint and (run_id := self.store.under_way(fingerprint, self.owner)):  # at another server
                self.store.wish(run_id, visitor)
                self._elsewhere.add(run_id)
                return Submitted(run_id)
            self._check_room(visitor)
            run_id = self.store.add(spec, fingerprint, self.owner, visitor, purpose)
            self._order.add(Waiting(run_id, spec, [visitor], purpose))
        self._wake()
        return Submitted(run_id)

    def _check_room(self, visitor: str) -> None:
        """Raises `LabError` where too many runs wait, of all or of one visitor; the command line has no name."""
        if len(self._order) >= settings.limit("LAB_MAX_QUEUE"):
            raise LabError("queue_full", value=len(self._order))
        own = sum(visitor in run.visitors for run in self._order)
        if visitor and own >= settings.limit("LAB_MAX_QUEUE_PER_VISITOR"):
            raise LabError("visitor_queue_full", value=own)

    def stop(self, run_id: str, visitor: str = "") -> bool:
        """Withdraw what `visitor` has asked for; returns whether the run ends, which it does once nobody asks for it.

        It ends at once while it waits, within a second or so while it trains, by ending its worker otherwise. A run of
        another server is ended by that one, which looks once a second; where it is gone, the run is interrupted.
        """
        with self._lock:
            waits = run_id in self._order or run_id in self._ended
            if self.store.withdraw(run_id, visitor, STOPPED if waits else STOPPING):
                if run_id in (known := self._known()):
                    self._order.leave(known[run_id], visitor)
                return False
            if run_id in self._known():
                self._stop(run_id)
            else:
                self.store.beat(self.owner)  # interrupts what nobody is there to end
            return True

    def _known(self) -> dict[str, Waiting]:
        """Every run that this process `has`."""
        begun = (*self._running.values(), *self._ended.values())
        return {run.run_id: run for run in (*self._order, *(job.run for job in begun))}

    def _stop(self, run_id: str) -> None:
        job = self._running.get(run_id)
        if job is not None and job.stop_asked is None:
            job.stop_asked = time.monotonic()
            self._inbox.put(lambda: self._ask_to_stop(run_id))
        self._order.remove(run_id)
        self._ended.pop(run_id, None)

    def prepare(self, spec: RunSpec) -> None:
        """Start workers and, as long as no run is there, let one of them trace the network of `spec`."""
        self._wanted = spec
        self._wake()

    @property
    def connected(self) -> bool:
        """Whether workers have started."""
        return self._connection.connected

    def share(self, run_id: str) -> float | None:
        """How much of the epoch under way is done; None while the network is prepared, and for what is not trained."""
        job = self._running.get(run_id)
        return job.share if job is not None else None

    def place(self, run_id: str) -> int | None:
        """How many runs of this process start before this one; None once it has left the queue."""
        with self._lock:
            return self._order.place(run_id)

    def has(self, run_id: str) -> bool:
        """Whether this process has the run: it waits, is trained, or has ended and is not stored yet."""
        with self._lock:
            return run_id in self._known()

    def wait(self, run_ids: Iterable[str], on_change: Callable[[int], None] = lambda active: None) -> list[Run]:
        """The rows of these runs, as soon as all have ended; `on_change` gets how many have not, five times a second.

        Raises `LabError` for a run that is not in the store, or no longer, and where the queue itself has ended.
        """
        run_ids = list(run_ids)
        while True:
            with self._lock:
                active = sum(run_id in lot for run_id in run_ids for lot in (self._order, self._running, self._ended))
            active += len(self.store.active(self._elsewhere.intersection(run_ids)))
            on_change(active)
            if not active:
                return [self.store.get(run_id) for run_id in run_ids]
            if not self._thread.is_alive():
                raise LabError("queue_broken", reason="its thread has ended")
            time.sleep(0.2)

    def ask(
        self,
        function: Callable[..., Any],
        *arguments: Any,
        seconds: float = 120,
        told: Callable[[float], None] | None = None,
    ) -> Any:
        """The result of a short function run in a worker, before anything that waits.

        With `told`, the function gets one more argument, which it calls with the share that is done.
        """
        if told is None:
            return self._connection.ask(function, *arguments, seconds=seconds)
        question = uuid.uuid4().hex
        self._told[question] = told
        try:
            return self._connection.ask(worker.telling, function, arguments, question, self.owner, seconds=seconds)
        finally:
            del self._told[question]

    def close(self) -> None:
        """Stop everything; unfinished runs become interrupted."""
        self._closing.set()
        self._wake()
        self._thread.join(timeout=10)
        self._store_ended(last=True)
        with contextlib.suppress(LabError):
            self.store.leave(self.owner)
        self._connection.close()

    # the threads

    def _beat(self) -> None:
        """Show that the queue lives, also while it waits for a cluster to start."""
        while self._thread.is_alive() and not self._closing.wait(HEARTBEAT_SECONDS):
            try:
                self.store.beat(self.owner)
            except LabError as error:
                log.warning("%s", error)

    def _wake(self) -> None:
        self._inbox.put(lambda: None)

    def _loop(self) -> None:
        steps = (
            *(self._read_inbox, self._collect, self._store_ended, self._store_epochs),
            *(self._watch, self._dispatch, self._prepare, self._compare),
        )
        while not self._closing.is_set():
            troubles = [trouble for step in steps if (trouble := self._try(step)) is not None]
            if troubles:
                self._report(troubles[0])
                self._closing.wait(0.5)
            elif not self._ended:
                self.trouble = None

    def _try(self, step: Callable[[], None]) -> LabError | None:
        """What stands in the way of a step, and of no other one."""
        try:
            step()
        except LabError as error:
            return error
        except Exception as error:
            log.exception("the queue goes on")
            return LabError("queue_broken", reason=repr(error))
        return None

    def _read_inbox(self) -> None:
        with contextlib.suppress(queue.Empty):
            self._inbox.get(timeout=0.25)()
            while True:
                self._inbox.get_nowait()()

    def _compare(self) -> None:
        """Look once a second at what the store has: another server may have been asked to stop a run of this one, and a
        store that was removed, replaced or written by others gets back what it has lost.
        """
        if time.monotonic() - self._compared < COMPARE_SECONDS or not (len(self._order) or self._running):
            return
        self._compared = time.monotonic()
        known = self._known()
        states = self.store.unfinished(self.owner)
        for run_id, run in known.items():
            status = states.get(run_id)
            with self._lock:
                waits, job = run_id in self._order, self._running.get(run_id)
                if status == STOPPING:
                    if waits:
                        self.store.set_status(run_id, STOPPED)
                    self._stop(run_id)
                elif waits and status == RUNNING:  # its start failed, and that could not be written
                    self.store.set_status(run_id, QUEUED)
                elif status in (None, INTERRUPTED) and (waits or job is not None):
                    self._restore(run, QUEUED if waits else STOPPING if job and job.stop_asked else RUNNING)

    def _restore(self, run: Waiting, status: str) -> None:
        self.store.restore(run.run_id, run.spec, status, self.owner, run.visitors, run.purpose)

    def _report(self, trouble: LabError) -> None:
        if str(trouble) != str(self.trouble):
            log.error("%s", trouble)
        self.trouble = trouble

    def _dispatch(self) -> None:
        """Give every idle worker the run that suits it best."""
        if not len(self._order) or len(self._ended) > MOST_KEPT:
            return
        try:
            workers = self._connection.workers()
        except LabError as error:
            if self._connection.unavailable:  # nobody can train them, now or later
                self._report(error)
                for run in self._order:
                    self._end(run, Outcome(FAILED, error))
            raise
        self._replaced &= workers
        busy = {job.worker for job in self._running.values()} | self._replaced
        idle = workers - busy - self._connection.hanging()
        preparing = self._preparing and self._preparing[0]
        # what is warm first; a worker that prepares another network last
        for address in sorted(idle, key=lambda it: (not self._order.suits(it), it == preparing, it)):
            self._start_on(address)

    def _prepare(self) -> None:
        """What a visitor may train next is traced while they think; the latest wish counts."""
        if self._preparing is not None:
            if not self._preparing[1].done():
                return
            try:
                self._end_preparing(*self._preparing)
            except TimeoutError:  # asked again
                return
            self._preparing = None
        if (spec := self._wanted) is None:
            return
        self._wanted = None
        if len(self._order) or self._running:
            return
        workers = self._connection.workers() - self._replaced - self._connection.hanging()
        if workers and not self._order.is_traced(spec):
            address = min(workers)
            self._order.trace(spec, address)
            self._preparing = address, self._connection.start(address, worker.prepare, spec)

    def _end_preparing(self, address: str, future: Future) -> None:
        """Forget a worker that it has ended, and replace one that has grown, unless a run of it will say so."""
        if future.status != "finished":
            self._order.forget(address)
        elif future.result(timeout=FETCH_SECONDS) and address not in {job.worker for job in self._running.values()}:
            log.info("worker %s has grown: it is replaced", address)
            self._replace_worker(address)

    def _start_on(self, address: str) -> None:
        with self._lock:
            run = self._order.choose(address)
            if run is None:
                return
            self.store.set_status(run.run_id, RUNNING)  # first: a run whose start cannot be written goes on waiting
            try:
                future = self._connection.start(address, worker.run, run.spec, run.run_id, self.owner)
            except BaseException:
                with contextlib.suppress(LabError):
                    self.store.set_status(run.run_id, QUEUED)
                raise
            self._order.start(run, address)
            generation, now = self._connection.generation, time.monotonic()
            self._running[run.run_id] = _Running(run, address, future, generation, now)
        future.add_done_callback(lambda future: self._wake())

    def _hear(self, message: dict[str, Any]) -> None:
        """What a worker says of a question, or of a run."""
        if "question" not in message:
            self._keep_epoch(message)
        elif (told := self._told.get(message["question"])) is not None:
            told(message["share"])

    def _keep_epoch(self, message: dict[str, Any]) -> None:
        values = dict(message)
        run_id = values.pop("run_id")
        values.pop("worker", None)  # Dask adds who sent it
        job = self._running.get(run_id)
        if job is None:
            return
        job.share = values.pop("share", 0.0)
        if values:
            self._epochs.append((run_id, values))

    def _store_epochs(self) -> None:
        while self._epochs:
            run_id, values = self._epochs.popleft()
            try:
                self.store.add_epoch(run_id, values)
            except LabError:
                self._epochs.appendleft((run_id, values))
                raise

    def _ask_to_stop(self, run_id: str) -> None:
        if run_id in self._running:
            self._connection.set_event(worker.stop_event(run_id))

    # how runs end

    def _collect(self) -> None:
        """Fetch the results of the runs that have ended in their workers."""
        for job in list(self._running.values()):
            if not job.future.done():
                continue
            if job.future.status == "finished":
                try:
                    outcome = job.future.result(timeout=FETCH_SECONDS)
                except TimeoutError:  # asked again, until its time is over or its worker is gone
                    continue
                except Exception as error:
                    log.exception("the result of run %s cannot be read", job.run.run_id)
                    outcome = _died(type(error).__name__)
                self._end(job.run, outcome)
                if outcome.grown or (outcome.gpu and not len(self._order)):  # with the last run, a GPU is free again
                    log.info("worker %s has grown or holds a GPU: it is replaced", job.worker)
                    self._replace_worker(job.worker)
            else:
                error = job.future.exception() if job.future.status == "error" else None
                wanted = job.stop_asked is not None or self._closing.is_set()  # no fault, and nobody's error
                log.log(logging.INFO if wanted else logging.ERROR, "run %s ended its worker: %r", job.run.run_id, error)
                self._order.forget(job.worker)
                self._end(job.run, _died(type(error).__name__ if error is not None else "the process is gone"))

    def _watch(self) -> None:
        """End what does not end by itself: stops that no batch notices, runs over time, runs whose worker is gone."""
        if not self._running:
            return
        seconds, workers, trouble = settings.limit("LAB_MAX_SECONDS"), None, None
        try:
            workers = self._connection.workers()
        except LabError as error:  # no reason to let the others run on
            trouble = error
        now = time.monotonic()
        for job in list(self._running.values()):
            if job.generation != self._connection.generation:
                self._order.forget(job.worker)
                self._end(job.run, _died("the scheduler is gone"))
            elif job.stop_asked is not None and now - job.stop_asked > GRACE_SECONDS:
                self._end_with_worker(job, Outcome(STOPPED))
            elif now - job.started > seconds:
                self._end_with_worker(job, Outcome(FAILED, LabError("time_limit", limit=seconds)))
            elif workers is None or job.worker in workers:
                job.lost_since = None
            elif job.lost_since is None:
                job.lost_since = now
            elif now - job.lost_since > LOST_SECONDS:
                self._end_with_worker(job, _died("the process is gone"))
        if trouble is not None:
            raise trouble

    def _end_with_worker(self, job: _Running, outcome: Outcome) -> None:
        job.future.cancel()
        self._end(job.run, outcome)
        self._replace_worker(job.worker)

    def _replace_worker(self, address: str) -> None:
        self._order.forget(address)
        self._replaced.add(address)
        self._connection.end(address)

    def _end(self, run: Waiting, outcome: Outcome) -> None:
        """Keep how a run has ended, then store it; only then may anything else be asked."""
        with self._lock:
            self._ended[run.run_id] = _Ended(run, outcome)
            self._order.remove(run.run_id)
            self._running.pop(run.run_id, None)
        self._store_ended()

    def _store_ended(self, last: bool = False) -> None:
        """Store how runs have ended. What cannot be stored is kept, and tried again in ever longer intervals."""
        for run_id, ended in list(self._ended.items()):
            if time.monotonic() < ended.again_at and not last:
                continue
            try:
                self._store(ended)
            except Exception as error:
                if not isinstance(error, LabError):
                    reason = getattr(error, "strerror", None) or repr(error)
                    error = LabError("home_not_writable", path=self.store.home, reason=reason)
                self._report(error)
                ended.again_at = time.monotonic() + ended.pause
                ended.pause = min(2 * ended.pause, RETRY_SECONDS[1])
            else:
                self._ended.pop(run_id, None)

    def _store(self, ended: _Ended) -> None:
        run, outcome = ended.run, ended.outcome
        self._restore(run, RUNNING)
        if outcome.record is None:
            self.store.set_status(run.run_id, outcome.status, outcome.reason)
        else:
            self.store.keep_weights(run.run_id, outcome.weights, outcome.timelapse)
            self.store.finish(outcome.record)


def check(spec: RunSpec) -> None:
    """Raises `LabError` for a run that this lab cannot train or does not allow."""
    allowed = settings.limit("LAB_MAX_EPOCHS")
    if spec.recipe.epochs > allowed:
        raise LabError("too_many_epochs", value=spec.recipe.epochs, limit=allowed)
    if not is_here(spec.dataset):
        raise unknown_dataset(spec.dataset)
    _ = spec.model  # refuses what cannot be built
    known, size = peek(spec.dataset), spec.train_size
    if size is not None and not known.classes <= size <= known.train_images:
        raise LabError(
            "train_size", value=size, dataset=spec.dataset, available=known.train_images, classes=known.classes
        )


def _died(reason: str) -> Outcome:
    return Outcome(FAILED, LabError("worker_died", reason=reason))
