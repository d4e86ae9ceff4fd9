"""What a chart draws: the rows of its table as series of numbers, thinned to what an eye can tell apart.

A line of a hundred thousand points looks like one of a few hundred in which the highest and lowest of each stretch are kept. Whatever is
left out is counted, and the chart says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from upshot.contracts.sections import ChartBlock, Column
from upshot.report.words import text_of

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

Kind = Literal["number", "date", "name"]
MOST_SERIES = 8
"""More lines than these cannot be told apart; the first ones are drawn."""


@dataclass(frozen=True)
class Axis:
    """Values across, as numbers: of dates the seconds since 1970, of names their position.

    Attributes:
        kind: What they were.
        places: Shape (rows,); NaN where there was nothing.
        names: The names in order of appearance, where they are names.
    """

    kind: Kind
    places: np.ndarray
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Series:
    """One line, colour or set of points; all arrays of shape (n,).

    Attributes:
        name: As the legend calls it; "" where there is only one.
        column: How its values are written.
        x: Across, see `Axis`.
        y: Upwards.
        low: Lower ends; None without.
        high: Upper ends; None without.
        rows: Positions in the block's rows.
    """

    name: str
    column: Column
    x: np.ndarray
    y: np.ndarray
    low: np.ndarray | None
    high: np.ndarray | None
    rows: np.ndarray

    def take(self, positions: np.ndarray) -> Series:
        """The same at some positions."""
        low, high = (None if ends is None else ends[positions] for ends in (self.low, self.high))
        return replace(self, x=self.x[positions], y=self.y[positions], low=low, high=high, rows=self.rows[positions])


@dataclass(frozen=True)
class Drawn:
    """A chart's data. `points` counts the rows that have a place; `left_out` says in words what is not drawn, "" where all is."""

    axis: Axis
    series: tuple[Series, ...]
    points: int
    left_out: str = ""

    def all_of(self, *names: Literal["x", "y", "low", "high"]) -> np.ndarray:
        """These values of all series, one behind the other."""
        import numpy as np

        found = [getattr(series, name) for series in self.series for name in names]
        return np.concatenate([values for values in found if values is not None] or [np.empty(0)])


def drawn_from(block: ChartBlock, *, most_points: int, named: bool = False) -> Drawn:
    """The series of a chart.

    Args:
        block: The chart.
        most_points: Points of all series together; thinned beyond.
        named: Whether what lies across is taken by name, whatever it is.
    """
    frame = block.rows.frame
    axis = axis_of(frame[block.x.name], replace(block.x, style="text") if named and block.x.style == "number" else block.x)
    if named and axis.kind != "name":
        axis = axis_of(frame[block.x.name].map(lambda value: text_of(value, block.x)), replace(block.x, style="text"))
    groups = list(_groups(frame, block.by))
    every = [_one(block, frame, axis, y, name, rows) for name, rows in groups for y in block.y]
    shown = every[:MOST_SERIES]
    thinned = [_thin(one, max(most_points // max(len(shown), 1), 2), block) for one in shown]
    before, after = sum(len(one.x) for one in shown), sum(len(one.x) for one in thinned)
    notes = [f"{before:,} points, of which {after:,} are drawn"] if after < before else []
    notes += [f"{len(every) - len(shown):,} more series are not drawn"] if len(every) > len(shown) else []
    return Drawn(axis, tuple(thinned), before, "; ".join(notes))


def axis_of(values: pd.Series, column: Column) -> Axis:
    """Values across as numbers.

    Example:
        >>> import pandas as pd
        >>> axis = axis_of(pd.Series(["a", "b", "a"]), Column("slice", "slice", "text"))
        >>> axis.kind, axis.places.tolist(), axis.names
        ('name', [0.0, 1.0, 0.0], ('a', 'b'))
    """
    import numpy as np
    import pandas as pd

    if column.style == "date" and not pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_datetime64_any_dtype(values):
        moments = pd.to_datetime(values, errors="coerce", utc=True, format="mixed")
        values = moments if moments.notna().equals(values.notna()) else values
    if pd.api.types.is_datetime64_any_dtype(values):
        utc = values.dt.tz_convert("UTC").dt.tz_localize(None) if values.dt.tz is not None else values
        seconds = utc.to_numpy("datetime64[us]").astype("float64") / 1e6
        return Axis("date", np.where(values.isna(), np.nan, seconds))
    if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values) and column.style not in ("text", "code", "outcome"):
        return Axis("number", numbers(values))
    codes, names = pd.factorize(values)
    return Axis("name", np.where(codes < 0, np.nan, codes.astype("float64")), tuple(text_of(name, column) for name in names.tolist()))


def numbers(values: pd.Series) -> np.ndarray:
    """Values as floats, shape (rows,); NaN for what is no number."""
    import pandas as pd

    return pd.to_numeric(values, errors="coerce").to_numpy("float64", na_value=float("nan"))


def _groups(frame: pd.DataFrame, by: Column | None) -> Iterator[tuple[str, np.ndarray]]:
    import numpy as np
    import pandas as pd

    if by is None:
        yield "", np.arange(len(frame))
        return
    codes, names = pd.factorize(frame[by.name])
    for code, name in enumerate(names.tolist()):
        yield text_of(name, by), np.flatnonzero(codes == code)


def _one(block: ChartBlock, frame: pd.DataFrame, axis: Axis, y: Column, group: str, rows: np.ndarray) -> Series:
    name = group if len(block.y) == 1 else f"{group}, {y.title}" if group else y.title
    low, high = (None if ends is None else numbers(frame[ends.name])[rows] for ends in (block.low, block.high))
    return Series(name, y, axis.places[rows], numbers(frame[y.name])[rows], low, high, rows)


def _thin(series: Series, most: int, block: ChartBlock) -> Series:
    """The same with at most so many points; the first, the last, the marked one, and extremes of each stretch stay."""
    import numpy as np

    count = len(series.x)
    if count <= most:
        return series
    if block.form == "scatter":
        return series.take(np.linspace(0, count - 1, most).astype(np.int64))
    edges = np.linspace(0, count, max(most // 2 - 1, 1) + 1).astype(np.int64)
    kept = {0, count - 1}
    if block.mark is not None and np.isfinite(series.x).any():
        kept.add(int(np.nanargmin(np.abs(series.x - block.mark))))
    for start, end in pairwise(edges.tolist()):
        values = series.y[start:end]
        if np.isfinite(values).any():
            kept |= {start + int(np.nanargmin(values)), start + int(np.nanargmax(values))}
    return series.take(np.array(sorted(kept)))


__all__ = ["MOST_SERIES", "Axis", "Drawn", "Kind", "Series", "axis_of", "drawn_from", "numbers"]
