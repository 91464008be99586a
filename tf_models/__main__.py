"""The lab from the command line: ``python -m tf_models COMMAND --help``.

With ``--json`` a command prints one JSON document on standard output; everything else goes to standard error. Exit
status 0, or 2 after a one-line error.
"""

import argparse
import contextlib
import io
import math
import os
import signal
import sys
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

from tqdm import tqdm

from tf_models import printing, settings, zoo
from tf_models.arguments import add_arms, add_minutes, add_recipe, add_training, experiment_options, numbers, values_of
from tf_models.data import STUDIED, DatasetInfo, content_hash, names, peek, unknown_dataset, unpacked
from tf_models.errors import LabError
from tf_models.jobs.conduct import Conducted, conduct, used_records, where_complete
from tf_models.jobs.probing import IMAGES, ask, network, probe_all, probe_shipped
from tf_models.jobs.queue import Jobs
from tf_models.locale import ENGLISH, say
from tf_models.runs.known import Records, known_records
from tf_models.runs.record import RunRecord
from tf_models.runs.shipped import write_shipped
from tf_models.runs.spec import Recipe, RunSpec
from tf_models.runs.store import FINISHED, RunStore
from tf_models.statistics.power import error_rates, few_seeds, write_power
from tf_models.study.analysis import analyse
from tf_models.study.documents import analysis_document
from tf_models.study.exact import COMPUTED, EXACT, exact_measures, write_exact
from tf_models.study.experiments import EXPERIMENTS, Experiment, experiment_kind, where
from tf_models.study.plans import STEPS, plan, shipped_steps
from tf_models.study.probed import PROBED, PROBES, Probed, measures, merged, read_probed, write_probed
from tf_models.study.rules import keep_rules, ship_rules


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    try:
        settings.check()
        options = _parser().parse_args(arguments)
        document = options.command(options)
    except LabError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    try:
        print(printing.as_json(document) if options.json else options.show(document), flush=True)
    except BrokenPipeError:  # nobody reads on, as behind `| head`; Python would write the rest when it ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tf_models", description="The CNN × Transformer Lab, without its pages."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run, show, text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.add_argument("--json", action="store_true", help="print one JSON document")
        sub.set_defaults(command=run, show=show)
        return sub

    command("models", _models, printing.table, "List every architecture with its exact size.")
    command("datasets", _datasets, printing.table, "List the data sets that can be used here.")

    _add_train(command)

    sub = command("run", _run, printing.experiment, "Carry out an experiment and print its intervals and verdicts.")
    sub.add_argument("experiment", help=", ".join(EXPERIMENTS))
    for name, (kind, text) in experiment_options().items():
        more: dict[str, Any] = {"action": "store_true"} if kind is bool else {"type": kind}
        if kind is numbers:
            more["metavar"] = "N,N,N"
        sub.add_argument(f"--{name.replace('_', '-')}", default=argparse.SUPPRESS, help=text, **more)
    add_recipe(sub)
    add_arms(sub)
    add_minutes(sub)
    sub.add_argument("--ship", action="store_true", help="keep the records in tf_models/results")

    sub = command(
        "reproduce", _reproduce, printing.table, "Reproduce everything that comes with the lab, or one part of it."
    )
    sub.add_argument("name", nargs="?", help=", ".join(STEPS))
    sub.add_argument("--dataset", help=f"{', '.join(STUDIED)}; both by default")
    add_minutes(sub)
    sub.add_argument("--list", action="store_true", help="print the commands and run nothing")

    sub = command(
        "exact", _exact, printing.exact, "Compute the experiments that need no training and print their measures."
    )
    sub.add_argument("--only", choices=EXACT, metavar="NAME", help=", ".join(EXACT))
    sub.add_argument("--ship", action="store_true", help="keep the results in tf_models/results")

    _add_probes(command)

    sub = command(
        "linear", _linear, printing.linear, "Fit the linear classifier that every network is measured against."
    )
    sub.add_argument("--dataset", default="digits", help="see the command datasets; digits by default")
    sub.add_argument("--train-size", type=int, help="class-balanced subset of the training images; all by default")
    sub.add_argument("--seeds", type=int, default=5, help="%(default)s by default")
    sub.add_argument("--ship", action="store_true", help="keep the results in tf_models/results")

    sub = command("claims", _claims, printing.claims, "Judge the text's claims by what was measured.")
    sub.add_argument("--id", metavar="C24", help="one claim with its parts; all claims by default")

    sub = command("power", _power, printing.power, "Simulate how often the verdict rule errs.")
    sub.add_argument("--ship", action="store_true", help="keep the error rates in tf_models/results")
    return parser


