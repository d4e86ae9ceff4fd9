"""Overall weighted average of the M4 competition: sMAPE and MASE, each over that of repeating the last season, averaged.

Lower is better; below 1 beats the seasonal naive forecast on the same rows. The competition's own yardstick was a naive forecast of
seasonally adjusted series; here it is the seasonal naive one. Makridakis, Spiliotis & Assimakopoulos (2020), International Journal of
Forecasting 36(1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from upshot.components.metrics._relative import ABSOLUTE, NAIVE, SERIES, SeasonParams, informed, mean_over_series, symmetric
from upshot.components.metrics._scores import Scorer, mean_scorer, points
from upshot.contracts.records import Cases, Direction, PredictionKind, Spec

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


class OverallAverageParams(SeasonParams):
    """The season of the naive forecast, and of the yardstick."""


class OverallAverage:
    """(sMAPE / sMAPE of the naive forecast + MASE / MASE of the naive forecast) / 2."""

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("point", "quantiles")
    direction: Direction = "minimize"
    unit = "1"

    def __init__(self, params: OverallAverageParams) -> None:
        self.params = params

    def inform(self, predictions: pd.DataFrame, cases: Cases, history: Cases) -> pd.DataFrame:
        """The predictions with the naive forecast, and each series' changes in the history."""
        return informed(predictions, cases, history, self.params.season_length)

    def scorer(self, predictions: pd.DataFrame, cases: Cases) -> Scorer:
        """Weights to the score; NaN where the naive forecast makes no error."""
        import numpy as np

        at, y, predicted = points(predictions, cases)
        naive, scale, series = (predictions[name].to_numpy()[at] for name in (NAIVE, ABSOLUTE, SERIES))
        both = [
            (mean_scorer(at, symmetric(y, point)), mean_over_series(series, at, np.abs(y - point) / scale)) for point in (predicted, naive)
        ]

        def score(weights: np.ndarray) -> float:
            (own_share, own_scaled), (naive_share, naive_scaled) = ((share(weights), scaled(weights)) for share, scaled in both)
            if not (naive_share > 0 and naive_scaled > 0):
                return float("nan")
            return (own_share / naive_share + own_scaled / naive_scaled) / 2

        return score
