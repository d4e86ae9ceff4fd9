"""Where data is pinned: one Delta table a source, and a record of each version that does not trust the table's log.

Delta Lake gives versions that every tool reads, but its writer waits for no disk, and a log entry that was cut to nothing opens as
the same version with its rows missing. So we write the Parquet file ourselves (in the source's order, hashed on the way, fsync
before the commit), let Delta commit it, fsync the log, and then write a *pin*: version, rows, content digest, and each file with its
SHA-256. Readers go by the pin: a file's hash is checked before it is parsed. `verification` compares ledger, pin, log and content.

Rows go by in blocks. A table that fits in hand is digested first and written only when it is new; a larger one is written while it
is read, and taken away again when a version with its content is found.

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

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from upshot.contracts.components import GrowingSource
from upshot.contracts.records import Roles, Snapshot, Spec
from upshot.contracts.tables import Map, Table, thaw
from upshot.errors import DataError, IntegrityError, Problem
from upshot.ledger import _frames
from upshot.ledger._blocks import BLOCK, START, Blocks, RunningDigest, joined
from upshot.ledger._canonical import Canonical, canonical, dtypes_of, type_name
from upshot.ledger._files import canonical_json, digest_of_file, holding, seal, unseal, write_whole
from upshot.ledger._parts import PartWriter, PinnedFile, commit, log_entry

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

IN_HAND = 1 << 30
"""Bytes up to which the rows of a table stay in memory when they are pinned."""


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
        chain: Hash chain over the full blocks of its rows: where the digest goes on when rows are appended.
        log: SHA-256 of the entry that the commit wrote to the table's log.
    """

    table: str
    version: int
    rows: int
    digest: str
    columns: Map[str]
    files: tuple[PinnedFile, ...]
    created_at: str
    chain: str = START
    log: str = ""


