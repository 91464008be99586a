"""Which waiting run a free worker starts: fair to visitors, and warm where that costs nobody anything.

Plain values: no Dask, no clock, no store.
"""

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
        """What a worker must have trained before to start this at once: a schedule's rate and length cost no trace."""
        spec = self.spec
        recipe = replace(spec.recipe, learning_rate=Recipe.learning_rate, epochs=Recipe.epochs)
        return spec.variant, tuple(spec.switches.items()), spec.dataset, recipe


class Order:
    """The runs that wait, the networks that each worker has traced, and which visitor was served when."""

    def __init__(self) -> None:
        self._waiting: dict[str, Waiting] = {}
        self._traced: dict[str, dict[tuple, None]] = {}  # by worker, the latest last
        self._turns: dict[str, int] = {}  # by visitor: which start was the last of theirs

    def __iter__(self) -> Iterator[Waiting]:
        return iter(list(self._waiting.values()))

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, run_id: str) -> bool:
        return run_id in self._waiting

    def add(self, run: Waiting) -> None:
        """The run waits after all others."""
        self._waiting[run.run_id] = run

    def remove(self, run_id: str) -> None:
        """The run waits no longer."""
        self._waiting.pop(run_id, None)

    def place(self, run_id: str) -> int | None:
        """How many runs were there before; None for a run that does not wait."""
        return list(self._waiting).index(run_id) if run_id in self._waiting else None

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
        traced = self._traced.setdefault(worker, {})
        traced.pop(run.warmth, None)
        traced[run.warmth] = None
        if len(traced) > WARM_MODELS:
            del traced[next(iter(traced))]

    def forget(self, worker: str) -> None:
        """The worker has ended, and with it what it had traced."""
        self._traced.pop(worker, None)
