"""Expected calibration error: how far probabilities lie from what happens, on average over bins of as many cases each.

Lower is better; 0.02 means that probabilities are off by two percentage points on average. Bins of noise are off by chance too, so it is above 0
even for true probabilities, the more so the fewer cases a bin has. Naeini, Cooper & Hauskrecht (2015), AAAI; bins of equal mass: Nguyen &
O'Connor (2015), EMNLP.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from upshot.components.bins import equal_mass
from upshot.components.metrics._scores import Scorer, probabilities, undefined
from upshot.contracts.params import Params
from upshot.contracts.records import Cases, Direction, PredictionKind, Spec

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


class CalibrationErrorParams(Params):
    """How many bins."""

    bins: int = Field(10, ge=2, le=100, description="Bins of as many cases each; equal probabilities are never parted.")


class CalibrationError:
    """Sum over bins of weight * |mean probability - share that happened|, 0 to 1."""

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("probability",)
    direction: Direction = "minimize"
    unit = "share"

    def __init__(self, params: CalibrationErrorParams) -> None:
        self.params = params

    def scorer(self, predictions: pd.DataFrame, cases: Cases) -> Scorer:
        """Weights to the score; the bins are those of all cases."""
        import numpy as np

        at, y, p = probabilities(predictions, cases)
        if not len(p) or not np.isfinite(p).all():
            return undefined
        place = equal_mass(p, self.params.bins)
        off = p - y

        def score(weights: np.ndarray) -> float:
            drawn = weights[at]
            total = float(drawn.sum())
            gaps = np.bincount(place, weights=drawn * off)
            return float(np.abs(gaps).sum()) / total if total > 0 else float("nan")

        return score
