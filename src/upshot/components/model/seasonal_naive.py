"""Seasonal naive forecast: what happened one season ago happens again. The forecast that every other has to beat.

Hyndman & Athanasopoulos, "Forecasting: principles and practice" (3rd ed.), section 5.2; quantiles are the series' own past one-season
errors put round the forecast, and not a normal distribution, since demand is skewed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from upshot.components.calendars import Calendar, moments_of
from upshot.components.model._arrays import from_npz, to_npz
from upshot.components.model._forecasts import Levels, joined
from upshot.components.model._panel import Panel
from upshot.components.model._roles import ALWAYS, NEVER, entity_column, known_times
from upshot.contracts.components import Compute, Examples
from upshot.contracts.params import Params
from upshot.contracts.records import Cases, PredictionKind, Spec
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


class SeasonalNaiveParams(Params):
    """The value of one season before."""

    season_length: int = Field(7, ge=1, description="Steps of a season, in the spacing of the data; 1 repeats the last value.")
    levels: Levels = Field((0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9), description="Quantiles to give; an empty list gives a point.")
    new_series: Literal["refuse", "zero"] = Field(
        "refuse", description="A series of which nothing is known: refused, or forecast to be 0, whatever the level."
    )


class SeasonalNaive:
    """Gives the series' latest value that lies whole seasons before the case and is known at its decision.

    A step that the series lacks is looked for one season earlier still; a series shorter than a season repeats its last known value.
    Quantiles add the empirical quantiles of the series' one-season errors in the training rows, or those of all series together where a
    series has no such error yet. Errors of longer horizons are not widened.

    Example:
        >>> SeasonalNaive(SeasonalNaiveParams(season_length=7, levels=())).gives
        'point'
    """

    spec: Spec
    uses: tuple[str, ...] = ("history",)
    gives: PredictionKind
    forecasts = True

    def __init__(self, params: SeasonalNaiveParams) -> None:
        self.params = params
        self.gives = "quantiles" if params.levels else "point"

    def fit(self, train: Examples, validation: Examples | None, history: Cases, compute: Compute) -> None:
        """Learn the calendar, and each series' quantiles of its one-season errors.

        Raises:
            DataError: Uneven times, a step that a series has twice, or, with levels, no series longer than a season.
        """
        import numpy as np
        import pandas as pd

        both = joined(history, train.cases)
        self.calendar_ = Calendar.of(moments_of(both))
        names = pd.Index(both.rows.frame[entity_column(both)].unique()).sort_values()
        self.names_ = np.asarray(names.to_numpy())
        self.offsets_ = self._offsets(self._panel(both, names), len(names))

    def predict(self, examples: Examples, history: Cases) -> pd.DataFrame:
        """Column `point`, or one column a level (`q0.1`), one row a case.

        Raises:
            DataError: A series has no known row before the case.
        """
        import numpy as np
        import pandas as pd

        cases = examples.cases
        names = pd.Index(history.rows.frame[entity_column(history)].unique())
        series = pd.Index(cases.rows.frame[entity_column(cases)])
        point, is_new = self._points(self._panel(history, names), cases, names.get_indexer(series), series)
        if not self.params.levels:
            return pd.DataFrame({"point": point})
        row = pd.Index(self.names_).get_indexer(series)  # -1, a series not trained on, takes the last row: all series together
        spread = np.where(is_new[:, None], 0.0, self.offsets_[row])
        return pd.DataFrame({f"q{level:g}": point + spread[:, i] for i, level in enumerate(self.params.levels)})

    def state(self) -> Mapping[str, bytes]:
        """The calendar as JSON; names of series and quantiles of errors as npz."""
        errors = to_npz(names=self.names_, offsets=self.offsets_)
        return {"calendar.json": json.dumps(asdict(self.calendar_)).encode(), "errors.npz": errors}

    def restore(self, files: Mapping[str, bytes]) -> None:
        """The opposite of `state`."""
        self.calendar_ = Calendar(**json.loads(files["calendar.json"]))
        arrays = from_npz(files["errors.npz"])
        self.names_, self.offsets_ = arrays["names"], arrays["offsets"]

    def _panel(self, cases: Cases, names: pd.Index) -> Panel:
        import pandas as pd

        return Panel.of(
            names.get_indexer(pd.Index(cases.rows.frame[entity_column(cases)])),
            self.calendar_.steps(cases),
            cases.labels.frame["label"].to_numpy(dtype="float64"),
            known_times(cases, "label_known_at", ALWAYS),
        )

    def _points(self, panel: Panel, cases: Cases, series: np.ndarray, names: pd.Index) -> tuple[np.ndarray, np.ndarray]:
        """What each case repeats, and whether nothing is known of its series."""
        import numpy as np

        steps, as_of = self.calendar_.steps(cases), known_times(cases, "as_of", NEVER)
        rows = np.full(len(series), -1)
        pending = np.flatnonzero(series >= 0)
        back = self.params.season_length
        while len(pending):  # one turn a season, all series at once
            found = panel.find(series[pending], steps[pending] - back)
            usable = (found >= 0) & (panel.known_at[found] <= as_of[pending])
            rows[pending[usable]] = found[usable]
            pending = pending[~usable & (steps[pending] - back >= panel.first)]
            back += self.params.season_length
        lost = np.flatnonzero(rows < 0)
        rows[lost] = panel.last(series[lost], steps[lost], as_of[lost])
        if (rows < 0).any() and self.params.new_series == "refuse":
            unknown = names[rows < 0].unique()
            got = f"{len(unknown)} series without: {', '.join(str(name) for name in unknown[:5])}"
            problem = Problem(
                entity_column(cases), "a series needs at least one known value before its forecast", got, "say model.new_series: zero"
            )
            raise DataError("seasonal naive has nothing to repeat", [problem])
        return np.where(rows < 0, 0.0, panel.values[rows]), rows < 0

    def _offsets(self, panel: Panel, series: int) -> np.ndarray:
        """Quantiles of one-season errors, shape (series + 1, levels); the last row is of all series together."""
        import numpy as np

        levels = np.asarray(self.params.levels, dtype=np.float64)
        if not len(levels):
            return np.zeros((series + 1, 0))
        before = panel.find(panel.series, panel.steps - self.params.season_length)
        errors = (panel.values - panel.values[before])[before >= 0]
        if not len(errors):
            problem = Problem("model.season_length", "some series must be longer than a season", str(self.params.season_length))
            raise DataError("seasonal naive has no past error to take quantiles of", [problem])
        return grouped_quantiles(panel.series[before >= 0], errors, series, levels)


def grouped_quantiles(groups: np.ndarray, values: np.ndarray, size: int, levels: np.ndarray) -> np.ndarray:
    """Linear quantiles of each group, shape (size + 1, levels); the last row and empty groups have those of all values.

    Example:
        >>> import numpy as np
        >>> grouped_quantiles(np.array([0, 0, 1]), np.array([1.0, 3.0, 7.0]), 2, np.array([0.5])).ravel().tolist()
        [2.0, 7.0, 3.0]
    """
    import numpy as np

    order = np.lexsort((values, groups))
    ranked = values[order]
    counts = np.bincount(groups, minlength=size)
    starts = np.cumsum(counts) - counts
    at = levels[None, :] * np.maximum(counts - 1, 0)[:, None]
    low = np.floor(at).astype(np.int64)
    high = np.minimum(low + 1, np.maximum(counts - 1, 0)[:, None])
    top = len(ranked) - 1
    below, above = (ranked[np.minimum(starts[:, None] + part, top)] for part in (low, high))
    together = np.quantile(values, levels)
    out = np.where(counts[:, None] > 0, below + (above - below) * (at - low), together[None, :])
    return np.vstack([out, together])
