"""Share of units whose remaining life is told right to within a share of itself, when a given share of their life is over.

Higher is better. With alpha 0.2 and lambda 0.5: half-way from a unit's first case to its failure, is the prediction within 20 % of what is
left? Of units that were not seen to fail nobody knows.

Source:
    Saxena, Celaya, Saha, Saha and Goebel (2010), Metrics for offline evaluation of prognostic performance, International Journal of
    Prognostics and Health Management 1(1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from upshot.components.alarms import Watch
from upshot.components.lives import remaining
from upshot.components.metrics._scores import Scorer, mean_scorer, point
from upshot.contracts.params import Params
from upshot.contracts.records import Cases, Direction, PredictionKind, Spec

if TYPE_CHECKING:
    import pandas as pd

NAME = "metric alpha_lambda"


class AlphaLambdaParams(Params):
    """How near, and when."""

    alpha: float = Field(0.2, gt=0, le=1, description="Largest error, as a share of the remaining life.")
    at: float = Field(0.5, ge=0, lt=1, description="Lambda: the share of the way from a unit's first case to its failure.")


class AlphaLambda:
    """Units with |prediction - remaining life| <= alpha * remaining life at lambda / units that failed."""

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("point", "quantiles")
    direction: Direction = "maximize"
    unit = "share"

    def __init__(self, params: AlphaLambdaParams) -> None:
        self.params = params

    def scorer(self, predictions: pd.DataFrame, cases: Cases) -> Scorer:
        """Weights to the share; a unit weighs as the case that is looked at, its first at lambda or later."""
        import numpy as np

        watch = Watch.of(cases, NAME)
        looked_at = watch.begin + self.params.at * (watch.until - watch.begin)
        place = watch.order.first_true(watch.time >= looked_at[watch.unit])
        at = watch.order.order[place[watch.fails & (place <= watch.order.last)]]
        left = remaining(cases, NAME)[at]
        return mean_scorer(at, (np.abs(point(predictions)[at] - left) <= self.params.alpha * left).astype(np.float64))
