"""Parquet files: one, or those of a folder or glob, all of one schema.

Types are brought to the few that every later place keeps exactly (text, int64, float64, bool, microseconds, date), and only where no
value changes; dictionaries become their values, so that the order in which a file met its categories cannot show.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Self, get_args

from pydantic import Field, model_validator

from upshot.components.data._columns import ColumnType, arrow_type, header_problems, left_out, role_columns, schema_problems
from upshot.components.data._files import input_files, shown, steady
from upshot.contracts.params import InputPath, Names, SourceParams
from upshot.contracts.records import Spec
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import pyarrow as pa


class ParquetParams(SourceParams):
    """Parquet files of one schema."""

    path: InputPath = Field(description="A file, a folder, or a glob such as data/*.parquet; files are read in the order of their names.")
    columns: dict[str, ColumnType] = Field(
        default_factory=dict,
        description="Column -> type that it must have: string, int64, float64, bool, timestamp, timestamp_utc or date.",
    )
    keep: Names = Field((), description="Columns to keep; all when left out.")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        dropped = left_out(self.keep, self.roles.roles())
        if dropped:
            raise ValueError(f"keep leaves out columns that play a role: {', '.join(dropped)}")
        return self


class Parquet:
    """Reads Parquet files, a row group at a time. Empty files are fine as long as one has rows."""

    spec: Spec

    def __init__(self, params: ParquetParams) -> None:
        self.params = params
        self.table = params.table
        self.roles = params.roles.roles()

    def read(self) -> Iterator[pa.Table]:
        """Tables in the order of the files' names and of the rows in them.

        Raises:
            DataError: A file is missing or no Parquet, has another schema than the first or than declared, or a value would change.
        """
        files = input_files(self.params.path, suffix=".parquet")
        schema = self._one_schema(files)
        rows = 0
        for path in files:
            with steady(path):
                for group in self._groups(path, schema):
                    rows += group.num_rows
                    yield group
        if rows == 0:
            raise DataError("the data is empty", [Problem(shown(Path(self.params.path)), "must have rows", "none")])

    def _one_schema(self, files: list[Path]) -> pa.Schema:
        schemas = {shown(path): self._schema(path) for path in files}
        first_file, first = next(iter(schemas.items()))
        problems = self._declared_problems(first_file, first)
        if problems:
            raise DataError("the columns are not what was declared", problems)
        for file, schema in schemas.items():
            problems += schema_problems(file, schema, first, first_file)
        if problems:
            raise DataError("files of one source must have the same columns", problems)
        return first

    def _schema(self, path: Path) -> pa.Schema:
        """What the file's columns will be, without reading rows."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            with steady(path):
                there = pq.read_schema(path)
        except pa.ArrowInvalid as error:
            raise DataError("the data cannot be read", [Problem(shown(path), f"must be a Parquet file: {error}")]) from error
        fields = [field for field in there if not self.params.keep or field.name in self.params.keep]
        return pa.schema([pa.field(field.name, _kept_as(field.type)) for field in fields])

    def _declared_problems(self, file: str, schema: pa.Schema) -> list[Problem]:
        wanted = [*self.params.columns, *self.params.keep, *role_columns(self.roles)]
        problems = header_problems(file, schema.names, wanted, closed=False)
        declared = {name: arrow_type(kind) for name, kind in self.params.columns.items()}
        tabular = {arrow_type(kind) for kind in get_args(ColumnType)}
        for field in schema:
            if field.name in declared and field.type != declared[field.name]:
                problems.append(Problem(file, f"column {field.name!r} must be {self.params.columns[field.name]}", str(field.type)))
            elif field.type not in tabular:
                hint = "leave it out with keep"
                problems.append(Problem(file, f"column {field.name!r} must be text, number, bool, time or date", str(field.type), hint))
        return problems

    def _groups(self, path: Path, schema: pa.Schema) -> Iterator[pa.Table]:
        import pyarrow as pa
        import pyarrow.parquet as pq

        with pq.ParquetFile(path) as file:
            for number in range(file.num_row_groups):
                try:
                    group = file.read_row_group(number, columns=schema.names).select(schema.names)
                except (pa.ArrowInvalid, OSError) as error:
                    raise DataError("the data cannot be read", [Problem(shown(path), f"row group {number} is damaged: {error}")]) from error
                yield pa.table([_exactly(group[f.name], f, shown(path)) for f in schema], schema=schema)


def _kept_as(kind: pa.DataType) -> pa.DataType:
    """The type that a column is brought to."""
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        return _kept_as(kind.value_type)
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pa.string()
    if pa.types.is_integer(kind):
        return pa.int64()
    if pa.types.is_floating(kind):
        return pa.float64()
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us", "UTC" if kind.tz else None)
    return pa.date32() if pa.types.is_date(kind) else kind


def _exactly(values: pa.ChunkedArray, field: pa.Field, file: str) -> pa.ChunkedArray:
    import pyarrow as pa

    try:
        return values.cast(field.type)
    except pa.ArrowInvalid as error:
        rule = f"column {field.name!r} cannot become {field.type} without a change: {error}"
        raise DataError("the data cannot be read exactly", [Problem(file, rule)]) from error
