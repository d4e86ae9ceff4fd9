"""Pinball loss, mean over all levels, in the unit of the target.

Lower is better; each level is best met by the true quantile. Koenker & Bassett (1978), Econometrica 46(1), 33-50; equal to
the mean of scikit-learn's `mean_pinball_loss` over the levels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from upshot.components.metrics._scores import Scorer, mean_scorer, quantiles
from upshot.contracts.params import Params
from upshot.contracts.records import Cases, Direction, PredictionKind, Spec

if TYPE_CHECKING:
    import pandas as pd


class PinballParams(Params):
    """No parameters."""


class Pinball:
    """Mean of max(level * (label - quantile), (level - 1) * (label - quantile))."""

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("quantiles",)
    direction: Direction = "minimize"
    unit = "target"

    def __init__(self, params: PinballParams) -> None:
        self.params = params

    def scorer(self, predictions: pd.DataFrame, cases: Cases) -> Scorer:
        """Weights to the score."""
        import numpy as np

        at, y, levels, predicted = quantiles(predictions, cases)
        short = y[:, None] - predicted
        return mean_scorer(at, np.maximum(levels * short, (levels - 1.0) * short).mean(axis=1))
