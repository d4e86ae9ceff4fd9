"""What is wrong with a CSV file that could not be read: every fault with line and column, found on a second, slower pass."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from upshot.components.data._csv_text import lines_of, records, wrong_quotes
from upshot.errors import Problem

if TYPE_CHECKING:
    import pyarrow as pa

MOST_EXAMPLES = 5
_WIDEST = 40
_TIME = re.compile(r"\d:\d\d")
_OFFSET = re.compile(r"\d:\d\d(:\d\d(\.\d+)?)?\s*(Z|[+-]\d\d(:?\d\d)?)$")
_WRITTEN = "written as"
WITHOUT_OFFSET = "without an offset"
_MISSING = ("na", "n/a", "nan", "null", "none", "nil", "-", "?", "")


def told(value: str | None) -> str:
    """A value as it is shown in an error: quoted, escaped, cut to 40 characters.

    Example:
        >>> told("x" * 50) == repr("x" * 37 + "...")
        True
    """
    text = value or ""
    return repr(text if len(text) <= _WIDEST else text[: _WIDEST - 3] + "...")


def ragged_rows(text: bytes, separator: str, file: str) -> list[Problem]:
    r"""Rows that are longer or shorter than the header, or whose quotes are wrong; the first few.

    Example:
        >>> [p.sentence() for p in ragged_rows(b"a,b\n1,2,3\n", ",", "x.csv")]
        ['must have 2 values, as the header; got 3']
    """
    problems: list[Problem] = []
    width = 0
    try:
        for line, record in records(text, separator):
            width = width or len(record)
            if len(record) != width:
                problems.append(Problem(f"{file}:{line}", f"must have {width} values, as the header", str(len(record))))
            if len(problems) == MOST_EXAMPLES:
                break
    except csv.Error as error:
        problems += wrong_quotes(error, file).problems
    return problems


def misfits(column: pa.ChunkedArray, fits: Callable[[pa.ChunkedArray], bool]) -> list[int]:
    """Rows whose text does not fit a type; the first few, found by halving.

    Args:
        column: The column as text.
        fits: Whether some rows can be converted; true for none.
    """
    rows: list[int] = []
    start = 0
    while len(rows) < MOST_EXAMPLES and not fits(column.slice(start)):
        low, size = start, len(column) - start
        while size > 1:
            half = size // 2
            low, size = (low, half) if not fits(column.slice(low, half)) else (low + half, size - half)
        rows.append(low)
        start = low + 1
    return rows


def value_problems(
    text: bytes, separator: str, file: str, found: Mapping[str, tuple[str, list[int]]], column: Callable[[str], pa.ChunkedArray]
) -> list[Problem]:
    """One problem a value.

    Args:
        text: The file in UTF-8.
        separator: What stands between values.
        file: Name shown in errors.
        found: Column -> what its values must be, and the rows that are not.
        column: Gives a column as text.
    """
    try:
        lines = lines_of(text, separator, {row for _, rows in found.values() for row in rows})
    except csv.Error as error:
        return list(wrong_quotes(error, file).problems)
    problems = []
    for name, (rule, rows) in found.items():
        values = column(name)
        for row in rows:
            value = values[row].as_py()
            problems.append(Problem(f"{file}:{lines[row]}", f"column {name!r} must be {rule}", told(value), _hint(name, rule, value or "")))
    return problems


def _hint(name: str, rule: str, value: str) -> str | None:
    if value.strip().lower() in _MISSING:
        return f"add {value!r} to null_values if it means that nothing is known"
    if rule.startswith(("float64", "int64")):
        return _number_hint(rule, value)
    return _moment_hint(name, rule, value) if rule.startswith(("timestamp", "date")) else None


def _moment_hint(name: str, rule: str, value: str) -> str:
    if _WRITTEN in rule:
        return f"if it is written in another way, add that to formats.{name}"
    has_offset = _OFFSET.search(value) is not None
    if has_offset and WITHOUT_OFFSET in rule:
        return f"take the offset out, or leave out zones.{name}"
    if has_offset and not rule.startswith("timestamp_utc"):
        return f"it has an offset: declare columns.{name}: timestamp_utc, which is kept in UTC"
    if rule.startswith("timestamp_utc") and not has_offset and _TIME.search(value) is not None:
        return f"it has no offset: write one, such as +01:00, or say in zones.{name} which zone's clock it shows"
    return f"write it as 2025-01-31 12:00:00, or set formats.{name}, such as ['%d/%m/%Y']"


def _number_hint(rule: str, value: str) -> str | None:
    """How to write a number that is none.

    Example:
        >>> _number_hint("int64", "1,002"), _number_hint("float64", "1,5"), _number_hint("float64 and finite", "1e999")
        ('write it without thousands separators', "set decimal: ',' if that is its decimal mark", None)
    """
    if _is_number(value) or not re.search(r"\d", value) or re.fullmatch(r"0[xX][0-9a-fA-F]+", value.strip()):
        return None
    if re.search(r"[^\W\d_]|[^\x00-\x7f]|[$%]", value):
        return "write the number alone: no currency, no unit, no letters"
    marks = re.findall(r"[.,' ]", value.strip())
    groups = re.fullmatch(r"[+-]?\d{1,3}([.,' ]\d{3})+([.,]\d+)?", value.strip())
    if groups is not None and (len(marks) > 1 or rule.startswith("int64")):
        is_comma = rule.startswith("float64") and "," in value and value.rfind(",") > value.rfind(".")
        return "write it without thousands separators" + (", then set decimal: ','" if is_comma else "")
    return "set decimal: ',' if that is its decimal mark" if rule.startswith("float64") and "," in value else None


def _is_number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True
