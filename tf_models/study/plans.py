"""The experiments as the lab ships them."""

from tf_models.study.experiments.base import Experiment
from tf_models.study.experiments.ffn_gap import FfnGap
from tf_models.study.experiments.parameter_efficiency import ParameterEfficiency
from tf_models.study.runs import Recipe


def shipped_plan(experiment: str, dataset: str) -> Experiment | None:
    """The plan whose records are shipped; None where there is none."""
    digits = dataset == "digits"
    if dataset not in ("digits", "cifar10-jpeg"):
        return None
    if experiment == "ffn-gap":
        if digits:
            return FfnGap("digits", 5, depths=(1, 2, 4, 8), train_sizes=(300, 600), backend="tensorflow")
        return FfnGap(dataset, 3, 10_000, Recipe(epochs=10), "tensorflow")
    if experiment == "parameter-efficiency":
        if digits:
            return ParameterEfficiency("digits", 5, train_sizes=(300,), backend="tensorflow")
        return ParameterEfficiency(dataset, 3, 10_000, Recipe(epochs=5), "tensorflow", 2500, train_sizes=(2500,))
    return None
