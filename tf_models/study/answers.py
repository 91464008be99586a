"""What the FFN of a network is worth: one answer per data set and scale, wherever it is asked.

Two experiments train a network with and without its FFN. Where they train alike they share their runs, and the answer
is one; where they do not, the scale is what differs between the answers.
"""

from collections.abc import Callable
from dataclasses import dataclass

from tf_models.study.analysis import Analysis, ContrastResult

# Experiment and contrast, that of the longest training first; `factorial` asks it of the ViT alone.
ASKED = {"ffn-gap": "gain", "factorial": "gain.attention"}


@dataclass(frozen=True)
class Answer:
    """The model with its FFN minus the same one without it: a contrast of an analysis, which says at which scale."""

    analysis: Analysis
    name: str

    @property
    def contrast(self) -> ContrastResult:
        return self.analysis.contrasts[self.name]


def ffn_answers(dataset: str, variant: str, analysis: Callable[[str, str, str], Analysis]) -> list[Answer]:
    """The answers that were measured for a network, one per scale; `analysis` takes experiment, data set, variant."""
    found: dict[tuple[int, int], Answer] = {}
    for experiment, contrast in ASKED.items():
        if experiment == "ffn-gap" or variant == "vit":
            answer = Answer(analysis(experiment, dataset, variant), contrast)
            scale = answer.analysis.scale
            if answer.contrast.measure is not None:
                found.setdefault((scale.train_images, scale.epochs), answer)
    return list(found.values())
