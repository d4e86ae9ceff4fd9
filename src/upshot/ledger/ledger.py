"""What happened, and what follows from it: runs, their stages, model versions, pinned data and the journal.

Records are frozen rows, never objects of the database. A run's row is written when it begins, so a killed run shows as unfinished;
its stages are written with its end, in one transaction. A version gets its number and its journal entry in one transaction that
holds the write lock, so parallel runs never share a number, and the same content key gets the same number again.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from upshot.contracts.tables import Map
from upshot.errors import IntegrityError, Problem, UsageError
from upshot.ledger._database import Database
from upshot.ledger._files import canonical_json

if TYPE_CHECKING:
    from sqlalchemy import Connection, RowMapping

    from upshot.ledger.snapshots import Pin

R = TypeVar("R")
FIRST = "0" * 64
"""What the first journal entry stands on."""


@dataclass(frozen=True)
class RunRow:
    """One run. `status` is "running" until `finish_run` says "done", "refused", "failed" or "interrupted"; times are UTC, ISO 8601."""

    id: str
    recipe: str
    recipe_digest: str
    started_at: str
    project_version: str
    seed: int
    threads: int
    config: Map[Any] = field(default_factory=Map)
    status: str = "running"
    finished_at: str | None = None
    summary: Map[Any] = field(default_factory=Map)
    error: str | None = None


@dataclass(frozen=True)
class StageRow:
    """One stage of a run; `digest` and `seconds` are None where it gave nothing."""

    run: str
    position: int
    stage: str
    key: str
    digest: str | None
    cached: bool
    seconds: float | None


@dataclass(frozen=True)
class VersionRow:
    """One model version. `manifest` (file -> SHA-256) and `record` (digest of the `ModelVersion`) are empty until it is complete."""

    name: str
    number: int
    stage_key: str
    run: str
    created_at: str
    manifest: Map[str] = field(default_factory=Map)
    record: str | None = None

    @property
    def is_complete(self) -> bool:
        """Whether it is registered in full."""
        return self.record is not None


@dataclass(frozen=True)
class SnapshotRow:
    """One pinned version of a table; `schema` maps its columns to types."""

    table: str
    version: int
    rows: int
    digest: str
    schema: Map[str]
    created_at: str


@dataclass(frozen=True)
class JournalEntry:
    """One entry of the journal; `hash` covers the entry and `previous`, the hash before it."""

    seq: int
    at: str
    kind: str
    subject: str
    body: Map[Any]
    previous: str
    hash: str


def now() -> str:
    """The wall clock, UTC, ISO 8601 to the millisecond: a label, never an order."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def new_run_id() -> str:
    """A random id that sorts by time: `r20261124T021530-7f3a9c`."""
    return f"r{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"


