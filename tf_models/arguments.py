"""What the commands take: options that several have in common, and those that experiments offer."""

import argparse
from dataclasses import MISSING, fields
from typing import Any, get_args

from tf_models.runs.spec import Recipe
from tf_models.study.experiments import EXPERIMENTS
from tf_models.zoo.switches import Numbers, Switch


def add_minutes(sub: argparse._ActionsContainer) -> None:
    """A time budget for what a command trains."""
    text = "time budget: what has not ended by then is stopped, and all that has is kept"
    sub.add_argument("--minutes", type=float, help=text)


def add_arms(sub: argparse._ActionsContainer) -> None:
    """A part of an experiment."""
    text = "train these arms alone, and no controls: a long experiment in parts"
    sub.add_argument("--arms", type=_names, default=(), metavar="NAME,NAME", help=text)


def add_training(sub: argparse.ArgumentParser) -> None:
    """On what a network is trained, and how."""
    sub.add_argument("--dataset", default="digits", help="see the command datasets; digits by default")
    sub.add_argument("--train-size", type=int, help="class-balanced subset of the training images; all by default")
    add_recipe(sub)


def add_recipe(sub: argparse.ArgumentParser) -> None:
    """How a network is trained."""
    sub.add_argument("--epochs", type=int, default=Recipe.epochs, help="%(default)s by default")
    sub.add_argument("--schedule", default=Recipe.schedule, help="of the learning rate: cosine (by default) or decay")
    sub.add_argument("--augment", action="store_true", help="flip and move the training images at random")
    sub.add_argument("--xla", action="store_true", help="compile the training step with XLA")
    sub.add_argument("--mixed-precision", action="store_true", help="compute in bfloat16")
    sub.add_argument("--fresh", action="store_true", help="train even if an identical run has finished")


def values_of(switch: Switch) -> str:
    """What a switch may be set to, for people."""
    values = switch.values
    return f"{values.low:g} to {values.high:g}" if isinstance(values, Numbers) else ", ".join(values)


def numbers(text: str) -> tuple[int, ...]:
    """``1,2,4`` as numbers. Raises `argparse.ArgumentTypeError` for what is none."""
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"“{text}” must be whole numbers, such as 1,2,4") from None


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(","))


def experiment_options() -> dict[str, tuple[Any, str]]:
    """Name → (type, help) of every field that some experiment offers, and whose it is where not all have it."""
    offered: dict[str, tuple[Any, str]] = {}
    for field in (field for kind in EXPERIMENTS.values() for field in fields(kind) if field.metadata):
        having = [name for name, kind in EXPERIMENTS.items() if field.name in {own.name for own in fields(kind)}]
        whose = "" if len(having) == len(EXPERIMENTS) else f" ({', '.join(having)})"
        usual = {own.default for name in having for own in fields(EXPERIMENTS[name]) if own.name == field.name}
        if len(usual) == 1 and not usual & {MISSING, None, False, ()}:
            whose = f"; {_default(*usual)} by default{whose}"
        types = {"str": str, "bool": bool, "tuple[int, ...]": numbers}
        offered[field.name] = types.get(_type_name(field.type), int), field.metadata["help"] + whose
    return offered


def _default(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _type_name(annotation: Any) -> str:
    return annotation.__name__ if isinstance(annotation, type) and not get_args(annotation) else str(annotation)
