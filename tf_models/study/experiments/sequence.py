"""``sequence``: what the FFN is worth where the tokens are no pieces of a picture but the symbols of a sequence.

    python -m tf_models reproduce sequence

Sixteen symbols, each a token of four pixels, folded row by row into the grid: since its positions are learned, the
network knows them as numbers alone, and no arm has anything of a picture to go by.

Result:
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from tf_models.study.experiments.necessity import Necessity


@dataclass(frozen=True)
class Sequence(Necessity):
    """The arms and contrasts of ``necessity`` on sequences."""

    name: ClassVar[str] = "sequence"
    again: ClassVar[str] = "brackets layer on"
    own_data: ClassVar[str] = "brackets"
    tasks: ClassVar[Mapping[str, tuple[str, ...]]] = {"brackets": ("layer",), "recall": ("layer",)}
