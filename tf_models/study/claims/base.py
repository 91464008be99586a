"""What a claim is: a row of values. It holds no verdict: `tf_models.study.judging` computes one from measurements.

Nor does it hold words: they are ``claim.ID.NAME`` in the catalogue (`tf_models.locale`), in every language.
"""

import json
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from hashlib import sha256
from typing import Literal

from tf_models.locale import ENGLISH, catalogue
from tf_models.study.bibliography import Cited

DELTA: Literal["δ"] = "δ"  # the smallest effect that matters on the data set
NOTHING = 1e-5  # a response or an error below this is none

Kind = Literal["definition", "measurement"]
Asked = float | Literal["δ"] | None


@dataclass(frozen=True)
class Part:
    """One testable part of a claim: a measure of an experiment, and what it must be for the part to hold.

    `test` is one of `rule.TESTS`; `threshold` None is δ. Where the part says that half of a gap is closed, its measure
    is what is gained minus half of the gap, and the gap is the measure `denominator`, whose own interval must exclude
    δ; of any other measure, the `denominator` is what must be larger than δ for the question to arise. A part that does
    not decide is shown beside the verdict and has no say in it. `kind` tells what is true by construction or by
    counting from what is measured. `words` is a key of the catalogue.
    """

    key: str
    experiment: str
    measure: str
    test: str
    threshold: float | tuple[float, float] | None
    denominator: str = ""
    decides: bool = True
    kind: Kind = "measurement"
    words: str = ""

    @cached_property
    def rule_hash(self) -> str:
        """What changes whenever the rule does: experiment, measure, test, threshold, denominator or say."""
        rule = (self.experiment, self.measure, self.test, self.threshold, self.denominator, self.decides)
        return sha256(json.dumps(rule).encode()).hexdigest()[:12]

    @property
    def closes_half(self) -> bool:
        """Whether it asks for half of the gap; else the gap only has to be there."""
        return "closes_half" in self.measure


# Experiments whose figures are counted or true by construction; what is measured in them all the same, on random
# weights or with a clock, begins so.
BY_CONSTRUCTION = {
    "inventory": (),
    "identities": (),
    "receptive-field": ("erf.",),
    "equivariance": (),
    "cost": ("slope.time.", "crossover."),
}


def kind_of(experiment: str, measure: str) -> Kind:
    """Of a part that says nothing else."""
    measured = BY_CONSTRUCTION.get(experiment, ("",))
    return "measurement" if measure.startswith(measured) else "definition"


def part(
    key: str,
    measure: str,
    *,
    gap: str = "",
    decides: bool = True,
    kind: Kind | None = None,
    difference: Asked = None,
    no_difference: Asked = None,
    not_worse: Asked = None,
    above: Asked = None,
    below: Asked = None,
    equals: Asked = None,
    between: tuple[float, float] | None = None,
) -> Part:
    """A part as one line: ``part("gain", "factorial: gain.attention", difference=DELTA)``, with exactly one test."""
    tests = dict(difference=difference, no_difference=no_difference, not_worse=not_worse, above=above, below=below)
    tests |= dict(equals=equals, between=between)
    ((test, asked),) = [(test, asked) for test, asked in tests.items() if asked is not None]
    experiment, name = measure.split(": ")
    threshold = None if isinstance(asked, str) else asked
    return Part(key, experiment, name, test, threshold, gap, decides, kind or kind_of(experiment, name))


beside = partial(part, decides=False)


@dataclass(frozen=True)
class Evidence(Cited):
    """A published result. `supports` is +1, 0 (qualifies) or -1.

    `read` says where it was read: the ``paper`` itself, its ``abstract``, the authors' ``repository``, a ``secondary``
    source; or that the figure is ``computed`` from the published block definitions. `words` is a key of the catalogue.
    """

    supports: Literal[-1, 0, 1]
    read: Literal["paper", "abstract", "repository", "secondary", "computed"] = "paper"
    words: str = field(default="", kw_only=True)


@dataclass(frozen=True)
class Claim:
    """One statement of the text that can be checked.

    `sections` are the places of the text ("1.1", "table1.row3", or one cell of it, "table1.row3.cnn"; the first is
    the main one), `systems` the networks named. `parts` are judged by their rules; the part `primary` carries the
    contrast that is corrected for many looks.
    """

    id: str
    sections: tuple[str, ...]
    systems: tuple[str, ...]
    parts: tuple[Part, ...]
    primary: str
    published: tuple[Evidence, ...] = ()

    def words(self, name: str) -> str:
        """The key of its words in the catalogue.

        ``statement`` is what the text says, in our words, ``question`` what we ask, ``refuted_by`` what would change
        our mind, ``right`` and ``wrong`` what is so in the wording, ``before`` what the lab said earlier and why it no
        longer does; "" for one of these three where nothing is.
        """
        key = f"claim.{self.id}.{name}"
        return key if name not in ("right", "wrong", "before") or key in catalogue(ENGLISH) else ""


def claim(
    key: str,
    *parts: Part,
    sections: tuple[str, ...],
    systems: tuple[str, ...],
    primary: str = "",
    published: tuple[Evidence, ...] = (),
) -> Claim:
    """A claim as one row; `primary` is the first part unless it is named."""
    words = f"claim.{key}"
    named = tuple(replace(row, words=f"{words}.part.{row.key}") for row in parts)
    read = tuple(replace(row, words=f"{words}.published.{row.source or 'computed'}") for row in published)
    return Claim(key, sections, systems, named, primary or parts[0].key, read)
