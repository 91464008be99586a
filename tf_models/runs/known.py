"""Every finished run that is known here: those that came with the lab and those of the run store."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import combinations

from tf_models.data.files import stamps
from tf_models.errors import LabError
from tf_models.runs.provenance import Records
from tf_models.runs.record import RunRecord
from tf_models.runs.shipped import shipped_records, shipped_stamp
from tf_models.runs.spec import RunSpec
from tf_models.runs.store import RunStore

_known: dict[tuple, Records] = {}  # the latest alone


def known_stamp(store: RunStore | None) -> tuple:
    """What changes whenever `known_records` does, or a data file, whose version decides which of them count."""
    own = store.finished_ids() if store is not None else ()
    return shipped_stamp(), stamps(), (store.where, *own) if store is not None and own else ()


def known_records(store: RunStore | None) -> Records:
    """Shipped records, then own ones from old to new, by what was asked: shared by all who ask, and not to be changed.

    An own run of another architecture under the same name, or of another version of the training code, is left out.
    """
    now = known_stamp(store)
    if now not in _known:
        own = store.records() if store is not None else []
        found = index([*shipped_records().values(), *filter(is_current, own)])
        _known.clear()
        _known[now] = found
    return _known[now]


def is_current(record: RunRecord) -> bool:
    """Whether this lab would train the same: see `RunSpec.fingerprint`."""
    try:
        return record.fingerprint == record.spec.fingerprint(record.dataset_hash)
    except LabError:  # its data set is gone, or its images have another size now
        return False


def index(records: Iterable[RunRecord]) -> dict[RunSpec, list[RunRecord]]:
    """Records by what was asked, in the given order: the first of several equal runs is the one that is reported."""
    found: dict[RunSpec, list[RunRecord]] = {}
    for record in records:
        found.setdefault(record.spec, []).append(record)
    return found


def alike(a: RunRecord, b: RunRecord) -> bool:
    """Whether two runs may differ in their networks alone: same data, recipe, device and code."""
    return _trained(a) == _trained(b) and is_current(a) and is_current(b)


def settings_of(spec: RunSpec) -> RunSpec:
    """What is asked of a run apart from its network and seed."""
    return replace(spec, variant="vit", switches={}, seed=0)


def _trained(record: RunRecord) -> tuple[RunSpec, str, str]:
    return settings_of(record.spec), record.dataset_hash, record.device


def latest_pair(records: Sequence[RunRecord]) -> tuple[list[RunRecord], list[RunRecord]] | None:
    """The latest two arms that are `alike`, paired by seed; None where there are none. `records`: newest first."""
    arms: dict[tuple, dict[int, RunRecord]] = {}
    for record in filter(is_current, records):
        arms.setdefault((record.spec.name, *_trained(record)), {}).setdefault(record.spec.seed, record)
    for (first, a), (second, b) in combinations(arms.items(), 2):
        if first[1:] == second[1:] and (seeds := sorted(a.keys() & b.keys())):
            return [a[seed] for seed in seeds], [b[seed] for seed in seeds]
    return None
