"""Interval score of the outermost predicted quantiles: the width of the interval and what falls out of it, in the unit of the target.

Lower is better; narrow intervals that hold are rewarded. Gneiting & Raftery (2007), "Strictly proper scoring rules", JASA 102(477), 359-378,
equation 43.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from upshot.components.metrics._scores import Scorer, mean_scorer, quantiles
from upshot.contracts.params import Params
from upshot.contracts.records import Cases, Direction, PredictionKind, Spec

if TYPE_CHECKING:
    import pandas as pd


class IntervalScoreParams(Params):
    """No parameters."""


class IntervalScore:
    """Mean of (u - l) + 2/a (l - y) where y < l + 2/a (y - u) where y > u, with a the share of outcomes that may fall out."""

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("quantiles",)
    direction: Direction = "minimize"
    unit = "target"

    def __init__(self, params: IntervalScoreParams) -> None:
        self.params = params

    def scorer(self, predictions: pd.DataFrame, cases: Cases) -> Scorer:
        """Weights to the score; NaN with fewer than two levels."""
        import numpy as np

        at, y, levels, predicted = quantiles(predictions, cases)
        low, high = predicted[:, 0], predicted[:, -1]
        out = 1.0 - float(levels[-1] - levels[0])
        if out <= 0 or len(levels) < 2:
            return lambda weights: float("nan")
        return mean_scorer(at, (high - low) + 2.0 / out * (np.maximum(low - y, 0.0) + np.maximum(y - high, 0.0)))
