"""The one form in which rows are kept, so that equal data gives an equal digest whatever it was read from.

Types are those that Delta tables know; the table of conversions stands in `snapshots`. A conversion that would change a value is
refused with the rows, never rounded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from upshot.errors import DataError, Problem
from upshot.ledger._blocks import Blocks, joined

if TYPE_CHECKING:
    import pyarrow as pa

EXAMPLES = 5
EXACT_INTEGER = 2**53
"""Integers up to here are exact as float64."""


class Canonical:
    """Brings a source's tables to the kept types, one at a time.

    Faults are collected over all tables: once there is one, rows are only looked at, and `finish` tells them all.
    """

    def __init__(self) -> None:
        self.schema: pa.Schema | None = None
        self.rows = 0
        self._header: list[Problem] = []
        self._faults: dict[str, _Fault] = {}

    @property
    def is_sound(self) -> bool:
        """Whether nothing was found so far."""
        return not self._header and not self._faults

    def keep(self, table: pa.Table) -> pa.Table | None:
        """The rows in kept types; None for no rows, or when something cannot be kept."""
        import pyarrow as pa

        names = table.schema.names
        if self.schema is None:
            self._header = _names(names)
            kinds = [(name, kept_type(kind)) for name, kind in zip(names, table.schema.types, strict=True)]
            self.schema = pa.schema([pa.field(name, kind) for name, kind in kinds if kind is not None])
        kept = [self._column(name, table.column(i)) for i, name in enumerate(names)]
        self.rows += table.num_rows
        if not self.is_sound or not table.num_rows:
            return None
        return pa.Table.from_arrays([column for column in kept if column is not None], schema=self.schema)

    def finish(self) -> None:
        """Refuse what cannot be kept.

        Raises:
            DataError: No rows, two columns of one name, or columns that cannot be kept exactly; all problems at once.
        """
        if not self.rows:
            raise DataError("the source gave no rows", [Problem("rows", "must be at least 1", "0")])
        if not self.is_sound:
            told = [fault.problem(name) for name, fault in self._faults.items()]
            raise DataError("the data cannot be kept exactly", self._header + told)

    def _column(self, name: str, column: pa.ChunkedArray) -> pa.ChunkedArray | None:
        import pyarrow as pa

        assert self.schema is not None
        places = self.schema.get_all_field_indices(name)
        if not places:
            self._faults.setdefault(name, _Fault(column.type))
            return None
        kind = self.schema.field(places[0]).type
        try:
            return column.cast(kind)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            rows, examples = _lossy(column, kind)
            self._faults.setdefault(name, _Fault(column.type, type_name(kind))).add([self.rows + row for row in rows], examples)
            return None


@dataclass
class _Fault:
    """What is wrong with one column: its type, or some of its rows (from 1)."""

    found: pa.DataType
    kind: str | None = None
    count: int = 0
    rows: list[int] = field(default_factory=list)
    examples: list[str] = field(default_factory=list)

    def add(self, rows: list[int], examples: list[str]) -> None:
        left = EXAMPLES - len(self.rows)
        self.count += len(rows)
        self.rows += rows[:left]
        self.examples += examples[:left]

    def problem(self, name: str) -> Problem:
        import pyarrow as pa

        if self.kind is None:
            empty = pa.types.is_null(self.found)
            hint = "give it values, or leave it out" if empty else "numbers, text, true/false, dates and times are kept"
            return Problem(f"column {name!r}", "holds no value at all" if empty else f"{self.found} is not kept", hint=hint)
        more = f" and {self.count - len(self.rows):,} more" if self.count > len(self.rows) else ""
        where = f"column {name!r}, row{'s' if self.count > 1 else ''} {', '.join(map(str, self.rows))}{more}"
        return Problem(where, f"cannot be kept exactly as {self.kind}", ", ".join(self.examples))


def canonical(tables: Iterator[pa.Table]) -> pa.Table:
    """All rows as one table of clean single-chunk columns in the types that are kept.

    Raises:
        DataError: See `Canonical.finish`.
    """
    form, blocks = Canonical(), None
    parts: list[pa.Table] = []
    for table in tables:
        kept = form.keep(table)
        if kept is not None:
            blocks = blocks or Blocks(kept.schema)
            parts += blocks.add(kept)
    form.finish()
    assert blocks is not None
    return joined([*parts, *blocks.rest()])


def _names(names: list[str]) -> list[Problem]:
    seen = Counter(name.lower() for name in names)
    return [
        Problem(f"column {name!r}", "must differ from the others in more than case", hint="tables do not tell such columns apart")
        for name in names
        if seen[name.lower()] > 1
    ] + [Problem("header", "every column needs a name", "a blank one") for name in names if not name.strip()]


def _lossy(column: pa.ChunkedArray, kind: pa.DataType) -> tuple[list[int], list[str]]:
    """Rows (from 1) whose value does not survive the conversion, and some of the values."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_uint64(column.type):
        broken = pc.greater(column, pa.scalar(2**63 - 1, pa.uint64()))
    else:
        broken = pc.not_equal(column, column.cast(kind, safe=False).cast(column.type, safe=False))
    rows = np.flatnonzero(pc.fill_null(broken, False).to_numpy())
    return [int(row) + 1 for row in rows], [str(column[int(row)]) for row in rows[:EXAMPLES]]


