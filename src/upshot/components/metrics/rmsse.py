"""Root mean squared scaled error: as MASE, with squares, so that it is won by the mean and not by the median.

Lower is better. Better than MASE on intermittent series, where the median is zero. Makridakis, Spiliotis & Assimakopoulos (2022), The M5
accuracy competition, International Journal of Forecasting 38(4), there with a season of 1 and weights by sales.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from upshot.components.metrics._relative import SERIES, SQUARED, SeasonParams, informed, mean_over_series
from upshot.components.metrics._scores import Scorer, points
from upshot.contracts.records import Cases, Direction, PredictionKind, Spec

if TYPE_CHECKING:
    import pandas as pd


class RootScaledErrorParams(SeasonParams):
    """The season whose changes are the yardstick."""


class RootScaledError:
    """Mean over series of the root of mean (prediction - label)^2 / mean (label - label a season before)^2 of the history."""

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("point", "quantiles")
    direction: Direction = "minimize"
    unit = "1"

    def __init__(self, params: RootScaledErrorParams) -> None:
        self.params = params

    def inform(self, predictions: pd.DataFrame, cases: Cases, history: Cases) -> pd.DataFrame:
        """The predictions with each series' changes in the history."""
        return informed(predictions, cases, history, self.params.season_length)

    def scorer(self, predictions: pd.DataFrame, cases: Cases) -> Scorer:
        """Weights to the score."""
        at, y, predicted = points(predictions, cases)
        scaled = (y - predicted) ** 2 / predictions[SQUARED].to_numpy()[at]
        return mean_over_series(predictions[SERIES].to_numpy()[at], at, scaled, "root")
