"""What all models of series share: how cases become targets on a grid, groups, and quantiles round a point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from upshot.components.calendars import Calendar, moments_of
from upshot.components.faults import column_of
from upshot.components.grid import Grid
from upshot.components.model._arrays import from_npz, to_npz
from upshot.components.model._origin import Targets
from upshot.components.model._roles import entity_column
from upshot.components.times import is_clock
from upshot.contracts.records import Cases
from upshot.contracts.tables import Table
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

Level = Annotated[float, Field(gt=0, lt=1)]
Levels = Annotated[tuple[Level, ...], Field(strict=False)]


def joined(first: Cases, second: Cases) -> Cases:
    """The rows of both, `first` before `second`."""
    from dataclasses import replace

    import pandas as pd

    if not first.size:
        return second
    rows, labels = (
        Table.of(pd.concat([a.frame, b.frame], ignore_index=True)) for a, b in ((first.rows, second.rows), (first.labels, second.labels))
    )
    return replace(second, rows=rows, labels=labels)


def targets_of(cases: Cases, calendar: Calendar, grid: Grid) -> Targets:
    """Where cases stand on a grid; beyond its last column for the future."""
    import numpy as np

    moments = moments_of(cases)
    times = moments.to_numpy().astype("datetime64[ns]").astype(np.int64) if is_clock(moments) else moments.to_numpy(dtype=np.int64)
    return Targets(calendar.steps(cases) - grid.first, times)


def refuse_too_far(steps: np.ndarray, reach: int, model: str) -> None:
    """Refuse steps that a model did not learn to forecast.

    Raises:
        DataError: A step lies behind the last known one, or further ahead than `reach`.
    """
    if not len(steps):
        return
    if steps.min() < 1:
        problem = Problem("split", f"model {model} forecasts steps after the last known one", f"a step {int(1 - steps.min())} before it")
        raise DataError("a case lies in the past", [problem])
    if steps.max() > reach:
        hint = "say model.horizon (and model.gap, where the split has one) as the split has it"
        problem = Problem("model.horizon", f"model {model} learns to forecast {reach} steps", f"step {int(steps.max())}", hint)
        raise DataError("the forecast reaches too far", [problem])


def groupings(cases: Sequence[Cases], grid: Grid, columns: Sequence[str]) -> tuple[np.ndarray, ...]:
    """Code of each series of a grid in each column, -1 where the column is null; a series has the value of its first row.

    Raises:
        DataError: A column is missing, or differs within a series.
    """
    import numpy as np
    import pandas as pd

    codes = []
    for name in columns:
        values = pd.concat([column_of(part.rows.frame, name, "model.groups") for part in cases], ignore_index=True)
        series = pd.concat([part.rows.frame[entity_column(part)] for part in cases], ignore_index=True)
        pairs = pd.DataFrame({"series": series, "group": values}).drop_duplicates()
        again = pairs["series"].duplicated()
        if again.any():
            shown = ", ".join(repr(str(one)) for one in pairs.loc[again, "series"].unique()[:5])
            raise DataError("a grouping does not hold", [Problem(name, "must not change within a series", f"in series {shown}")])
        own = pd.factorize(pairs["group"], sort=True)[0]
        of_series = np.full(len(grid.names), -1, dtype=np.int64)
        of_series[grid.names.get_indexer(pd.Index(pairs["series"]))] = own
        codes.append(of_series)
    return tuple(codes)


def quantile_frame(point: np.ndarray, scale: np.ndarray, levels: Sequence[float], spread: np.ndarray) -> pd.DataFrame:
    """`point` and `scale` where no level is asked for, else one column a level: the point and so many scales of spread.

    Args:
        point: Shape (n,).
        scale: What an error is measured in, shape (n,), > 0.
        levels: Ascending.
        spread: Quantiles of errors over scales, shape (levels,) or (n, levels).
    """
    import numpy as np
    import pandas as pd

    if not levels:
        return pd.DataFrame({"point": point, "scale": scale})
    values = point[:, None] + scale[:, None] * np.broadcast_to(spread, (len(point), len(levels)))
    return pd.DataFrame({f"q{level:g}": values[:, place] for place, level in enumerate(levels)})


class ErrorScales:
    """How large errors are, series by series: their own mean absolute error, drawn towards what is usual at their level.

    A series with few past errors knows little of its own, so `weight` errors of the usual size are added to it.
    """

    def __init__(self, names: pd.Index, own: np.ndarray, usual: float) -> None:
        self.names, self.own, self.usual = names, own, usual

    @classmethod
    def of(cls, names: pd.Index, series: np.ndarray, errors: np.ndarray, level: np.ndarray, weight: float = 10.0) -> ErrorScales:
        """Learn them.

        Args:
            names: Names of the series.
            series: Series of each error, shape (n,).
            errors: Shape (n,).
            level: Level of each series, shape (series,), NaN for unknown.
            weight: How many usual errors are added.
        """
        import numpy as np

        size = np.nan_to_num(np.abs(level))
        total, count = np.bincount(series, np.abs(errors), minlength=len(names)), np.bincount(series, minlength=len(names))
        volume = float((size * count).sum())
        usual = float(total.sum()) / volume if volume > 0 else 1.0
        return cls(names, (total + weight * usual * size) / (count + weight), usual)

    def at(self, names: pd.Index, level: np.ndarray) -> np.ndarray:
        """Scale of each series, > 0; of one that was not there the usual error at its level."""
        import numpy as np

        place = self.names.get_indexer(names)
        known = np.append(self.own, np.nan)[place]
        scale = np.where(np.isfinite(known) & (known > 0), known, self.usual * np.nan_to_num(np.abs(level)))
        floor = float(np.median(self.own[self.own > 0])) * 1e-3 if (self.own > 0).any() else 1e-9
        return np.maximum(scale, floor)

    def described(self) -> dict[str, float]:
        """What of it is one number, for a JSON file."""
        return {"usual": self.usual}

    def to_npz(self) -> bytes:
        """Names and sizes as a file."""
        import numpy as np

        return to_npz(names=np.asarray(self.names), scales=self.own)

    @classmethod
    def restored(cls, described: Mapping[str, Any], content: bytes) -> ErrorScales:
        """The opposite of `described` and `to_npz`."""
        import pandas as pd

        learned = from_npz(content)
        return cls(pd.Index(learned["names"]), learned["scales"], described["usual"])