def _add_train(command: Callable[..., argparse.ArgumentParser]) -> None:
    sub = command("train", _train, printing.record, "Train one variant and print its record.")
    sub.add_argument("variant", help=", ".join(zoo.CLASSROOM))
    sub.add_argument("--seed", type=int, default=0, help="%(default)s by default")
    add_training(sub)
    sub.add_argument("--learning-rate", type=float, default=Recipe.learning_rate, help="%(default)g by default")
    switches = "; ".join(f"{row.name} ({values_of(row)})" for row in zoo.SWITCHES.values())
    asked = f"such as ffn=off; repeatable. Whatever a variant lacks is refused with the reason: {switches}"
    sub.add_argument("--set", action="append", default=[], metavar="SWITCH=VALUE", help=asked)
    sub.add_argument("--ship", action="store_true", help="keep weights and activations in tf_models/results")


def _add_probes(command: Callable[..., argparse.ArgumentParser]) -> None:
    sub = command(
        "probe", _probe, printing.as_json, "Look inside one trained network, or two, and print what a probe finds."
    )
    sub.add_argument("probe", help=", ".join(PROBES))
    sub.add_argument("run", nargs="+", help="the id of a run of this lab, or a network that comes with it: vit-digits")
    sub.add_argument("--images", type=int, default=IMAGES, help="that no network was trained on; %(default)s at most")
    sub.add_argument("--start", action="store_true", help="the network as it was before it was trained")

    sub = command(
        "inside", _inside, printing.measures, "Train the networks of inside, probe them, and print the measures."
    )
    sub.add_argument("--dataset", default="digits", help=f"{', '.join(STUDIED)}; %(default)s by default")
    add_arms(sub)
    either = sub.add_mutually_exclusive_group()
    add_minutes(either)
    text = "train none: probe those that come with the lab, one seed"
    either.add_argument("--shipped", action="store_true", help=text)
    sub.add_argument("--ship", action="store_true", help="keep records and what was found in tf_models/results")


def _models(options: argparse.Namespace) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "family": spec.family,
            "scale": scale,
            "parameters": zoo.parameters(spec),
            "macs": zoo.macs(spec),
            "input_shape": list(spec.input_shape),
        }
        for scale, specs in (("classroom", zoo.CLASSROOM), ("published", zoo.PUBLISHED))
        for name, spec in specs.items()
    ]


def _datasets(options: argparse.Namespace) -> list[dict[str, Any]]:
    rows = []
    for name in names():
        try:
            known, content, problem = peek(name), content_hash(name), ""
        except LabError as error:  # a broken file must not hide the others
            rows.append({"name": name, "problem": str(error)})
            continue
        shape = {"input_shape": list(known.input_shape), "classes": known.classes}
        row = {"name": name, **shape, "train_images": known.train_images, "hash": content, "problem": problem}
        rows.append(row | {"left_out": _left_out(known)})
    return [*rows, *({"name": name, "problem": str(unknown_dataset(name))} for name in unpacked())]


def _left_out(known: DatasetInfo) -> str:
    """What is in the file of a data set and not used, and why."""
    told = ((row, ", ".join(row.names) + (" …" if row.count > len(row.names) else "")) for row in known.left_out)
    return " ".join(say(ENGLISH, f"left_out.{row.reason}", count=row.count, names=names) for row, names in told)


