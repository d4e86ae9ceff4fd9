"""Accuracy: the share of cases called right at a threshold.

Higher is better; with rare positives it says little, because calling nobody positive is nearly always right.
Sokolova & Lapalme (2009), Information Processing & Management 45(4), 427-437.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from upshot.components.metrics._scores import Scorer, mean_scorer, probabilities
from upshot.contracts.params import Params
from upshot.contracts.records import Cases, Direction, PredictionKind, Spec

if TYPE_CHECKING:
    import pandas as pd


class AccuracyParams(Params):
    """The threshold of the positive call."""

    threshold: float = Field(0.5, ge=0, le=1, description="A case counts as positive above this probability.")


class Accuracy:
    """Share of cases on the right side of the threshold."""

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("probability",)
    direction: Direction = "maximize"
    unit = "share"

    def __init__(self, params: AccuracyParams) -> None:
        self.params = params

    def scorer(self, predictions: pd.DataFrame, cases: Cases) -> Scorer:
        """Weights to the score."""
        import numpy as np

        at, y, p = probabilities(predictions, cases)
        right = (p > self.params.threshold) == (y == 1.0)
        return mean_scorer(at, np.where(np.isnan(p), np.nan, right))
