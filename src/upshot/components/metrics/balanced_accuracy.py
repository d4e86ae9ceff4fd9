"""Balanced accuracy: the mean of the share of positives and the share of negatives called right.

Higher is better; 0.5 is a coin, however rare positives are. Brodersen et al. (2010), "The balanced accuracy and its posterior
distribution", ICPR.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from upshot.components.metrics._scores import Scorer, dot, probabilities, undefined
from upshot.contracts.params import Params
from upshot.contracts.records import Cases, Direction, PredictionKind, Spec

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


class BalancedAccuracyParams(Params):
    """The threshold of the positive call."""

    threshold: float = Field(0.5, ge=0, le=1, description="A case counts as positive above this probability.")


class BalancedAccuracy:
    """(TP / P + TN / N) / 2, 0 to 1."""

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("probability",)
    direction: Direction = "maximize"
    unit = "share"

    def __init__(self, params: BalancedAccuracyParams) -> None:
        self.params = params

    def scorer(self, predictions: pd.DataFrame, cases: Cases) -> Scorer:
        """Weights to the score; NaN where a class has no weight."""
        import numpy as np

        at, y, p = probabilities(predictions, cases)
        if not np.isfinite(p).all():
            return undefined
        called = (p > self.params.threshold).astype(np.float64)
        right = np.where(y == 1.0, called, 1.0 - called)

        def score(weights: np.ndarray) -> float:
            drawn = weights[at]
            positives, all_of_them = dot(drawn, y), float(drawn.sum())
            negatives = all_of_them - positives
            if positives <= 0 or negatives <= 0:
                return float("nan")
            return (dot(drawn, right * y) / positives + dot(drawn, right * (1.0 - y)) / negatives) / 2.0

        return score
