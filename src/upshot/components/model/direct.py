"""A direct global forecast: one tabular model for all series and all steps, told how far ahead it looks.

Training rows are made at past origins: what was known of a series there, the step asked for, the feature columns of the day asked for, and
what came. Nothing is fed back, so errors do not build up over the horizon, and a million rows cost a few passes of numpy. The learner is
any model of columns; quantiles are learners of their own, one a level, put in order where they cross.

Source:
    Direct against recursive: Taieb, Bontempi, Atiya & Sorjamaa (2012), Expert Systems with Applications 39(8). Global models and scaling by
    level: Montero-Manso & Hyndman (2021), International Journal of Forecasting 37(4).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, field_validator

from upshot.components.calendars import Calendar, moments_of
from upshot.components.grid import Grid
from upshot.components.model._forecasts import ErrorScales, Levels, groupings, joined, quantile_frame, refuse_too_far, targets_of
from upshot.components.model._lags import LagPlan
from upshot.components.model._learner import LEARNER, NESTED_SENTENCE, Learner
from upshot.components.model._origin import Origin, Season, Targets
from upshot.components.model._weights import WeightedParams, row_weights
from upshot.contracts.components import Compute, Examples
from upshot.contracts.params import ModelPart, Names
from upshot.contracts.records import Cases, PredictionKind, Spec
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

Steps = Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(strict=False, min_length=1)]


class DirectParams(WeightedParams):
    """What an origin is told of, how many of them are learnt from, and by which learner."""

    horizon: int = Field(28, ge=1, description="Steps ahead that are learnt; that of the split.")
    gap: int = Field(0, ge=0, description="Steps between the last known row and the first that is forecast; that of the split.")
    seasons: Steps = Field((7,), description="Season lengths in steps, shortest first: 7 and 364 for days, 52 for weeks, 12 for months.")
    by_date: bool = Field(False, description="Whether the longest season is a year that is matched by date; see seasonal_profile.")
    neighbours: int = Field(1, ge=0, le=10, description="Steps on either side of the same place in the season before.")
    repeats: int = Field(4, ge=1, description="Seasons over which the same place is averaged, for the shortest season.")
    windows: Steps = Field((7, 28), description="Steps over which levels are taken; the longest also scales.")
    groups: Names = Field((), description="Columns whose values have a seasonal profile in common, such as the department.")
    origins: int = Field(
        12, ge=1, le=1_000, description="Past origins to learn from, `every` steps apart, back from the last one that has a future."
    )
    every: int = Field(7, ge=1, description="Steps between two origins.")
    max_rows: int = Field(500_000, ge=1_000, description="Training rows at most; drawn evenly from all origins where there are more.")
    anchored: bool = Field(True, description="Whether the learner learns the difference to the mean of the same place in recent seasons.")
    fill_gaps: bool = Field(
        False, description="Whether a lag that is not known is taken to be the level, for learners that take no missing values."
    )
    weigh: Literal["level", "alike"] = Field(
        "level", description="Whether an error counts in units, so that large series lead, or in shares of the level, all series alike."
    )
    levels: Levels = Field((), description="Quantiles to give, a learner each; an empty list gives a point.")
    learner: ModelPart = Field(default_factory=lambda: dict(LEARNER), description=NESTED_SENTENCE)

    @field_validator("seasons", "windows")
    @classmethod
    def _rise(cls, steps: tuple[int, ...]) -> tuple[int, ...]:
        if list(steps) != sorted(set(steps)):
            raise ValueError("must rise, each length once")
        return steps


class Direct:
    """Forecasts any step up to the horizon, of any series, also of one that is new: by its feature columns and its groups.

    Beside `point` it gives `scale`, the usual size of the series' errors, by which a calibration may widen.

    Raises:
        RecipeError: The learner is no model of columns that gives a point, or cannot learn a quantile.
    """

    spec: Spec
    uses: tuple[str, ...] = ("features", "history")
    gives: PredictionKind
    forecasts = True

    def __init__(self, params: DirectParams) -> None:
        self.params = params
        self.gives = "quantiles" if params.levels else "point"
        self.learner = Learner(params.learner, params.levels)
        seasons = tuple(Season(length, params.by_date and place == len(params.seasons) - 1) for place, length in enumerate(params.seasons))
        self.plan = LagPlan(seasons, params.neighbours, params.repeats, params.windows, len(params.groups))

    def fit(self, train: Examples, validation: Examples | None, history: Cases, compute: Compute) -> None:
        """Make the training rows at past origins, and fit the learner, once a level.

        Raises:
            DataError: Uneven times, or no origin has a row to learn from.
        """
        import numpy as np
        import pandas as pd

        cases = joined(history, train.cases)
        self.calendar_ = Calendar.of(moments_of(cases))
        grid = Grid.of(cases, self.calendar_)
        before = cases.size - train.cases.size
        X, y, scale, rows = [], [], [], []
        for origin, series, targets in self._asked(grid, groupings((cases,), grid, self.params.groups), before, compute):
            unit = self.plan.scale(origin)
            X.append(self._columns(origin, unit, series, targets))
            anchor = self.plan.anchor(origin, unit, series, targets) if self.params.anchored else 0.0
            y.append(grid.values[series, targets.column] / unit[series] - anchor)
            scale.append(unit[series])
            rows.append(grid.rows[series, targets.column] - before)
        if not X:
            problem = Problem(
                "model.origins", "needs past rows with a future to learn from", "none", "lengthen the training, or shorten the horizon"
            )
            raise DataError("there is nothing to learn from", [problem])
        unit, place = np.concatenate(scale), np.concatenate(rows)
        lags = pd.DataFrame(np.concatenate(X), columns=list(self.plan.names))
        encoded = pd.concat([lags, train.X.iloc[place].reset_index(drop=True)], axis=1)
        self.learner.fit(encoded, np.concatenate(y), self._weights(train, place, unit), compute)
        last = Origin(grid, grid.last).level(max(self.params.windows))
        if self.params.levels:  # quantiles say themselves how large errors are
            self.scales_ = ErrorScales.of(grid.names, place[:0], unit[:0], last)
            return
        errors = np.abs(np.concatenate(y) - self.learner.predict(encoded)[:, 0]) * unit
        self.scales_ = ErrorScales.of(grid.names, grid.code(train.cases)[place], errors, last)

    def predict(self, examples: Examples, history: Cases) -> pd.DataFrame:
        """Columns `point` and `scale`, or one column a level (`q0.1`), one row a case.

        Raises:
            DataError: There is no history, or the forecast reaches further than was learnt.
        """
        import numpy as np
        import pandas as pd

        cases = examples.cases
        grid = Grid.of(history, self.calendar_, future=cases)
        origin = Origin(grid, grid.last, groupings((history, cases), grid, self.params.groups))
        series, targets = grid.code(cases), targets_of(cases, self.calendar_, grid)
        refuse_too_far(targets.column - origin.column, self.params.horizon + self.params.gap, "direct")
        unit = self.plan.scale(origin)
        lags = pd.DataFrame(self._columns(origin, unit, series, targets), columns=list(self.plan.names))
        anchor = self.plan.anchor(origin, unit, series, targets)[:, None] if self.params.anchored else 0.0
        values = (self.learner.predict(pd.concat([lags, examples.X.reset_index(drop=True)], axis=1)) + anchor) * unit[series][:, None]
        if self.params.levels:
            return pd.DataFrame({f"q{level:g}": np.sort(values, axis=1)[:, place] for place, level in enumerate(self.params.levels)})
        scale = self.scales_.at(grid.names[series], origin.level(max(self.params.windows))[series])
        return quantile_frame(values[:, 0], scale, (), np.zeros(0))

    def state(self) -> Mapping[str, bytes]:
        """Calendar and sizes of errors, and the files of the learners, each in a folder of its own."""
        described = {"calendar": vars(self.calendar_), **self.scales_.described()}
        return {"direct.json": json.dumps(described).encode(), "errors.npz": self.scales_.to_npz(), **self.learner.state()}

    def restore(self, files: Mapping[str, bytes]) -> None:
        """The opposite of `state`."""
        described = json.loads(files["direct.json"])
        self.calendar_ = Calendar(**described["calendar"])
        self.scales_ = ErrorScales.restored(described, files["errors.npz"])
        self.learner.restore(files)

    def _columns(self, origin: Origin, unit: np.ndarray, series: np.ndarray, targets: Targets) -> np.ndarray:
        import numpy as np

        columns = self.plan.columns(origin, unit, series, targets)
        return np.where(np.isnan(columns), np.float32(1.0), columns) if self.params.fill_gaps else columns

    def _asked(
        self, grid: Grid, groups: tuple[np.ndarray, ...], before: int, compute: Compute
    ) -> Iterator[tuple[Origin, np.ndarray, Targets]]:
        """Origin by origin the (series, target) pairs that are learnt from; targets are training rows, drawn where there are too many."""
        import numpy as np

        p = self.params
        pairs = []
        for column in range(grid.last - p.gap - 1, -1, -p.every)[: p.origins]:
            first = column + p.gap + 1
            block = slice(first, min(first + p.horizon, grid.last + 1))
            series, ahead = np.nonzero(np.isfinite(grid.values[:, block]) & (grid.rows[:, block] >= before))
            is_known = np.isfinite(grid.values[:, : column + 1]).any(axis=1)
            kept = is_known[series]
            pairs.append((column, series[kept], ahead[kept] + first))
        share = min(1.0, p.max_rows / max(sum(len(series) for _, series, _ in pairs), 1))
        draw = np.random.default_rng(compute.seed)
        for column, series, target in pairs:
            kept = draw.random(len(series)) < share if share < 1.0 else np.ones(len(series), dtype=bool)
            if kept.any():
                series, target = series[kept], target[kept]
                yield Origin(grid, column, groups), series, Targets(target, grid.moments[target])

    def _weights(self, train: Examples, place: np.ndarray, unit: np.ndarray) -> np.ndarray | None:
        own = row_weights(train, self.params, "point")
        level = unit if self.params.weigh == "level" else None
        if own is None:
            return level
        weights: np.ndarray = own[place] if level is None else own[place] * level
        return weights


__all__ = ["Direct", "DirectParams"]
