"""Bias: how much more was forecast than came, as a share of what came. Above 0 is too much, below 0 too little.

Best at 0. A gate on it needs a `min` and a `max`; of two signed figures the lower is not the better, so the unsigned one is the default.
Hyndman & Athanasopoulos (2021), Forecasting: Principles and Practice, chapter 5.8, as a share of the volume.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from upshot.components.metrics._scores import Scorer, points, ratio_scorer
from upshot.contracts.params import Params
from upshot.contracts.records import Cases, Direction, PredictionKind, Spec

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


class BiasParams(Params):
    """Whether the side is told."""

    signed: bool = Field(False, description="Whether too little is told by a minus; else the size alone counts.")


class Bias:
    """sum (prediction - label) / sum |label|, without its sign unless asked for."""

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("point", "quantiles")
    direction: Direction = "minimize"
    unit = "share"

    def __init__(self, params: BiasParams) -> None:
        self.params = params

    def scorer(self, predictions: pd.DataFrame, cases: Cases) -> Scorer:
        """Weights to the score; NaN where all outcomes are zero."""
        import numpy as np

        at, y, predicted = points(predictions, cases)
        signed = ratio_scorer(at, predicted - y, np.abs(y))

        def score(weights: np.ndarray) -> float:
            return signed(weights) if self.params.signed else abs(signed(weights))

        return score
