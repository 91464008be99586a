"""Reading runs that an older, a newer or a damaged lab has written: what cannot be read says so, and hides nothing."""

import base64
import math
from collections.abc import Mapping
from dataclasses import fields
from types import UnionType
from typing import Any, Literal, get_args, get_origin

from tf_models.errors import LabError
from tf_models.runs.record import SCHEMA, RunRecord
from tf_models.runs.spec import Recipe, RunSpec

# Fields that came later, with what records from before them mean.
BEFORE = {
    "labels": "true",
    "schedule": "cosine",
    "augment": False,
    "updates": None,
    "fit_loss": None,
    "fit_accuracy": None,
    "confusion": None,
    "class_names": None,
    "schema": 1,
}


def _kinds(annotation: Any) -> tuple[type, ...]:
    """The types that a value in JSON may have; a whole number may stand for a float."""
    if isinstance(annotation, UnionType):
        return tuple(kind for part in get_args(annotation) for kind in _kinds(part))
    if get_origin(annotation) is Literal:
        return (str,)
    return (float, int) if annotation is float else (get_origin(annotation) or annotation,)


_RECIPE = {f.name: _kinds(f.type) for f in fields(Recipe)}
_SPEC = {f.name: _kinds(f.type) for f in fields(RunSpec) if f.name != "recipe"}
_OWN = {f.name: _kinds(f.type) for f in fields(RunRecord) if f.name != "spec"}


def read_record(values: Any, run_id: str = "") -> RunRecord:
    """The inverse of `RunRecord.to_dict`, from a JSON object; fields that this lab does not know are passed over.

    Raises `LabError` for a record of a newer schema and for one that is incomplete or damaged.
    """
    values = {**BEFORE, **values} if isinstance(values, Mapping) else {}
    run_id, schema = run_id or str(values.get("run_id", "")), values.get("schema")
    if isinstance(schema, int) and schema > SCHEMA:
        raise LabError("record_newer", value=run_id, schema=schema, known=SCHEMA)
    try:
        recipe, spec, own = (_chosen(values, kinds) for kinds in (_RECIPE, _SPEC, _OWN))
        if len(base64.b64decode(own["correct"], validate=True)) != math.ceil(own["test_images"] / 8):
            raise ValueError("correct")
        if own["confusion"] is not None:
            own["confusion"] = _matrix(own["confusion"], own["test_images"])
        if own["class_names"] is not None:
            own["class_names"] = tuple(str(name)[:80] for name in own["class_names"])
            if len(own["class_names"]) != len(own["confusion"] or own["class_names"]):
                raise ValueError("class_names")
        if isinstance(own["history"], list | str):  # a shipped one is read when it is asked for
            own["history"] = tuple(own["history"])
            if None in map(read_epoch, own["history"]):
                raise ValueError("history")
        return RunRecord(spec=RunSpec(**spec, recipe=Recipe(**recipe)), **own)
    except (TypeError, ValueError) as error:  # a LabError is a ValueError
        raise LabError("record_unreadable", value=run_id, problem=str(error)) from error


def _matrix(values: Any, total: int) -> tuple[tuple[int, ...], ...]:
    """A square matrix of counts of so many images, or a `ValueError`."""
    rows = tuple(tuple(row) for row in values)
    whole = all(isinstance(value, int) and value >= 0 for row in rows for value in row)
    if not whole or {len(row) for row in rows} != {len(rows)} or sum(map(sum, rows)) != total:
        raise ValueError("confusion")
    return rows


def _chosen(values: Mapping[str, Any], kinds: Mapping[str, tuple[type, ...]]) -> dict[str, Any]:
    chosen = {name: values.get(name, ...) for name in kinds}
    for name, value in chosen.items():
        if not isinstance(value, kinds[name]) or (type(value) is float and not math.isfinite(value)):
            raise ValueError(name if value is ... else f"{name}: {str(value)[:40]}")
    return chosen


def read_spec(values: Any, run_id: str) -> RunSpec:
    """A spec from its JSON object; raises `LabError` for what this lab cannot train."""
    try:
        recipe = Recipe(**_chosen({**BEFORE, **values["recipe"]}, _RECIPE))
        return RunSpec(**_chosen({**BEFORE, **values}, _SPEC), recipe=recipe)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise LabError("record_unreadable", value=run_id, problem=str(error)) from error


def spec_as_written(values: Any) -> RunSpec:
    """A spec to be shown, not trained: its variant and switches may be unknown here; what is damaged is left out."""
    values = values if isinstance(values, Mapping) else {}
    spec, usual = object.__new__(RunSpec), RunSpec()
    for name, kind in _SPEC.items():
        given = values.get(name)
        object.__setattr__(spec, name, given if isinstance(given, kind) else getattr(usual, name))
    object.__setattr__(spec, "variant", str(values.get("variant", "?")))
    object.__setattr__(spec, "switches", {str(key): str(value) for key, value in spec.switches.items()})
    try:
        recipe = Recipe(**_chosen({**BEFORE, **values["recipe"]}, _RECIPE))
    except (TypeError, ValueError, KeyError, AttributeError):
        recipe = usual.recipe
    object.__setattr__(spec, "recipe", recipe)
    return spec


def read_reason(values: Any) -> LabError | None:
    """Why a run ended, from the `code` and `values` of a `LabError`; one that this lab does not know says so."""
    if not values:
        return None
    try:
        return LabError(values["code"], **values["values"])
    except (TypeError, ValueError, KeyError, AttributeError):
        code = values.get("code") if isinstance(values, Mapping) else values
        return LabError("unknown_reason", value=str(code)[:40])


def read_epoch(values: Any) -> dict[str, float] | None:
    """What an epoch reported; None where it cannot be read."""
    whole = isinstance(values, dict) and {"epoch", "validation_accuracy"} <= values.keys()
    return values if whole and all(isinstance(value, float | int) for value in values.values()) else None
