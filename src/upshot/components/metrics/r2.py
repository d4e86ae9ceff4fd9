"""Coefficient of determination: the share of the outcome's spread that the prediction accounts for.

Higher is better; 1 is perfect, 0 is as good as the mean, below 0 worse. Equal to scikit-learn's `r2_score`. Of quantiles the level 0.5 is scored.
Wright (1921), Journal of Agricultural Research 20(7), 557-585.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from upshot.components.metrics._scores import Scorer, dot, points
from upshot.contracts.params import Params
from upshot.contracts.records import Cases, Direction, PredictionKind, Spec

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


class R2Params(Params):
    """No parameters."""


class R2:
    """1 - sum (label - prediction)^2 / sum (label - mean label)^2."""

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("point", "quantiles")
    direction: Direction = "maximize"
    unit = "1"

    def __init__(self, params: R2Params) -> None:
        self.params = params

    def scorer(self, predictions: pd.DataFrame, cases: Cases) -> Scorer:
        """Weights to the score; NaN where the outcome does not vary."""
        at, y, predicted = points(predictions, cases)
        error = (y - predicted) ** 2

        def score(weights: np.ndarray) -> float:
            drawn = weights[at]
            total = float(drawn.sum())
            if total <= 0:
                return float("nan")
            spread = dot(drawn, (y - dot(drawn, y) / total) ** 2)
            return 1.0 - dot(drawn, error) / spread if spread > 0 else float("nan")

        return score
