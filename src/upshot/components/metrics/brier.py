"""Brier score: the mean squared distance of the probability from what happened.

Lower is better; it rewards both ranking and calibration. Brier (1950), Monthly Weather Review 78(1), 1-3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from upshot.components.metrics._scores import Scorer, mean_scorer, probabilities
from upshot.contracts.params import Params
from upshot.contracts.records import Cases, Direction, PredictionKind, Spec

if TYPE_CHECKING:
    import pandas as pd


class BrierParams(Params):
    """No parameters."""


class Brier:
    """Mean of (probability - label)^2, 0 to 1."""

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("probability",)
    direction: Direction = "minimize"
    unit = "1"

    def __init__(self, params: BrierParams) -> None:
        self.params = params

    def scorer(self, predictions: pd.DataFrame, cases: Cases) -> Scorer:
        """Weights to the score."""
        at, y, p = probabilities(predictions, cases)
        return mean_scorer(at, (p - y) ** 2)
