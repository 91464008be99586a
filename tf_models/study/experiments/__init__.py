"""Experiments: which runs they need, and what follows from the runs."""

from tf_models.errors import LabError
from tf_models.study.experiments.ablations import Ablations
from tf_models.study.experiments.base import Experiment
from tf_models.study.experiments.capacity import Capacity
from tf_models.study.experiments.data_curve import DataCurve
from tf_models.study.experiments.depth import Depth
from tf_models.study.experiments.factorial import Factorial
from tf_models.study.experiments.ffn_gap import FfnGap
from tf_models.study.experiments.ffn_shape import FfnShape
from tf_models.study.experiments.hybrids import Hybrids
from tf_models.study.experiments.inside import Inside
from tf_models.study.experiments.mixers import Mixers
from tf_models.study.experiments.necessity import Necessity
from tf_models.study.experiments.parameter_efficiency import ParameterEfficiency
from tf_models.study.experiments.permutation import Permutation
from tf_models.study.experiments.sequence import Sequence
from tf_models.study.experiments.training_length import TrainingLength

EXPERIMENTS: dict[str, type[Experiment]] = {
    kind.name: kind
    for kind in (
        FfnGap,
        TrainingLength,
        Mixers,
        Capacity,
        Depth,
        ParameterEfficiency,
        Factorial,
        DataCurve,
        Permutation,
        FfnShape,
        Hybrids,
        Ablations,
        Inside,
        Necessity,
        Sequence,
    )
}


def where(name: str, dataset: str) -> str:
    """The data set that an experiment is carried out on where `dataset` is studied: its own, if it brings some."""
    return experiment_kind(name).own_data or dataset


def experiment_kind(name: str) -> type[Experiment]:
    """The experiment of that name; refuses an unknown one with the list."""
    if name not in EXPERIMENTS:
        raise LabError("unknown_experiment", value=name, choices=", ".join(EXPERIMENTS))
    return EXPERIMENTS[name]
