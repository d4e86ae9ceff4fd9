"""Median absolute error, in the unit of the target.

Lower is better; half of the cases are off by no more, and a few large errors do not move it. Hampel (1974), JASA 69(346), 383-393. Of quantiles the
level 0.5 is scored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from upshot.components.metrics._scores import Scorer, points
from upshot.contracts.params import Params
from upshot.contracts.records import Cases, Direction, PredictionKind, Spec

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


class MedianAbsoluteErrorParams(Params):
    """No parameters."""


class MedianAbsoluteError:
    """Weighted median of |prediction - label|."""

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("point", "quantiles")
    direction: Direction = "minimize"
    unit = "target"

    def __init__(self, params: MedianAbsoluteErrorParams) -> None:
        self.params = params

    def scorer(self, predictions: pd.DataFrame, cases: Cases) -> Scorer:
        """Weights to the score: half of the weight lies at or below it."""
        import numpy as np

        at, y, predicted = points(predictions, cases)
        error = np.abs(predicted - y)
        order = np.argsort(error, kind="stable")
        at, error = at[order], error[order]

        def score(weights: np.ndarray) -> float:
            below = np.cumsum(weights[at])
            if not len(below) or below[-1] <= 0 or not np.isfinite(error).all():
                return float("nan")
            half = below[-1] / 2.0
            first = int(np.searchsorted(below, half))
            last = int(np.searchsorted(below, half, side="right"))
            return float((error[first] + error[min(last, len(error) - 1)]) / 2.0)

        return score
