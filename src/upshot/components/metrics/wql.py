"""Weighted quantile loss: twice the pinball loss over the sum of outcomes, mean over the levels.

Lower is better; at the level 0.5 alone it is WAPE. Levels that lie close together at one end weigh that end, so give it those of the
comparison. Gasthaus et al. (2019), Probabilistic forecasting with spline quantile function RNNs, AISTATS; as in GluonTS and Chronos.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from upshot.components.metrics._scores import Scorer, quantiles, ratio_scorer
from upshot.components.metrics.coverage import position_of
from upshot.components.model._forecasts import Levels
from upshot.contracts.params import Params
from upshot.contracts.records import Cases, Direction, PredictionKind, Spec

if TYPE_CHECKING:
    import pandas as pd


class WeightedQuantileLossParams(Params):
    """Which levels."""

    levels: Levels = Field((), description="Levels that are scored; all that are predicted when left out.")


class WeightedQuantileLoss:
    """Mean over levels of 2 sum max(level * error, (level - 1) * error) / sum |label|."""

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("quantiles",)
    direction: Direction = "minimize"
    unit = "share"

    def __init__(self, params: WeightedQuantileLossParams) -> None:
        self.params = params

    def scorer(self, predictions: pd.DataFrame, cases: Cases) -> Scorer:
        """Weights to the score; NaN where all outcomes are zero.

        Raises:
            DataError: A level is not among the predicted ones.
        """
        import numpy as np

        at, y, levels, predicted = quantiles(predictions, cases)
        if self.params.levels:
            places = [position_of("wql.levels", level, levels, 0) for level in self.params.levels]
            levels, predicted = levels[places], predicted[:, places]
        error = y[:, None] - predicted
        loss = 2.0 * np.maximum(levels * error, (levels - 1.0) * error).mean(axis=1)
        return ratio_scorer(at, loss, np.abs(y))
