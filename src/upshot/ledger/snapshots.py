"""Where data is pinned: one Delta table a source, and a record of each version that does not trust the table's log.

Delta Lake gives versions that every tool reads, but its writer waits for no disk, and a log entry that was cut to nothing opens as
the same version with its rows missing. So we write the Parquet file ourselves (in the source's order, hashed on the way, fsync
before the commit), let Delta commit it, fsync the log, and then write a *pin*: version, rows, content digest, and each file with its
SHA-256. Readers go by the pin: a file's hash is checked before it is parsed. `verify` compares pin, log and content.

What a table keeps (anything else is refused by column before something is written):

====================================  ==================  =================================================
read                                  kept                in pandas
====================================  ==================  =================================================
int8..int64, uint8..uint32            intN (next wider)   intN; with nulls float64, or Int64 past 2**53
uint64                                int64, if it fits   the same
float16                               float32             float32
float32, float64                      the same            the same; null and NaN are both NaN
bool                                  bool                bool; with nulls boolean
string, dictionary of strings         string              str
date                                  date                datetime64[us]
timestamp of any unit                 timestamp[us]       datetime64[us], if no digit is lost
timestamp with zone                   timestamp[us, UTC]  datetime64[us, UTC]
decimal                               the same            float64
====================================  ==================  =================================================
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from upshot.contracts.records import Roles, Snapshot
from upshot.contracts.tables import Map, Table
from upshot.errors import IntegrityError, Problem
from upshot.ledger import _frames
from upshot.ledger._canonical import canonical, dtypes_of, type_name
from upshot.ledger._files import HashingFile, digest_of_file, holding, private_folder, seal, storage_faults, sync_file, unseal, write_whole

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


@dataclass(frozen=True)
class PinnedFile:
    """One Parquet file of a version, by its name in the table's folder."""

    name: str
    size: int
    digest: str


@dataclass(frozen=True)
class Pin:
    """What a version of a table is, whatever its log says.

    Attributes:
        table: Name of the table.
        version: Delta version.
        rows: Number of rows.
        digest: SHA-256 of the content, independent of files and of the format that it came from.
        columns: Column -> type kept.
        files: Parquet files in row order.
        created_at: UTC, ISO 8601.
    """

    table: str
    version: int
    rows: int
    digest: str
    columns: Map[str]
    files: tuple[PinnedFile, ...]
    created_at: str


