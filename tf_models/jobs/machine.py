"""What this process may use of its machine: cores, memory, GPUs. A container or a batch job often has less of them."""

import contextlib
import math
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import psutil

ROOT = Path("/")
WSL = "/usr/lib/wsl/lib"  # where the nvidia-smi of WSL2 is
_given: list[set[int]] = []  # the cores that this process had before it kept to one of them
ASK_SECONDS = 20  # a driver that wakes up takes some


def cores() -> int:
    """The cores that the affinity and the control groups of this process leave it; a share of one counts as one."""
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    quotas = [float(len(_given[0] if _given else allowed))]
    for folder in _groups("cpu"):
        told = (
            _text(folder / "cpu.max") or f"{_text(folder / 'cpu.cfs_quota_us')} {_text(folder / 'cpu.cfs_period_us')}"
        )
        quota, _, period = told.partition(" ")
        if quota.isdigit() and period.isdigit() and int(period):  # unlimited are "max" and -1
            quotas.append(int(quota) / int(period))
    return max(1, math.ceil(min(quotas)))


def keep_to_one_core() -> None:
    """This thread, and all that it starts from now on, share one core, where the system lets a process choose.

    Python lets one thread of a process run at a time. On several cores each of the others wakes up one to hear that it
    must wait: fifty visitors at once cost a third more.
    """
    if hasattr(os, "sched_setaffinity") and not _given:
        allowed = sorted(os.sched_getaffinity(0))
        _given.append(set(allowed))
        _use({allowed[os.getpid() % len(allowed)]})  # servers that share a machine need not share a core


@contextlib.contextmanager
def every_core() -> Iterator[None]:
    """What this thread does and starts meanwhile has all cores that the process was given."""
    if not _given:
        yield
        return
    before = os.sched_getaffinity(0)
    _use(_given[0])
    try:
        yield
    finally:
        _use(before)


def _use(cores: set[int]) -> None:
    with contextlib.suppress(OSError):  # a sandbox may forbid it
        os.sched_setaffinity(0, cores)


def memory() -> int:
    """Bytes of RAM that this machine, and the control groups of this process, allow."""
    limits = [psutil.virtual_memory().total]
    for folder in _groups("memory"):
        for name in ("memory.max", "memory.high", "memory.limit_in_bytes"):
            if (text := _text(folder / name)).isdigit():
                limits.append(int(text))
    return min(limits)


def _groups(controller: str) -> Iterator[Path]:
    """The folders of this process's control group and of those around it, of version 2 and of version 1.

    In a container the path may be the host's, which is not there: the container's own is the top one then.
    """
    top = ROOT / "sys/fs/cgroup"
    for line in _text(ROOT / "proc/self/cgroup").splitlines():
        _, kinds, path = line.split(":", 2)
        if kinds and controller not in kinds.split(","):
            continue
        inside = PurePosixPath(path.lstrip("/"))
        for mount in (top / kinds, top / controller) if kinds else (top, top / "unified"):
            yield from (mount / above for above in (inside, *inside.parents))


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def gpus() -> int:
    """NVIDIA devices that are visible, without loading any framework."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return len([gpu for gpu in visible.split(",") if gpu.strip() not in ("", "-1")])
    if found := len(list((ROOT / "dev").glob("nvidia[0-9]*"))):
        return found
    # WSL2 has one device for all of them, under another name
    tool = shutil.which("nvidia-smi") or shutil.which("nvidia-smi", path=WSL)
    if tool is None:
        return 0
    try:
        told = subprocess.run([tool, "-L"], capture_output=True, text=True, timeout=ASK_SECONDS, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return 0
    return sum(line.startswith("GPU ") for line in told.splitlines())
