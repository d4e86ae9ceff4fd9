"""What happened, and what follows from it: runs, their stages, model versions, pinned data and the journal.

Records are frozen rows, never objects of the database. A run's row is written when it begins, so a killed run shows as unfinished;
its stages are written with its end, in one transaction. A version gets its number and its journal entry in one transaction that
holds the write lock, so parallel runs never share a number, and the same content key gets the same number again.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from upshot.contracts.tables import Map
from upshot.errors import IntegrityError, Problem, UsageError
from upshot.ledger._clock import Clock, stamp, wall
from upshot.ledger._database import Database
from upshot.ledger._rows import data, plain, record
from upshot.ledger.environments import Environments
from upshot.ledger.journal import Checkpoints, JournalEntry, JournalFault, Pen, first_fault
from upshot.ledger.leases import STALE_AFTER, Lease, LeaseRow, Leases

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from upshot.ledger.snapshots import Pin

CHECKPOINTS = "checkpoints.jsonl"
"""File beside the ledger in which the journal's checkpoints are kept."""


@dataclass(frozen=True)
class RunRow:
    """One run. `status` is "running" until `finish_run` says "done", "refused", "failed" or "interrupted"; times are UTC, ISO 8601.

    `person` says who ran it (`Person.to_json`); empty where that was not recorded.
    """

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
    person: Map[Any] = field(default_factory=Map)


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


def now() -> str:
    """The wall clock, UTC, ISO 8601 to the millisecond: a label, never an order."""
    return stamp(wall())


def new_run_id() -> str:
    """A random id that sorts by time: `r20261124T021530-7f3a9c`."""
    return f"r{wall():%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"


