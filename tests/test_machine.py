"""Cores, memory and GPUs that the lab may use: containers of both versions of control groups, batch jobs, WSL2."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tf_models.jobs import machine
from tf_models.jobs.cluster import worker_environments

ROOT = Path(__file__).parents[1]
# What the kernel says, and the cores (of 64) and bytes that follow.
GROUPS = {
    "docker, version 2": (
        {"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "100000 100000\n"}
        | {"sys/fs/cgroup/memory.max": "2700000000\n"},
        (1, 2_700_000_000),
    ),
    "docker, version 1, the host's path": (
        {"proc/self/cgroup": "5:cpu,cpuacct:/docker/3f\n4:memory:/docker/3f\n1:name=systemd:/\n"}
        | {
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "150000",
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000",
        }
        | {"sys/fs/cgroup/memory/memory.limit_in_bytes": "8589934592"},
        (2, 8 << 30),
    ),
    "a service, limited further up": (
        {"proc/self/cgroup": "0::/lab.slice/lab.service\n", "sys/fs/cgroup/lab.slice/cpu.max": "400000 100000"}
        | {"sys/fs/cgroup/lab.slice/lab.service/cpu.max": "max 100000"}
        | {"sys/fs/cgroup/lab.slice/lab.service/memory.max": "max", "sys/fs/cgroup/lab.slice/memory.max": "4000000000"},
        (4, 4_000_000_000),
    ),
    "no limit, both versions at once": (
        {"proc/self/cgroup": "4:memory:/a\n1:cpu:/\n0::/\n", "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1"}
        | {"sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000", "sys/fs/cgroup/memory/a/memory.limit_in_bytes": "9" * 19},
        (64, 64 << 30),
    ),
    "another system": ({}, (64, 64 << 30)),
}


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A machine of 64 cores and 64 GB without GPUs, whose files the test writes."""
    monkeypatch.setattr(machine, "ROOT", tmp_path)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)), raising=False)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: type("Memory", (), {"total": 64 << 30}))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return tmp_path


def write(root, files):
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


@pytest.mark.parametrize("name", GROUPS)
def test_limits_of_a_container_count(name, root):
    files, (cores, memory) = GROUPS[name]
    write(root, files)
    assert (machine.cores(), machine.memory()) == (cores, memory)
    environments = worker_environments()
    assert len(environments) == max(1, min(cores, int(memory // 2.2e9)))
    assert len(environments) * int(environments[0]["TF_NUM_INTRAOP_THREADS"]) <= cores


def test_a_process_that_is_tied_to_a_core_has_one_worker(root, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {5}, raising=False)
    assert machine.cores() == 1 and len(worker_environments()) == 1


@pytest.mark.skipif(os.name != "posix", reason="a stand-in for nvidia-smi is a script")
def test_a_gpu_that_only_its_tool_shows_has_a_worker_as_in_wsl2(root):
    assert machine.gpus() == 0 and len(worker_environments()) > 1
    tool = root / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho 'GPU 0: NVIDIA GeForce RTX 4060 (UUID: GPU-1)'\n")
    tool.chmod(0o755)
    (environment,) = worker_environments()
    assert environment["CUDA_VISIBLE_DEVICES"] == "0" and environment["TF_NUM_INTRAOP_THREADS"] == "64"
    tool.write_text("#!/bin/sh\necho 'NVIDIA-SMI has failed' >&2; exit 9\n")
    assert machine.gpus() == 0
    write(root, {"dev/nvidia0": "", "dev/nvidia1": "", "dev/nvidiactl": ""})
    assert [row["CUDA_VISIBLE_DEVICES"] for row in worker_environments()] == ["0", "1"]


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system does not let a process choose its cores")
def test_a_server_keeps_to_one_core_and_what_it_starts_for_work_does_not():
    """In a process of its own: a thread of it, a child of that, and the same where every core is asked for."""
    script = """
import os, subprocess, sys, threading
from tf_models.jobs import machine
CHILD = [sys.executable, "-c", "import os; print(len(os.sched_getaffinity(0)))"]
def seen():
    return [len(os.sched_getaffinity(0)), int(subprocess.run(CHILD, capture_output=True, text=True).stdout)]
def look():
    told.extend([*seen(), machine.cores()])
    with machine.every_core():
        told.extend(seen())
    told.extend(seen())
with machine.every_core():
    told = [*seen(), machine.cores()]
for _ in range(2):  # the second call changes nothing
    machine.keep_to_one_core()
thread = threading.Thread(target=look)
thread.start()
thread.join()
print(*told)
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    every, quota = len(os.sched_getaffinity(0)), machine.cores()
    assert [*map(int, done.stdout.split())] == [every, every, quota, 1, 1, quota, every, every, 1, 1]
