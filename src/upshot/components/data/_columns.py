"""Column types and headers, shared by the file sources: what was declared against what is there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, get_args

from upshot.contracts.records import Roles
from upshot.errors import DataError, Problem, did_you_mean, nearest

if TYPE_CHECKING:
    import pyarrow as pa

ColumnType = Literal["string", "int64", "float64", "bool", "timestamp", "timestamp_utc", "date"]
"""Types that a recipe may declare. `timestamp` has no zone; `timestamp_utc` is written with an offset and kept in UTC. Both in
microseconds, the resolution of the tables that rows are pinned in."""


MOST_COLUMNS = 20_000
"""Columns of a table, above which a file is no table but a matrix, and what looks at each column takes minutes."""


def arrow_type(name: ColumnType) -> pa.DataType:
    """The Arrow type of a declared one."""
    import pyarrow as pa

    types: dict[ColumnType, pa.DataType] = {
        "string": pa.string(),
        "int64": pa.int64(),
        "float64": pa.float64(),
        "bool": pa.bool_(),
        "timestamp": pa.timestamp("us"),
        "timestamp_utc": pa.timestamp("us", "UTC"),
        "date": pa.date32(),
    }
    return types[name]


def declared_type(kind: pa.DataType) -> ColumnType:
    """The declared name of an Arrow type that `arrow_type` gives."""
    return next(name for name in get_args(ColumnType) if arrow_type(name) == kind)


def role_columns(roles: Roles) -> list[str]:
    """All columns that play a role."""
    return [name for names in roles.columns().values() for name in names]


def left_out(keep: Sequence[str], roles: Roles) -> list[str]:
    """Columns that play a role and that a non-empty `keep` would drop."""
    return [name for name in role_columns(roles) if keep and name not in keep]


def header_problems(where: str, names: Sequence[str], wanted: Iterable[str], *, closed: bool) -> list[Problem]:
    """What is wrong with a header, as a diff.

    Args:
        where: `file:line` of the header.
        names: Column names as they stand there.
        wanted: Names that the recipe declares, keeps or gives a role.
        closed: Whether a name that was not declared is wrong too.

    Example:
        >>> [p.sentence() for p in header_problems("a.csv:1", ["id", "amuont"], ["id", "amount"], closed=False)]
        ["column 'amount' is missing; 'amuont' stands there instead"]
    """
    if len(names) > MOST_COLUMNS:
        hint = "bring the table into long form, or write only the columns that are used"
        return [Problem(where, f"must have at most {MOST_COLUMNS:,} columns", f"{len(names):,}", hint)]
    problems = [
        Problem(where, "every column must have a name", f"column {i + 1} without one") for i, n in enumerate(names) if not n.strip()
    ]
    problems += [
        Problem(where, f"column {name!r} must stand there once", f"{count} times")
        for name, count in Counter(names).items()
        if name.strip() and count > 1
    ]
    known, there = dict.fromkeys(wanted), set(names)
    extra = [name for name in names if name.strip() and name not in known]
    renamed: set[str] = set()
    for name in (n for n in known if n not in there):
        close = nearest(name, (n for n in extra if n not in renamed))
        renamed |= {close} if close else set()
        hint = f"{close!r} stands there instead" if close else did_you_mean(name, names)
        problems.append(Problem(where, f"column {name!r} is missing", None, hint))
    if closed:
        problems += [Problem(where, f"column {name!r} was not declared") for name in extra if name not in renamed]
    return problems


def schema_problems(where: str, schema: pa.Schema, first: pa.Schema, first_file: str) -> list[Problem]:
    """How a file's columns differ from those of the first file; their order may."""
    problems = header_problems(where, schema.names, first.names, closed=True)
    for field in first:
        there = schema.field(field.name).type if field.name in schema.names else field.type
        if there != field.type:
            problems.append(Problem(where, f"column {field.name!r} must be {field.type}, as in {first_file}", str(there)))
    return problems


def declared_problems(where: str, schema: pa.Schema, columns: Mapping[str, ColumnType], keep: Sequence[str], roles: Roles) -> list[Problem]:
    """How the columns of a file that knows its types differ from what the recipe declares, keeps or gives a role."""
    problems = header_problems(where, schema.names, [*columns, *keep, *role_columns(roles)], closed=False)
    declared = {name: arrow_type(kind) for name, kind in columns.items()}
    tabular = {arrow_type(kind) for kind in get_args(ColumnType)}
    for field in schema:
        if field.name in declared and field.type != declared[field.name]:
            problems.append(Problem(where, f"column {field.name!r} must be {columns[field.name]}", str(field.type)))
        elif field.type not in tabular:
            hint = "leave it out with keep"
            problems.append(Problem(where, f"column {field.name!r} must be text, number, bool, time or date", str(field.type), hint))
    return problems


def kept_as(kind: pa.DataType) -> pa.DataType:
    """The type that a column is brought to."""
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        return kept_as(kind.value_type)
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pa.string()
    if pa.types.is_integer(kind):
        return pa.int64()
    if pa.types.is_floating(kind):
        return pa.float64()
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us", "UTC" if kind.tz else None)
    return pa.date32() if pa.types.is_date(kind) else kind


def exactly(values: pa.ChunkedArray, field: pa.Field, file: str) -> pa.ChunkedArray:
    """A column in the type of its field.

    Raises:
        DataError: A value would change.
    """
    import pyarrow as pa

    try:
        return values.cast(field.type)
    except pa.ArrowInvalid as error:
        rule = f"column {field.name!r} cannot become {field.type} without a change: {error}"
        raise DataError("the data cannot be read exactly", [Problem(file, rule)]) from error
