"""What a claim is: a row of values. It holds no verdict: `tf_models.study.judging` computes one from measurements."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    """The same sentence in English and Chinese."""

    en: str
    zh: str


NO_WORDS = Words("", "")
NOTHING = 1e-5  # a response or an error below this is none
METAFORMER = ("Yu et al. 2022, MetaFormer, table 5", "https://arxiv.org/abs/2111.11418")


@dataclass(frozen=True)
class Part:
    """One testable part of a claim: a measure of an experiment, and what it must be for the part to hold.

    `test` is one of `verdict.TESTS`; `threshold` None is δ, the smallest effect that matters on the data set. Where
    the part says that half of a gap is closed, its measure is what is gained minus half of the gap, and the gap is
    the measure `denominator`, whose own interval must exclude δ. A part that does not decide is shown beside the
    verdict and has no say in it.
    """

    key: str
    words: Words
    experiment: str
    measure: str
    test: str
    threshold: float | tuple[float, float] | None = None
    denominator: str = ""
    decides: bool = True


@dataclass(frozen=True)
class Evidence:
    """A published result, in the lab's own words. `supports` is +1, 0 (qualifies) or -1.

    `read` says where it was read: the ``paper`` itself, its ``abstract``, the authors' ``repository``, a ``secondary``
    source; or that the figure is ``computed`` from the published block definitions.
    """

    words: Words
    source: str
    link: str
    supports: int
    read: str = "paper"


@dataclass(frozen=True)
class Claim:
    """One statement of the text that can be checked.

    `sections` are the places of the text ("1.1", "table1.row3", or one cell of it, "table1.row3.cnn"; the first is
    the main one), `systems` the networks named. `parts` are judged by their rules; the part `primary` carries the
    contrast that is corrected for many looks. `seeds` is the declared number on digits (0 for exact claims).
    """

    id: str
    sections: tuple[str, ...]
    systems: tuple[str, ...]
    statement: Words  # what the text says, in our words
    question: Words  # what we ask
    parts: tuple[Part, ...]
    primary: str
    refuted_by: Words  # what would change our mind
    right: Words  # what is right in the wording, "" where nothing is
    wrong: Words  # what is wrong in it, "" where nothing is
    published: tuple[Evidence, ...] = ()
    seeds: int = 5