class Ledger:
    """The record of a project. Nothing is opened, and SQLAlchemy is not imported, before the first call.

    Args:
        place: The SQLite file, made when it is missing, or its URL, `sqlite:///PATH`.

    Every method raises StorageError when the database is damaged or out of reach, BusyError when another process holds it for too
    long, and UsageError when a newer Upshot wrote it.
    """

    def __init__(self, place: Path | str) -> None:
        self._database = Database(place)
        self._pending: dict[str, list[StageRow]] = {}

    def begin_run(self, row: RunRow) -> None:
        """Record that a run has begun."""
        from upshot.ledger.schema import RUNS

        with self._database.writing() as connection:
            connection.execute(RUNS.insert().values(_plain(row)))

    def add_stage(self, row: StageRow) -> None:
        """Note a stage of a run; written with the run's end. What a killed run has done stands in its receipts."""
        self._pending.setdefault(row.run, []).append(row)

    def finish_run(self, run: str, status: str, summary: Mapping[str, Any], error: str | None = None) -> None:
        """Close a run's record and write its stages, in one transaction.

        Raises:
            UsageError: There is no such run.
        """
        from upshot.ledger.schema import RUNS, STAGES

        stages = [asdict(stage) for stage in self._pending.get(run, [])]
        ended = {"status": status, "finished_at": now(), "summary": _data(summary), "error": error}
        with self._database.writing() as connection:
            if connection.execute(RUNS.update().where(RUNS.c.id == run).values(ended)).rowcount != 1:
                raise _no_run(run)
            if stages:
                connection.execute(STAGES.insert(), stages)
        self._pending.pop(run, None)

    def runs(self, limit: int = 20, recipe: str | None = None) -> tuple[RunRow, ...]:
        """The last runs, the newest first."""
        from upshot.ledger.schema import RUNS

        query = RUNS.select().order_by(RUNS.c.seq.desc()).limit(limit)
        if recipe is not None:
            query = query.where(RUNS.c.recipe == recipe)
        with self._database.reading() as connection:
            return tuple(_row(RunRow, row) for row in connection.execute(query).mappings())

    def run(self, id: str) -> RunRow:
        """One run.

        Raises:
            UsageError: There is no such run.
        """
        from upshot.ledger.schema import RUNS

        with self._database.reading() as connection:
            found = connection.execute(RUNS.select().where(RUNS.c.id == id)).mappings().first()
        if found is None:
            raise _no_run(id)
        return _row(RunRow, found)

    def stages(self, run: str) -> tuple[StageRow, ...]:
        """The stages of a finished run, in order."""
        from upshot.ledger.schema import STAGES

        query = STAGES.select().where(STAGES.c.run == run).order_by(STAGES.c.position)
        with self._database.reading() as connection:
            return tuple(_row(StageRow, row) for row in connection.execute(query).mappings())

    def number(self, name: str, key: str, run: str) -> int:
        """The number of the version that this content key names: the one it has, or the next one, journalled as claimed.

        Args:
            name: The version's name, one line of numbers each: 1, 2, ...
            key: Hash of everything that made the version.
            run: The run that asks.
        """
        from sqlalchemy import func, select

        from upshot.ledger.schema import VERSIONS

        table = VERSIONS.c
        with self._database.writing() as connection:
            known = connection.execute(select(table.number).where(table.name == name, table.stage_key == key)).scalar()
            if known is not None:
                return int(known)
            number = int(connection.execute(select(func.max(table.number)).where(table.name == name)).scalar() or 0) + 1
            row = VersionRow(name, number, key, run, now())
            connection.execute(VERSIONS.insert().values(_plain(row) | {"manifest": None}))
            _write_entry(connection, "version.claimed", f"{name} {number}", {"key": key, "run": run})
            return number

    def complete_version(self, name: str, number: int, manifest: Mapping[str, str], record: str) -> None:
        """Register a claimed version in full: its files and the digest of its record, with a journal entry. Once; again is no change.

        The files must be on the disk before (see `Artefacts.sync`).

        Raises:
            IntegrityError: The number was not claimed, or is registered with other content.
        """
        from upshot.ledger.schema import VERSIONS

        table = VERSIONS.c
        with self._database.writing() as connection:
            found = connection.execute(VERSIONS.select().where(table.name == name, table.number == number)).mappings().first()
            if found is None:
                raise IntegrityError("a version cannot be registered", [Problem(f"{name} {number}", "its number was never claimed")])
            if found["record"] is not None:
                _same(f"{name} {number}", (found["record"], found["manifest"]), (record, dict(manifest)))
                return
            chosen = VERSIONS.update().where(table.name == name, table.number == number)
            connection.execute(chosen.values(manifest=dict(manifest), record=record))
            _write_entry(connection, "version.registered", f"{name} {number}", {"record": record, "manifest": dict(manifest)})

    def versions(self, name: str | None = None, *, claimed: bool = False) -> tuple[VersionRow, ...]:
        """Registered versions by name and number; with `claimed` also those that were begun and never completed."""
        from upshot.ledger.schema import VERSIONS

        query = VERSIONS.select().order_by(VERSIONS.c.name, VERSIONS.c.number)
        if name is not None:
            query = query.where(VERSIONS.c.name == name)
        if not claimed:
            query = query.where(VERSIONS.c.record.is_not(None))
        with self._database.reading() as connection:
            return tuple(_row(VersionRow, row) for row in connection.execute(query).mappings())

    def remember(self, pin: Pin) -> None:
        """Record a pinned version of a table; one that is recorded already is no change.

        Raises:
            IntegrityError: The same version is recorded with another content.
        """
        from upshot.ledger.schema import SNAPSHOTS

        row = SnapshotRow(pin.table, pin.version, pin.rows, pin.digest, pin.columns, pin.created_at)
        where = (SNAPSHOTS.c.table == pin.table, SNAPSHOTS.c.version == pin.version)
        with self._database.writing() as connection:
            found = connection.execute(SNAPSHOTS.select().where(*where)).mappings().first()
            if found is not None:
                _same(f"{pin.table} version {pin.version}", (found["digest"], found["rows"]), (pin.digest, pin.rows))
                return
            connection.execute(SNAPSHOTS.insert().values(_plain(row)))

    def snapshots(self, table: str | None = None) -> tuple[SnapshotRow, ...]:
        """Recorded snapshots by table and version."""
        from upshot.ledger.schema import SNAPSHOTS

        query = SNAPSHOTS.select().order_by(SNAPSHOTS.c.table, SNAPSHOTS.c.version)
        if table is not None:
            query = query.where(SNAPSHOTS.c.table == table)
        with self._database.reading() as connection:
            return tuple(_row(SnapshotRow, row) for row in connection.execute(query).mappings())

    def add_entry(self, kind: str, subject: str, body: Mapping[str, Any]) -> JournalEntry:
        """Append to the journal."""
        with self._database.writing() as connection:
            return _write_entry(connection, kind, subject, _data(body))

    def journal(self) -> tuple[JournalEntry, ...]:
        """All entries, the oldest first."""
        from upshot.ledger.schema import JOURNAL

        with self._database.reading() as connection:
            found = connection.execute(JOURNAL.select().order_by(JOURNAL.c.seq)).mappings()
            return tuple(_row(JournalEntry, row) for row in found)

    def verify_journal(self) -> int | None:
        """The number of the first entry that is missing, moved or changed; None when the chain is whole.

        A tail that was cut off leaves a whole chain: finding that needs a copy of a later hash kept elsewhere.
        """
        previous = FIRST
        for expected, entry in enumerate(self.journal(), start=1):
            if (entry.seq, entry.previous, entry.hash) != (expected, previous, _hash(entry)):
                return expected
            previous = entry.hash
        return None


