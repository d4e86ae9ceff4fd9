"""Last season again, smoothed by what like series did, and moved by part of the change of level since.

A single season of one series is noise as much as pattern. Half of it may be had from the group: what all series of a department sold in
that week, as a share of their level. And a series that is a tenth above last year is usually still above it in half a year, by less. Half
of either is a safe share, and the default; with several seasons of history, null chooses both on past origins of the training rows.

Source:
    Group profiles: the department smoothing by which the Walmart competition of 2014 was won (Bojer & Meldgaard 2021, Kaggle forecasting
    competitions, International Journal of Forecasting 37(2)). Damping: Gardner & McKenzie (1985), Management Science 31(10).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import Field

from upshot.components.calendars import Calendar, moments_of
from upshot.components.grid import Grid
from upshot.components.model._forecasts import ErrorScales, Levels, groupings, joined, quantile_frame, targets_of
from upshot.components.model._origin import Origin, Season, Targets
from upshot.components.model._weights import WeightedParams, row_weights
from upshot.contracts.components import Compute, Examples
from upshot.contracts.params import Names
from upshot.contracts.records import Cases, PredictionKind, Spec
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)


class SeasonalProfileParams(WeightedParams):
    """Own and group's season of one season before, and the change of level since."""

    season_length: int = Field(7, ge=2, description="Steps of a season.")
    by_date: bool = Field(
        False,
        description="For a season of a year: whether its place is the same date a year before, rather than the same step; for feasts that stay at their date.",
    )
    groups: Names = Field((), description="Columns whose values have a seasonal profile in common, such as the department.")
    level_window: int = Field(8, ge=1, description="Steps over which the level is taken, at the origin and a season before.")
    own_share: float | None = Field(
        0.5, ge=0, le=1, description="Share of the series' own season, the rest is the groups'; null chooses it on past origins."
    )
    damping: float | None = Field(
        0.5, ge=0, le=1, description="Share of the change of level that is carried on; null chooses it on past origins."
    )
    horizon: int = Field(28, ge=1, description="Steps ahead for which the shares are chosen and errors are measured; that of the split.")
    origins: int = Field(6, ge=1, le=100, description="Past origins, evenly over the training rows, on which that is done.")
    levels: Levels = Field((), description="Quantiles to give, from the errors at past origins; an empty list gives a point.")


class SeasonalProfile:
    """Forecasts any step of any series, also of one that is new: by its group, then by the level of all.

    Beside `point` it gives `scale`, the usual size of the series' errors, by which a calibration may widen.

    Example:
        >>> SeasonalProfile(SeasonalProfileParams(season_length=52)).gives
        'point'
    """

    spec: Spec
    uses: tuple[str, ...] = ("history",)
    gives: PredictionKind
    forecasts = True

    def __init__(self, params: SeasonalProfileParams) -> None:
        self.params = params
        self.gives = "quantiles" if params.levels else "point"
        self.season = Season(params.season_length, params.by_date)

    def fit(self, train: Examples, validation: Examples | None, history: Cases, compute: Compute) -> None:
        """Choose the two shares on past origins, and learn how large errors are there.

        Raises:
            DataError: Uneven times, or no step of training lies a season after another.
        """
        import numpy as np

        cases = joined(history, train.cases)
        self.calendar_ = Calendar.of(moments_of(cases))
        grid = Grid.of(cases, self.calendar_)
        groups = groupings((cases,), grid, self.params.groups)
        tried = [_Trial.of(self, Origin(grid, column, groups), cases) for column in self._origins(grid)]
        tried = [trial for trial in tried if len(trial.y)]
        level = Origin(grid, grid.last).level(self.params.season_length)
        if not tried and not self.params.levels:  # half of either, and nothing is known of errors
            shares = (self.params.own_share, self.params.damping)
            self.own_share_, self.damping_ = (0.5 if share is None else share for share in shares)
            self.scales_, self.spread_ = ErrorScales(grid.names, np.abs(level), 1.0), np.zeros(0)
            return
        if not tried:
            got = f"{grid.last + 1} steps for a season of {self.params.season_length}"
            rule = "needs training rows a season after others, from whose errors quantiles are taken"
            problem = Problem("model.season_length", rule, got, "shorten it, lengthen the history, or set model.levels=[]")
            raise DataError("there is no season to learn from", [problem])
        self.own_share_, self.damping_ = min(self._candidates(), key=lambda shares: sum(trial.loss(*shares) for trial in tried))
        errors = np.concatenate([trial.y - trial.estimate(self.own_share_, self.damping_) for trial in tried])
        series = np.concatenate([trial.series for trial in tried])
        self.scales_ = ErrorScales.of(grid.names, series, errors, level)
        relative = errors / self.scales_.own[series].clip(min=1e-12)
        self.spread_ = np.quantile(relative, self.params.levels) if self.params.levels else np.zeros(0)

    def predict(self, examples: Examples, history: Cases) -> pd.DataFrame:
        """Columns `point` and `scale`, or one column a level (`q0.1`), one row a case.

        Raises:
            DataError: There is no history, or a grouping changes within a series.
        """
        cases = examples.cases
        grid = Grid.of(history, self.calendar_, future=cases)
        origin = Origin(grid, grid.last, groupings((history, cases), grid, self.params.groups))
        series = grid.code(cases)
        parts = Parts.of(origin, self.season, self.params.level_window, series, targets_of(cases, self.calendar_, grid))
        scale = self.scales_.at(grid.names[series], origin.level(self.params.season_length)[series])
        return quantile_frame(parts.estimate(self.own_share_, self.damping_), scale, self.params.levels, self.spread_)

    def state(self) -> Mapping[str, bytes]:
        """Calendar and shares as JSON; sizes of errors as npz, their quantiles among the JSON."""
        chosen = {"own_share": self.own_share_, "damping": self.damping_, "spread": self.spread_.tolist()}
        described = {"calendar": vars(self.calendar_), **chosen, **self.scales_.described()}
        return {"profile.json": json.dumps(described).encode(), "errors.npz": self.scales_.to_npz()}

    def restore(self, files: Mapping[str, bytes]) -> None:
        """The opposite of `state`."""
        import numpy as np

        described = json.loads(files["profile.json"])
        self.calendar_ = Calendar(**described["calendar"])
        self.own_share_, self.damping_ = described["own_share"], described["damping"]
        self.spread_ = np.asarray(described["spread"])
        self.scales_ = ErrorScales.restored(described, files["errors.npz"])

    def _origins(self, grid: Grid) -> list[int]:
        """Past origins, the latest first, each with something to forecast that was a season after something."""
        import numpy as np

        first = min(self.params.season_length, grid.last - 1)
        columns = np.unique(np.linspace(first, grid.last - 1, self.params.origins).round().astype(int))
        return [int(column) for column in columns[::-1] if 0 <= column < grid.last]

    def _candidates(self) -> list[tuple[float, float]]:
        own = (
            SHARES
            if self.params.own_share is None and self.params.groups
            else (1.0 if self.params.own_share is None else self.params.own_share,)
        )
        damped = SHARES if self.params.damping is None else (self.params.damping,)
        return [(share, damping) for share in own for damping in damped]


