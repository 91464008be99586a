"""Which waiting run a free worker starts: fair to visitors, and warm where that costs nobody anything.

Plain values: no Dask, no clock, no store.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from tf_models.runs.spec import Recipe, RunSpec

WARM_MODELS = 4  # traced networks that a worker keeps


@dataclass(frozen=True)
class Waiting:
    """A run that nobody has started yet, and who asks for it: one visitor or more."""

    run_id: str
    spec: RunSpec
    visitors: list[str]
    purpose: str = ""

    @cached_property
    def warmth(self) -> tuple:
        return warmth_of(self.spec)


def warmth_of(spec: RunSpec) -> tuple:
    """What a worker must have trained before to start this at once: a schedule's rate and length cost no trace."""
    recipe = replace(spec.recipe, learning_rate=Recipe.learning_rate, epochs=Recipe.epochs)
    return spec.variant, tuple(spec.switches.items()), spec.dataset, recipe


class Order:
    """The runs that wait, the networks that each worker has traced, and which visitor was served when."""

    def __init__(self) -> None:
        self._waiting: dict[str, Waiting] = {}
        self._traced: dict[str, dict[tuple, None]] = {}  # by worker, the latest last
        self._turns: dict[str, int] = {}  # by visitor: which start was the last of theirs
        self._places: dict[str, int] | None = None  # until something changes

    def __iter__(self) -> Iterator[Waiting]:
        return iter(list(self._waiting.values()))

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, run_id: str) -> bool:
        return run_id in self._waiting

    def add(self, run: Waiting) -> None:
        """The run waits after all others."""
        self._waiting[run.run_id] = run
        self._places = None

    def join(self, run: Waiting, visitor: str) -> None:
        """`visitor` asks for the run too."""
        if visitor not in run.visitors:
            run.visitors.append(visitor)
            self._places = None

    def leave(self, run: Waiting, visitor: str) -> None:
        """`visitor` no longer asks for the run; the last one stays."""
        if visitor in run.visitors and len(run.visitors) > 1:
            run.visitors.remove(visitor)
            self._places = None

    def remove(self, run_id: str) -> None:
        """The run waits no longer."""
        self._waiting.pop(run_id, None)
        self._places = None

    def place(self, run_id: str) -> int | None:
        """How many of the runs that wait start before this one, if no other comes; None for a run that does not wait.

        Which worker is free next nobody knows: here, each is in turn.
        """
        if self._places is None:
            self._places = {}
            future = Order()
            future._waiting, future._turns = dict(self._waiting), dict(self._turns)
            future._traced = {worker: dict(traced) for worker, traced in self._traced.items()}
            for worker in itertools.cycle(list(self._traced) or [""]):
                run = future.choose(worker)
                if run is None:
                    break
                self._places[run.run_id] = len(self._places)
                future.start(run, worker)
        return self._places.get(run_id)

    def choose(self, worker: str) -> Waiting | None:
        """The visitor who was served longest ago comes first: nobody's long series keeps the others waiting.

        A run serves all who ask for it. Of that visitor's runs: first one that this worker is warm for; else one that
        no other worker is warm for; else the one that has waited longest. The run goes on waiting until `start`.
        """
        if not self._waiting:
            return None
        mine = self._traced.get(worker, {})
        others = {warmth for other, traced in self._traced.items() if other != worker for warmth in traced}
        asking = dict.fromkeys(visitor for run in self for visitor in run.visitors)
        visitor = min(asking, key=lambda name: self._turns.get(name, 0))
        runs = [run for run in self if visitor in run.visitors]
        warm = next((run for run in runs if run.warmth in mine), None)
        cold = next((run for run in runs if run.warmth not in others), None)
        return warm or cold or runs[0]

    def start(self, run: Waiting, worker: str) -> None:
        """The worker trains the run: it waits no longer, and the worker is warm for its like."""
        self.remove(run.run_id)
        self._turns |= dict.fromkeys(run.visitors, max(self._turns.values(), default=0) + 1)
        self.trace(run.spec, worker)

    def trace(self, spec: RunSpec, worker: str) -> None:
        """The worker is warm for this."""
        self._places = None
        traced, warmth = self._traced.pop(worker, {}), warmth_of(spec)
        self._traced[worker] = traced  # the last in turn
        traced.pop(warmth, None)
        traced[warmth] = None
        if len(traced) > WARM_MODELS:
            del traced[next(iter(traced))]

    def is_traced(self, spec: RunSpec) -> bool:
        """Whether some worker is warm for this."""
        return any(warmth_of(spec) in traced for traced in self._traced.values())

    def suits(self, worker: str) -> bool:
        """Whether the worker is warm for a run that waits."""
        return any(run.warmth in self._traced.get(worker, {}) for run in self)

    def forget(self, worker: str) -> None:
        """The worker has ended, and with it what it had traced."""
        self._traced.pop(worker, None)
        self._places = None
