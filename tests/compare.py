"""Whether two checkouts of the lab print the same figures: ``python tests/compare.py OLD NEW``.

Both answer ``claims --json`` and analyse every plan from the records that they ship, each with an empty LAB_HOME and
the LAB_DATA_DIR of this shell, and with this Python; nothing is trained. Every measure, interval and verdict of OLD
that NEW prints otherwise, or not at all, is one line; exit status 1 if there is any.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Figures = dict[str, str]  # what a figure is of → how it is printed
ANALYSES = """
import json
from tf_models.runs.known import known_records
from tf_models.study.analysis import analyse
from tf_models.study.documents import analysis_document
from tf_models.study.plans import plans
known = known_records(None)
print(json.dumps({f"{plan.name} {plan.dataset}": analysis_document(analyse(plan, known)) for plan in plans()}))
"""
IN_POINTS = ("accuracy", "doubling")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    options = parser.parse_args()
    old, new = (_answers(checkout) for checkout in (options.old, options.new))
    differences = figures = 0
    for name, document in old.items():
        before, after = _figures(document), _figures(new.get(name))
        found = [(key, text, after.get(key, "–")) for key, text in before.items() if after.get(key) != text]
        figures, differences = figures + len(before), differences + len(found)
        print("\n".join([f"{name}: {len(before)} figures", *(f"  {k}: {a} → {b}" for k, a, b in found)]), flush=True)
    print(f"{figures} figures, {differences} differences")
    return 1 if differences or not figures else 0


def _run(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    with tempfile.TemporaryDirectory() as home:
        surroundings = os.environ | {"LAB_HOME": home, "PYTHONPATH": str(checkout.resolve())}
        return subprocess.run(
            [sys.executable, *arguments], cwd=checkout, env=surroundings, capture_output=True, text=True
        )


def _answers(checkout: Path) -> dict[str, Any]:
    """The document of all claims, and that of every plan."""
    claims, analyses = _run(checkout, "-m", "tf_models", "claims", "--json"), _run(checkout, "-c", ANALYSES)
    for done in (claims, analyses):
        if done.returncode:
            raise SystemExit(done.stderr)
    return {"claims": json.loads(claims.stdout), **json.loads(analyses.stdout)}


def _figures(document: Any) -> Figures:
    if document is None:
        return {}
    return dict(_of_claims(document) if isinstance(document, list) else _of_experiment(document))


def _of_claims(claims: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    for claim in claims:
        yield claim["id"], f"{claim['verdict']} on {claim['dataset']}, {claim['seeds']} seeds"
        for result in claim["measured"]:
            where = f"{claim['id']} on {result['dataset']}"
            chances = [f"{name} {result[name]:.3f}" for name in ("p", "p_adjusted") if result[name] is not None]
            yield where, ", ".join([result["verdict"], result["reason"], f"{result['seeds']} seeds", *chances])
            for part in result["parts"]:
                interval = _interval(part, part["value"], part.get("unit", ""))
                yield f"{where}, {part['key']}", f"{interval} {part['verdict']}, {part['reason']}"


def _of_experiment(found: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Contrasts by their place in a grid, their name, or their arms; arms by what they are, whatever their name is."""
    for row in reversed([*found["contrasts"], *found.get("measures", {}).values(), *found.get("grid", [])]):
        mean = row["mean"] if "mean" in row else row["value"]
        text = f"{_interval(row, mean, row.get('unit', 'accuracy'))} {row['verdict']}, {row['seeds'] or 0} seeds"
        if {"depth", "train_images"} <= row.keys():
            yield f"depth {row['depth']}, {row['train_images']} images", text
        elif row.get("unit", "accuracy") == "accuracy":
            yield f"{row['a']} − {row['b']}", text
    named = {row["name"]: row for row in found["contrasts"] if "name" in row} | found.get("measures", {})
    for name, row in named.items():
        yield name, _interval(row, row["mean"], row["unit"]) + f" {row['verdict']}"
    for arm in [*found["arms"], *found.get("data_curve", [])]:
        switches = " ".join(f"{key}={value}" for key, value in sorted(arm.get("switches", {}).items()))
        images = arm.get("train_images", found["train_images"])
        what = f"{arm.get('variant', found.get('variant'))} {switches}, {images} images"
        accuracy, seeds = arm["test_accuracy"], len(arm["seeds"])
        yield what, "–" if accuracy is None else f"{100 * accuracy:.2f} %, {seeds} seeds, runs {' '.join(arm['runs'])}"
    for control in found["controls"]:
        yield f"control {control['name']}", str(control["passed"])


def _interval(row: dict[str, Any], mean: float | None, unit: str) -> str:
    if mean is None:
        return "–"
    numbers = (mean, row["low"], row["high"])
    mean_text, low, high = (f"{100 * x:+.2f}" if unit in IN_POINTS else f"{x:.4g}" for x in numbers)
    return f"{mean_text} [{low}, {high}]"


if __name__ == "__main__":
    sys.exit(main())