def _recipe(options: argparse.Namespace, **more: Any) -> Recipe:
    own = {name: getattr(options, name) for name in ("epochs", "schedule", "augment", "xla", "mixed_precision")}
    return Recipe(**own, **more)


def _train(options: argparse.Namespace) -> dict[str, Any]:
    switches = zoo.parse_switches(options.set)
    recipe = _recipe(options, learning_rate=options.learning_rate)
    spec = RunSpec(
        options.variant, switches, options.dataset, options.train_size, options.seed, recipe, settings.backend()
    )
    jobs = Jobs(RunStore())
    try:
        run = jobs.submit(spec, purpose="command line", fresh=options.fresh)
        if options.ship and not jobs.store.weights(run.run_id).exists():  # shipped records come without weights
            run = jobs.submit(spec, purpose="command line", fresh=True)
        if run.record is not None:
            what = f"run {run.run_id} of {run.record.finished[:10]} is reused"
            print(f"nothing was trained: {what} (--fresh trains anew)", file=sys.stderr)
        record = run.record or _watch(jobs, run.run_id, spec)
        if options.ship:
            from tf_models.jobs.showcase import ship

            print(ship(jobs, record), file=sys.stderr)
        return {**record.to_dict(), "reused": run.record is not None}
    finally:
        jobs.close()


def _watch(jobs: Jobs, run_id: str, spec: RunSpec) -> RunRecord:
    """Wait for a run and show its progress, without a terminal in a line once it has ended; Ctrl-C stops it."""
    with tqdm(total=spec.recipe.epochs, desc=spec.name, unit="epoch", disable=None) as bar:

        def show(active: int) -> None:
            for row in jobs.store.epochs(run_id)[bar.n :]:
                bar.set_postfix(loss=f"{row['loss']:.3f}", validation=f"{row['validation_accuracy']:.3f}")
                bar.update()

        try:
            run = jobs.wait([run_id], show)[0]
        except KeyboardInterrupt:
            jobs.stop(run_id)
            jobs.wait([run_id])
            raise
    if run.status != FINISHED or run.record is None:
        raise run.reason or LabError("run_ended", value=run_id, status=run.status)
    if bar.disable:
        epochs, seconds = spec.recipe.epochs, run.record.train_seconds
        print(f"{spec.name} {spec.dataset}: {epochs} of {epochs} epochs in {seconds:.0f} s", file=sys.stderr)
    return run.record


def _experiment(options: argparse.Namespace) -> Experiment:
    """What the options of ``run`` describe; refuses those that the experiment does not have."""
    kind = experiment_kind(options.experiment)
    given = {name: getattr(options, name) for name in experiment_options() if hasattr(options, name)}
    for name, value in given.items():
        if name not in {field.name for field in fields(kind)}:
            raise LabError("idle_option", value=value, name=name.replace("_", "-"), experiment=kind.name)
    dataset = given.setdefault("dataset", where(kind.name, "digits"))
    given.setdefault("seeds", peek(dataset).seeds)
    return kind(**given, recipe=_recipe(options), backend=settings.backend())


def _run(options: argparse.Namespace) -> dict[str, Any]:
    experiment = _experiment(options)
    if not (options.fresh or settings.is_backend_given()):
        experiment = where_complete(experiment, _known_here())
    _keep_rules(experiment, anew=options.fresh and options.ship)
    done = _conducted(experiment, options.fresh, options.minutes, options.arms)
    if options.ship:
        print(_ship_runs(experiment, done.records), file=sys.stderr)
    trained, reused = len(done.trained), len(done.reused)
    counts = {"trained": trained, "reused": reused, "missing": done.missing}
    return {**analysis_document(analyse(experiment, done.records)), **counts}


def _keep_rules(experiment: Experiment, anew: bool) -> None:
    """Before anything is trained: by what rules claims will be judged, where they are judged by this experiment."""
    planned = plan(experiment.name, experiment.dataset)
    if replace(experiment, backend=planned.backend) == planned:
        known = {} if anew else _known_here()
        keep_rules(experiment.name, experiment.dataset, analyse(experiment, known).measures)


