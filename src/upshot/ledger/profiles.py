"""What stands in a pinned table, and what differs between two versions of it: counts, bounds, means, rows by key.

Statistics are gathered over row groups as they lie on the disk; a comparison by key holds both versions in memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, Any

from upshot.contracts.tables import Map
from upshot.ledger._canonical import canonical

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from upshot.ledger.snapshots import Lake, Pin

Value = int | float | str | bool | None


@dataclass(frozen=True)
class ColumnProfile:
    """One column of a version. `low` and `high` as text for moments and dates; `mean` and `deviation` for numbers only."""

    name: str
    type: str
    rows: int
    nulls: int
    low: Value = None
    high: Value = None
    mean: float | None = None
    deviation: float | None = None

    @property
    def null_share(self) -> float:
        """Share of rows without a value."""
        return self.nulls / self.rows


@dataclass(frozen=True)
class Drift:
    """A column in two versions. `shift` is the change of the mean in standard deviations of the first version."""

    name: str
    before: ColumnProfile
    after: ColumnProfile

    @property
    def shift(self) -> float | None:
        """None where there is no mean, or nothing varied."""
        if self.before.mean is None or self.after.mean is None or not self.before.deviation:
            return None
        return (self.after.mean - self.before.mean) / self.before.deviation


@dataclass(frozen=True)
class KeyedDifference:
    """Rows of two versions compared by key. `columns` counts the changed rows by column."""

    key: tuple[str, ...]
    added: int
    removed: int
    changed: int
    columns: Map[int]


@dataclass(frozen=True)
class Difference:
    """What differs between two versions.

    Attributes:
        added: Columns of the second version alone, with their types.
        removed: Columns of the first version alone, with their types.
        retyped: Columns of both whose type differs: name -> (before, after).
        rows: Rows compared by key; None where no key is known.
        why: Why they are not compared.
        drift: Columns of both with the same type.
    """

    added: Map[str]
    removed: Map[str]
    retyped: Map[tuple[str, str]]
    rows: KeyedDifference | None
    why: str | None
    drift: tuple[Drift, ...]


def profile(lake: Lake, pin: Pin) -> tuple[ColumnProfile, ...]:
    """Statistics of all columns of a version.

    Raises:
        IntegrityError: What lies there is not what was pinned.
    """
    found = {name: _Gathered() for name in pin.columns}
    for group in lake.stream(pin):
        for name, gathered in found.items():
            gathered.add(group.column(name))
    return tuple(found[name].profile(name, kind, pin.rows) for name, kind in pin.columns.items())


def first_rows(lake: Lake, pin: Pin, rows: int) -> list[dict[str, Any]]:
    """The first rows of a version, as Python values.

    Raises:
        IntegrityError: What lies there is not what was pinned.
    """
    found: list[dict[str, Any]] = []
    for group in lake.stream(pin):
        found += group.slice(0, rows - len(found)).to_pylist()
        if len(found) >= rows:
            break
    return found


def difference(lake: Lake, before: Pin, after: Pin, key: tuple[str, ...]) -> Difference:
    """Compare two versions of a table.

    Args:
        lake: Where they lie.
        before: The first version.
        after: The second version.
        key: Columns that together name a row; empty where none are known.

    Raises:
        IntegrityError: What lies there is not what was pinned.
    """
    one, two = before.columns, after.columns
    profiles = ({p.name: p for p in profile(lake, before)}, {p.name: p for p in profile(lake, after)})
    same = [name for name, kind in one.items() if two.get(name) == kind]
    rows, why = _by_key(lake, before, after, key, same)
    return Difference(
        Map({name: kind for name, kind in two.items() if name not in one}),
        Map({name: kind for name, kind in one.items() if name not in two}),
        Map({name: (kind, two[name]) for name, kind in one.items() if name in two and two[name] != kind}),
        rows,
        why,
        tuple(Drift(name, profiles[0][name], profiles[1][name]) for name in same),
    )


def _by_key(lake: Lake, before: Pin, after: Pin, key: tuple[str, ...], same: list[str]) -> tuple[KeyedDifference | None, str | None]:
    missing = [name for name in key if name not in same]
    if not key or missing:
        return None, f"key column {missing[0]!r} is not the same in both" if missing else "no role names a key"
    frames = [_frame(lake, pin, same) for pin in (before, after)]
    for pin, frame in zip((before, after), frames, strict=True):
        if frame.duplicated(list(key)).any():
            return None, f"the key {', '.join(key)} names some rows of version {pin.version} more than once"
    old, new = (frame.set_index(list(key)) for frame in frames)
    kept = old.index.intersection(new.index)
    left, right = old.loc[kept], new.loc[kept]
    differs = (left != right) & ~(left.isna() & right.isna())
    columns = {str(name): int(count) for name, count in differs.sum().items() if count}
    changed = int(differs.any(axis=1).sum())
    return KeyedDifference(key, len(new) - len(kept), len(old) - len(kept), changed, Map(columns)), None


def _frame(lake: Lake, pin: Pin, columns: list[str]) -> pd.DataFrame:
    import pandas as pd

    rows = canonical(lake.stream(pin)).select(columns)
    frame: pd.DataFrame = rows.to_pandas(types_mapper=pd.ArrowDtype)
    return frame.fillna(value=pd.NA)


class _Gathered:
    """Running statistics of a column."""

    def __init__(self) -> None:
        self.nulls = self.count = 0
        self.low: Any = None
        self.high: Any = None
        self.mean = self.squares = 0.0
        self.is_number = False

    def add(self, column: pa.ChunkedArray) -> None:
        import pyarrow as pa
        import pyarrow.compute as pc

        if pa.types.is_floating(column.type):
            column = pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
        self.nulls += column.null_count
        if column.null_count == len(column):
            return
        bounds = pc.min_max(column.cast(pa.int8()) if pa.types.is_boolean(column.type) else column)
        low, high = bounds["min"].as_py(), bounds["max"].as_py()
        self.low = low if self.low is None else min(self.low, low)
        self.high = high if self.high is None else max(self.high, high)
        self.is_number = not (pa.types.is_large_string(column.type) or pa.types.is_temporal(column.type))
        if self.is_number:
            self._spread(column.cast(pa.float64(), safe=False) if not pa.types.is_boolean(column.type) else column.cast(pa.int8()))

    def _spread(self, column: pa.ChunkedArray) -> None:
        """Mean and squares joined with those so far (Chan, Golub and LeVeque, 1983)."""
        import pyarrow.compute as pc

        count = len(column) - column.null_count
        mean, variance = float(pc.mean(column).as_py()), float(pc.variance(column).as_py())
        apart, total = mean - self.mean, self.count + count
        self.mean += apart * count / total
        self.squares += variance * count + apart * apart * self.count * count / total
        self.count = total

    def profile(self, name: str, kind: str, rows: int) -> ColumnProfile:
        deviation = sqrt(max(self.squares, 0.0) / self.count) if self.count else None
        mean = self.mean if self.count else None
        return ColumnProfile(name, kind, rows, self.nulls, _value(self.low), _value(self.high), mean, deviation)


def _value(value: Any) -> Value:
    return value if value is None or isinstance(value, (int, float, str)) else str(value)


def hidden(profiles: tuple[ColumnProfile, ...], names: tuple[str, ...]) -> tuple[ColumnProfile, ...]:
    """The same without the values of some columns: type and null share stay."""
    return tuple(ColumnProfile(found.name, found.type, found.rows, found.nulls) if found.name in names else found for found in profiles)


def without(row: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """A row without some columns."""
    return {name: value for name, value in row.items() if name not in names}
