"""CSV files, read exactly or not at all.

Arrow's reader is fast and nearly strict; what it lets through (an unclosed quote that swallows the rest, `nan` and `1e999` as numbers,
leading zeros, twenty digits) is looked for here. Columns are found by name, never by position. When a read fails, a second, slower
pass over the same bytes finds every fault with its line. A file is read in pieces of 64 MB that end where a record does, so that it may
be larger than memory; a column whose type is not declared gets the one that fits the first piece.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, Literal, Self

from pydantic import Field, field_validator, model_validator

from upshot.components.data._columns import ColumnType, arrow_type, declared_type, header_problems, left_out, role_columns
from upshot.components.data._csv_faults import MOST_EXAMPLES, WITHOUT_OFFSET, misfits, ragged_rows, value_problems
from upshot.components.data._csv_inferred import doubts
from upshot.components.data._csv_text import MOST, START, Before, header, pieces, records, utf8, wrong_quotes
from upshot.components.data._csv_zones import ZoneParams, in_utc
from upshot.components.data._files import InputFile, decompressed, digest_of, input_files, opened, shown
from upshot.components.data._growth import HINT, RULE, ReadFile, come_after, mark_of, read_files
from upshot.contracts.params import InputPath, Names, SourceParams
from upshot.contracts.records import Spec
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import pyarrow as pa

PIECE = 64 << 20
"""Bytes of a file that are in memory at a time."""

Formats = Annotated[tuple[str, ...], Field(strict=False, min_length=1)]


class CsvParams(SourceParams):
    """Text files with one header line, read exactly."""

    path: InputPath = Field(
        description="A file, a glob such as data/*.csv, or a URL; files are read in the order of their names, .gz ones unpacked."
    )
    separator: str = Field(",", min_length=1, max_length=1, description="Character between values.")
    decimal: Literal[".", ","] = Field(".", description="Decimal mark of float64 columns.")
    encoding: str = Field("utf-8", description="Encoding of the text; a byte order mark is fine.")
    null_values: Names = Field(("",), description="Texts that mean that nothing is known. Only these; NA may be Namibia.")
    columns: dict[str, ColumnType] = Field(
        default_factory=dict,
        description="Column -> type: string, int64, float64, bool, timestamp, timestamp_utc (with an offset) or date.",
    )
    formats: dict[str, Formats] = Field(
        default_factory=dict,
        description="Timestamp or date column -> how it is written, in strptime codes; the first that fits counts. ISO 8601 when left out.",
    )
    zones: dict[str, ZoneParams] = Field(
        default_factory=dict, description="Column of type timestamp_utc that is written without an offset -> the zone whose clock it shows."
    )
    undeclared: Literal["infer", "refuse"] = Field("infer", description="What to do with columns that `columns` does not name.")
    keep: Names = Field((), description="Columns to keep; all when left out.")
    append_only: bool = Field(
        False, description="Rows are only ever added, at the end of the last file or in files behind it by name: only they are read."
    )

    @field_validator("encoding")
    @classmethod
    def _is_known(cls, value: str) -> str:
        try:
            codecs.lookup(value)
        except LookupError as error:
            raise ValueError("must be an encoding that Python knows, such as utf-8, latin-1 or cp1252") from error
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        dropped = left_out(self.keep, self.roles.roles())
        if dropped:
            raise ValueError(f"keep leaves out columns that play a role: {', '.join(dropped)}")
        if self.append_only and not _cuts_at_bytes(self.encoding):
            raise ValueError(f"append_only needs an encoding in which a line can be cut off, such as utf-8; {self.encoding} is none")
        if self.decimal == self.separator:
            raise ValueError("decimal and separator must differ")
        unnamed = [name for name in (*role_columns(self.roles.roles()), *self.keep) if name not in self.columns]
        if self.undeclared == "refuse" and unnamed:
            raise ValueError(f"undeclared: refuse needs these in columns: {', '.join(dict.fromkeys(unnamed))}")
        for name in self.formats:
            if self.columns.get(name) not in ("timestamp", "timestamp_utc", "date"):
                raise ValueError(f"formats.{name} needs columns.{name} to be timestamp, timestamp_utc or date")
            wants_offset = self.columns[name] == "timestamp_utc" and name not in self.zones
            for pattern in self.formats[name]:
                if wants_offset and "%z" not in pattern:
                    raise ValueError(
                        f"formats.{name} must read an offset (%z) into a timestamp_utc, or zones.{name} say its zone; got {pattern!r}"
                    )
                if "%z" in pattern and not wants_offset:
                    raise ValueError(
                        f"formats.{name} reads an offset (%z), for which columns.{name} must be timestamp_utc without zones.{name}"
                    )
        for name in self.zones:
            if self.columns.get(name) != "timestamp_utc":
                raise ValueError(f"zones.{name} needs columns.{name} to be timestamp_utc, in which it is kept")
        return self


def _cuts_at_bytes(encoding: str) -> bool:
    return "\n".encode(encoding) == b"\n"


class Csv:
    """Reads CSV files.

    Every column of `columns`, `keep` and the roles must stand in the header, in any order. A column whose type is not declared gets
    the one that Arrow infers, if its text comes back from it; times of day stay text, timestamps become microseconds.
    """

    spec: Spec

    def __init__(self, params: CsvParams) -> None:
        self.params = params
        self.table = params.table
        self.roles = params.roles.roles()
        self.tables = params.tables
        self.append_only = params.append_only
        self._read: list[ReadFile] = []
        self._columns: dict[str, str] = {}

    def read(self) -> Iterator[pa.Table]:
        """One table a file, in the order of their names, all of the first one's schema.

        Raises:
            DataError: A file is missing, is not what was declared, or holds something that cannot be read exactly.
        """
        return self.read_after(None)

    def read_after(self, mark: Mapping[str, Any] | None) -> Iterator[pa.Table]:
        """The rows behind a mark: those that the last file gained, and those of files that it does not speak of.

        Raises:
            DataError: As `read`; or what was read before is not what it was.
        """
        files = input_files(self.params.path)
        self._read = read_files(mark)
        first = None if mark is None else _schema(mark["columns"])
        for file, start in come_after(files, self._read, grows=True):
            with opened(file) as stream:
                for table in self._tables(file, stream, start, first):
                    first = table.schema if first is None else first
                    yield table.select(first.names)
                size = stream.tell()
            if self.append_only:
                self._read = [old for old in self._read if old.place != str(file)]
                self._read.append(ReadFile(str(file), size, digest_of(file, size)))
        if first is None:
            raise DataError("the data is empty", [Problem(shown(self.params.path), "must have rows", "a header only")])
        self._columns = {field.name: declared_type(field.type) for field in first}

    def mark(self) -> dict[str, Any]:
        """The files that were read, and how far."""
        return mark_of(self._read, self._columns)

    def _tables(self, file: InputFile, stream: BinaryIO, start: int, known: pa.Schema | None) -> Iterator[pa.Table]:
        """The rows of a file from an offset on, piece by piece; pieces without rows are left out."""
        name, encoding = shown(file), self.params.encoding
        if start:
            head = _File(name, utf8(stream.readline(), encoding, name), self.params)
            self._check_end(stream, start, name)
            begin, told = Before(start, 1), f"{name} from byte {start}"
        else:
            head, begin, told = None, START, name
        with decompressed(stream, file) as text:
            for before, piece in _with_place(text, begin, PIECE if _cuts_at_bytes(encoding) else -1):
                if len(piece) >= MOST * PIECE and b"\n" not in piece and _cuts_at_bytes(encoding):
                    where = f"{told}:{before.lines + 1}"
                    raise DataError(
                        "the data cannot be read", [Problem(where, f"a row must be shorter than {MOST * PIECE >> 20} MB", "a longer one")]
                    )
                try:
                    rows = utf8(piece, encoding, told, before)
                    if head is None:
                        head = _File(name, rows, self.params)
                        table = head.read(known)
                    elif not rows.strip():
                        continue
                    else:
                        table = self._behind(head, rows, told, before, known)
                except DataError:
                    if start:
                        self._tell_of_whole_file()
                    raise
                if table.num_rows:
                    known = table.schema if known is None else known
                    yield table
        if head is None:
            utf8(b"", encoding, name)  # an empty file is refused in the words of all texts

    def _behind(self, head: _File, rows: bytes, told: str, before: Before, known: pa.Schema | None) -> pa.Table:
        """A later piece of a file under the header of the first."""
        line = io.StringIO()
        csv.writer(line, delimiter=self.params.separator, lineterminator="\n").writerow(head.names)
        try:
            return _File(told, line.getvalue().encode() + rows.lstrip(b"\r\n"), self.params).read(known)
        except DataError as error:
            blank = len(rows) - len(rows.lstrip(b"\r\n"))
            added = before.lines - 1 + rows.count(b"\n", 0, blank)
            raise DataError(error.headline, [_lower(problem, told, added) for problem in error.problems]) from error

    def _check_end(self, stream: BinaryIO, start: int, name: str) -> None:
        """Refuse to go on in the middle of a row."""
        stream.seek(start - 1)
        last, following = stream.read(1), stream.read(1)
        if last not in b"\r\n" and following not in (b"\r", b"\n", b""):
            raise DataError("an append-only source changed", [Problem(name, RULE, "a last row that was not finished", HINT)])
        stream.seek(start)

    def _tell_of_whole_file(self) -> None:
        """The same faults, told with the lines of the whole file."""
        for _ in Csv(self.params).read():
            pass


def _with_place(text: BinaryIO, begin: Before, size: int) -> Iterator[tuple[Before, bytes]]:
    """Pieces of a text, each with what lies before it."""
    before = begin
    for piece in pieces(text, size):
        yield before, piece
        before = Before(before.size + len(piece), before.lines + piece.count(b"\n"))


def _lower(problem: Problem, name: str, lines: int) -> Problem:
    """The problem with its line counted from the beginning of the file."""
    file, _, line = problem.where.rpartition(":")
    return replace(problem, where=f"{file}:{int(line) + lines}") if file == name and line.isdigit() else problem


def _schema(columns: Iterable[tuple[str, ColumnType]]) -> pa.Schema:
    import pyarrow as pa

    return pa.schema([pa.field(name, arrow_type(kind)) for name, kind in columns])


class _File:
    """One file in UTF-8 on its way to a table."""

    def __init__(self, file: str, text: bytes, params: CsvParams) -> None:
        self.file = file
        self.text = text
        self.params = params
        line, self.names = header(text, params.separator, file)
        self.header_at = f"{file}:{line}"

    def read(self, known: pa.Schema | None) -> pa.Table:
        """The table; `known` holds the types that an earlier file settled."""
        import pyarrow as pa

        self._check_header(known)
        types = {name: arrow_type(kind) for name, kind in self.params.columns.items()}
        if known is not None:
            types = {field.name: field.type for field in known} | types
        plain = types | {name: pa.timestamp("us") for name in self.params.zones} | {name: pa.string() for name in self.params.formats}
        self._check_quotes_close()
        try:
            table = self._parse(self._kept(), plain)
        except pa.ArrowInvalid as error:
            raise DataError("the data cannot be read", self._faults(plain, error)) from error
        self._check_quotes_around_lines(table.num_rows)
        self._check_numbers(table, types)
        table = self._with_inferred(table, types) if table.num_rows else table
        return self._with_zones(self._with_formats(table))

    def _kept(self) -> list[str]:
        return [name for name in self.names if not self.params.keep or name in self.params.keep]

    def _check_header(self, known: pa.Schema | None) -> None:
        wanted = [*self.params.columns, *self.params.keep, *role_columns(self.params.roles.roles())]
        closed = self.params.undeclared == "refuse" or (known is not None and not self.params.keep)
        problems = header_problems(self.header_at, self.names, wanted if known is None else known.names, closed=closed)
        if problems:
            what = "what was declared" if known is None else "that of the files before"
            raise DataError(f"the header is not {what}", problems)

    def _check_quotes_close(self) -> None:
        if self.text.count(b'"') % 2:
            self._read_strictly()

    def _check_quotes_around_lines(self, rows: int) -> None:
        lines = self.text.count(b"\n") + (not self.text.endswith(b"\n"))
        if rows + 1 != lines and b'"' in self.text:
            self._read_strictly()

    def _read_strictly(self) -> None:
        try:
            for _ in records(self.text, self.params.separator):
                pass
        except csv.Error as error:
            raise wrong_quotes(error, self.file) from error

    def _parse(self, names: list[str], types: Mapping[str, pa.DataType], text: bytes | None = None) -> pa.Table:
        from pyarrow import BufferReader
        from pyarrow import csv as arrow_csv

        return arrow_csv.read_csv(
            BufferReader(self.text if text is None else text),
            parse_options=arrow_csv.ParseOptions(
                delimiter=self.params.separator,
                newlines_in_values=b'"' in self.text,
                ignore_empty_lines=len(self.names) > 1,
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types={name: types[name] for name in names if name in types},
                include_columns=names,
                null_values=list(self.params.null_values),
                strings_can_be_null=True,
                decimal_point=self.params.decimal,
            ),
        )

    def _as_text(self, names: list[str]) -> pa.Table:
        import pyarrow as pa

        return self._parse(names, dict.fromkeys(names, pa.string()))

    def _faults(self, types: Mapping[str, pa.DataType], error: pa.ArrowInvalid) -> list[Problem]:
        problems = ragged_rows(self.text, self.params.separator, self.file)
        if problems:
            return problems
        typed = [name for name in self._kept() if name in types]
        columns = self._as_text(typed)
        found = {name: (self._told_type(name, types[name]), misfits(columns[name], partial(self._fits, types[name]))) for name in typed}
        problems = self._value_problems({name: fault for name, fault in found.items() if fault[1]}, columns)
        return problems or [Problem(self.file, "cannot be read", str(error))]

    def _told_type(self, name: str, kind: pa.DataType) -> str:
        if name in self.params.zones:
            return f"timestamp {WITHOUT_OFFSET}, because zones.{name} says its zone"
        names = {"double": "float64", "timestamp[us]": "timestamp", "timestamp[us, tz=UTC]": "timestamp_utc", "date32[day]": "date"}
        told = names.get(str(kind), str(kind))
        return told if name in self.params.columns else f"{told}, as in the files before"

    def _fits(self, kind: pa.DataType, values: pa.ChunkedArray) -> bool:
        import pyarrow as pa
        from pyarrow import csv as arrow_csv

        there = pa.table({"v": values.drop_null()})
        sink = pa.BufferOutputStream()
        arrow_csv.write_csv(there, sink, arrow_csv.WriteOptions(delimiter=self.params.separator))
        try:
            self._parse(["v"], {"v": kind}, sink.getvalue().to_pybytes())
        except pa.ArrowInvalid:
            return False
        return True

    def _value_problems(self, found: Mapping[str, tuple[str, list[int]]], columns: pa.Table) -> list[Problem]:
        return value_problems(self.text, self.params.separator, self.file, found, columns.column) if found else []

    def _check_numbers(self, table: pa.Table, types: Mapping[str, pa.DataType]) -> None:
        import pyarrow as pa
        import pyarrow.compute as pc

        found: dict[str, tuple[str, list[int]]] = {}
        for field, column in zip(table.schema, table.columns, strict=True):
            if pa.types.is_floating(field.type):
                wild = _first_rows(pc.invert(pc.is_finite(column)))
                found |= {field.name: ("float64 and finite", wild)} if wild else {}
        whole = [name for name, kind in types.items() if pa.types.is_integer(kind) and name in table.schema.names]
        if whole and (b"0x" in self.text or b"0X" in self.text):
            for name, column in zip(whole, self._as_text(whole).columns, strict=True):
                hexadecimal = _first_rows(pc.match_substring(column, "x", ignore_case=True))
                found |= {name: ("int64", hexadecimal)} if hexadecimal else {}
        if found:
            raise DataError("the data cannot be read", self._value_problems(found, self._as_text(list(found))))

    def _with_inferred(self, table: pa.Table, types: Mapping[str, pa.DataType]) -> pa.Table:
        """Inferred columns, each held against its text."""
        import pyarrow as pa

        inferred = [field for field in table.schema if field.name not in types]
        texts = [
            f.name for f in inferred if not pa.types.is_string(f.type) and not pa.types.is_date(f.type) and not pa.types.is_null(f.type)
        ]
        raw = dict(zip(texts, self._as_text(texts).columns, strict=True)) if texts else {}
        columns, problems = dict(zip(table.schema.names, table.columns, strict=True)), []
        for field in inferred:
            text = raw.get(field.name, columns[field.name])
            problem = doubts(self.header_at, field.name, field.type, text)
            problems += [problem] if problem else []
            columns[field.name] = _settled(columns[field.name], text)
        if problems:
            raise DataError("a type must be declared", problems)
        return pa.table(columns)

    def _with_formats(self, table: pa.Table) -> pa.Table:
        found: dict[str, tuple[str, list[int]]] = {}
        columns = table
        for name in (n for n in self.params.formats if n in table.schema.names):
            kind = "timestamp" if name in self.params.zones else self.params.columns[name]
            formats = self.params.formats[name]
            values, rows = _by_format(columns[name], kind, formats)
            table = table.set_column(table.schema.get_field_index(name), name, values)
            found |= {name: (f"{kind} written as {' or '.join(formats)}", rows)} if rows else {}
        if found:
            raise DataError("the data cannot be read", self._value_problems(found, columns))
        return table

    def _with_zones(self, table: pa.Table) -> pa.Table:
        """Columns that show the clock of a zone, in UTC.

        Raises:
            DataError: A time is there twice or never, and the recipe does not say what is meant.
        """
        problems: list[Problem] = []
        for name, zone in self.params.zones.items():
            if name not in table.schema.names:
                continue
            moments, twice, never = in_utc(table[name], zone)
            for rows, what, key in (
                (twice, "there twice", "ambiguous: earlier or later"),
                (never, "never shown", "nonexistent: forward or backward"),
            ):
                rule = f"a time that is {what} in {zone.zone}, where clocks change; set zones.{name}.{key}"
                found = {name: (rule, [int(row) for row in rows[:MOST_EXAMPLES]])} if len(rows) else {}
                problems += [
                    replace(p, rule=f"column {name!r} holds {rule}", hint=None) for p in self._value_problems(found, self._as_text([name]))
                ]
            table = table.set_column(table.schema.get_field_index(name), name, moments)
        if problems:
            raise DataError("the data cannot be read", problems)
        return table


def _first_rows(broken: pa.ChunkedArray) -> list[int]:
    """The first rows where this is true."""
    rows = broken.fill_null(False).to_numpy().nonzero()[0]  # pc.indices_nonzero of Arrow 26 crashes on an array without chunks
    return [int(row) for row in rows[:MOST_EXAMPLES]]


def _settled(values: pa.ChunkedArray, text: pa.ChunkedArray) -> pa.ChunkedArray:
    """Timestamps in microseconds, times of day as their text, everything else as it is."""
    import pyarrow as pa

    if pa.types.is_timestamp(values.type):
        fine = pa.timestamp("us", values.type.tz)
        try:
            return values.cast(fine)
        except pa.ArrowInvalid:  # nanoseconds would be lost: the text keeps them
            return text
    return text if pa.types.is_time(values.type) else values


def _by_format(text: pa.ChunkedArray, kind: ColumnType, formats: tuple[str, ...]) -> tuple[pa.ChunkedArray, list[int]]:
    """The column read by the first format that fits each value, and the first rows that none fits."""
    import pandas as pd
    import pyarrow as pa

    written = text.to_pandas()
    read = pd.Series(pd.NaT, index=written.index, dtype="datetime64[us, UTC]" if kind == "timestamp_utc" else "datetime64[us]")
    for pattern in formats:
        left = read.isna() & written.notna()
        read[left] = pd.to_datetime(written[left], format=pattern, errors="coerce", utc=kind == "timestamp_utc").astype(read.dtype)
    wrong = read.isna() & written.notna()
    if kind == "date":
        wrong |= read.notna() & (read != read.dt.normalize())
    rows = [int(row) for row in wrong.to_numpy().nonzero()[0][:MOST_EXAMPLES]]
    stamps = pa.chunked_array([pa.Array.from_pandas(read)])
    return stamps if rows else stamps.cast(arrow_type(kind)), rows
