"""The score of the PHM 2008 challenge: late predictions of a remaining life cost more than early ones.

Lower is better, 0 is perfect. With d = prediction - truth, a case costs exp(-d / 13) - 1 where it is early and exp(d / 10) - 1 where it
is late; costs are summed, so the score grows with the number of units, and a few late ones decide it.

Source:
    Saxena, Goebel, Simon and Eklund (2008), Damage propagation modeling for aircraft engine run-to-failure simulation, PHM 2008.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from upshot.components.metrics._lives import PointParams, judged
from upshot.components.metrics._scores import Scorer, dot
from upshot.contracts.records import Cases, Direction, PredictionKind, Spec

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

MOST = 500.0
"""Exponents beyond are cut: the score is past all meaning, and must not become infinite."""


class PhmScoreParams(PointParams):
    """Which cases are scored, and how fast errors grow dear."""

    early: float = Field(13.0, gt=0, description="An early prediction costs e times as much for so many steps or days more.")
    late: float = Field(10.0, gt=0, description="A late one likewise.")


class PhmScore:
    """Sum over cases of exp(|d| / a) - 1, a by the sign of d = prediction - truth."""

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("point", "quantiles")
    direction: Direction = "minimize"
    unit = "1"

    def __init__(self, params: PhmScoreParams) -> None:
        self.params = params

    def scorer(self, predictions: pd.DataFrame, cases: Cases) -> Scorer:
        """Weights to the score."""
        import numpy as np

        at, y, predicted = judged(predictions, cases, self.params, "phm_score")
        late = predicted - y
        exponent = np.where(late < 0, -late / self.params.early, late / self.params.late)
        cost = np.expm1(np.minimum(exponent, MOST))

        def score(weights: np.ndarray) -> float:
            return dot(weights[at], cost) if len(at) else float("nan")

        return score
