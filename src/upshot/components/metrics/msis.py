"""Mean scaled interval score: the width of an interval, plus a fine for every outcome outside, over the series' usual change.

Lower is better; it is won by the true quantiles. Gneiting & Raftery (2007), JASA 102(477); scaled as in the M4 competition.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from upshot.components.metrics._relative import ABSOLUTE, SERIES, SeasonParams, informed, mean_over_series
from upshot.components.metrics._scores import Scorer, quantiles
from upshot.components.metrics.coverage import position_of
from upshot.contracts.records import Cases, Direction, PredictionKind, Spec

if TYPE_CHECKING:
    import pandas as pd


class ScaledIntervalScoreParams(SeasonParams):
    """The interval, and the season whose changes are the yardstick."""

    lower: float | None = Field(None, gt=0, lt=1, description="Lower level; the lowest predicted one when left out.")
    upper: float | None = Field(None, gt=0, lt=1, description="Upper level; the highest predicted one when left out.")


class ScaledIntervalScore:
    """Mean over series of (upper - lower + fines) / mean |label - label a season before| of the history."""

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("quantiles",)
    direction: Direction = "minimize"
    unit = "1"

    def __init__(self, params: ScaledIntervalScoreParams) -> None:
        self.params = params

    def inform(self, predictions: pd.DataFrame, cases: Cases, history: Cases) -> pd.DataFrame:
        """The predictions with each series' changes in the history."""
        return informed(predictions, cases, history, self.params.season_length)

    def scorer(self, predictions: pd.DataFrame, cases: Cases) -> Scorer:
        """Weights to the score.

        Raises:
            DataError: A level is not among the predicted ones.
        """
        import numpy as np

        at, y, levels, predicted = quantiles(predictions, cases)
        bottom = position_of("msis.lower", self.params.lower, levels, 0)
        top = position_of("msis.upper", self.params.upper, levels, len(levels) - 1)
        low, high = predicted[:, bottom], predicted[:, top]
        missed = (1.0 - levels[top]) + levels[bottom]  # the share of outcomes that should lie outside
        fines = (np.maximum(low - y, 0.0) + np.maximum(y - high, 0.0)) * 2.0 / missed
        scaled = (high - low + fines) / predictions[ABSOLUTE].to_numpy()[at]
        return mean_over_series(predictions[SERIES].to_numpy()[at], at, scaled)