class Parts:
    """What an estimate is made of, each of shape (n,): the own season, the groups', the level, and its change."""

    def __init__(self, own: np.ndarray, group: np.ndarray, level: np.ndarray, change: np.ndarray) -> None:
        self.own, self.group, self.level, self.change = own, group, level, change

    @classmethod
    def of(cls, origin: Origin, season: Season, window: int, series: np.ndarray, targets: Targets) -> Parts:
        """The parts of each (series, target)."""
        import numpy as np

        level = _filled_level(origin, window, season.length)
        change = np.nan_to_num(origin.change(window, season.length), nan=1.0)
        groups = [origin.of_group(season, place, series, targets) for place in range(len(origin.groups))]
        group = _mean_known(groups) if groups else np.full(len(series), np.nan)
        return cls(origin.own(season, series, targets), group, level[series], change[series])

    def estimate(self, own_share: float, damping: float) -> np.ndarray:
        """The forecast, shape (n,); what is not known is left out, and with neither season it is the level."""
        import numpy as np

        both = own_share * self.own + (1 - own_share) * self.group
        season = np.where(np.isfinite(both), both, np.where(np.isfinite(self.own), self.own, self.group))
        moved = season * (1 + damping * (self.change - 1))
        return np.where(np.isfinite(moved), moved, self.level)


class _Trial:
    """One past origin: what happened after it, and what could have been said of it."""

    def __init__(self, parts: Parts, y: np.ndarray, series: np.ndarray, weights: np.ndarray | None) -> None:
        self.parts, self.y, self.series, self.weights = parts, y, series, weights

    @classmethod
    def of(cls, model: SeasonalProfile, origin: Origin, cases: Cases) -> _Trial:
        import numpy as np

        grid, column = origin.grid, origin.column
        ahead = np.arange(column + 1, min(column + model.params.horizon, grid.last) + 1)
        series, target = (part.ravel() for part in np.meshgrid(np.arange(len(grid.names)), ahead, indexing="ij"))
        known = np.isfinite(grid.values[series, target])
        series, target = series[known], target[known]
        parts = Parts.of(origin, model.season, model.params.level_window, series, Targets(target, grid.moments[target]))
        usable = np.isfinite(parts.own) | np.isfinite(parts.group)
        kept = Parts(*(part[usable] for part in (parts.own, parts.group, parts.level, parts.change)))
        weights = row_weights(Examples(cases, cases.rows.frame.iloc[:, :0]), model.params, "point")
        series, target = series[usable], target[usable]
        own = None if weights is None else weights[grid.rows[series, target]]
        return cls(kept, grid.values[series, target], series, own)

    def estimate(self, own_share: float, damping: float) -> np.ndarray:
        return self.parts.estimate(own_share, damping)

    def loss(self, own_share: float, damping: float) -> float:
        """Sum of absolute errors, weighted where rows have a weight."""
        import numpy as np

        errors = np.abs(self.y - self.estimate(own_share, damping))
        return float((errors if self.weights is None else errors * self.weights).sum())


def _filled_level(origin: Origin, window: int, season: int) -> np.ndarray:
    """Level of each series: recent, else of a season, else the middle of its group's, else the middle of all; shape (series,)."""
    import numpy as np
    import pandas as pd

    level = origin.level(window)
    level = np.where(np.isfinite(level), level, origin.level(season))
    for codes in origin.groups:
        of_group = pd.Series(level).groupby(codes).transform("median").to_numpy()
        level = np.where(np.isfinite(level) | (codes < 0), level, of_group)
    middle = float(np.nanmedian(level)) if np.isfinite(level).any() else 0.0
    return np.where(np.isfinite(level), level, middle)


def _mean_known(parts: list[np.ndarray]) -> np.ndarray:
    import numpy as np

    known = [np.isfinite(part) for part in parts]
    count = np.sum(known, axis=0)
    total = np.sum([np.where(is_known, part, 0.0) for is_known, part in zip(known, parts, strict=True)], axis=0)
    mean: np.ndarray = np.divide(total, count, out=np.full(len(count), np.nan), where=count > 0)
    return mean


__all__ = ["Parts", "SeasonalProfile", "SeasonalProfileParams"]