class Lake:
    """Pinned tables under one folder: `<table>/` is Delta, `_pins/<table>/<version>.json` are the pins.

    Args:
        root: The folder; made when something is first pinned.
        remember: Called with each pin before its snapshot is used, also for one that was there before: must be idempotent.
        in_hand: Bytes up to which a table's rows are held while they are pinned; larger ones go to the disk as they come.
    """

    def __init__(self, root: Path, remember: Callable[[Pin], None], in_hand: int = IN_HAND) -> None:
        self.root = root
        self.in_hand = in_hand
        self._remember = remember

    def pin(self, table: str, tables: Iterator[pa.Table], roles: Roles) -> Snapshot:
        """Keep these rows as a version of the table; no new version when an earlier one holds the same content.

        A frame that fits in hand stays there, and equals in values and dtypes what `read` gives later.

        Raises:
            DataError: No rows, or a column that a table cannot keep exactly; all problems at once.
            BusyError: Another process is pinning this table for longer than half a minute.
            StorageError: The disk does not take it; the last version stands.
            IntegrityError: A pin or the log of the table is damaged.
        """
        return self._keep(table, _Incoming(self.root / table, self.in_hand), tables, (), roles)

    def grow(self, source: GrowingSource) -> Snapshot:
        """Keep what a source of which rows are only ever added holds now: rows that were not read before, behind those that were.

        Where the reading ended is remembered by the source's parameters, so a source that is declared otherwise is read whole.

        Raises:
            DataError: As `pin`; or rows that were read before are no longer what they were, or new ones have other columns.
            BusyError: As `pin`.
            StorageError: As `pin`.
            IntegrityError: As `pin`.
        """
        table, roles = source.table, source.roles
        place = self._pins(table) / "read" / f"{_origin(source.spec)}.json"
        ended = _sealed(place, "delete it: the source is then read whole") if place.is_file() else None
        base = None if ended is None else self.find(table, int(ended["version"]))
        tables = source.read_after(None if ended is None else ended["mark"])
        if base is None:
            snapshot = self.pin(table, tables, roles)
        else:
            first = next(tables, None)
            if first is None:
                self._keep_roles(table, roles)
                self._remember(base)
                snapshot = self._snapshot(base, roles)
            else:
                incoming = _Incoming(self.root / table, self.in_hand, base, self._last_rows(base))
                snapshot = self._keep(table, incoming, _chained(first, tables), base.files, roles)
        body = {"version": snapshot.version, "mark": source.mark()}
        if body != ended:
            write_whole(place, seal(body), sync=True)
        return snapshot

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
            raise IntegrityError("a snapshot is not the one that was used", [Problem(name_of(pin), f"must be {digest}", pin.digest)])
        return _to_pandas(canonical(self.stream(pin)))

    def at(self, table: str, version: int, roles: Roles) -> Snapshot:
        """A pinned version as a snapshot; its rows are read when somebody looks.

        Raises:
            IntegrityError: There is no such pin, or it is damaged.
        """
        return self._snapshot(self.find(table, version), roles)

    def stream(self, pin: Pin) -> Iterator[pa.Table]:
        """The rows of a version, a row group at a time, checked as `read` does.

        Raises:
            IntegrityError: What lies there is not what was pinned.
        """
        import pyarrow.parquet as pq

        rows = 0
        for path in [self.checked(pin.table, file) for file in pin.files]:
            with pq.ParquetFile(path) as file:
                for number in range(file.num_row_groups):
                    group = file.read_row_group(number)
                    rows += group.num_rows
                    yield group
        if rows != pin.rows:
            raise IntegrityError("a snapshot is damaged", [Problem(name_of(pin), f"must have {pin.rows} rows", str(rows))])

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
        body = _sealed(path, "restore it from a copy, or delete it: the data is then pinned anew")
        files = tuple(PinnedFile(**file) for file in body["files"])
        return Pin(**{**body, "columns": Map(dict(body["columns"])), "files": files})

    def tables(self) -> tuple[str, ...]:
        """Names of the tables that have a pinned version."""
        return tuple(sorted(folder.name for folder in (self.root / "_pins").glob("*") if self.versions(folder.name)))

    def versions(self, table: str) -> tuple[int, ...]:
        """Pinned versions, ascending."""
        return tuple(sorted(int(path.stem) for path in self._pins(table).glob("*.json") if path.stem.isdigit()))

    def roles(self, table: str) -> Roles:
        """The roles that the table was last pinned with; `protected` are all columns that ever were."""
        path = self._pins(table) / "roles.json"
        if not path.is_file():
            return Roles()
        body = _sealed(path, "delete it: it is written anew when the table is pinned")
        found: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in body.items()}
        return Roles(**found)

    def _pins(self, table: str) -> Path:
        return self.root / "_pins" / table

    def _keep(self, table: str, incoming: _Incoming, tables: Iterator[pa.Table], before: tuple[PinnedFile, ...], roles: Roles) -> Snapshot:
        """Find or write the version that holds the files before and the incoming rows."""
        with incoming:
            for part in tables:
                incoming.add(part)
            digest = incoming.finish()
            with holding(self._pins(table) / "lock"):
                pin = self._same(table, digest)
                if pin is None:
                    pin = self._commit(table, incoming, digest, before)
                self._keep_roles(table, roles)
        _frames.give_back_memory()
        self._remember(pin)
        return self._snapshot(pin, roles, None if before else incoming.held)

    def _snapshot(self, pin: Pin, roles: Roles, held: list[pa.Table] | None = None) -> Snapshot:
        stored: Map[str | int] = Map({"delta": pin.table, "version": pin.version, "digest": pin.digest})
        load = _once(held) if held else lambda: self.read(pin.table, pin.version, pin.digest)
        return Snapshot(pin.table, pin.version, pin.rows, pin.digest, pin.columns, roles, Table(pin.rows, tuple(pin.columns), load, stored))

    def _same(self, table: str, digest: str) -> Pin | None:
        """The newest version with this content."""
        pins = (self.find(table, version) for version in reversed(self.versions(table)))
        return next((pin for pin in pins if pin.digest == digest), None)

    def _commit(self, table: str, incoming: _Incoming, digest: str, before: tuple[PinnedFile, ...]) -> Pin:
        folder = self.root / table
        files = (*before, incoming.file())
        version = commit(folder, files, incoming.schema)
        columns = Map({field.name: type_name(field.type) for field in incoming.schema})
        made_at = datetime.now(UTC).isoformat(timespec="seconds")
        log = digest_of_file(log_entry(folder, version))
        pin = Pin(table, version, incoming.rows, digest, columns, files, made_at, incoming.digest.chain, log)
        body = asdict(replace(pin, columns=Map())) | {"columns": list(columns.items())}
        write_whole(self._pins(table) / f"{version}.json", seal(body), sync=True)
        return pin

    def _keep_roles(self, table: str, roles: Roles) -> None:
        known = self.roles(table)
        wanted = replace(roles, protected=tuple(dict.fromkeys((*known.protected, *roles.protected))))
        if wanted != known:
            write_whole(self._pins(table) / "roles.json", seal({f.name: getattr(wanted, f.name) for f in fields(wanted)}), sync=True)

    def checked(self, table: str, file: PinnedFile) -> Path:
        """The path of a file that is what was pinned.

        Raises:
            IntegrityError: It is not.
        """
        path = self.root / table / file.name
        found = digest_of_file(path) if path.is_file() else "no file"
        if found != file.digest:
            raise IntegrityError("a snapshot is damaged", [Problem(str(path), f"must have SHA-256 {file.digest}", found)])
        return path

    def _last_rows(self, pin: Pin) -> pa.Table:
        """The rows behind the last full block; only the files and row groups that hold them are read."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        missing = pin.rows % BLOCK
        parts: list[pa.Table] = []
        for file in reversed(pin.files):
            with pq.ParquetFile(self.checked(pin.table, file)) as parquet:
                parts.append(parquet.schema_arrow.empty_table())
                for number in reversed(range(parquet.num_row_groups)):
                    if missing:
                        group = parquet.read_row_group(number)
                        parts.append(group.slice(max(0, group.num_rows - missing)))
                        missing -= parts[-1].num_rows
            if not missing:
                break
        return pa.concat_tables(reversed(parts))


class _Incoming:
    """Rows on their way into a table: digested as they come, held while they fit in hand, then written.

    Args:
        folder: The table's folder.
        in_hand: Bytes up to which rows are held.
        base: Version that the rows stand behind.
        lead: The rows of it that fill no block.
    """

    def __init__(self, folder: Path, in_hand: int, base: Pin | None = None, lead: pa.Table | None = None) -> None:
        self.held: list[pa.Table] = []
        self._folder, self._in_hand = folder, in_hand
        self._base, self._lead = base, lead
        self._form = Canonical()
        self._blocks: Blocks | None = None
        self._digest: RunningDigest | None = None
        self._bytes = 0
        self._writer: PartWriter | None = None
        self._file: PinnedFile | None = None

    def __enter__(self) -> _Incoming:
        return self

    def __exit__(self, *_: object) -> None:
        if self._writer is not None and self._file is None:
            self._writer.discard()

    @property
    def schema(self) -> pa.Schema:
        """Columns as they are kept."""
        assert self._form.schema is not None
        return self._form.schema

    @property
    def rows(self) -> int:
        """Rows of the whole table so far, those of the base among them."""
        return self._form.rows + (self._base.rows if self._base else 0)

    @property
    def digest(self) -> RunningDigest:
        """The digest over base and rows."""
        assert self._digest is not None
        return self._digest

    def add(self, table: pa.Table) -> None:
        """Take the source's next rows."""
        kept = self._form.keep(table)
        if kept is None:
            return
        if self._blocks is None:
            self._begin()
        assert self._blocks is not None
        for block in self._blocks.add(kept):
            self._take(block)

    def finish(self) -> str:
        """The digest of the whole table.

        Raises:
            DataError: The rows cannot be kept.
        """
        self._form.finish()
        assert self._blocks is not None
        for block in self._blocks.rest():
            self._take(block)
        return self.digest.finish(self.rows)

    def file(self) -> PinnedFile:
        """The rows as a file on the disk."""
        if not self._is_large:
            self._write()
        assert self._writer is not None
        self._file = self._writer.finish()
        return self._file

    def _begin(self) -> None:
        self._blocks = Blocks(self.schema)
        if self._base is None or self._lead is None:
            self._digest = RunningDigest(self.schema)
            return
        columns = {field.name: type_name(field.type) for field in self.schema}
        if list(columns.items()) != list(self._base.columns.items()):
            raise DataError("appended rows must have the columns of those before", _differences(self._base, columns))
        self._digest = RunningDigest(self.schema, self._base.chain, self._lead.cast(self.schema))

    def _take(self, block: pa.Table) -> None:
        self.digest.add(block)
        self.held.append(block)
        self._bytes += block.nbytes
        if self._is_large:
            self._write()
            self.held.clear()

    @property
    def _is_large(self) -> bool:
        return self._bytes > self._in_hand

    def _write(self) -> None:
        self._writer = self._writer or PartWriter(self._folder, self.schema)
        for block in self.held:
            self._writer.write(block)