class Ledger:
    """The record of a project. Nothing is opened, and SQLAlchemy is not imported, before the first call.

    Args:
        place: The SQLite file, made when it is missing, or a URL: `sqlite:///PATH`, `postgresql+psycopg://USER@HOST/DATABASE`.
        checkpoints: File of the journal's checkpoints; beside the SQLite file when left out.
        clock: Labels what happens; orders nothing.
        stale_after: Seconds without a heartbeat after which a lease may be taken over from another machine.

    Every method raises StorageError when the database is damaged or out of reach, BusyError when another process holds it for too
    long, and UsageError when a newer Upshot wrote it.
    """

    def __init__(
        self, place: Path | str, *, checkpoints: Path | None = None, clock: Clock = wall, stale_after: float = STALE_AFTER
    ) -> None:
        self._database = Database(place, self._upgraded)
        file = checkpoints if checkpoints is not None or self._database.file is None else self._database.file.with_name(CHECKPOINTS)
        self._checkpoints = None if file is None else Checkpoints(file)
        self._clock = clock
        self._leases = Leases(self._recording, clock, stale_after)
        self.environments = Environments(self._database.reading, self._recording, clock)
        """What environments serve, with approvals and waivers."""
        self._pending: dict[str, list[StageRow]] = {}

    @property
    def name(self) -> str:
        """Where it lies; never with a password."""
        return self._database.name

    def exists(self) -> bool:
        """Whether it was ever written; nothing is made by asking."""
        return self._database.exists()

    def lease(self, name: str, holder: str) -> AbstractContextManager[Lease]:
        """Be the only one who does something, as long as the block lasts; see `leases`.

        Args:
            name: What only one may do at a time: "recipe card_fraud".
            holder: What does it: "run r20261124T021530-7f3a9c".

        Raises:
            BusyError: Somebody else holds it; names process, machine and since when.
        """
        return self._leases.hold(name, holder)

    def leases(self) -> tuple[LeaseRow, ...]:
        """Leases that are held, or were by a process that has died."""
        from upshot.ledger.schema import LEASES

        with self._database.reading() as connection:
            return tuple(record(LeaseRow, row) for row in connection.execute(LEASES.select().order_by(LEASES.c.name)).mappings())

    def begin_run(self, row: RunRow) -> None:
        """Record that a run has begun."""
        with self._database.writing() as connection:
            _insert_run(connection, row)

    def alone(self, row: RunRow, name: str) -> AbstractContextManager[Lease]:
        """Record that a run has begun, as the only one of its recipe as long as the block lasts: in the transaction that takes the lease.

        It begins when it has the lease. Other runs of the recipe that are still open have died with their process; they are closed as
        interrupted.

        Args:
            row: The run.
            name: The lease.

        Raises:
            BusyError: Somebody else holds the lease; nothing is recorded.
        """
        from upshot.ledger.schema import RUNS

        def begin(connection: Connection) -> None:
            open_ones = RUNS.update().where(RUNS.c.recipe == row.recipe, RUNS.c.status == "running")
            ended = {"status": "interrupted", "finished_at": self._now(), "error": "its process ended before the run did"}
            connection.execute(open_ones.values(ended))
            _insert_run(connection, replace(row, started_at=self._now()))

        def abandon(connection: Connection) -> None:
            ended = {"status": "interrupted", "finished_at": self._now(), "error": "it was broken off before its first stage"}
            connection.execute(RUNS.update().where(RUNS.c.id == row.id, RUNS.c.status == "running").values(ended))

        return self._leases.hold(name, f"run {row.id}", begin, abandon)

    def add_stage(self, row: StageRow) -> None:
        """Note a stage of a run; written with the run's end. What a killed run has done stands in its receipts."""
        self._pending.setdefault(row.run, []).append(row)

    def finish_run(
        self, run: str, status: str, summary: Mapping[str, Any], error: str | None = None, *, lease: Lease | None = None
    ) -> None:
        """Close a run's record, write its stages, and give back the lease that it may hold, in one transaction.

        Raises:
            UsageError: There is no such run.
        """
        from upshot.ledger.schema import RUNS, STAGES

        stages = [asdict(stage) for stage in self._pending.get(run, [])]
        ended = {"status": status, "finished_at": self._now(), "summary": data(summary), "error": _storable(error)}
        with self._database.writing() as connection:
            if connection.execute(RUNS.update().where(RUNS.c.id == run).values(ended)).rowcount != 1:
                raise _no_run(run)
            if stages:
                connection.execute(STAGES.insert(), stages)
            if lease is not None:
                lease.give_back(connection)
        self._pending.pop(run, None)
        if lease is not None:
            lease.is_held = False

    def runs(
        self,
        limit: int | None = 20,
        recipe: str | None = None,
        *,
        status: str | None = None,
        since: datetime | None = None,
        prefix: str | None = None,
        before: str | None = None,
    ) -> tuple[RunRow, ...]:
        """The last runs, the newest first.

        Args:
            limit: At most so many; all when None.
            recipe: Only those of this recipe.
            status: Only those that ended so.
            since: Only those that began then or later.
            prefix: Only those whose id begins so.
            before: Only those that began before this run.
        """
        from sqlalchemy import select

        from upshot.ledger.schema import RUNS

        query = RUNS.select().order_by(RUNS.c.seq.desc()).limit(limit)
        if recipe is not None:
            query = query.where(RUNS.c.recipe == recipe)
        if status is not None:
            query = query.where(RUNS.c.status == status)
        if since is not None:
            query = query.where(RUNS.c.started_at >= stamp(since))
        if prefix is not None:
            query = query.where(RUNS.c.id.startswith(prefix, autoescape=True))
        if before is not None:
            query = query.where(RUNS.c.seq < select(RUNS.c.seq).where(RUNS.c.id == before).scalar_subquery())
        with self._database.reading() as connection:
            return tuple(record(RunRow, row) for row in connection.execute(query).mappings())

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
        return record(RunRow, found)

    def runs_of(self, name: str, number: int) -> tuple[RunRow, ...]:
        """Runs whose outcome is a version, the newest first: the one that registered it, and those that found the same again."""
        from upshot.ledger.schema import RUNS

        told = RUNS.c.summary["version"].as_string() == f"{name} {number}"
        query = RUNS.select().where(RUNS.c.status == "done", told).order_by(RUNS.c.seq.desc())
        with self._database.reading() as connection:
            return tuple(record(RunRow, row) for row in connection.execute(query).mappings())

    def stages(self, run: str) -> tuple[StageRow, ...]:
        """The stages of a finished run, in order."""
        from upshot.ledger.schema import STAGES

        query = STAGES.select().where(STAGES.c.run == run).order_by(STAGES.c.position)
        with self._database.reading() as connection:
            return tuple(record(StageRow, row) for row in connection.execute(query).mappings())

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
        with self._recording() as (connection, pen):
            known = connection.execute(select(table.number).where(table.name == name, table.stage_key == key)).scalar()
            if known is not None:
                return int(known)
            number = int(connection.execute(select(func.max(table.number)).where(table.name == name)).scalar() or 0) + 1
            row = VersionRow(name, number, key, run, self._now())
            connection.execute(VERSIONS.insert().values(plain(row) | {"manifest": None}))
            pen.write("version.claimed", f"{name} {number}", {"key": key, "run": run})
            return number

    def complete_version(self, name: str, number: int, manifest: Mapping[str, str], record: str) -> None:
        """Register a claimed version in full: its files and the digest of its record, with a journal entry. Once; again is no change.

        The files must be on the disk before (see `Artefacts.sync`).

        Raises:
            IntegrityError: The number was not claimed, or is registered with other content.
        """
        from upshot.ledger.schema import VERSIONS

        table = VERSIONS.c
        with self._recording() as (connection, pen):
            found = connection.execute(VERSIONS.select().where(table.name == name, table.number == number)).mappings().first()
            if found is None:
                raise IntegrityError("a version cannot be registered", [Problem(f"{name} {number}", "its number was never claimed")])
            if found["record"] is not None:
                _same(f"{name} {number}", (found["record"], found["manifest"]), (record, dict(manifest)))
                pen.vouch()
                return
            chosen = VERSIONS.update().where(table.name == name, table.number == number)
            connection.execute(chosen.values(manifest=dict(manifest), record=record))
            pen.write("version.registered", f"{name} {number}", {"record": record, "manifest": dict(manifest)})

    def versions(self, name: str | None = None, *, claimed: bool = False) -> tuple[VersionRow, ...]:
        """Registered versions by name and number; with `claimed` also those that were begun and never completed."""
        from upshot.ledger.schema import VERSIONS

        query = VERSIONS.select().order_by(VERSIONS.c.name, VERSIONS.c.number)
        if name is not None:
            query = query.where(VERSIONS.c.name == name)
        if not claimed:
            query = query.where(VERSIONS.c.record.is_not(None))
        with self._database.reading() as connection:
            return tuple(record(VersionRow, row) for row in connection.execute(query).mappings())

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
            connection.execute(SNAPSHOTS.insert().values(plain(row)))

    def snapshots(self, table: str | None = None) -> tuple[SnapshotRow, ...]:
        """Recorded snapshots by table and version."""
        from upshot.ledger.schema import SNAPSHOTS

        query = SNAPSHOTS.select().order_by(SNAPSHOTS.c.table, SNAPSHOTS.c.version)
        if table is not None:
            query = query.where(SNAPSHOTS.c.table == table)
        with self._database.reading() as connection:
            return tuple(record(SnapshotRow, row) for row in connection.execute(query).mappings())

    def add_entry(self, kind: str, subject: str, body: Mapping[str, Any]) -> JournalEntry:
        """Append to the journal."""
        with self._recording() as (_, pen):
            return pen.write(kind, subject, body)

    def journal(self) -> tuple[JournalEntry, ...]:
        """All entries, the oldest first."""
        with self._database.reading() as connection:
            return _entries(connection)

    def verify_journal(self, outside: Path | None = None) -> JournalFault | None:
        """The first entry that is missing, moved, changed or written anew, or that a table of promotions, approvals and waivers contradicts.

        None when the chain is whole, every checkpoint agrees, and so do the tables.

        Args:
            outside: A copy of the file of checkpoints from another place, which must agree too.
        """
        own, beside = self._checkpoints, self._database.file is not None
        files = [own, None if outside is None else Checkpoints(outside)]
        seen = [
            checkpoint for file in files if file is not None for checkpoint in file.read()[0]
        ]  # first: others may add to both meanwhile
        with self._database.reading() as connection:
            entries = _entries(connection)
            fault = first_fault(entries, seen) or min(
                self.environments.faults(connection, entries), key=lambda found: found.seq, default=None
            )
        if beside and entries and own is not None and not own.path.exists():
            return JournalFault(1, f"and all after it have no checkpoint: {own.path} is missing")
        return fault

    @property
    def checkpoints(self) -> Checkpoints | None:
        """The journal's checkpoints; None for a ledger on a server that was given no file."""
        return self._checkpoints

    @contextmanager
    def _recording(self) -> Iterator[tuple[Connection, Pen]]:
        """A writing transaction with a pen; the entries have their checkpoints when it is over."""
        with self._database.writing() as connection:
            pen = Pen(connection, self._clock)
            yield connection, pen
        self._keep_checkpoints(pen)

    def _keep_checkpoints(self, pen: Pen) -> None:
        if self._checkpoints is not None and pen.written:
            self._checkpoints.add(pen.written)

    def _upgraded(self, connection: Connection, found: int) -> Callable[[], None]:
        from upshot.ledger.schema import NUMBER

        pen = Pen(connection, self._clock)
        pen.write("ledger.upgraded", f"schema {NUMBER}", {"from": found})
        return lambda: self._keep_checkpoints(pen)

    def _now(self) -> str:
        return stamp(self._clock())


def _entries(connection: Connection) -> tuple[JournalEntry, ...]:
    from upshot.ledger.schema import JOURNAL

    return tuple(record(JournalEntry, row) for row in connection.execute(JOURNAL.select().order_by(JOURNAL.c.seq)).mappings())


def _insert_run(connection: Connection, row: RunRow) -> None:
    from upshot.ledger.schema import RUNS

    connection.execute(RUNS.insert().values(plain(row)))


def _storable(text: str | None) -> str | None:
    """Text as every database takes it: a NUL is written out."""
    return None if text is None else text.replace("\0", "\\0")


def _same(what: str, found: object, given: object) -> None:
    if found != given:
        raise IntegrityError("the ledger holds something else under this name", [Problem(what, "must stay what it is")])


def _no_run(run: str) -> UsageError:
    return UsageError("there is no such run", [Problem("run", "unknown run", repr(run), "upshot runs")])
