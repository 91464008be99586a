"""``sequence``: what the FFN is worth where the tokens are no pieces of a picture but the symbols of a sequence.

    python -m tf_models reproduce sequence

Brackets that are nested as they should be or not, and the value that stood beside a key (`data.tasks`): 24 and 16
symbols, each a token of four pixels, folded row by row into a grid. Its positions are learned: the network knows them
as numbers alone, and no arm has anything of a picture to go by. Without any mixing, the symbols at their places tell 88
and 37 % of the labels (logistic regression; chance: 50 and 25 %). Two tasks, four arms each, 173 runs of 15 to 65
seconds of one core: an hour on 2.

Result, five seeds, trained on JAX (`KERAS_BACKEND=jax`, half the time): attention alone solves both. Brackets are told
in 99.85 % without the FFN and with it (+0.00 points [−0.24, +0.24]), in 99.19 % at equal parameters by a wider network
(+0.66 [−0.50, +1.82]), in 99.99 % with the activation alone (+0.14 [−0.03, +0.31]; but that arm learned less than 95 %
of 256 images by heart at its rate, so that no verdict rests on it). The value beside a key is recalled in 100 % by
every arm and seed. So no FFN is needed on a sequence as such; at the ceiling no arm can be told from another, and what
an FFN brings to tasks that are harder is not known from these.
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
