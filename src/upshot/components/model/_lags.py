"""Columns of a direct forecast: what an origin knows of a series, in units of the series' own level.

One model for all series has to see them alike, so values are divided by the series' level at the origin; a series of thousands and one of
ones then have the same shapes. Nothing here depends on the date itself: calendars, prices and feasts come as feature columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from upshot.components.model._origin import Origin, Season, Targets

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class LagPlan:
    """Which columns are made.

    Attributes:
        seasons: Shortest first.
        neighbours: Steps on either side of the same place in the season before.
        repeats: Seasons over which the same place is averaged, for the shortest season.
        windows: Steps over which levels are taken, shortest first.
        groups: Number of groupings.
    """

    seasons: tuple[Season, ...]
    neighbours: int
    repeats: int
    windows: tuple[int, ...]
    groups: int

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        names = ["step", "age", "share_of_zeros", "since_last_sale", "spread", "last"]
        names += [f"level_{window}" for window in self.windows]
        for season in self.seasons:
            length = season.length
            names += [f"season_{length}"]
            names += [f"season_{length}_{shift:+d}" for shift in self._shifts]
            names += [f"change_{length}_{window}" for window in self.windows]
            names += [f"group_{place}_{length}" for place in range(self.groups)]
        return (*names, f"mean_of_season_{self.seasons[0].length}")

    @property
    def _shifts(self) -> tuple[int, ...]:
        return tuple(shift for shift in range(-self.neighbours, self.neighbours + 1) if shift)

    def scale(self, origin: Origin) -> np.ndarray:
        """What values of each series are divided by, shape (series,), > 0: its mean size over the longest window, or a trace of all."""
        import numpy as np

        level = np.abs(origin.level(max(self.windows)))
        longer = np.abs(origin.level(max(season.length for season in self.seasons)))
        level = np.where(np.isfinite(level) & (level > 0), level, longer)
        known = level[np.isfinite(level) & (level > 0)]
        floor = float(np.median(known)) * 0.05 if len(known) else 1.0
        scale: np.ndarray = np.maximum(np.nan_to_num(level), floor)
        return scale

    def columns(self, origin: Origin, scale: np.ndarray, series: np.ndarray, targets: Targets) -> np.ndarray:
        """The columns of each (series, target), float32 of shape (n, columns), NaN where nothing is known."""
        import numpy as np

        grid, now = origin.grid, origin.column
        divided = 1.0 / scale[series]
        columns = [targets.column - now, *self._history(origin, scale, series)]
        columns += [origin.level(window)[series] * divided for window in self.windows]
        for season in self.seasons:
            at, _ = season.before(grid, targets, now)
            own = origin.own(season, series, targets)
            columns += [own * divided]
            columns += [grid.at(series, at + shift, now) * divided for shift in self._shifts]
            columns += [origin.change(window, season.length)[series] for window in self.windows]
            columns += [origin.of_group(season, place, series, targets) * divided for place in range(self.groups)]
        columns += [self._mean_of_season(origin, series, targets) * divided]
        return np.column_stack([np.asarray(column, dtype=np.float32) for column in columns])

    def anchor(self, origin: Origin, scale: np.ndarray, series: np.ndarray, targets: Targets) -> np.ndarray:
        """A forecast without a model, in units of the scale: the mean of the same place in recent seasons, else the level; shape (n,)."""
        import numpy as np

        mean = self._mean_of_season(origin, series, targets)
        level = origin.level(max(self.windows))[series]
        anchor: np.ndarray = np.where(np.isfinite(mean), mean, np.nan_to_num(level)) / scale[series]
        return anchor

    def _mean_of_season(self, origin: Origin, series: np.ndarray, targets: Targets) -> np.ndarray:
        import numpy as np

        season = self.seasons[0]
        at, _ = season.before(origin.grid, targets, origin.column)
        at = np.minimum(at, origin.column)
        total, count = origin.grid.sums(series, at, self.repeats, season.length)
        mean: np.ndarray = np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0)
        return mean

    def _history(self, origin: Origin, scale: np.ndarray, series: np.ndarray) -> list[np.ndarray]:
        """Age, share of zeros, steps since the last sale, spread over level, and the last value of each series."""
        import numpy as np

        known = origin.grid.values[:, : origin.column + 1]
        window = known[:, -max(self.windows) :]
        is_known = np.isfinite(known)
        width = known.shape[1]
        age = np.where(is_known.any(axis=1), width - is_known.argmax(axis=1), 0)
        count = np.maximum(np.isfinite(window).sum(axis=1), 1)
        zeros = (window == 0).sum(axis=1) / count
        sold = np.nan_to_num(known) != 0
        since = np.where(sold.any(axis=1), sold[:, ::-1].argmax(axis=1), width)
        mean = np.where(np.isfinite(window), window, 0.0).sum(axis=1) / count
        spread = np.sqrt(np.where(np.isfinite(window), (window - mean[:, None]) ** 2, 0.0).sum(axis=1) / count) / scale
        last = known[:, -1] / scale
        return [part[series] for part in (age, zeros, since, spread, last)]
