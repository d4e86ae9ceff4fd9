"""A recursive global forecast: one tabular model forecasts the next step of every series, and is fed its own answers for the steps after.

Lags and rolling statistics are mlforecast's, which computes them for all series at once; the model is any model of columns. It sees the
feature columns of each day besides. Errors add up over the horizon, and quantiles of one step say nothing of those of ten, so it gives a
point; a calibration makes quantiles of it.

Source:
    Nixtla's mlforecast, and its documentation for the names. Feeding back: Taieb, Bontempi, Atiya & Sorjamaa (2012), Expert Systems with
    Applications 39(8).
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from upshot.components.calendars import Calendar, moments_of
from upshot.components.grid import Grid
from upshot.components.model._forecasts import ErrorScales, joined, quantile_frame, refuse_too_far, targets_of
from upshot.components.model._learner import LEARNER, NESTED_SENTENCE, Learner
from upshot.components.model._weights import WeightedParams, row_weights
from upshot.contracts.components import Compute, Examples
from upshot.contracts.params import ModelPart
from upshot.contracts.records import Cases, PredictionKind, Spec

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from mlforecast import MLForecast

Lag = Annotated[int, Field(ge=1)]
Windows = dict[Annotated[str, Field(pattern=r"^[1-9][0-9]*$")], Annotated[tuple[Lag, ...], Field(strict=False)]]
_WEEK_AND_MONTH: dict[str, tuple[int, ...]] = {"1": (7, 28)}
ID, TIME, TARGET = "unique_id", "ds", "y"
RECENT = 56
"""Latest steps whose errors say how large errors are."""


class RecursiveParams(WeightedParams):
    """Lags, rolling statistics, and the learner."""

    lags: Annotated[tuple[Lag, ...], Field(strict=False, min_length=1)] = Field(
        (1, 7, 14, 28), description="Steps back at which values are looked at."
    )
    rolling_means: Windows = Field(
        default_factory=lambda: _WEEK_AND_MONTH.copy(), description="Windows of means by the lag at which they end: {1: [7, 28]}."
    )
    rolling_deviations: Windows = Field(default_factory=dict, description="Windows of standard deviations by the lag at which they end.")
    differences: Annotated[tuple[Lag, ...], Field(strict=False)] = Field(
        (), description="Differences that are taken before anything is learnt, and undone afterwards: [1] for a trend, [7] for a week."
    )
    scale: bool = Field(False, description="Whether each series is learnt in units of its own deviation from its own mean.")
    gaps: Literal["zero", "last"] = Field("zero", description="What a step without a value is taken for: lags need one at every step.")
    learner: ModelPart = Field(default_factory=lambda: dict(LEARNER), description=NESTED_SENTENCE)


class Recursive:
    """Forecasts step after step from the last known one on; a series of which nothing is known begins from unknown lags.

    Beside `point` it gives `scale`, the usual size of the series' latest one-step errors.

    Raises:
        RecipeError: The learner is no model of columns that gives a point.
    """

    spec: Spec
    uses: tuple[str, ...] = ("features", "history")
    gives: PredictionKind = "point"
    forecasts = True

    def __init__(self, params: RecursiveParams) -> None:
        self.params = params
        self.learner = Learner(params.learner, ())

    def fit(self, train: Examples, validation: Examples | None, history: Cases, compute: Compute) -> None:
        """Fit the learner on one-step rows of all series.

        Raises:
            DataError: Uneven times, or a series has a step twice.
        """
        import numpy as np
        import pandas as pd

        cases = joined(history, train.cases)
        self.calendar_, self.threads_ = Calendar.of(moments_of(cases)), int(compute.threads)
        grid = Grid.of(cases, self.calendar_)
        before = cases.size - train.cases.size
        panel, rows = self._panel(grid)
        with _quiet():
            made = pd.DataFrame(self._forecaster().preprocess(panel, static_features=[], dropna=False))
        made["row"] = rows[panel.index.get_indexer(made.index)]
        kept = made[(made["row"] >= before) & made[TARGET].notna()]
        place = kept["row"].to_numpy() - before
        self.names_ = [name for name in made.columns if name not in (ID, TIME, TARGET, "row")]
        encoded = self._with_columns(kept[self.names_], train.X.iloc[place])
        weights = row_weights(train, self.params, "point")
        y = kept[TARGET].to_numpy(dtype=np.float64)
        self.learner.fit(encoded, y, None if weights is None else weights[place], compute)
        late = np.flatnonzero(kept[TIME].to_numpy() > grid.last - RECENT)
        errors = y[late] - self.learner.predict(encoded.iloc[late])[:, 0]
        series = kept[ID].to_numpy()[late]
        if self.params.scale:  # back into units: the errors of a scaled series are in its own deviations
            errors = errors * self._deviations(grid)[series]
        self.scales_ = ErrorScales.of(grid.names, series, errors, grid.means())

    def predict(self, examples: Examples, history: Cases) -> pd.DataFrame:
        """Columns `point` and `scale`, one row a case.

        Raises:
            DataError: There is no history, or a case lies before its end.
        """
        import numpy as np

        cases = examples.cases
        grid = Grid.of(history, self.calendar_, future=cases)
        series, ahead = grid.code(cases), targets_of(cases, self.calendar_, grid).column - grid.last
        refuse_too_far(ahead, 2**31, "recursive")
        horizon = int(ahead.max(initial=1))
        panel, _ = self._panel(grid, grid.last - self._depth + 1)
        asked = np.unique(series)
        panel = panel[panel[ID].isin(asked)].assign(**dict.fromkeys(examples.X.columns, np.nan))  # only future days are looked at
        future = self._future(examples, series, ahead, asked, horizon, grid)
        forecaster = self._forecaster()
        with _quiet():
            forecaster.preprocess(panel, static_features=[], dropna=False)
            forecaster.models_ = {"point": _Answers(self.learner, self.names_, examples.X.columns)}
            table = forecaster.predict(horizon, X_df=future)
        values = table["point"].to_numpy().reshape(len(asked), horizon)
        point = values[np.searchsorted(asked, series), ahead - 1]
        return quantile_frame(point, self.scales_.at(grid.names[series], grid.means()[series]), (), np.zeros(0))

    def state(self) -> Mapping[str, bytes]:
        """Calendar, names of lags and sizes of errors, and the files of the learner."""
        described = {"calendar": vars(self.calendar_), "names": self.names_, "threads": self.threads_, **self.scales_.described()}
        return {"recursive.json": json.dumps(described).encode(), "errors.npz": self.scales_.to_npz(), **self.learner.state()}

    def restore(self, files: Mapping[str, bytes]) -> None:
        """The opposite of `state`."""
        described = json.loads(files["recursive.json"])
        self.calendar_, self.names_, self.threads_ = Calendar(**described["calendar"]), described["names"], described["threads"]
        self.scales_ = ErrorScales.restored(described, files["errors.npz"])
        self.learner.restore(files)

    def _forecaster(self) -> MLForecast:
        from mlforecast import MLForecast
        from mlforecast.lag_transforms import RollingMean, RollingStd
        from mlforecast.target_transforms import Differences, LocalStandardScaler

        transforms: dict[int, list[Any]] = {}
        for asked, made in ((self.params.rolling_means, RollingMean), (self.params.rolling_deviations, RollingStd)):
            for lag, windows in asked.items():
                transforms.setdefault(int(lag), []).extend(made(window_size=window, min_samples=1) for window in windows)
        targets: list[Any] = [LocalStandardScaler()] if self.params.scale else []
        targets += [Differences(list(self.params.differences))] if self.params.differences else []
        return MLForecast(
            models={},
            freq=1,
            lags=list(self.params.lags),
            lag_transforms=transforms or None,
            target_transforms=targets or None,
            num_threads=self.threads_,
        )

    @property
    def _depth(self) -> int:
        """Latest steps that a forecast is made from; a series' own deviation takes all of them."""
        if self.params.scale:
            return 2**31
        windows = [
            int(lag) + window
            for asked in (self.params.rolling_means, self.params.rolling_deviations)
            for lag, lengths in asked.items()
            for window in lengths
        ]
        return max(*self.params.lags, *windows, 1) + sum(self.params.differences) + 1

    def _panel(self, grid: Grid, since: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
        """All series from one step on, without gaps, and the case of each row (-1 for none)."""
        import numpy as np
        import pandas as pd

        is_known = np.isfinite(grid.values)
        filled = pd.DataFrame(grid.values).ffill(axis=1).to_numpy() if self.params.gaps == "last" else grid.values
        begins = np.where(is_known.any(axis=1), is_known.argmax(axis=1), grid.last)  # of a new series there is one step, of nothing
        begins = np.maximum(begins, since)
        lengths = grid.last + 1 - begins
        series = np.repeat(np.arange(len(begins)), lengths)
        column = np.arange(len(series)) - np.repeat(np.cumsum(lengths) - lengths, lengths) + begins[series]
        known = np.where(is_known[series, column], grid.rows[series, column], -1)
        return pd.DataFrame({ID: series, TIME: column, TARGET: np.nan_to_num(filled[series, column])}, copy=False), known

    def _future(
        self, examples: Examples, series: np.ndarray, ahead: np.ndarray, asked: np.ndarray, horizon: int, grid: Grid
    ) -> pd.DataFrame | None:
        """Feature columns of every series and step; a step without a case has none, and its answer only feeds later ones."""
        import numpy as np
        import pandas as pd

        if not len(examples.X.columns):
            return None
        place = np.full((len(asked), horizon), -1)
        place[np.searchsorted(asked, series), ahead - 1] = np.arange(len(series))
        row = place.ravel()
        X = examples.X.reset_index(drop=True).reindex(row.tolist() if (row < 0).any() else row).reset_index(drop=True)
        index = {ID: np.repeat(asked, horizon), TIME: np.tile(np.arange(1, horizon + 1), len(asked)) + grid.last}
        return pd.concat([pd.DataFrame(index), X], axis=1)

    def _with_columns(self, lags: pd.DataFrame, X: pd.DataFrame) -> pd.DataFrame:
        import pandas as pd

        return pd.concat([lags.reset_index(drop=True), X.reset_index(drop=True)], axis=1)

    def _deviations(self, grid: Grid) -> np.ndarray:
        import numpy as np

        count = np.maximum(np.isfinite(grid.values).sum(axis=1), 1)
        mean = np.nan_to_num(grid.values).sum(axis=1) / count
        spread: np.ndarray = np.sqrt(np.where(np.isfinite(grid.values), (grid.values - mean[:, None]) ** 2, 0.0).sum(axis=1) / count)
        return spread


class _Answers:
    """The learner as mlforecast asks it: one matrix a step, lags first or last, by name."""

    def __init__(self, learner: Learner, lags: list[str], columns: pd.Index) -> None:
        self.learner, self.names = learner, [*lags, *columns]

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """The next step of every series."""
        found: np.ndarray = self.learner.predict(X[self.names].reset_index(drop=True))[:, 0]
        return found


@contextmanager
def _quiet() -> Iterator[None]:
    """Mlforecast warns of nulls in lags and features, which the learner can have."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


__all__ = ["Recursive", "RecursiveParams"]
