"""The parts of the page *Overview*: what a Transformer's FFN is worth, per data set and scale."""

import pandas as pd

from pages.ui import analyses
from pages.ui.words import say
from tf_models.study.answers import Answer


def answer_rows(answers: list[Answer]) -> pd.DataFrame:
    """Every answer for `intervals.effects`, by data set and epochs."""

    def rows(answer: Answer) -> pd.DataFrame:
        dataset, epochs = answer.analysis.experiment.dataset, answer.analysis.scale.epochs
        return analyses.effect_rows(
            answer.analysis, {answer.name: say("overview.scale", dataset=dataset, epochs=epochs)}
        )

    return pd.concat(map(rows, answers))
