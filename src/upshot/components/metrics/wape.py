"""Weighted absolute percentage error: the sum of absolute errors over the sum of absolute outcomes.

Lower is better; 0.2 means that a fifth of the volume was misjudged. Kolassa & Schuetz (2007), Foresight 6, 40-43 (as MAD/mean). Of
quantiles the level 0.5 is scored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from upshot.components.metrics._scores import Scorer, points, ratio_scorer
from upshot.contracts.params import Params
from upshot.contracts.records import Cases, Direction, PredictionKind, Spec

if TYPE_CHECKING:
    import pandas as pd


class WeightedAbsolutePercentageErrorParams(Params):
    """No parameters."""


class WeightedAbsolutePercentageError:
    """sum |prediction - label| / sum |label|."""

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("point", "quantiles")
    direction: Direction = "minimize"
    unit = "share"

    def __init__(self, params: WeightedAbsolutePercentageErrorParams) -> None:
        self.params = params

    def scorer(self, predictions: pd.DataFrame, cases: Cases) -> Scorer:
        """Weights to the score; NaN where all outcomes are zero."""
        import numpy as np

        at, y, predicted = points(predictions, cases)
        return ratio_scorer(at, np.abs(predicted - y), np.abs(y))
