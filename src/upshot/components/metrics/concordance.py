"""How often, of two units at some moment each, the one that lives longer from there on is told to: Harrell's C.

Higher is better; 0.5 is chance. Two cases of different units can be compared if the shorter life was seen to end in a failure. Equal
predictions count half. There are too many pairs to look at all, so up to `pairs` of them are drawn, always the same ones.

Source:
    Harrell, Califf, Pryor, Lee and Rosati (1982), Evaluating the yield of medical tests, JAMA 247.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from upshot.components.alarms import looked_at
from upshot.components.lives import fails, remaining, unit_codes
from upshot.components.metrics._alarms import ACCEPTS
from upshot.components.metrics._scores import Scorer, dot
from upshot.contracts.params import Params
from upshot.contracts.records import Cases, Direction, PredictionKind, Spec

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

NAME = "metric concordance"


class ConcordanceParams(Params):
    """How many pairs are looked at."""

    pairs: int = Field(200_000, ge=1_000, le=10_000_000, description="Pairs of cases that are drawn; all where there are fewer.")
    level: float = Field(0.5, gt=0, lt=1, description="Which of predicted quantiles of the remaining life is looked at.")
    seed: int = Field(42, ge=0, description="Seed of the draw.")


class Concordance:
    """Weighted share of comparable pairs that are told in the right order; a pair weighs as the product of its cases."""

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ACCEPTS
    direction: Direction = "maximize"
    unit = "share"

    def __init__(self, params: ConcordanceParams) -> None:
        self.params = params
        self.looks_at = params.level

    def scorer(self, predictions: pd.DataFrame, cases: Cases) -> Scorer:
        """Weights to Harrell's C; NaN where nothing can be compared."""
        import numpy as np

        values, sign = looked_at(predictions, self.params.level, "metrics.*.level")
        urgency, left, ends = values * sign, remaining(cases, NAME), fails(cases)
        one, other = self._pairs(cases.size)
        unit = unit_codes(cases, NAME)
        shorter = np.where(left[one] <= left[other], one, other)
        longer = one + other - shorter
        fair = (unit[one] != unit[other]) & (left[shorter] < left[longer]) & ends[shorter]
        shorter, longer = shorter[fair], longer[fair]
        right = np.where(urgency[shorter] == urgency[longer], 0.5, (urgency[shorter] > urgency[longer]).astype(np.float64))

        def score(weights: np.ndarray) -> float:
            weight = weights[shorter] * weights[longer]
            total = float(weight.sum())
            return dot(weight, right) / total if total > 0 else float("nan")

        return score

    def _pairs(self, cases: int) -> tuple[np.ndarray, np.ndarray]:
        import numpy as np

        if cases * (cases - 1) // 2 <= self.params.pairs:
            return np.triu_indices(cases, 1)
        draw = np.random.default_rng(self.params.seed)
        return draw.integers(cases, size=self.params.pairs), draw.integers(cases, size=self.params.pairs)
