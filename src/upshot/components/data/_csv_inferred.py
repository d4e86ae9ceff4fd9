"""Types that were not declared: what Arrow took a column for, held against its text.

A type is taken only where the text comes back from it. An identifier with leading zeros, a number of twenty digits or a date that
can be read in two ways is refused with the sentence to write, instead of being changed without a word.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from upshot.components.data._csv_faults import told
from upshot.errors import Problem

if TYPE_CHECKING:
    import pyarrow as pa

_LOOKED_AT = 100

_LEADING_ZERO = r"^\s*[+-]?0[0-9xX]"
_LONG_NUMBER = r"^\s*[+-]?[0-9]{16,}(\.0*)?\s*$"

_TWO_WAYS = {
    r"^\d{1,2}[/.-]\d{1,2}[/.-](\d{2}|\d{4})([ T].*)?$": "dates; declare it timestamp and set formats.{name}, such as ['%d/%m/%Y']",
    r"^\d{4}-\d\d-\d\d[ T]\d\d:\d\d.*$": "timestamps with and without an offset; write all with one and declare it timestamp_utc",
    r"^[€$£]?\s?[+-]?\d{1,3}([.,' ]?\d{3})*([.,]\d+)?\s?[€$£%]?$": "numbers; set decimal: ',' or take out signs and separators",
}
"""Pattern of a text column that is probably something else -> what, and what to do."""


def doubts(where: str, name: str, kind: pa.DataType, text: pa.ChunkedArray) -> Problem | None:
    """Why an inferred type may not be taken; None where the text comes back from it.

    Args:
        where: File with the line of the header.
        name: Column.
        kind: What Arrow inferred.
        text: The column as it stands in the file.
    """
    import pyarrow as pa

    if pa.types.is_null(kind):
        return Problem(
            where, f"column {name!r} has no value, so its type is unknown", None, f"declare columns.{name}, or leave it out with keep"
        )
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return _inexact(where, name, kind, text)
    if pa.types.is_string(kind):
        return _two_ways(where, name, text)
    return None


def _inexact(where: str, name: str, kind: pa.DataType, text: pa.ChunkedArray) -> Problem | None:
    import pyarrow as pa
    import pyarrow.compute as pc

    zeros = text.filter(pc.match_substring_regex(text, _LEADING_ZERO))
    if len(zeros):
        hint = f"declare columns.{name}: string, or int64 if the zeros mean nothing"
        return Problem(where, f"column {name!r} has leading zeros that a number would lose", told(zeros[0].as_py()), hint)
    if pa.types.is_floating(kind):
        long = text.filter(pc.match_substring_regex(text, _LONG_NUMBER)).unique().to_pylist()
        lost = [value for value in long if int(value.partition(".")[0]) != int(float(value))]
        if lost:
            rule = f"column {name!r} has more digits than a float64 holds"
            return Problem(where, rule, told(lost[0]), f"declare columns.{name}: string, or float64 if the digits mean nothing")
    return None


def _two_ways(where: str, name: str, text: pa.ChunkedArray) -> Problem | None:
    import pyarrow.compute as pc

    values = text.drop_null()
    for pattern, what in _TWO_WAYS.items():
        first = values.slice(0, _LOOKED_AT)
        if pc.all(pc.match_substring_regex(first, pattern)).as_py() and pc.all(pc.match_substring_regex(values, pattern)).as_py():
            hint = f"{what.format(name=name)}; or declare columns.{name}: string"
            return Problem(where, f"column {name!r} was read as text but looks like something else", told(values[0].as_py()), hint)
    return None
