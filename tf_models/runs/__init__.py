"""A run: what was asked (`RunSpec`), what came out (`RunRecord`), and where both are kept."""

from tf_models.runs.record import RunRecord
from tf_models.runs.spec import Recipe, RunSpec

__all__ = ["Recipe", "RunRecord", "RunSpec"]
