"""The workers of a machine: a local Dask cluster, or those that this machine lends to an existing one.

``python -m tf_models.jobs.cluster``, in a process of its own: the first line of its standard input is `certificates()`;
it prints ``{"address": …}`` and ends when that input closes, so nothing outlives the server. A process of its own
because workers started from a Streamlit script would run that script again.

``python -m tf_models.jobs.cluster tls://HOST:8786``: the same workers, for the scheduler at that address, until it
ends. What proves that they may join it, Dask reads from its configuration.
"""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

from dask import config
from distributed import Nanny, Scheduler
from distributed.deploy.spec import SpecCluster
from distributed.security import Security

from tf_models import settings
from tf_models.jobs import machine

THREADS_PER_WORKER = 2  # one for a training, one for a short question meanwhile (feature maps)
BYTES_PER_WORKER = 2.2e9
# A step of training needs the memory of the step before it. glibc gives every large piece back at once, Dask asks for
# even more of that, and to fault it in again took 45 % of a training's time. Other C libraries know none of these.
KEEP_MEMORY = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TOP_PAD_": str(2**28),
    "MALLOC_TRIM_THRESHOLD_": str(2**32),
}


def worker_environments(cores: int | None = None, memory: int | None = None) -> list[dict[str, str]]:
    """One environment per worker: LAB_WORKERS of them, else one per GPU, else one per core while memory lasts.

    Each worker is given its own GPU or its share of the cores, so that workers do not fight.
    """
    cores, gpus = cores or machine.cores(), machine.gpus()
    fitting = max(1, int((memory or machine.memory()) // BYTES_PER_WORKER))
    count = settings.workers() or gpus or min(cores, fitting)
    threads = str(max(1, cores // count))
    common = {
        "TF_NUM_INTRAOP_THREADS": threads,
        "TF_NUM_INTEROP_THREADS": threads,
        "TF_FORCE_GPU_ALLOW_GROWTH": "true",
        "TF_CPP_MIN_LOG_LEVEL": os.environ.get("TF_CPP_MIN_LOG_LEVEL", "3"),
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
        "PYTHONPATH": os.pathsep.join(filter(None, [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH")])),
    }
    if threads == "1":
        common["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_cpu_multi_thread_eigen=false".strip()
    visible = (os.environ.get("CUDA_VISIBLE_DEVICES") or ",".join(map(str, range(gpus)))).split(",")
    return [common | ({"CUDA_VISIBLE_DEVICES": visible[i % gpus]} if gpus else {}) for i in range(count)]


def certificates() -> dict[str, str]:
    """A key and a certificate for one local cluster, as fields of Dask's `Security`: whoever has them may run code.

    Without them any user of the machine could, as the lab's: a scheduler runs what it is sent.
    """
    security = Security.temporary()
    return {name: getattr(security, name) for name in Security.__slots__ if name.endswith(("_file", "_cert", "_key"))}


def _set_up() -> dict[str, Any]:
    """What all workers have in common, once Dask's configuration is as they need it."""
    # A worker that dies fails its job at once, instead of taking other workers down with it.
    config.set({"distributed.scheduler.allowed-failures": 0})
    # Dask's own web pages know no certificates of clients.
    config.set({"distributed.scheduler.http.routes": [], "distributed.worker.http.routes": []})
    before = config.get("distributed.nanny.pre-spawn-environ")
    config.set({"distributed.nanny.pre-spawn-environ": before | KEEP_MEMORY})
    return {"nthreads": THREADS_PER_WORKER, "memory_limit": 0, "dashboard": False}


async def _serve() -> None:
    security = Security(require_encryption=True, **json.loads(sys.stdin.readline()))
    worker = _set_up() | (common := {"host": "127.0.0.1", "security": security, "dashboard": False})
    cluster = SpecCluster(
        workers={i: {"cls": Nanny, "options": worker | {"env": env}} for i, env in enumerate(worker_environments())},
        scheduler={"cls": Scheduler, "options": common | {"port": 0, "dashboard_address": "127.0.0.1:0"}},
        security=security,
        asynchronous=True,
    )
    async with cluster:
        print(json.dumps({"address": cluster.scheduler_address}), flush=True)
        await asyncio.to_thread(sys.stdin.read)


async def _join(address: str) -> None:
    common, protocol = _set_up(), address.partition("://")[0]
    nannies = [Nanny(address, env=env, protocol=protocol, **common) for env in worker_environments()]
    await asyncio.gather(*nannies)
    await asyncio.gather(*(nanny.finished() for nanny in nannies))


if __name__ == "__main__":
    asyncio.run(_join(sys.argv[1]) if sys.argv[1:] else _serve())
