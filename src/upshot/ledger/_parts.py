"""The Parquet files of a table and the entries of its Delta log: how rows get onto the disk.

A commit says which files are to be the table, and its log entry takes away and adds what differs; so appended rows cost their own
file, and a version that lists older files is written like any other. Each entry carries the number of the version as its application
transaction: an entry without it was written by somebody else, and one whose number is not its own was written twice.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from upshot.errors import IntegrityError, Problem
from upshot.ledger._files import HashingFile, private_folder, storage_faults, sync_file

if TYPE_CHECKING:
    import pyarrow as pa
    from deltalake.transaction import AddAction

WRITER = "upshot"
"""Our application id in the log of a table."""


@dataclass(frozen=True)
class PinnedFile:
    """One Parquet file of a version, by its name in the table's folder."""

    name: str
    size: int
    digest: str
    rows: int


class PartWriter:
    """One Parquet file in the given order, hashed on the way.

    Dictionary encoding for text only: for numbers it halves the speed and saves little.

    Args:
        folder: The table's folder; made when it is missing.
        schema: Columns of the blocks.
    """

    def __init__(self, folder: Path, schema: pa.Schema) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        texts = [field.name for field in schema if pa.types.is_large_string(field.type)]
        self._rows = 0
        with storage_faults(folder):
            self._file = HashingFile(private_folder(folder) / f"part-00000-{uuid.uuid4().hex}.parquet")
        self._sink = pa.PythonFile(self._file, mode="w")
        self._writer = pq.ParquetWriter(self._sink, schema, use_dictionary=texts or False)

    def write(self, block: pa.Table) -> None:
        """Append a block as a row group.

        Raises:
            StorageError: The disk does not take it.
        """
        with storage_faults(self._file.path):
            self._writer.write_table(block)
        self._rows += block.num_rows

    def finish(self) -> PinnedFile:
        """Close the file and wait until it is on the disk.

        Raises:
            StorageError: The disk does not take it.
        """
        with storage_faults(self._file.path):
            self._writer.close()
            self._sink.close()
            sync_file(self._file.path)
        return PinnedFile(self._file.path.name, self._file.size, self._file.digest, self._rows)

    def discard(self) -> None:
        """Take the file away again: it was not needed, or could not be finished."""
        for part in (self._writer, self._file):
            with suppress(OSError):  # a full disk may not take what is still buffered; the file goes anyway
                part.close()
        self._file.path.unlink(missing_ok=True)


def commit(folder: Path, files: Sequence[PinnedFile], schema: pa.Schema) -> int:
    """Make these files the table's whole content, and give the version.

    Raises:
        IntegrityError: The log cannot be read.
        StorageError: The disk does not take it.
    """
    from deltalake import DeltaTable, Schema
    from deltalake.exceptions import DeltaError
    from deltalake.transaction import (
        CommitProperties,
        PostCommitHookProperties,
        RemoveAction,
        Transaction,
        create_table_with_add_actions,
    )

    keep_log = PostCommitHookProperties(create_checkpoint=True, cleanup_expired_logs=False)
    wanted = Schema.from_arrow(schema)
    with storage_faults(folder):
        try:
            table = DeltaTable(folder) if DeltaTable.is_deltatable(str(folder)) else None
            version = 0 if table is None else table.version() + 1
            ours = CommitProperties(app_transactions=[Transaction(WRITER, version)])
            if table is None or table.schema() != wanted:
                create_table_with_add_actions(
                    str(folder),
                    wanted,
                    [_added(file) for file in files],
                    mode="overwrite",
                    commit_properties=ours,
                    post_commithook_properties=keep_log,
                )
            else:
                there = {Path(uri).name for uri in table.file_uris()}
                names = {file.name for file in files}
                gone = [RemoveAction(name, True, _now()) for name in sorted(there - names)]
                new = [_added(file) for file in files if file.name not in there]
                table.create_write_transaction([*gone, *new], "append", wanted, commit_properties=ours, post_commithook_properties=keep_log)
        except DeltaError as error:
            hint = "upshot data verify tells which entry"
            raise IntegrityError("the log of a table is damaged", [Problem(folder.name, "cannot be read", short(error), hint)]) from error
        sync_file(log_entry(folder, version))
        for made in (folder / "_delta_log", folder, folder.parent):
            sync_file(made)
    return version


def log_entry(folder: Path, version: int) -> Path:
    """The file that a version's commit wrote."""
    return folder / "_delta_log" / f"{version:020d}.json"


def logged_versions(folder: Path) -> Iterator[int]:
    """Versions that have an entry in the log, ascending."""
    names = (path.stem for path in (folder / "_delta_log").glob("*.json"))
    return iter(sorted(int(name) for name in names if name.isdigit()))


def short(error: Exception) -> str:
    """An error of the library on one line."""
    return " ".join(str(error).split())[:160]


def _added(file: PinnedFile) -> AddAction:
    from deltalake.transaction import AddAction

    return AddAction(file.name, file.size, {}, _now(), True, json.dumps({"numRecords": file.rows}))


def _now() -> int:
    return time.time_ns() // 1_000_000