class Lake:
    """Pinned tables under one folder: `<table>/` is Delta, `_pins/<table>/<version>.json` are the pins.

    Args:
        root: The folder; made when something is first pinned.
        remember: Called with each pin before its snapshot is used, also for one that was there before: must be idempotent.
    """

    def __init__(self, root: Path, remember: Callable[[Pin], None]) -> None:
        self.root = root
        self._remember = remember

    def pin(self, table: str, tables: Iterator[pa.Table], roles: Roles) -> Snapshot:
        """Keep these rows as a version of the table; no new version when the last one holds the same content.

        The frame stays in hand, and equals in values and dtypes what `read` gives later.

        Raises:
            DataError: No rows, or a column that a table cannot keep exactly; all problems at once.
            BusyError: Another process is pinning this table for longer than half a minute.
            StorageError: The disk does not take it; the last version stands.
        """
        rows = canonical(tables)
        digest = _frames.content_digest(rows)
        with holding(self._pins(table) / "lock"):
            last = self.last(table)
            pin = last if last is not None and last.digest == digest else self._commit(table, rows, digest)
        self._remember(pin)
        stored: Map[str | int] = Map({"delta": table, "version": pin.version, "digest": digest})
        data = Table(pin.rows, tuple(pin.columns), _once(rows), stored)
        return Snapshot(table, pin.version, pin.rows, digest, pin.columns, roles, data)

    def read(self, table: str, version: int, digest: str | None = None) -> pd.DataFrame:
        """The rows of a version. Each file's hash is checked before it is parsed, and the number of rows after.

        Args:
            table: Name of the table.
            version: Its version.
            digest: Content that the version must have been pinned with; any when left out.

        Raises:
            IntegrityError: There is no such pin, or what lies there is not what was pinned.
        """
        pin = self.find(table, version)
        if digest is not None and pin.digest != digest:
            raise IntegrityError("a snapshot is not the one that was used", [Problem(_name(pin), f"must be {digest}", pin.digest)])
        return _to_pandas(self._rows(pin))

    def verify(self, table: str, version: int) -> Pin:
        """Compare a version's pin with the table's log, and its content with the digest.

        Raises:
            IntegrityError: They differ; says where.
        """
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError

        pin = self.find(table, version)
        try:
            logged = sorted(Path(uri).name for uri in DeltaTable(self.root / table, version=version).file_uris())
        except DeltaError as error:
            raise IntegrityError("the log of a table is damaged", [Problem(_name(pin), "cannot be read", _short(error))]) from error
        if logged != sorted(file.name for file in pin.files):
            problem = Problem(_name(pin), "the log must list the pinned files", ", ".join(logged) or "no file")
            raise IntegrityError("the log of a table is damaged", [problem])
        found = _frames.content_digest(self._rows(pin))
        if found != pin.digest:
            raise IntegrityError("a snapshot is damaged", [Problem(_name(pin), f"content must have digest {pin.digest}", found)])
        return pin

    def find(self, table: str, version: int) -> Pin:
        """The pin of a version.

        Raises:
            IntegrityError: There is none, or it is damaged.
        """
        path = self._pins(table) / f"{version}.json"
        if not path.is_file():
            known = ", ".join(str(v) for v in self.versions(table)) or "none"
            raise IntegrityError(
                "there is no such snapshot", [Problem(f"{table} version {version}", "is not pinned", hint=f"pinned: {known}")]
            )
        body = unseal(path.read_bytes())
        if body is None:
            hint = "restore it from a copy, or delete it: the data is then pinned anew"
            raise IntegrityError("the pin of a snapshot is damaged", [Problem(str(path), "must be whole", hint=hint)])
        files = tuple(PinnedFile(**file) for file in body["files"])
        return Pin(**{**body, "columns": Map(dict(body["columns"])), "files": files})

    def last(self, table: str) -> Pin | None:
        """The pin of the highest version; None for a table without one."""
        versions = self.versions(table)
        return self.find(table, versions[-1]) if versions else None

    def versions(self, table: str) -> tuple[int, ...]:
        """Pinned versions, ascending."""
        return tuple(sorted(int(path.stem) for path in self._pins(table).glob("*.json")))

    def _pins(self, table: str) -> Path:
        return self.root / "_pins" / table

    def _commit(self, table: str, rows: pa.Table, digest: str) -> Pin:
        folder = private_folder(self.root / table)
        with storage_faults(folder):
            file = _write_parquet(rows, folder)
            version = _log(folder, file, rows)
            sync_file(folder / "_delta_log" / f"{version:020d}.json")
            for made in (folder / "_delta_log", folder, self.root):
                sync_file(made)
        columns = Map({field.name: type_name(field.type) for field in rows.schema})
        pin = Pin(table, version, rows.num_rows, digest, columns, (file,), datetime.now(UTC).isoformat(timespec="seconds"))
        body = asdict(replace(pin, columns=Map())) | {"columns": list(columns.items())}
        write_whole(self._pins(table) / f"{version}.json", seal(body), sync=True)
        return pin

    def _rows(self, pin: Pin) -> pa.Table:
        import pyarrow as pa
        import pyarrow.parquet as pq

        parts = []
        for file in pin.files:
            path = self.root / pin.table / file.name
            found = digest_of_file(path) if path.is_file() else "no file"
            if found != file.digest:
                raise IntegrityError("a snapshot is damaged", [Problem(str(path), f"must have SHA-256 {file.digest}", found)])
            parts.append(pq.ParquetFile(path).read())
        rows = pa.concat_tables(parts)
        if rows.num_rows != pin.rows:
            raise IntegrityError("a snapshot is damaged", [Problem(_name(pin), f"must have {pin.rows} rows", str(rows.num_rows))])
        return canonical(iter([rows]))


def _write_parquet(rows: pa.Table, folder: Path) -> PinnedFile:
    """One file in the given order. Dictionary encoding for text only: for numbers it halves the speed and saves little."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = HashingFile(folder / f"part-00000-{uuid.uuid4().hex}.parquet")
    texts = [field.name for field in rows.schema if pa.types.is_large_string(field.type)]
    try:
        with pa.PythonFile(file, mode="w") as sink:
            pq.write_table(rows, sink, use_dictionary=texts or False)
        sync_file(file.path)
    except BaseException:
        file.path.unlink(missing_ok=True)
        raise
    return PinnedFile(file.path.name, file.size, file.digest)


def _log(folder: Path, file: PinnedFile, rows: pa.Table) -> int:
    """Commit the file as the table's whole content, and give the version."""
    from deltalake import DeltaTable, Schema
    from deltalake.transaction import AddAction, PostCommitHookProperties, create_table_with_add_actions

    keep_log = PostCommitHookProperties(create_checkpoint=True, cleanup_expired_logs=False)
    stats = json.dumps({"numRecords": rows.num_rows})
    added = AddAction(file.name, file.size, {}, time.time_ns() // 1_000_000, True, stats)
    schema = Schema.from_arrow(rows.schema)
    if DeltaTable.is_deltatable(str(folder)) and (table := DeltaTable(folder)).schema() == schema:
        table.create_write_transaction([added], "overwrite", schema, post_commithook_properties=keep_log)
    else:
        create_table_with_add_actions(str(folder), schema, [added], mode="overwrite", post_commithook_properties=keep_log)
    return DeltaTable(folder).version()


def _to_pandas(rows: pa.Table) -> pd.DataFrame:
    return _frames.to_pandas(*dtypes_of(rows))


def _once(rows: pa.Table) -> Callable[[], pd.DataFrame]:
    """Gives the frame and lets the Arrow columns go."""
    held: list[Any] = [rows]
    return lambda: _to_pandas(held.pop())


def _name(pin: Pin) -> str:
    return f"{pin.table} version {pin.version}"


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:160]
