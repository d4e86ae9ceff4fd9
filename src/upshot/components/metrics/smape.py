"""Symmetric absolute percentage error: twice the error over the sum of outcome and forecast, mean over the cases.

Lower is better; 0 to 2. It punishes a forecast that is too low more than one that is too high, and is 2 for every sale where none was
forecast. Makridakis (1993), International Journal of Forecasting 9(4), as in the M4 competition, there times 100.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from upshot.components.metrics._relative import symmetric
from upshot.components.metrics._scores import Scorer, mean_scorer, points
from upshot.contracts.params import Params
from upshot.contracts.records import Cases, Direction, PredictionKind, Spec

if TYPE_CHECKING:
    import pandas as pd


class SymmetricErrorParams(Params):
    """No parameters."""


class SymmetricError:
    """mean 2 |prediction - label| / (|prediction| + |label|)."""

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("point", "quantiles")
    direction: Direction = "minimize"
    unit = "share"

    def __init__(self, params: SymmetricErrorParams) -> None:
        self.params = params

    def scorer(self, predictions: pd.DataFrame, cases: Cases) -> Scorer:
        """Weights to the score."""
        at, y, predicted = points(predictions, cases)
        return mean_scorer(at, symmetric(y, predicted))
