"""Mean absolute scaled error: the error over the mean absolute change that the series had over a season before, mean over the series.

Lower is better; below 1 is better than repeating the last season did in the history. Series that never changed are left out. On
intermittent series the zero forecast does well, so never judge those by it alone. Hyndman & Koehler (2006), International Journal of
Forecasting 22(4).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from upshot.components.metrics._relative import ABSOLUTE, SERIES, SeasonParams, informed, mean_over_series
from upshot.components.metrics._scores import Scorer, points
from upshot.contracts.records import Cases, Direction, PredictionKind, Spec

if TYPE_CHECKING:
    import pandas as pd


class ScaledErrorParams(SeasonParams):
    """The season whose changes are the yardstick."""


class ScaledError:
    """Mean over series of mean |prediction - label| / mean |label - label a season before| of the history."""

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("point", "quantiles")
    direction: Direction = "minimize"
    unit = "1"

    def __init__(self, params: ScaledErrorParams) -> None:
        self.params = params

    def inform(self, predictions: pd.DataFrame, cases: Cases, history: Cases) -> pd.DataFrame:
        """The predictions with each series' changes in the history."""
        return informed(predictions, cases, history, self.params.season_length)

    def scorer(self, predictions: pd.DataFrame, cases: Cases) -> Scorer:
        """Weights to the score."""
        import numpy as np

        at, y, predicted = points(predictions, cases)
        scaled = np.abs(y - predicted) / predictions[ABSOLUTE].to_numpy()[at]
        return mean_over_series(predictions[SERIES].to_numpy()[at], at, scaled)
