"""Measures that need no training: exact numbers of the experiments in `judging.EXACT`."""

from tf_models.study.verdict import Measure


def exact_measures() -> dict[str, dict[str, Measure]]:
    """Experiment → name → measure."""
    return {}
