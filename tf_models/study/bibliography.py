"""Published sources, each once, and what cites them."""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Source:
    """A paper or a repository; `name` is what the field calls its network or benchmark."""

    authors: str
    title: str
    link: str
    year: int | None = None
    name: str = ""

    def __str__(self) -> str:  # such as "Liu et al. 2021, Swin"
        return f"{self.authors} {self.year or ''}".strip() + (f", {self.name}" if self.name else "")


SOURCES = {
    key: Source(**row)
    for key, row in tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")).items()
}


@dataclass(frozen=True)
class Cited:
    """A published figure: `source` is a key of `SOURCES`, "" where there is none, `at` a place in it ("table 5")."""

    source: str
    at: str = field(default="", kw_only=True)

    @property
    def citation(self) -> str:
        """Source and place, as they are printed."""
        return ", ".join(filter(None, (str(SOURCES[self.source]), self.at))) if self.source else ""

    @property
    def link(self) -> str:
        return SOURCES[self.source].link if self.source else ""

    def reference(self, text: str = "") -> str:
        """The citation, or `text`, as a Markdown link that names the title; no link where there is no source."""
        text = text or self.citation
        return f'[{text}]({self.link} "{SOURCES[self.source].title}")' if self.source else text
