"""Kolmogorov-Smirnov distance: how far apart the scores of positives and negatives lie at most, as credit scorecards report it.

Higher is better: the largest difference of the true and the false positive rate over all thresholds (Youden's J at the best one). Youden (1950),
Cancer 3(1), 32-35; Siddiqi (2006), "Credit risk scorecards", chapter 6.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from upshot.components.metrics._scores import Ranked, Scorer, probabilities, undefined
from upshot.contracts.params import Params
from upshot.contracts.records import Cases, Direction, PredictionKind, Spec

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


class KolmogorovSmirnovParams(Params):
    """No parameters."""


class KolmogorovSmirnov:
    """max over thresholds of |TPR - FPR|, 0 to 1."""

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("probability",)
    direction: Direction = "maximize"
    unit = "1"

    def __init__(self, params: KolmogorovSmirnovParams) -> None:
        self.params = params

    def scorer(self, predictions: pd.DataFrame, cases: Cases) -> Scorer:
        """Weights to the score; NaN where a class has no weight."""
        import numpy as np

        at, y, p = probabilities(predictions, cases)
        if not np.isfinite(p).all():
            return undefined
        ranked = Ranked.of(at, y, p)

        def score(weights: np.ndarray) -> float:
            counts = ranked.counts(weights)
            if counts is None or counts.true[-1] <= 0 or counts.negatives <= 0:
                return float("nan")
            positives = counts.true[-1]
            after = counts.true / positives - counts.false / counts.negatives
            before = (counts.true - counts.gained) / positives - counts.false_before / counts.negatives
            return float(max(np.abs(after).max(), np.abs(before).max()))

        return score