def _write_entry(connection: Connection, kind: str, subject: str, body: Mapping[str, Any]) -> JournalEntry:
    from upshot.ledger.schema import JOURNAL

    last = connection.execute(JOURNAL.select().order_by(JOURNAL.c.seq.desc()).limit(1)).mappings().first()
    seq, previous = (1, FIRST) if last is None else (last["seq"] + 1, last["hash"])
    entry = JournalEntry(seq, now(), kind, subject, Map(body), previous, "")
    entry = JournalEntry(**{**_fields(entry), "hash": _hash(entry)})
    connection.execute(JOURNAL.insert().values(_plain(entry)))
    return entry


def _hash(entry: JournalEntry) -> str:
    body = {name: value for name, value in _plain(entry).items() if name != "hash"}
    return hashlib.sha256(entry.previous.encode() + canonical_json(body)).hexdigest()


def _same(what: str, found: object, given: object) -> None:
    if found != given:
        raise IntegrityError("the ledger holds something else under this name", [Problem(what, "must stay what it is")])


def _no_run(run: str) -> UsageError:
    return UsageError("there is no such run", [Problem("run", "unknown run", repr(run), "upshot runs")])


def _fields(row: object) -> dict[str, Any]:
    return {f.name: getattr(row, f.name) for f in fields(row)}  # type: ignore[arg-type]


def _plain(row: object) -> dict[str, Any]:
    """A row as the database takes it."""
    return {name: _data(value) for name, value in _fields(row).items()}


def _data(value: Any) -> Any:
    """Maps and tuples as JSON has them."""
    if isinstance(value, Mapping):
        return {key: _data(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_data(item) for item in value]
    return value


def _row(cls: type[R], found: RowMapping) -> R:
    """A database row as a frozen record."""
    wanted = {f.name: f.type for f in fields(cls)}  # type: ignore[arg-type]
    values = {name: found[name] for name in wanted}
    return cls(**{name: Map(value or {}) if str(wanted[name]).startswith("Map") else value for name, value in values.items()})
