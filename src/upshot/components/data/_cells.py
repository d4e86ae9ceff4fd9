"""Values of a database driver as Arrow columns, exactly.

A driver gives Python objects, and its types are looser than ours: SQLite keeps text in a number column. So each value must be of
the column's type, and a conversion that could lose something is refused with column and row.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from upshot.components.data._columns import ColumnType, arrow_type
from upshot.errors import Problem

if TYPE_CHECKING:
    import pyarrow as pa

EXAMPLES = 5
EXACT = 2**53
_WHOLE = (-(2**63), 2**63 - 1)


def told_type(values: Sequence[Any]) -> ColumnType | None:
    """The type that all values have; None where nothing is known, they differ, or only a declaration can tell.

    Example:
        >>> told_type([1, None, 2]), told_type([1, 2.5]), told_type([None])
        ('int64', None, None)
    """
    kinds = {type(value) for value in values if value is not None}
    names: dict[type, ColumnType] = {bool: "bool", int: "int64", float: "float64", str: "string", date: "date"}
    if kinds == {datetime}:
        zones = {value.tzinfo is not None for value in values if value is not None}
        return None if len(zones) > 1 else "timestamp_utc" if True in zones else "timestamp"
    return names.get(kinds.pop()) if len(kinds) == 1 else None


def column(name: str, values: Sequence[Any], kind: ColumnType, first_row: int) -> tuple[pa.Array | None, list[Problem]]:
    """The values as a column of a type, or the rows that do not fit it.

    Args:
        name: Its name.
        values: As the driver gave them.
        kind: The column's type.
        first_row: Number of the first row, from 1.
    """
    import pyarrow as pa

    fit = [_as(kind, value) for value in values]
    wrong = [row for row, (value, made) in enumerate(zip(values, fit, strict=True)) if made is None and value is not None]
    if not wrong:
        return pa.array(fit, arrow_type(kind)), []
    shown = ", ".join(f"row {first_row + row}: {_shown(values[row])}" for row in wrong[:EXAMPLES])
    more = "" if len(wrong) <= EXAMPLES else f" and {len(wrong) - EXAMPLES:,} more"
    hint = "declare it float64 or string" if isinstance(values[wrong[0]], Decimal) and kind not in ("float64", "string") else None
    return None, [Problem(f"column {name!r}", f"must be {kind}", shown + more, hint)]


def _as(kind: ColumnType, value: Any) -> Any:
    """The value in a type; None where it would not be the same."""
    if value is None:
        return None
    if kind == "string":
        return value if isinstance(value, str) else str(value) if isinstance(value, Decimal) else None
    if kind == "bool":
        return bool(value) if isinstance(value, bool) or (isinstance(value, int) and value in (0, 1)) else None
    if kind == "int64":
        return _whole(value)
    if kind == "float64":
        return _number(value)
    return _moment(kind, value)


def _whole(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)) or value != int(value):
        return None
    return int(value) if _WHOLE[0] <= value <= _WHOLE[1] else None


def _number(value: Any) -> float | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value) if abs(value) <= EXACT else None
    return float(value) if isinstance(value, (float, Decimal)) else None


def _moment(kind: ColumnType, value: Any) -> datetime | date | None:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if kind == "date":
        if isinstance(value, datetime):
            midnight = value.tzinfo is None and value == datetime.combine(value.date(), datetime.min.time())
            return value.date() if midnight else None
        return value if isinstance(value, date) else None
    if not isinstance(value, datetime) or (value.tzinfo is None) != (kind == "timestamp"):
        return None
    return value.astimezone(UTC) if kind == "timestamp_utc" else value


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."
