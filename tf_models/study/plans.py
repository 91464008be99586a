"""The experiments as the lab ships them: one plan for each data set. README has the commands."""

from typing import Any

from tf_models.runs.spec import Recipe
from tf_models.statistics.rule import declared_seeds
from tf_models.study.experiments import EXPERIMENTS, Experiment

DATASETS = ("digits", "cifar10-jpeg")
# What differs from the declared seeds, all images and 15 epochs on digits, and from this on cifar10-jpeg.
_PHOTOGRAPHS: dict[str, Any] = dict(train_size=10_000, recipe=Recipe(epochs=5), tuning_size=2500)
_OWN: dict[tuple[str, str], dict[str, Any]] = {
    ("ffn-gap", "digits"): dict(depths=(1, 2, 4, 8), train_sizes=(300, 600)),
    ("ffn-gap", "cifar10-jpeg"): dict(recipe=Recipe(epochs=10), tuning_size=None),
    ("parameter-efficiency", "digits"): dict(train_sizes=(300,)),
    ("parameter-efficiency", "cifar10-jpeg"): dict(train_sizes=(2500,)),
    ("factorial", "cifar10-jpeg"): dict(corners=True),
    ("data-curve", "digits"): dict(train_sizes=(150, 300, 600)),
    ("data-curve", "cifar10-jpeg"): dict(train_sizes=(250, 500, 1000, 2000, 5000)),
}


def shipped_plan(experiment: str, dataset: str) -> Experiment | None:
    """The plan behind the shipped results of `experiment` on `dataset`; None where nothing is planned."""
    if experiment not in EXPERIMENTS or dataset not in DATASETS:
        return None
    settings: dict[str, Any] = dict(seeds=declared_seeds(dataset)) | ({} if dataset == "digits" else _PHOTOGRAPHS)
    settings |= _OWN.get((experiment, dataset), {})
    return EXPERIMENTS[experiment](dataset=dataset, backend="tensorflow", **settings)
