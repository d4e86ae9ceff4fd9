"""What is known of every series at one origin of a forecast: levels, their change, and the same place in earlier seasons.

All of it is read off the grid up to the origin, so training rows, made at past origins, and forecasts, made at the last one, go through
the same code and see the same past.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from upshot.components.grid import Grid

if TYPE_CHECKING:
    import numpy as np

LEAST_CHANGE, MOST_CHANGE = 0.5, 2.0
"""A level is taken to change by no more than this over a season: what lies outside began, ended or is noise."""


@dataclass(frozen=True)
class Targets:
    """The steps that are forecast: column of the grid (beyond its last one for the future) and moment, shape (n,) each."""

    column: np.ndarray
    moment: np.ndarray


@dataclass(frozen=True)
class Season:
    """A season, and how its places are matched.

    Attributes:
        length: Steps.
        by_date: Whether a place is the same date a year before, between two steps where it falls there, so that feasts of the calendar
            stay at theirs: the days before Christmas are not seven days before it every year.
    """

    length: int
    by_date: bool = False

    def before(self, grid: Grid, targets: Targets, origin: int) -> tuple[np.ndarray, np.ndarray]:
        """The column at the same place of the latest season that was over at the origin, and the share that the column before it has."""
        import numpy as np

        if not self.by_date:
            back = np.maximum(-(-(targets.column - origin) // self.length), 1) * self.length
            return targets.column - back, np.zeros(len(targets.column))
        column, share = self._year_before(grid, targets.moment, 1)
        years = 1
        while (late := column > origin).any():
            years += 1
            again = self._year_before(grid, targets.moment[late], years)
            column[late], share[late] = again
        return column, share

    def _year_before(self, grid: Grid, moment: np.ndarray, years: int) -> tuple[np.ndarray, np.ndarray]:
        import numpy as np

        wanted = _minus_years(moment, years)
        step = _step(grid.moments)
        place = (
            (wanted - grid.moments[0]) / step if len(grid.moments) < 2 else np.interp(wanted, grid.moments, np.arange(len(grid.moments)))
        )
        place = np.where(wanted > grid.moments[-1], len(grid.moments) - 1 + (wanted - grid.moments[-1]) / step, place)
        place = np.where(wanted < grid.moments[0], (wanted - grid.moments[0]) / step, place)
        column = np.ceil(place - 1e-9).astype(np.int64)
        return column, column - place


@dataclass
class Origin:
    """One origin over a grid.

    Attributes:
        grid: All that is known, at least up to the origin.
        column: The last column that is known at the origin.
        groups: Codes of each series in every grouping, shape (series,) each; -1 for none.
    """

    grid: Grid
    column: int
    groups: tuple[np.ndarray, ...] = ()
    _profiles: dict[tuple[int, int], np.ndarray] = field(default_factory=dict)

    def level(self, window: int, back: int = 0) -> np.ndarray:
        """Mean of each series over the last `window` steps, `back` steps ago; shape (series,), NaN without a value."""
        import numpy as np

        series = np.arange(len(self.grid.names))
        return self.grid.mean(series, np.full(len(series), self.column - back), window)

    def change(self, window: int, season: int) -> np.ndarray:
        """Level over the last `window` steps against a season before, held within bounds; NaN where it cannot be said."""
        import numpy as np

        now, then = self.level(window), self.level(window, season)
        usable = (now > 0) & (then > 0)
        ratio: np.ndarray = np.divide(now, then, out=np.full(len(now), np.nan), where=usable)
        return ratio.clip(LEAST_CHANGE, MOST_CHANGE)

    def own(self, season: Season, series: np.ndarray, targets: Targets) -> np.ndarray:
        """Each series' own value at the same place one season before; shape (n,)."""
        import numpy as np

        column, share = season.before(self.grid, targets, self.column)
        here, earlier = (self.grid.at(series, at, self.column) for at in (column, column - 1))
        return np.where(share > 0, (1 - share) * here + share * earlier, here)

    def of_group(self, season: Season, grouping: int, series: np.ndarray, targets: Targets) -> np.ndarray:
        """What the series of a group had at that place, as a share of their level, times the series' own level; shape (n,)."""
        import numpy as np

        profile = self._profile(grouping, season.length)
        column, share = season.before(self.grid, targets, self.column)
        group = np.append(self.groups[grouping], -1)[series]
        inside = (group >= 0) & (column >= 1) & (column <= self.column)
        at = np.where(inside, column, 1)
        relative = (1 - share) * profile[group, at] + share * profile[group, at - 1]
        level = np.append(self.level(season.length), np.nan)[series]
        return np.where(inside, relative * level, np.nan)

    def _profile(self, grouping: int, season: int) -> np.ndarray:
        """Values of each group by column over the levels of the series that have one there, shape (groups, columns)."""
        import numpy as np

        if (grouping, season) not in self._profiles:
            codes, level = self.groups[grouping], self.level(season)
            usable = (codes >= 0) & np.isfinite(level) & (level > 0)
            values = self.grid.values[usable, : self.column + 1]
            order = np.argsort(codes[usable], kind="stable")
            starts = np.flatnonzero(np.diff(codes[usable][order], prepend=-1))
            known = np.isfinite(values[order])
            sums = np.add.reduceat(np.where(known, values[order], 0.0), starts, axis=0)
            levels = np.add.reduceat(np.where(known, level[usable][order][:, None], 0.0), starts, axis=0)
            profile = np.full((int(codes.max(initial=-1)) + 2, self.column + 1), np.nan)
            profile[codes[usable][order][starts]] = np.divide(sums, levels, out=np.full(sums.shape, np.nan), where=levels > 0)
            self._profiles[grouping, season] = profile
        return self._profiles[grouping, season]


def _step(moments: np.ndarray) -> float:
    import numpy as np

    return float(np.median(np.diff(moments))) if len(moments) > 1 else 1.0


def _minus_years(moment: np.ndarray, years: int) -> np.ndarray:
    """The same day and time so many years before, nanoseconds; 29 February becomes 1 March."""
    import numpy as np

    days = moment.astype("datetime64[ns]").astype("datetime64[D]")
    month = days.astype("datetime64[M]")
    within = moment - month.astype("datetime64[ns]").astype(np.int64)
    moved: np.ndarray = (month - 12 * years).astype("datetime64[ns]").astype(np.int64) + within
    return moved
