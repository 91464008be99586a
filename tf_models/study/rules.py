"""When each rule was laid down: its hash and the date, kept before the runs that it judges can be read.

A rule is a row of a claim. An experiment that begins keeps the hashes of its rules in LAB_HOME, and what is shipped
ships them beside the records, in ``results/rules.json``: experiment → data set → rule → hash and date. A rule whose
measure was there before is not kept: it may have been chosen to fit.
"""

import json
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from tf_models import settings
from tf_models.runs import shipped
from tf_models.study.claims import CLAIMS
from tf_models.study.claims.base import Claim, Part

FILE = "rules.json"

Rules = Mapping[str, Mapping[str, str]]  # rule → hash and date
Kept = dict[str, dict[str, dict[str, Mapping[str, str]]]]  # experiment → data set → rules


def rule_name(claim: Claim, part: Part) -> str:
    """Such as ``C37.interaction``."""
    return f"{claim.id}.{part.key}"


def keep_rules(experiment: str, dataset: str, measured: Collection[str]) -> None:
    """Keep the rules of an experiment that begins, but none on what is `measured` already.

    A rule that is known already, unchanged, keeps its date.
    """
    known, path = known_rules(experiment, dataset), settings.home() / FILE
    today = datetime.now(UTC).date().isoformat()
    new = {
        name: {"hash": part.rule_hash, "date": today}
        for claim in CLAIMS
        for part in claim.parts
        if part.experiment == experiment and part.measure not in measured
        if known.get(name := rule_name(claim, part), {}).get("hash") != part.rule_hash
    }
    _add(path, experiment, dataset, new)


def ship_rules(experiment: str, dataset: str) -> None:
    """Put what was kept of an experiment into ``results/rules.json``."""
    _add(shipped.RESULTS / FILE, experiment, dataset, _found(settings.home() / FILE, experiment, dataset))


def known_rules(experiment: str, dataset: str) -> Rules:
    """Rule → hash and date: those of the shipped runs, and of runs that were carried out here where none is shipped."""
    return {
        name: row
        for path in (settings.home() / FILE, shipped.RESULTS / FILE)
        for name, row in _found(path, experiment, dataset).items()
    }


def rules_stamp() -> tuple[int, ...]:
    """What changes whenever a rule is kept."""
    return tuple(map(_stamp, (shipped.RESULTS / FILE, settings.home() / FILE)))


def _found(path: Path, experiment: str, dataset: str) -> Rules:
    return _read(path, _stamp(path)).get(experiment, {}).get(dataset, {})


def _stamp(path: Path) -> int:
    return path.stat().st_mtime_ns if path.exists() else 0


@lru_cache(maxsize=4)
def _read(path: Path, stamp: int) -> Kept:
    return _read_file(path)


def _read_file(path: Path) -> Kept:
    """What was kept; nothing where the file is missing or cannot be read: then no rule has a date."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _add(path: Path, experiment: str, dataset: str, rules: Rules) -> None:
    if not rules:
        return
    kept = _read_file(path)
    kept.setdefault(experiment, {}).setdefault(dataset, {}).update(rules)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", encoding="utf-8")