def _known_here() -> Records:
    store = RunStore()
    try:
        return known_records(store)
    finally:
        store.close()


@contextlib.contextmanager
def _bars(experiment: Experiment) -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar for every step, or without a terminal a line whenever a run of it has ended: told its name, how
    much is done, and of how much.
    """
    bars: dict[str, tqdm] = {}

    def show(step: str, done: int, total: int) -> None:
        words = f"{experiment.name} {experiment.dataset}: {step}"
        if step not in bars:
            bars[step] = tqdm(total=total, desc=words, disable=None)
        bar = bars[step]
        if bar.disable and done != bar.n:
            print(f"{words} {done} of {total}", file=sys.stderr, flush=True)
        bar.n = done
        bar.refresh()

    try:
        yield show
    finally:
        for bar in bars.values():
            bar.close()


def _conducted(
    experiment: Experiment, fresh: bool = False, minutes: float | None = None, only: Collection[str] = ()
) -> Conducted:
    """Carry the experiment out with progress bars, and say how much of it was trained."""
    if minutes is not None and not 0 < minutes < math.inf:
        raise LabError("number", name="minutes", value=minutes, low=0, high="∞")
    until = math.inf if minutes is None else time.monotonic() + 60 * minutes
    if words := few_seeds(experiment.dataset, experiment.seeds):
        print(words, file=sys.stderr)
    jobs = Jobs(RunStore())

    def left_out(runs: int, device: str) -> None:
        what = "of another device or another version of the data, and only runs of one are compared"
        print(f"{runs} known runs are {what}: what is missing on {device} is trained here", file=sys.stderr)

    try:
        with _bars(experiment) as show:
            done = conduct(jobs, experiment, fresh, show, left_out, until, only)
    finally:
        jobs.close()
    trained, reused = len(done.trained), len(done.reused)
    if done.missing:
        over = f"{minutes:g} minutes are over and at least {done.missing} runs are missing"
        print(f"{over}: the same command goes on from here", file=sys.stderr)
    if reused:
        some, none = f"{trained} runs were trained and {reused} are", f"nothing was trained: all {reused} runs are"
        print(f"{some if trained else none} reused (--fresh trains anew)", file=sys.stderr)
    return done


def _ship_runs(experiment: Experiment, records: Records) -> Path:
    variant = getattr(experiment, "variant", "vit")
    network = "" if variant == "vit" else f"-{variant}"
    if not network:  # claims are judged by the plan of the ViT
        ship_rules(experiment.name, experiment.dataset)
    data = "" if experiment.own_data else f"-{experiment.dataset}"
    return write_shipped(f"{experiment.name}{network}{data}", used_records(experiment, records))


def _reproduce(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Every step is a command of this program, so that each can be repeated by itself."""
    every = shipped_steps()
    steps = [
        step
        for step in every
        if options.name in (None, step.name) and (options.dataset is None or step.dataset in ("", options.dataset))
    ]
    if not steps:
        choices = dict.fromkeys(f"{step.name} {step.dataset}".strip() for step in every)
        raise LabError(
            "unknown_step", value=" ".join(filter(None, (options.name, options.dataset))), choices=", ".join(choices)
        )
    rows, started = [], time.perf_counter()
    for step in steps:
        row: dict[str, Any] = {"name": step.name, "dataset": step.dataset}
        if not options.list:
            print(step.command, file=sys.stderr)
            began, inner = time.perf_counter(), _parser().parse_args(step.command.split()[3:])
            if options.minutes is not None and hasattr(inner, "minutes"):
                inner.minutes = max(0.01, options.minutes - (began - started) / 60)
            inner.command(inner)
            row["seconds"] = round(time.perf_counter() - began)
        rows.append({**row, "command": step.command})
    return rows


