"""The experiment ``cost``: time and memory of one layer, forward and backward, against the number of tokens.

One core, whatever the machine has, each process for itself. Time is the CPU time of that core: other work on the
machine makes it wait, which the clock on the wall would count, and CPU time does not.
"""

import math
import multiprocessing
import os
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from unittest import mock

import keras
import numpy as np

from tf_models.layers.attention import NEVER
from tf_models.layers.channels import FeedForward
from tf_models.layers.mixers import token_mixer
from tf_models.probes.cost import crossover, slope
from tf_models.statistics.effects import Measure
from tf_models.training.gradients import training_step
from tf_models.untrained.random_weights import drawn, exactly, over_seeds
from tf_models.zoo.cost_cases import CASES, GRIDS, SIZES, SLOPES, WIDTH, case_macs
from tf_models.zoo.counts import RASTER_WINDOW

ROUNDS = 7  # of timing, each of which gives a slope of its own
MEMORY_SIZES = (256, 1024, 4096)
TIME_TOKENS, MEMORY_TOKENS = 4096, 8192  # in a batch: as many for every size
ONE_CORE = {
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "CUDA_VISIBLE_DEVICES": "-1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}


def cost() -> dict:
    """Slopes of time and memory, and where attention's core takes longer than the FFN: about ten minutes.

    A slope of time has an interval over the rounds; memory is the same in every process and measured once.
    """
    with mock.patch.dict(os.environ, ONE_CORE):
        seconds, waiting = apart(times)
        memory = {case: [apart(peak_of, case, n) for n in MEMORY_SIZES] for case in SLOPES}
    fitted = [list(GRIDS).index(n) for n in SIZES]
    measures: dict[str, Measure] = {}
    for case in SLOPES:
        measures[f"slope.time.{case}"] = over_seeds(slope(SIZES, np.array(seconds[case])[:, fitted]), "slope")
        measures[f"slope.memory.{case}"] = exactly(slope(MEMORY_SIZES, memory[case]), "slope")
    crossings = [
        crossover(list(GRIDS), core, ffn) for core, ffn in zip(seconds["attention_core"], seconds["ffn"], strict=True)
    ]
    found = [n for n in crossings if n is not None]
    if len(found) == len(crossings):
        measures["crossover.time"] = over_seeds(found, "count")
    series = {
        "sizes": list(GRIDS),
        "fitted": list(SIZES),
        "memory_sizes": list(MEMORY_SIZES),
        "width": WIDTH,
        "macs": {case: [case_macs(case, n) for n in GRIDS] for case in CASES},
        "seconds": {c: [[float(f"{s:.4g}") for s in row] for row in rows] for c, rows in seconds.items()},
        "memory_mib": {case: [round(m, 3) for m in row] for case, row in memory.items()},
        "wall_over_cpu": round(waiting, 2),  # 1: the core was never waited for
    }
    return {"measures": measures, "series": series}


def apart(function: Callable, *arguments):
    """What a function of this module returns, from a new process."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def times() -> tuple[dict[str, list[list[float]]], float]:
    """CPU seconds per image, (rounds, sizes) by case, and the median of seconds on the wall over seconds of CPU.

    All cases take turns inside a round, back and forth, so that what slows the machine for a while slows all.
    """
    steps = {(case, n): step_of(case, n, max(1, TIME_TOKENS // n)) for n in GRIDS for case in CASES}
    for step in steps.values():
        step()
    kept: dict[str, list[list[float]]] = {case: [] for case in CASES}
    ratios = []
    for number in range(ROUNDS):
        found = {}
        for key in list(steps)[:: -1 if number % 2 else 1]:
            wall, cpu = time.perf_counter(), time.process_time()
            steps[key]()
            cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
            ratios.append(wall / cpu)
            found[key] = cpu / max(1, TIME_TOKENS // key[1])
        for case in CASES:
            kept[case].append([found[case, n] for n in GRIDS])
    return kept, statistics.median(ratios)


def peak_of(case: str, tokens: int) -> float:
    """MiB per image that three steps need at most, above a process that has run a small one."""
    batch = MEMORY_TOKENS // tokens
    step_of(case, 64, 1)()
    step = step_of(case, tokens, batch)
    before = peak()
    for _ in range(3):
        step()
    return max(peak() - before, 1) / 2**20 / batch


def peak() -> int:
    """The most bytes that this process has had resident."""
    if sys.platform == "linux":  # not `getrusage`: a new process inherits there what its parent had
        lines = Path("/proc/self/status").read_text().splitlines()
        return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def step_of(case: str, tokens: int, batch: int) -> Callable[[], None]:
    """One layer of the lab, forward and backward, on random tokens."""
    grid = (1, tokens) if case in ("masked", "banded") else GRIDS[tokens]  # a band over rows is none over their offsets
    x = np.random.default_rng(0).normal(size=(batch, *grid, WIDTH)).astype("float32")
    return training_step(layer_of(case, grid), x)


def layer_of(case: str, grid: tuple[int, int]) -> keras.layers.Layer:
    """The layer of a case, built; attention without its four dense layers."""
    block, shape = CASES[case], (None, *grid, WIDTH)
    match case:
        case "ffn":
            return drawn(FeedForward(4 * WIDTH, "gelu", name="channel"), shape, 0)
        case "convolution":
            return drawn(keras.layers.Conv2D(WIDTH, 3, padding="same", name="mixer"), shape, 0)
        case "depthwise":
            return drawn(keras.layers.DepthwiseConv2D(3, padding="same", name="mixer"), shape, 0)
    layer = token_mixer(block, grid, False, "mixer")
    layer.project = lambda part, channels: setattr(layer, f"{part}_projection", keras.layers.Identity())
    drawn(layer, shape, 0)
    if case == "masked":  # the band of ``banded``: a bias that softmax turns into 0 beyond the reach
        offset = np.abs(np.arange(layer.table.shape[0]) - (grid[1] - 1))
        layer.table.assign(np.repeat(np.where(offset > RASTER_WINDOW, NEVER, 0.0)[:, None], block.heads, 1))
    layer.trainable = False
    return layer


def machine() -> dict[str, object]:
    """How busy the machine is: the mean number of processes that want to run, and the cores there are."""
    load = os.getloadavg() if hasattr(os, "getloadavg") else (math.nan,)
    return {"load": round(load[0], 1), "cores": os.cpu_count()}
