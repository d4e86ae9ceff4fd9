"""Coverage: the share of outcomes that fall between two predicted quantiles.

Best near the difference of the two levels, so give its gate a `min` and a `max`; more is taken as better, since too narrow is the common
fault. Winkler (1972), JASA 67(337), 187-191, for the interval view.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from upshot.components.metrics._scores import Scorer, mean_scorer, quantiles
from upshot.contracts.params import Params
from upshot.contracts.records import Cases, Direction, PredictionKind, Spec
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


class CoverageParams(Params):
    """The two levels."""

    lower: float | None = Field(None, gt=0, lt=1, description="Lower level; the lowest predicted one when left out.")
    upper: float | None = Field(None, gt=0, lt=1, description="Upper level; the highest predicted one when left out.")


class Coverage:
    """Share of outcomes with lower quantile <= label <= upper quantile."""

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("quantiles",)
    direction: Direction = "maximize"
    unit = "share"

    def __init__(self, params: CoverageParams) -> None:
        self.params = params

    def scorer(self, predictions: pd.DataFrame, cases: Cases) -> Scorer:
        """Weights to the share.

        Raises:
            DataError: A level is not among the predicted ones.
        """
        import numpy as np

        at, y, levels, predicted = quantiles(predictions, cases)
        low = predicted[:, position_of("coverage.lower", self.params.lower, levels, 0)]
        high = predicted[:, position_of("coverage.upper", self.params.upper, levels, len(levels) - 1)]
        inside = np.where(np.isnan(low + high), np.nan, (low <= y) & (y <= high))
        return mean_scorer(at, inside)


def position_of(where: str, level: float | None, levels: np.ndarray, otherwise: int) -> int:
    """Place of a level among the predicted ones; `otherwise` for none.

    Raises:
        DataError: It is not predicted.
    """
    if level is None:
        return otherwise
    known = levels.tolist()
    if level not in known:
        got = ", ".join(f"{value:g}" for value in known)
        raise DataError("the score is not defined", [Problem(where, f"{level:g} must be a level of the model", got)])
    position: int = known.index(level)
    return position