def _exact(options: argparse.Namespace) -> dict[str, Any]:
    from tf_models.jobs.worker import exact

    results: dict[str, Any] = {}
    for name in (options.only,) if options.only else EXACT:
        if name in COMPUTED:
            print(f"computing {name}", file=sys.stderr)
            results[name] = exact(name)
            if options.ship:
                write_exact({name: results[name]})
        else:
            measures = {key: asdict(measure) for key, measure in exact_measures()[name].items()}
            results[name] = {"provenance": {}, "measures": measures, "series": {}}
    return results


def _probe(options: argparse.Namespace) -> dict[str, Any]:
    jobs = Jobs(RunStore())
    try:
        networks = [network(jobs.store, name) for name in options.run]
        asked = [(record.spec, None if options.start else weights) for record, weights in networks]
        found = ask(jobs, options.probe, asked, options.images)
    finally:
        jobs.close()
    return {"probe": options.probe, "runs": [record.run_id for record, _ in networks], **found}


def _inside(options: argparse.Namespace) -> dict[str, dict[str, Any]]:
    experiment = plan("inside", options.dataset)
    experiment.choosing(options.arms)
    if options.shipped:
        if options.arms:
            raise LabError("idle_option", value=", ".join(options.arms), name="arms", experiment="inside --shipped")
        return _inside_shipped(experiment, options.ship)
    known = measures(read_probed(options.dataset))
    for probe in PROBED:
        keep_rules(probe, options.dataset, known[probe])
    _keep_rules(experiment, anew=False)
    done = _conducted(experiment, minutes=options.minutes, only=options.arms)
    if done.missing:
        return {}
    found = _looked_into(experiment, partial(probe_all, only=options.arms))
    if options.arms:
        found = merged(read_probed(options.dataset), found)
    if options.ship:
        print(_ship_runs(experiment, done.records), file=sys.stderr)
        for probe in PROBED:
            ship_rules(probe, options.dataset)
        print(write_probed(found), file=sys.stderr)
    return _measured(found)


def _inside_shipped(experiment: Experiment, keep: bool) -> dict[str, dict[str, Any]]:
    before = read_probed(experiment.dataset)
    if keep and any(seed for _, seed, _ in before.networks):
        raise LabError("probes_of_seeds", dataset=experiment.dataset)
    found = _looked_into(experiment, probe_shipped)
    if keep:
        print(write_probed(found), file=sys.stderr)
    return _measured(found)


def _looked_into(experiment: Experiment, probe: Callable[..., Probed]) -> Probed:
    jobs = Jobs(RunStore())
    try:
        with _bars(experiment) as show:
            return probe(jobs, experiment, on_change=show)
    finally:
        jobs.close()


def _measured(found: Probed) -> dict[str, dict[str, Any]]:
    return {probe: {name: asdict(measure) for name, measure in rows.items()} for probe, rows in measures(found).items()}


def _linear(options: argparse.Namespace) -> list[dict[str, Any]]:
    from tf_models.study.linear import linear_classifier, write_linear

    results = [linear_classifier(options.dataset, seed, options.train_size) for seed in range(options.seeds)]
    if options.ship:
        write_linear(results)
    return [asdict(result) for result in results]


def _claims(options: argparse.Namespace) -> list[dict[str, Any]]:
    from tf_models.study.claims import CLAIMS, find  # what nobody asks of the other commands
    from tf_models.study.documents import claim_document
    from tf_models.study.judging import judge_analyses, load_analyses

    chosen = [find(options.id)] if options.id else list(CLAIMS)
    analyses = load_analyses(_known_here())
    results = judge_analyses(analyses)
    return [claim_document(row, results[row.id], analyses) for row in chosen]


def _power(options: argparse.Namespace) -> list[dict[str, Any]]:
    rows = error_rates()
    if options.ship:
        print(write_power(rows), file=sys.stderr)
    return rows


# For people


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):  # sent to a file, Windows writes its code page, which lacks some characters
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as by Ctrl-C: what runs is stopped, what was kept stays
    sys.exit(main())
