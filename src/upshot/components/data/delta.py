"""A Delta table of somebody else: its last version or any earlier one, read file by file.

Delta keeps no order among its files, so they are read in the order in which they were written, and rows as they lie in each. Tables
with deletion vectors or column mapping are refused: read as plain files they would give rows that are no longer theirs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from pydantic import Field, model_validator

from upshot.components.data._columns import ColumnType, declared_problems, exactly, kept_as, left_out
from upshot.components.data._files import shown
from upshot.components.data._growth import HINT, RULE
from upshot.components.remote import is_remote, on_this_machine
from upshot.contracts.params import InputPath, Names, SourceParams
from upshot.contracts.records import Spec
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import pyarrow as pa
    from deltalake import DeltaTable


class DeltaParams(SourceParams):
    """A Delta table."""

    path: InputPath = Field(description="Folder of the table, or its URL where Delta's own drivers know it: s3://, gs://, abfss://.")
    version: int | None = Field(None, ge=0, description="Version to read; the last one when left out.")
    columns: dict[str, ColumnType] = Field(
        default_factory=dict,
        description="Column -> type that it must have: string, int64, float64, bool, timestamp, timestamp_utc or date.",
    )
    keep: Names = Field((), description="Columns to keep; all when left out.")
    append_only: bool = Field(False, description="Files are only ever added to the table: only new ones are read.")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        dropped = left_out(self.keep, self.roles.roles())
        if dropped:
            raise ValueError(f"keep leaves out columns that play a role: {', '.join(dropped)}")
        if self.append_only and self.version is not None:
            raise ValueError("append_only follows the last version; leave version out")
        return self


class Delta:
    """Reads a Delta table, a batch of rows at a time."""

    spec: Spec

    def __init__(self, params: DeltaParams) -> None:
        self.params = params
        self.table = params.table
        self.roles = params.roles.roles()
        self.tables = params.tables
        self.append_only = params.append_only
        self._where = shown(params.path)
        self._read: list[str] = []

    def read(self) -> Iterator[pa.Table]:
        """The rows of the version.

        Raises:
            DataError: There is no such table or version, its log is damaged, a column is not what was declared, or there are no rows.
        """
        return self.read_after(None)

    def read_after(self, mark: Mapping[str, Any] | None) -> Iterator[pa.Table]:
        """The rows of files that a mark does not speak of.

        Raises:
            DataError: As `read`; or a file that was read before is no longer in the table.
        """
        import pyarrow as pa

        self._read = [] if mark is None else list(mark["files"])
        with self._faults():
            delta = self._opened()
            dataset = delta.to_pyarrow_dataset()
            names = [field.name for field in dataset.schema if not self.params.keep or field.name in self.params.keep]
            schema = pa.schema([pa.field(name, kept_as(dataset.schema.field(name).type)) for name in names])
            problems = declared_problems(self._where, schema, self.params.columns, self.params.keep, self.roles)
            if problems:
                raise DataError("the columns are not what was declared", problems)
            fragments = {fragment.path: fragment for fragment in dataset.get_fragments()}
            rows = 0
            for path in self._new(_in_time(delta)):
                for batch in fragments[path].to_batches(schema=dataset.schema, columns=names):
                    rows += batch.num_rows
                    yield pa.table([exactly(pa.chunked_array([batch[f.name]]), f, f"{self._where}: {path}") for f in schema], schema=schema)
                self._read.append(path)
        if not rows and mark is None:
            raise DataError("the data is empty", [Problem(self._where, "must have rows", "none")])

    def mark(self) -> dict[str, Any]:
        """The files that were read."""
        return {"files": self._read}

    def _new(self, files: list[str]) -> list[str]:
        gone = [path for path in self._read if path not in files]
        if gone or files[: len(self._read)] != self._read:
            got = f"without {', '.join(gone[:3])}" if gone else "an older file came in between"
            raise DataError("an append-only source changed", [Problem(self._where, RULE, got, HINT)])
        return files[len(self._read) :]

    def _opened(self) -> DeltaTable:
        from deltalake import DeltaTable

        place = on_this_machine(self.params.path)
        if not is_remote(place):
            if not DeltaTable.is_deltatable(place):
                raise DataError("the data cannot be found", [Problem(self._where, "no Delta table is there")])
            cut = [entry.name for entry in sorted(Path(place, "_delta_log").glob("*.json")) if not entry.stat().st_size]
            if cut:
                raise DataError("the log of a Delta table is damaged", [Problem(self._where, f"log entry {cut[0]} must not be empty")])
        return DeltaTable(place, version=self.params.version)

    @contextmanager
    def _faults(self) -> Iterator[None]:
        import pyarrow as pa
        from deltalake.exceptions import DeltaError

        try:
            yield
        except (DeltaError, pa.ArrowException, OSError) as error:
            told = " ".join(str(error).split())[:200]
            version = "" if self.params.version is None else f" version {self.params.version}"
            raise DataError("the data cannot be read", [Problem(f"{self._where}{version}", told)]) from error


def _in_time(delta: DeltaTable) -> list[str]:
    """Paths of the files, in the order in which they were written."""
    import pyarrow as pa

    added = pa.table(delta.get_add_actions(flatten=True))
    return [path for _, path in sorted(zip(added["modification_time"].to_pylist(), added["path"].to_pylist(), strict=True))]
