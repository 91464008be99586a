"""What the command line prints of its documents, for people: lines and tables of plain text."""

import json
from typing import Any


def table(rows: list[dict[str, Any]]) -> str:
    heads = list(dict.fromkeys(head for row in rows for head in row))
    cells = [heads] + [[_cell(row.get(head, "")) for head in heads] for row in rows]
    widths = [max(len(line[column]) for line in cells) for column in range(len(heads))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells
    )


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return "×".join(map(str, value))
    return f"{value:,}" if isinstance(value, int) else str(value if value is not None else "")


def claims(rows: list[dict[str, Any]]) -> str:
    """A line for every claim; a single one with its parts."""
    datasets = list(dict.fromkeys(result["dataset"] for row in rows for result in row["measured"]))
    verdicts = table(
        [
            {"id": row["id"]}
            | {
                name: next((r["verdict"].replace("_", " ") for r in row["measured"] if r["dataset"] == name), "–")
                for name in datasets
            }
            | {"the text says": row["statement"]["en"]}
            for row in rows
        ]
    )
    if len(rows) > 1:
        return verdicts
    lines = [verdicts]
    for result in rows[0]["measured"]:
        lines.append(f"on {result['dataset']}:")
        for asked, part in zip(rows[0]["rule"], result["parts"], strict=True):
            found = "–"
            if part["value"] is not None:
                found = f"{part['value']:.4g}"
                if part["seeds"]:
                    repeats = "seeds" if part["source"] == "runs" else "repeats"
                    found += f" [{part['low']:.4g}, {part['high']:.4g}], {part['seeds']} {repeats}"
            decides = "" if part["decides"] else " (does not decide)"
            lines.append(f"  {asked['rule']}: {found}: {part['verdict'].replace('_', ' ')}{decides}")
    return "\n".join(lines)


def power(rows: list[dict[str, Any]]) -> str:
    return table(
        [
            {
                "data set": row["dataset"],
                "rule": row["rule"],
                "seeds": row["seeds"],
                "true effect (points)": " and ".join(f"{100 * true:g}" for true in row["true"]),
                **{name.replace("_", " "): f"{100 * share:.1f} %" for name, share in row["shares"].items()},
            }
            for row in rows
        ]
    )


def record(values: dict[str, Any]) -> str:
    switches = " ".join(f"{key}={value}" for key, value in values["switches"].items())
    return (
        f"{values['variant']} {switches}".strip() + f" on {values['dataset']}, seed {values['seed']}: "
        f"test accuracy {100 * values['test_accuracy']:.1f} % of {values['test_images']} images "
        f"(validation {100 * values['validation_accuracy']:.1f} %), {values['parameters']:,} parameters, "
        f"{values['train_seconds']:.0f} s on {values['device']}. Run {values['run_id']}."
    )


def experiment(result: dict[str, Any]) -> str:
    def figure(row: dict[str, Any], name: str) -> str:
        return f"{row[name]:+.3f}" if row["unit"] == "nats" else f"{100 * row[name]:+.2f}"

    lines = [f"{result['experiment']} on {result['dataset']}, {result['train_images']:,} training images"]
    for arm in result["arms"]:
        if arm["test_accuracy"] is not None:
            lines.append(
                f"  {arm['name']:<12} {100 * arm['test_accuracy']:.2f} %  {arm['parameters']:>9,} parameters, "
                f"{len(arm['seeds'])} seeds, learning rate {arm['learning_rate']:g}"
            )
    lines.append("differences in test accuracy, in points, with intervals (95 %; 97.5 % beyond the declared seeds):")
    units = {"doubling": " per doubling of the images", "nats": " nats of loss"}
    for row in result["contrasts"]:
        if row["mean"] is not None:
            interval = f"{figure(row, 'mean')} [{figure(row, 'low')}, {figure(row, 'high')}]"
            unit = units.get(row["unit"], "")
            verdict = f": {row['verdict'].replace('_', ' ')}" if row["verdict"] else ""
            wins = f"above 0 in {row['wins']} of {row['seeds']}"
            lines.append(f"  {row['name']:<12} {interval}{unit}  {wins}{verdict}")
    for control in result["controls"]:
        state = {True: "passed", False: "FAILED: verdicts withheld", None: "not run"}[control["passed"]]
        lines.append(f"control {control['name']}: {state}")
    return "\n".join(lines)


def linear(results: list[dict[str, Any]]) -> str:
    """A line for every seed, and the mean."""
    shares = ("validation_accuracy", "test_accuracy")
    kept = ("dataset", "train_images", "seed", "c")
    rows = [
        {name: row[name] for name in kept} | {name: f"{100 * row[name]:.2f} %" for name in shares} for row in results
    ]
    means = {name: f"{100 * sum(row[name] for row in results) / len(results):.2f} %" for name in shares}
    return table([*rows, {"dataset": results[0]["dataset"], "seed": "mean", **means}])


def as_json(document: Any) -> str:
    return json.dumps(document, indent=1)


def measures(results: dict[str, dict[str, Any]]) -> str:
    lines = []
    for name, rows in results.items():
        lines.append(name)
        for key, row in rows.items():
            lines.append(f"  {key:<40} {row['value']:.4g}  [{row['low']:.4g}, {row['high']:.4g}] over {row['seeds']}")
    return "\n".join(lines)


def exact(results: dict[str, Any]) -> str:
    lines = []
    for name, result in results.items():
        lines.append(name)
        for key, row in result["measures"].items():
            interval = f"  [{row['low']:.4g}, {row['high']:.4g}] over {row['seeds']}" if row["seeds"] else ""
            lines.append(f"  {key:<40} {row['value']:.4g} ({row['unit']}){interval}")
    lines.append("An error of 0 is equality up to rounding; what each measure says of the text: claims --json.")
    return "\n".join(lines)
