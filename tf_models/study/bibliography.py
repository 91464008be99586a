"""Published sources, each once, and what cites them."""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from tf_models.locale import ENGLISH, say

OTHERS = " et al."  # how `Source.authors` ends where there are more than two


@dataclass(frozen=True)
class Source:
    """A paper or a repository; `name` is what the field calls its network or benchmark."""

    authors: str
    title: str
    link: str
    year: int | None = None
    name: str = ""

    def words(self, language: str = ENGLISH) -> str:
        """Such as "Liu et al. 2021, Swin"."""
        first, both, second = self.authors.partition(" and ")
        if self.authors.endswith(OTHERS):
            found = say(language, "source.others", first=self.authors.removesuffix(OTHERS))
        else:
            found = say(language, "source.both", first=first, second=second) if both else self.authors
        found = say(language, "source.year", authors=found, year=self.year) if self.year else found
        return say(language, "source.then", first=found, then=self.name) if self.name else found


SOURCES = {
    key: Source(**row)
    for key, row in tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")).items()
}


@dataclass(frozen=True)
class Cited:
    """A published figure: `source` is a key of `SOURCES`, "" where there is none, `at` a place in it ("table 5"), whose
    words are ``source.at.{at}``.
    """

    source: str
    at: str = field(default="", kw_only=True)

    def citation(self, language: str = ENGLISH) -> str:
        """Source and place, as they are printed; "" where there is no source."""
        found = SOURCES[self.source].words(language) if self.source else ""
        return (
            say(language, "source.then", first=found, then=say(language, f"source.at.{self.at}")) if self.at else found
        )

    @property
    def link(self) -> str:
        return SOURCES[self.source].link if self.source else ""

    def reference(self, language: str = ENGLISH, text: str = "") -> str:
        """The citation, or `text`, as a Markdown link that names the title; no link where there is no source."""
        text = text or self.citation(language)
        return f'[{text}]({self.link} "{SOURCES[self.source].title}")' if self.source else text
