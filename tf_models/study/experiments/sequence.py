"""``sequence``: what the FFN is worth where the tokens are no pieces of a picture but the symbols of a sequence.

    python -m tf_models reproduce sequence

Brackets that are nested as they should be or not, and the value that stood beside a key (`data.tasks`): 24 and 16
symbols, each a token of four pixels, folded row by row into a grid. Its positions are learned: the network knows them
as numbers alone, and no arm has anything of a picture to go by. Two tasks, five arms each, about 180 runs.

Result:
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from tf_models.study.experiments.necessity import Necessity


@dataclass(frozen=True)
class Sequence(Necessity):
    """Those of ``necessity`` without its pair of dense layers, on sequences."""

    name: ClassVar[str] = "sequence"
    again: ClassVar[str] = "brackets layer on"
    own_data: ClassVar[str] = "brackets"
    tasks: ClassVar[Mapping[str, tuple[str, ...]]] = {"brackets": ("layer",), "recall": ("layer",)}
    channels: ClassVar[tuple[str, ...]] = ("on", "off", "activation", "ffn_only")
