"""Every word that a person reads: a folder per language, a TOML file per page or topic, the same keys in all of them.

A language is its folder: `LANGUAGES` finds it, and its own name is the word ``lab.language``. The command line speaks
the first, English.
"""

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
ENGLISH = "en"
AFTER_WIDE = re.compile("(?<=[，。：；？！、）]) ")  # such marks bring their own room: a value may have ended in one
LANGUAGES = tuple(sorted((path.name for path in FOLDER.iterdir() if list(path.glob("*.toml"))), key=ENGLISH.__ne__))


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """Every key of a language with its text, in which ``{name}`` stands for a value. A key may stand in one file only.

    Raises `ValueError` for a key that stands twice or has no text of its own, and for a file that is no TOML.
    """
    found: dict[str, str] = {}
    for path in sorted((FOLDER / language).glob("*.toml")):
        for key, text in tomllib.loads(path.read_text(encoding="utf-8")).items():
            if key in found or not isinstance(text, str):
                raise ValueError(f"{language}/{path.name}: {key} stands twice or is no text (quote the whole key)")
            found[key] = text
    return found


def say(language: str, key: str, /, **values: object) -> str:
    """The words for `key` in a language, with `values` in their places; any name of a value is allowed.

    Raises `KeyError` with both names where the language has no such key.
    """
    text = catalogue(language).get(key)
    if text is None:
        raise KeyError(f"tf_models/locale/{language} has no words for {key!r}")
    return AFTER_WIDE.sub("", text.format(**values)) if values else text.format()


def in_every_language(key: str) -> dict[str, str]:
    """Language → its words for `key`, "" for no key."""
    return {language: say(language, key) if key else "" for language in LANGUAGES}
