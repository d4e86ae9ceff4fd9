"""Recall: the share of positives that were called.

Higher is better, and easily had by calling many: read it with precision. van Rijsbergen (1979), "Information retrieval", chapter 7.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from upshot.components.metrics._scores import Scorer, probabilities, ratio_scorer, undefined
from upshot.contracts.params import Params
from upshot.contracts.records import Cases, Direction, PredictionKind, Spec

if TYPE_CHECKING:
    import pandas as pd


class RecallParams(Params):
    """The threshold of the positive call."""

    threshold: float = Field(0.5, ge=0, le=1, description="A case counts as positive above this probability.")


class Recall:
    """TP / (TP + FN), 0 to 1."""

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("probability",)
    direction: Direction = "maximize"
    unit = "share"

    def __init__(self, params: RecallParams) -> None:
        self.params = params

    def scorer(self, predictions: pd.DataFrame, cases: Cases) -> Scorer:
        """Weights to the score; NaN without a positive."""
        import numpy as np

        at, y, p = probabilities(predictions, cases)
        if not np.isfinite(p).all():
            return undefined
        called = (p > self.params.threshold).astype(np.float64)
        return ratio_scorer(at, called * y, y)