def kept_type(kind: pa.DataType) -> pa.DataType | None:
    """The type in which a column of this type is kept; None for one that is not."""
    import pyarrow as pa
    import pyarrow.types as types

    if types.is_dictionary(kind):
        return kept_type(kind.value_type)
    if types.is_timestamp(kind):
        return pa.timestamp("us", "UTC" if kind.tz is not None else None)
    if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind):
        return pa.large_string()
    wider = {pa.uint8(): pa.int16(), pa.uint16(): pa.int32(), pa.uint32(): pa.int64(), pa.uint64(): pa.int64(), pa.float16(): pa.float32()}
    if kind in wider:
        return wider[kind]
    if types.is_date(kind):
        return pa.date32()
    if types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind) or types.is_decimal128(kind):
        return kind
    return None


def type_name(kind: pa.DataType) -> str:
    """The name that a snapshot shows for a type that is kept.

    Example:
        >>> import pyarrow as pa
        >>> type_name(pa.large_string()), type_name(pa.timestamp("us", "UTC"))
        ('string', 'timestamp[us, tz=UTC]')
    """
    return str(kind).removeprefix("large_")


def dtypes_of(rows: pa.Table) -> tuple[pa.Table, list[str]]:
    """Canonical rows ready for pandas, and the dtype of each column: a function of the content alone."""
    import pyarrow as pa
    import pyarrow.types as types

    columns: list[Any] = []
    dtypes: list[str] = []
    for column in rows.columns:
        if types.is_date(column.type):
            column = column.cast(pa.timestamp("us"))
        elif types.is_decimal(column.type):
            column = column.cast(pa.float64())
        columns.append(column)
        dtypes.append(_dtype(column))
    return pa.table(columns, names=rows.column_names), dtypes


def _dtype(column: pa.ChunkedArray) -> str:
    import pyarrow.types as types

    kind = column.type
    if types.is_large_string(kind):
        return "str"
    if types.is_timestamp(kind):
        return "datetime64[us, UTC]" if kind.tz else "datetime64[us]"
    if types.is_boolean(kind):
        return "boolean" if column.null_count else "bool"
    if types.is_integer(kind) and column.null_count:
        return "float64" if _fits_float(column) else "Int64"
    return "float64" if types.is_float64(kind) else "float32" if types.is_float32(kind) else str(kind)


def _fits_float(column: pa.ChunkedArray) -> bool:
    import pyarrow.compute as pc

    bounds = pc.min_max(column)
    low, high = bounds["min"].as_py(), bounds["max"].as_py()
    return low is None or (low >= -EXACT_INTEGER and high <= EXACT_INTEGER)
