"""The drawing that opens *Overview*: a CNN's block and a Transformer's side by side, played in the browser."""

from pathlib import Path

from streamlit.components import v2

from pages.ui.words import say

STEPS = ("mix", "work", "split")
KINDS = ("mixes", "works", "both")  # what a colour of a cell means
WORDS = ("input", "mixed", "dense", "depthwise", "attention", "ffn")
_HERE = Path(__file__).parent
_blocks = v2.component(
    "lab_blocks",
    html='<div class="blocks"></div>',
    css=(_HERE / "blocks.css").read_text(encoding="utf-8"),
    js=(_HERE / "blocks.js").read_text(encoding="utf-8"),
)


def show_blocks() -> None:
    """What mixes positions, what works on one, and a CNN that splits the two: three sentences, played in turn."""
    _blocks(
        key="blocks",
        data={
            "steps": [{"name": say(f"blocks.{step}"), "says": say(f"blocks.{step}.says")} for step in STEPS],
            "sides": [
                [say(f"blocks.cnn.{step}") for step in STEPS],
                [say(f"blocks.transformer.{step}") for step in STEPS],
            ],
            "words": {word: say(f"blocks.word.{word}") for word in WORDS},
            "legend": {kind: say(f"blocks.legend.{kind}") for kind in KINDS},
            "play": say("blocks.play"),
            "pause": say("blocks.pause"),
        },
    )
