"""The experiments that need no training: their measures, from closed formulas and from ``results/exact.json``.

``python -m tf_models exact --ship`` computes that file: about ten minutes on one core, most of them for ``cost``.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import cache, lru_cache
from typing import Any

from tf_models.errors import LabError
from tf_models.runs import shipped
from tf_models.statistics.effects import Measure
from tf_models.zoo.cost_cases import cost_facts
from tf_models.zoo.facts import inventory_facts

COMPUTED = ("identities", "receptive-field", "equivariance", "rank-collapse", "cost")  # what the file holds
EXACT = ("inventory", *COMPUTED)


def exact_measures() -> dict[str, dict[str, Measure]]:
    """Experiment → name → measure. ``inventory`` is always there; the others are empty where the file lacks them."""
    found = _results()
    measures = {name: read_measures(found.get(name, {}).get("measures", {})) for name in COMPUTED}
    if measures["cost"]:
        measures["cost"] |= _formulas(cost_facts)
    return {"inventory": dict(_formulas(inventory_facts)), **measures}


@cache  # a page asks at every click
def _formulas(facts: Callable[[], dict[str, tuple[float, str]]]) -> dict[str, Measure]:
    """What closed formulas give, as measures."""
    return {name: Measure(float(v), float(v), float(v), unit, source="formula") for name, (v, unit) in facts().items()}


def exact_series() -> dict[str, dict[str, Any]]:
    """Experiment → what its figures are drawn from; empty where the file lacks it.

    ``rank-collapse``: `layers` and, in `arms`, r at every layer for every seed; the `floor` under which r is rounding,
    the layer after which skip and FFN are `compared`, and by arm some `channels` of the tokens of one input (layers ×
    channels × tokens, in percent of a layer's largest magnitude). ``receptive-field``: `depth`, and the effective
    `radius` in pixels at every depth for every seed. ``cost``: `sizes` in tokens, and by case `macs`, `seconds` an
    image (rounds × sizes) and `memory_mib` an image (at `memory_sizes`).
    """
    found = _results()
    return {name: found.get(name, {}).get("series", {}) for name in COMPUTED}


def exact_provenance() -> dict[str, dict[str, Any]]:
    """Experiment → where its numbers come from: git revision, versions, device, backend, seeds, date."""
    found = _results()
    return {name: found.get(name, {}).get("provenance", {}) for name in COMPUTED}


def document(name: str, result: dict[str, Any], provenance: dict[str, Any]) -> dict[str, Any]:
    """One experiment as plain JSON."""
    if name not in COMPUTED:
        raise LabError("unknown_experiment", value=name, choices=", ".join(EXACT))
    measures = {key: asdict(measure) for key, measure in result["measures"].items()}
    return {"provenance": provenance, "measures": measures, "series": result["series"]}


def write_exact(results: dict[str, dict[str, Any]]) -> None:
    """Put these experiments into ``results/exact.json``; those that are not among them stay."""
    shipped.RESULTS.mkdir(exist_ok=True)
    kept = _results() | results
    text = json.dumps({name: kept[name] for name in COMPUTED if name in kept}, indent=1)
    (shipped.RESULTS / "exact.json").write_text(_on_one_line(text) + "\n")


def _on_one_line(text: str) -> str:
    """Lists of numbers on one line each, so that a change of one measure is a change of one line."""
    return re.sub(r"\[\s+([^][{}]+?)\s+\]", lambda found: f"[{' '.join(found[1].split())}]", text)


@lru_cache(maxsize=2)
def _read(path: str, _stamp: int) -> dict[str, Any]:
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def exact_stamp() -> int:
    """What changes whenever the file does."""
    path = shipped.RESULTS / "exact.json"
    return path.stat().st_mtime_ns if path.exists() else 0


def _results() -> dict[str, Any]:
    return _read(str(shipped.RESULTS / "exact.json"), stamp) if (stamp := exact_stamp()) else {}


def read_measures(rows: Mapping[str, Mapping[str, Any]]) -> dict[str, Measure]:
    """Measures from their JSON objects, as the file holds them and as a worker computes them."""
    return {name: Measure(**{**row, "runs": tuple(row["runs"])}) for name, row in rows.items()}