def _differences(base: Pin, columns: dict[str, str]) -> list[Problem]:
    names = dict.fromkeys((*base.columns, *columns))
    found = [
        Problem(
            f"column {name!r}", f"must be {base.columns.get(name, 'left out')}, as in version {base.version}", columns.get(name, "none")
        )
        for name in names
        if base.columns.get(name) != columns.get(name)
    ]
    return found or [Problem("columns", f"must stand in the order {', '.join(base.columns)}", ", ".join(columns))]


def _origin(spec: Spec) -> str:
    """A name for a source as it is declared: 32 hex digits."""
    return hashlib.sha256(canonical_json([spec.use, thaw(spec.params)])).hexdigest()[:32]


def _sealed(path: Path, hint: str) -> dict[str, Any]:
    body = unseal(path.read_bytes())
    if body is None:
        raise IntegrityError("the pin of a snapshot is damaged", [Problem(str(path), "must be whole", hint=hint)])
    return body


def _chained(first: pa.Table, others: Iterator[pa.Table]) -> Iterator[pa.Table]:
    yield first
    yield from others


def _to_pandas(rows: pa.Table) -> pd.DataFrame:
    return _frames.to_pandas(*dtypes_of(rows))


def _once(blocks: list[pa.Table]) -> Callable[[], pd.DataFrame]:
    """Gives the frame and lets the Arrow columns go."""
    return lambda: _to_pandas(joined(blocks))


def name_of(pin: Pin) -> str:
    """The version as people call it."""
    return f"{pin.table} version {pin.version}"
