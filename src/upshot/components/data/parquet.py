"""Parquet files: one, or those of a folder or glob, all of one schema.

Types are brought to the few that every later place keeps exactly (text, int64, float64, bool, microseconds, date), and only where no
value changes; dictionaries become their values, so that the order in which a file met its categories cannot show.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Self

from pydantic import Field, model_validator

from upshot.components.data._columns import ColumnType, declared_problems, exactly, kept_as, left_out, schema_problems
from upshot.components.data._files import InputFile, digest_of, input_files, opened, shown, steady
from upshot.components.data._growth import ReadFile, come_after, mark_of, read_files, size_of
from upshot.contracts.params import InputPath, Names, SourceParams
from upshot.contracts.records import Spec
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import pyarrow as pa


class ParquetParams(SourceParams):
    """Parquet files of one schema."""

    path: InputPath = Field(
        description="A file, a folder, a glob such as data/*.parquet, or a URL of one; files are read in the order of their names."
    )
    columns: dict[str, ColumnType] = Field(
        default_factory=dict,
        description="Column -> type that it must have: string, int64, float64, bool, timestamp, timestamp_utc or date.",
    )
    keep: Names = Field((), description="Columns to keep; all when left out.")
    append_only: bool = Field(False, description="Files are only ever added, behind the others by name: only new ones are read.")

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
        self.tables = params.tables
        self.append_only = params.append_only
        self._read: list[ReadFile] = []
        self._columns: dict[str, str] = {}

    def read(self) -> Iterator[pa.Table]:
        """Tables in the order of the files' names and of the rows in them.

        Raises:
            DataError: A file is missing or no Parquet, has another schema than the first or than declared, or a value would change.
        """
        return self.read_after(None)

    def read_after(self, mark: Mapping[str, Any] | None) -> Iterator[pa.Table]:
        """The rows of files that a mark does not speak of.

        Raises:
            DataError: As `read`; or a file that was read before is not what it was.
        """
        files = input_files(self.params.path, suffix=".parquet")
        self._read = read_files(mark)
        new = [file for file, _ in come_after(files, self._read, grows=False)]
        schema = self._one_schema(files)
        self._columns = {field.name: str(field.type) for field in schema}
        rows = 0
        for file in new:
            with steady(file):
                for group in self._groups(file, schema):
                    rows += group.num_rows
                    yield group
                if self.append_only:
                    self._read.append(ReadFile(str(file), size_of(file), digest_of(file)))
        if rows == 0 and mark is None:
            raise DataError("the data is empty", [Problem(shown(self.params.path), "must have rows", "none")])

    def mark(self) -> dict[str, Any]:
        """The files that were read."""
        return mark_of(self._read, self._columns)

    def _one_schema(self, files: list[InputFile]) -> pa.Schema:
        schemas = {shown(path): self._schema(path) for path in files}
        first_file, first = next(iter(schemas.items()))
        problems = declared_problems(first_file, first, self.params.columns, self.params.keep, self.roles)
        if problems:
            raise DataError("the columns are not what was declared", problems)
        for file, schema in schemas.items():
            problems += schema_problems(file, schema, first, first_file)
        if problems:
            raise DataError("files of one source must have the same columns", problems)
        return first

    def _schema(self, path: InputFile) -> pa.Schema:
        """What the file's columns will be, without reading rows."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            with opened(path) as stream:
                there = pq.read_schema(stream)
        except pa.ArrowInvalid as error:
            raise DataError("the data cannot be read", [Problem(shown(path), f"must be a Parquet file: {error}")]) from error
        fields = [field for field in there if not self.params.keep or field.name in self.params.keep]
        return pa.schema([pa.field(field.name, kept_as(field.type)) for field in fields])

    def _groups(self, path: InputFile, schema: pa.Schema) -> Iterator[pa.Table]:
        import pyarrow as pa
        import pyarrow.parquet as pq

        with path.open("rb") as stream, pq.ParquetFile(stream) as file:
            for number in range(file.num_row_groups):
                try:
                    group = file.read_row_group(number, columns=schema.names).select(schema.names)
                except (pa.ArrowInvalid, OSError) as error:
                    raise DataError("the data cannot be read", [Problem(shown(path), f"row group {number} is damaged: {error}")]) from error
                yield pa.table([exactly(group[f.name], f, shown(path)) for f in schema], schema=schema)
