"""``sequence``: what the FFN is worth where the tokens are no pieces of a picture but the symbols of a sequence.

    python -m tf_models reproduce sequence

Brackets that are nested as they should be or not, and the value that stood beside a key (`data.tasks`): 24 and 16
symbols, each a token of four pixels, folded row by row into a grid. Its positions are learned: the network knows them
as numbers alone, and no arm has anything of a picture to go by. Without any mixing, the symbols at their places tell 88
and 37 % of the labels (logistic regression; chance: 50 and 25 %). Two tasks, four arms each, about 150 runs of 35 to 65
seconds of one core: an hour on 2.

Result: none is shipped yet.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from tf_models.study.experiments.necessity import Necessity


@dataclass(frozen=True)
class Sequence(Necessity):
    """Those arms of ``necessity`` that mix tokens, on sequences."""

    name: ClassVar[str] = "sequence"
    again: ClassVar[str] = "brackets layer on"
    own_data: ClassVar[str] = "brackets"
    tasks: ClassVar[Mapping[str, tuple[str, ...]]] = {"brackets": ("layer",), "recall": ("layer",)}
    channels: ClassVar[tuple[str, ...]] = ("on", "off", "activation")
