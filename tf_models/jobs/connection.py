"""The queue's side of Dask: a cluster, started or found, and calls to it that never wait without a limit."""

import contextlib
import itertools
import json
import logging
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import IO, Any

import psutil
from distributed import Client, Future, KilledWorker
from distributed.security import Security

from tf_models import settings
from tf_models.errors import LabError
from tf_models.jobs import machine
from tf_models.jobs.cluster import certificates

log = logging.getLogger(__name__)
START_SECONDS = 60.0
CALL_SECONDS = 5.0  # a scheduler or worker that has not answered a call by then hangs
SILENT_SECONDS = 10.0  # a worker of which the scheduler has heard nothing for so long hangs: it hears twice a second
LOG_BYTES, LOGS_KEPT = 1_000_000, 3  # of the file of what workers say, and of its predecessors


class Connection:
    """The workers of one owner. What cannot be reached raises `LabError` ``no_workers``.

    The cluster is there with the first call: DASK_SCHEDULER_ADDRESS names an existing one, else a local one is started.
    `generation` counts the clusters that were lost; what one of them trained is lost with it. `on_message` gets what
    workers log on `topic`, in Dask's thread.
    """

    def __init__(self, log_file: Path, topic: str, on_message: Callable[[dict[str, Any]], None]):
        self.generation = 0
        self.unavailable = False  # the last try to start or to reach a cluster has failed
        self._log_file, self._topic, self._on_message = log_file, topic, on_message
        self._lock = threading.RLock()  # starting takes seconds, and a page may ask meanwhile
        self._client: Any = None  # a Client; its type hints say that every call may be a coroutine
        self._process: subprocess.Popen | None = None
        self._signs: dict[str, tuple[float, float]] = {}  # by worker: its last one, and since when that is known here

    @property
    def connected(self) -> bool:
        """Whether there is a cluster; one that hangs counts."""
        return (
            self._client is not None
            and self._client.status == "running"
            and (self._process is None or self._process.poll() is None)
        )

    def client(self) -> Any:
        """The cluster's client. Starts a new cluster where there is none, or none any more."""
        with self._lock:
            if self.connected:
                return self._client
            self.generation += self._client is not None
            self._drop()
            self.unavailable = True
            # the way to an existing cluster is Dask's configuration
            address, security = settings.scheduler_address(), None
            if address is None:
                address, security = self._start_cluster()
            try:
                client = Client(address, security=security, set_as_default=False, timeout=START_SECONDS)
                client.wait_for_workers(1, timeout=START_SECONDS)
            except (OSError, TimeoutError, TypeError) as error:  # TypeError: no certificates for a tls:// address
                raise LabError("no_workers", seconds=START_SECONDS, reason=f"{address}: {error}") from error
            client.subscribe_topic(self._topic, lambda event: self._on_message(event[1]))
            self._client, self.unavailable = client, False
            return client

    def workers(self) -> set[str]:
        """The addresses of the workers that the scheduler knows."""
        client, now, before = self.client(), time.monotonic(), self._signs
        found = _limited(client.sync, client.scheduler.identity, callback_timeout=CALL_SECONDS)["workers"]
        signs = {address: worker["last_seen"] for address, worker in found.items()}
        self._signs = {
            address: before[address] if address in before and before[address][0] == sign else (sign, now)
            for address, sign in signs.items()
        }
        return set(signs)

    def hanging(self) -> set[str]:
        """Those of `workers`, when it was last called, that hang."""
        now = time.monotonic()
        return {address for address, (_, since) in self._signs.items() if now - since > SILENT_SECONDS}

    def start(self, worker: str, function: Callable[..., Any], *arguments: Any) -> Future:
        """Run a function in one worker, once."""
        return self.client().submit(function, *arguments, pure=False, workers=[worker], retries=0)

    def ask(self, function: Callable[..., Any], *arguments: Any, seconds: float) -> Any:
        """The result of a short function run in any worker, before anything that waits.

        It is asked again where its worker turns out to hang; raises `LabError` ``workers_silent`` where all do. It is
        asked once more where its worker ends: one that has grown is replaced after any run.
        """
        end, asked_again = time.monotonic() + seconds, False
        while True:
            known = self.workers()
            if workers := known - self.hanging():
                future = self.client().submit(function, *arguments, pure=False, priority=100, workers=sorted(workers))
                try:
                    if self._is_answered(future, workers, end):
                        return future.result(timeout=CALL_SECONDS)
                except LabError:
                    raise
                except Exception as error:
                    if not isinstance(error, KilledWorker) or asked_again:
                        log.exception("a question to a worker failed")
                        raise LabError("worker_died", reason=type(error).__name__) from error
                    log.info("a question's worker has ended: it is asked once more")
                    asked_again = True
                finally:
                    future.release()
            elif known:
                raise LabError("workers_silent", seconds=SILENT_SECONDS)
            else:  # the only one has ended, and the next is starting
                time.sleep(0.2)
            if time.monotonic() >= end:
                raise LabError("no_workers", seconds=seconds, reason="every worker is busy")

    def _is_answered(self, future: Future, workers: set[str], end: float) -> bool:
        """Wait for an answer; False at the time `end`, and as soon as no answer is to come."""
        client, done = self.client(), threading.Event()
        future.add_done_callback(lambda _: done.set())
        while (left := end - time.monotonic()) > 0:
            if done.wait(min(left, 1.0)):
                return True
            with contextlib.suppress(LabError):  # a scheduler that is slow to tell is no reason to ask again
                responsive = self.workers() - self.hanging()
                processing = _limited(client.sync, client.scheduler.processing, callback_timeout=CALL_SECONDS)
                asked = {worker for worker, keys in processing.items() if future.key in keys} or workers
                if not asked & responsive:
                    return False
        return False

    def set_event(self, name: str) -> None:
        """Set a Dask event, which asks a run to stop."""
        client = self.client()
        _limited(client.sync, client.scheduler.event_set, name=name, callback_timeout=CALL_SECONDS)

    def end(self, worker: str) -> None:
        """End a worker, also one that hangs; its nanny, which does it, starts another. Dask cannot end a mere task."""

        def kill(dask_worker: Any) -> None:  # here, so that it travels whole: a nanny may not find the lab's modules
            psutil.Process(dask_worker.pid).kill()

        with contextlib.suppress(Exception):  # worker or cluster are gone already
            self.client().run(kill, workers=[worker], nanny=True, on_error="ignore", callback_timeout=CALL_SECONDS)

    def close(self) -> None:
        """Leave the cluster; a local one ends."""
        with self._lock:
            self._drop()

    def _drop(self) -> None:
        client, self._client = self._client, None
        process, self._process = self._process, None
        if client is not None:
            with contextlib.suppress(Exception):  # it is gone already
                client.close(timeout=2)
        if process is None:
            return
        assert process.stdin is not None and process.stdout is not None
        process.stdin.close()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()

    def _start_cluster(self) -> tuple[str, Security]:
        """Its address and what proves that we may use it, which no file, argument or variable of a process holds."""
        secrets = certificates()
        with machine.every_core():
            process = self._process = subprocess.Popen(
                [sys.executable, "-m", "tf_models.jobs.cluster"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=Path(__file__).parents[2],
                text=True,
                errors="replace",
            )
        said = process.stderr
        assert said is not None
        threading.Thread(target=lambda: _keep_log(self._log_file, said), daemon=True).start()
        lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        output = process.stdout
        assert process.stdin is not None and output is not None
        with contextlib.suppress(OSError):  # it has ended: it says nothing either
            process.stdin.write(json.dumps(secrets) + "\n")
            process.stdin.flush()
        threading.Thread(target=lambda: lines.put(output.readline()), daemon=True).start()
        try:
            line = lines.get(timeout=START_SECONDS)
        except queue.Empty as error:
            process.kill()
            raise LabError("no_workers", seconds=START_SECONDS, reason="the cluster process is silent") from error
        if not line:
            raise LabError("no_workers", seconds=0.0, reason=f"the cluster process ended at once, see {self._log_file}")
        return json.loads(line)["address"], Security(require_encryption=True, **secrets)


def _keep_log(file: Path, lines: IO[str]) -> None:
    """Keep what a cluster says, which is much, after what earlier ones have said: a crash is explained in there."""
    handler = RotatingFileHandler(file, maxBytes=LOG_BYTES, backupCount=LOGS_KEPT, encoding="utf-8", delay=True)
    with contextlib.closing(handler), lines:
        for line in itertools.chain([time.strftime("%Y-%m-%d %H:%M:%S: a cluster starts")], lines):
            handler.emit(logging.makeLogRecord({"msg": line.rstrip("\n")}))


def _limited(call: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    try:
        return call(*arguments, **named)
    except (OSError, TimeoutError) as error:
        raise LabError("no_workers", seconds=CALL_SECONDS, reason="the scheduler does not answer") from error
