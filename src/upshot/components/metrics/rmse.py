"""Root mean squared error, in the unit of the target.

Lower is better; best met by the mean. Of quantiles the level 0.5 is scored. Hyndman & Koehler (2006), International Journal of Forecasting 22(4), 679-688.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from upshot.components.metrics._lives import PointParams, judged
from upshot.components.metrics._scores import Scorer, mean_scorer
from upshot.contracts.records import Cases, Direction, PredictionKind, Spec

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


class RootMeanSquaredErrorParams(PointParams):
    """Which cases are scored, and against what."""


class RootMeanSquaredError:
    """Root of the mean of (prediction - label)^2."""

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("point", "quantiles")
    direction: Direction = "minimize"
    unit = "target"

    def __init__(self, params: RootMeanSquaredErrorParams) -> None:
        self.params = params

    def scorer(self, predictions: pd.DataFrame, cases: Cases) -> Scorer:
        """Weights to the score."""
        import numpy as np

        at, y, predicted = judged(predictions, cases, self.params, "rmse")
        squared = mean_scorer(at, (predicted - y) ** 2)

        def score(weights: np.ndarray) -> float:
            return float(np.sqrt(squared(weights)))

        return score
