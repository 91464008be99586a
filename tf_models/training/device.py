"""Where a result comes from: device, versions, git revision, date."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import keras


def provenance(backend: str) -> dict[str, Any]:
    """What a record says about where and when it was made."""
    finished = datetime.now(UTC).isoformat(timespec="seconds")
    return {"device": device(), "versions": versions(backend), "git": git_revision(), "finished": finished}


@lru_cache
def device() -> str:
    """Such as ``GPU NVIDIA H100`` or ``CPU AMD EPYC (2 cores)``."""
    if keras.backend.backend() == "jax":
        import jax

        gpus = [d.device_kind for d in jax.devices() if d.platform == "gpu"]
    elif keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        gpus = [
            tf.config.experimental.get_device_details(gpu).get("device_name", "")
            for gpu in tf.config.list_physical_devices("GPU")
        ]
    else:
        gpus = []
    if gpus:
        return f"GPU {gpus[0]}"
    name = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        name = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), name)
    return f"CPU {name} ({os.cpu_count()} cores)"


def versions(backend: str) -> dict[str, str]:
    """The versions that can change a result."""
    return {name: version(name) for name in ("keras", backend, "numpy")} | {"python": platform.python_version()}


@lru_cache
def git_revision() -> str:
    """The revision of the lab's own checkout, with ``+`` where files differ from it; empty outside a checkout."""
    root = Path(__file__).parents[2]
    if not (root / ".git").exists():
        return ""
    try:
        run = ["git", "-C", str(root), "describe", "--always", "--abbrev=12", "--dirty=+", "--exclude=*"]
        return subprocess.run(run, capture_output=True, text=True, timeout=10, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""
