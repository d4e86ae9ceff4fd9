"""The mean of the last values, and a constant: the plainest forecasts of all.

On demand that comes now and then the constant 0 wins most scores of a point and empties every shelf, which is why it belongs into a table
of results beside what a stock of it costs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from upshot.components.calendars import Calendar, moments_of
from upshot.components.grid import Grid
from upshot.components.model._forecasts import ErrorScales, Levels, joined, quantile_frame
from upshot.contracts.components import Compute, Examples
from upshot.contracts.params import Params
from upshot.contracts.records import Cases, PredictionKind, Spec

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


class MovingAverageParams(Params):
    """How many values, and what spreads round their mean."""

    window: int = Field(28, ge=1, description="Last steps that are averaged.")
    constant: float | None = Field(None, allow_inf_nan=False, description="A number that is forecast instead, such as 0.")
    levels: Levels = Field((), description="Quantiles to give; an empty list gives a point.")
    spread: Literal["errors", "poisson"] = Field(
        "errors",
        description="errors: quantiles of past errors, in units of the series' usual one; poisson: those of a count with this mean.",
    )


class MovingAverage:
    """The mean of each series' last known values, the same for every step; the mean of all series for one of which nothing is known.

    Example:
        >>> MovingAverage(MovingAverageParams(constant=0.0)).gives
        'point'
    """

    spec: Spec
    uses: tuple[str, ...] = ("history",)
    gives: PredictionKind
    forecasts = True

    def __init__(self, params: MovingAverageParams) -> None:
        self.params = params
        self.gives = "quantiles" if params.levels else "point"

    def fit(self, train: Examples, validation: Examples | None, history: Cases, compute: Compute) -> None:
        """Learn the size of one-step errors.

        Raises:
            DataError: Uneven times, or a series has a step twice.
        """
        import numpy as np

        cases = joined(history, train.cases)
        self.calendar_ = Calendar.of(moments_of(cases))
        grid = Grid.of(cases, self.calendar_)
        series, column = np.nonzero(np.isfinite(grid.values[:, 1:]))
        mean = self._mean(grid, series, column)  # of what ended one step before
        errors = grid.values[series, column + 1] - mean
        known = np.isfinite(errors)
        every = np.arange(len(grid.names))
        self.scales_ = ErrorScales.of(grid.names, series[known], errors[known], self._mean(grid, every, np.full(len(every), grid.last)))
        relative = errors[known] / self.scales_.own[series[known]].clip(min=1e-12)
        self.spread_ = (
            np.quantile(relative, self.params.levels) if self.params.levels and len(relative) else np.zeros(len(self.params.levels))
        )

    def predict(self, examples: Examples, history: Cases) -> pd.DataFrame:
        """Columns `point` and `scale`, or one column a level (`q0.1`), one row a case."""
        import numpy as np
        import pandas as pd

        grid = Grid.of(history, self.calendar_, future=examples.cases)
        every = np.arange(len(grid.names))
        mean = self._mean(grid, every, np.full(len(every), grid.last))
        mean = np.where(np.isfinite(mean), mean, np.nanmean(mean) if np.isfinite(mean).any() else 0.0)
        series = grid.code(examples.cases)
        point = mean[series]
        if self.params.levels and self.params.spread == "poisson":
            from scipy.stats import poisson

            return pd.DataFrame({f"q{level:g}": poisson.ppf(level, np.maximum(point, 1e-9)) for level in self.params.levels})
        return quantile_frame(point, self.scales_.at(grid.names[series], point), self.params.levels, self.spread_)

    def state(self) -> Mapping[str, bytes]:
        """Calendar and quantiles of errors as JSON, their sizes as npz."""
        described = {"calendar": vars(self.calendar_), "spread": self.spread_.tolist(), **self.scales_.described()}
        return {"average.json": json.dumps(described).encode(), "errors.npz": self.scales_.to_npz()}

    def restore(self, files: Mapping[str, bytes]) -> None:
        """The opposite of `state`."""
        import numpy as np

        described = json.loads(files["average.json"])
        self.calendar_, self.spread_ = Calendar(**described["calendar"]), np.asarray(described["spread"])
        self.scales_ = ErrorScales.restored(described, files["errors.npz"])

    def _mean(self, grid: Grid, series: np.ndarray, column: np.ndarray) -> np.ndarray:
        import numpy as np

        if self.params.constant is not None:
            return np.full(len(series), self.params.constant)
        return grid.mean(series, column, self.params.window)
