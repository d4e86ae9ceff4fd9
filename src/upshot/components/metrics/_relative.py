"""Errors put in relation to what the series did before: its own one-season steps, and the forecast that repeats the last season.

Series of different size can then be averaged. The rows before the test are looked at once a fold (`inform`), so a score needs no model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from upshot.components.calendars import Calendar, moments_of
from upshot.components.grid import Grid
from upshot.components.metrics._scores import Scorer
from upshot.contracts.params import Params
from upshot.contracts.records import Cases

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

SERIES, ABSOLUTE, SQUARED, NAIVE = "series_of_case", "absolute_step", "squared_step", "naive_point"


class SeasonParams(Params):
    """The season whose steps are the yardstick."""

    season_length: int = Field(
        1, ge=1, description="Steps of the season whose changes in the history are the yardstick; 1 is from step to step."
    )


def informed(predictions: pd.DataFrame, cases: Cases, history: Cases, season: int) -> pd.DataFrame:
    """The predictions with what the history says of each case's series.

    Returns:
        `series_of_case`, `absolute_step` and `squared_step` (mean absolute and squared change over a season in the history, NaN where there
        is none), `naive_point` (the value at the case's place in the last season that is known).
    """
    import numpy as np

    calendar = Calendar.of(moments_of(history))
    grid = Grid.of(history, calendar, future=cases)
    series, column = grid.code(cases), calendar.steps(cases) - grid.first
    change = grid.values[:, season:] - grid.values[:, :-season] if grid.last >= season else np.full((len(grid.names), 1), np.nan)
    absolute, squared = (_mean(change, np.abs(change))[series], _mean(change, change**2)[series])
    return predictions.assign(**{SERIES: series, ABSOLUTE: absolute, SQUARED: squared, NAIVE: _naive(grid, series, column, season)})


def mean_over_series(series: np.ndarray, at: np.ndarray, values: np.ndarray, finish: str = "mean") -> Scorer:
    """The mean over series of each series' weighted mean; values that are not known are left out, and so are series without any.

    Args:
        series: Series of each value, shape (n,).
        at: Case of each value.
        values: Shape (n,).
        finish: "mean", or "root" for the root of each series' mean.
    """
    import numpy as np

    known = np.isfinite(values)
    codes, where, kept = series[known], at[known], values[known]
    count = int(codes.max(initial=-1)) + 1

    def score(weights: np.ndarray) -> float:
        drawn = weights[where]
        below = np.bincount(codes, drawn, minlength=count)
        above = np.bincount(codes, drawn * kept, minlength=count)
        of_series = above[below > 0] / below[below > 0]
        if not len(of_series):
            return float("nan")
        return float((np.sqrt(of_series) if finish == "root" else of_series).mean())

    return score


def symmetric(y: np.ndarray, point: np.ndarray) -> np.ndarray:
    """2 |error| / (|outcome| + |forecast|), 0 where both are 0.

    Example:
        >>> import numpy as np
        >>> symmetric(np.array([2.0, 0.0, 0.0]), np.array([2.0, 0.0, 3.0])).tolist()
        [0.0, 0.0, 2.0]
    """
    import numpy as np

    size = np.abs(y) + np.abs(point)
    share: np.ndarray = np.divide(2.0 * np.abs(y - point), size, out=np.zeros(len(y)), where=size > 0)
    return share


def _mean(change: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Mean of each row over its known changes; NaN without any, and where all are 0."""
    import numpy as np

    count = np.isfinite(change).sum(axis=1)
    total = np.where(np.isfinite(change), values, 0.0).sum(axis=1)
    mean: np.ndarray = np.divide(total, count, out=np.full(len(count), np.nan), where=(count > 0) & (total > 0))
    return mean


def _naive(grid: Grid, series: np.ndarray, column: np.ndarray, season: int) -> np.ndarray:
    """The value whole seasons before, the latest that is known; else the last known value of the series; else 0."""
    import numpy as np

    point = np.full(len(series), np.nan)
    back = season
    while np.isnan(point).any() and back <= grid.last + int(column.max(initial=0)):
        lost = np.isnan(point)
        point[lost] = grid.at(series[lost], column[lost] - back)
        back += season
    is_known = np.isfinite(grid.values)
    last = grid.values.shape[1] - 1 - is_known[:, ::-1].argmax(axis=1)
    repeated = np.where(is_known.any(axis=1), grid.values[np.arange(len(last)), last], 0.0)
    return np.where(np.isfinite(point), point, repeated[series])
