"""The database behind the ledger: opened late, checked before use, and brought to today's layout in one transaction.

No connection is kept, so none crosses a fork. A crash in the middle of an upgrade leaves the old layout: SQLite and PostgreSQL both
undo what was not committed, and SQLite's file is copied before. Alembic is imported only when there is something to upgrade.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from upshot.errors import Problem, StorageError, UsageError
from upshot.ledger._faults import database_faults
from upshot.ledger._postgres import PostgresDatabase
from upshot.ledger._sqlite import SqliteFile

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from upshot.ledger.migrations import Step

BUSY_SECONDS = 30.0
"""How long a writer waits for another one."""

Upgraded = Callable[["Connection", int], Callable[[], None]]


class Home(Protocol):
    """Where a database lies."""

    @property
    def name(self) -> str:
        """Its place as it may be shown."""

    def exists(self) -> bool:
        """Whether it was ever made."""

    def engine(self, *, upgrading: bool = False) -> Engine:
        """An engine whose transactions hold the write lock from the start when they have the option `upshot_writes`.

        Those with `upshot_reads` see everything as it is at their first statement.
        """

    def prepare(self) -> None:
        """Make it whole with today's layout when there is none, and refuse what is no database."""

    def before_upgrade(self, number: int) -> None:
        """Called in the upgrade's transaction, before its first change."""

    def after_upgrade(self, connection: Connection) -> None:
        """Called in the upgrade's transaction, after its last change."""


class Database:
    """An engine that exists once somebody asks.

    Args:
        place: A file, made when it is missing; `sqlite:///PATH`; or `postgresql+psycopg://USER@HOST/DATABASE`.
        upgraded: Called in the transaction that upgrades the tables, with the number that they had; gives what is to be done once it is
            committed.

    Raises:
        UsageError: The URL is of another database.
    """

    def __init__(self, place: Path | str, upgraded: Upgraded) -> None:
        self._home = _home(place)
        self._upgraded = upgraded
        self._engine: Engine | None = None

    @property
    def name(self) -> str:
        """Where it lies; never with a password."""
        return self._home.name

    @property
    def file(self) -> Path | None:
        """Its file, where it is one."""
        return self._home.path if isinstance(self._home, SqliteFile) else None

    def exists(self) -> bool:
        """Whether it was ever made; nothing is made by asking."""
        return self._home.exists()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that only reads, all of it as of its first statement."""
        engine = self._open().execution_options(upshot_reads=True)
        with database_faults(self.name, self.file), engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that holds the write lock from its first statement, so that what it read is still true when it writes."""
        engine = self._open().execution_options(upshot_writes=True)
        with database_faults(self.name, self.file), engine.begin() as connection:
            yield connection

    def _open(self) -> Engine:
        if self._engine is None:
            from upshot.ledger.schema import NUMBER

            self._home.prepare()
            engine = self._home.engine()
            with database_faults(self.name, self.file), engine.begin() as connection:
                found = _number(connection, self.name)
            if found < NUMBER:
                from upshot.ledger.migrations import released

                upgrade(self._home, released(), self._upgraded)
            self._engine = engine
        return self._engine


def upgrade(home: Home, steps: Mapping[int, Step], upgraded: Upgraded) -> None:
    """Bring a database to the highest number of the steps, whole or not at all.

    Args:
        home: Where it lies.
        steps: The step to each number.
        upgraded: Called before the commit, with the number that it had; not when another process was first. What it gives is called after.

    Raises:
        BusyError: Somebody else is writing for too long.
        StorageError: The database does not take it; the old layout stands.
    """
    from upshot.ledger.migrations import climb

    engine = home.engine(upgrading=True).execution_options(upshot_writes=True)
    committed: Callable[[], None] | None = None
    with database_faults(home.name), engine.begin() as connection:
        found = _number(connection, home.name)
        if found < max(steps):
            home.before_upgrade(found)
            climb(connection, found, steps)
            home.after_upgrade(connection)
            committed = upgraded(connection, found)
    if committed is not None:
        committed()


def _number(connection: Connection, name: str) -> int:
    from upshot.ledger.schema import NUMBER, SCHEMA

    number = connection.execute(SCHEMA.select()).scalar()
    if number is None or number < 1:
        raise StorageError("the ledger is damaged", [Problem(name, "must hold its schema number", repr(number), "restore it from a copy")])
    if number > NUMBER:
        rule = f"has schema number {number}; this Upshot reads up to {NUMBER}"
        raise UsageError("the ledger was written by a newer Upshot", [Problem(name, rule, hint="upgrade Upshot")])
    return int(number)


def _home(place: Path | str) -> Home:
    if isinstance(place, Path):
        return SqliteFile(place, BUSY_SECONDS)
    scheme, _, path = place.partition("://")
    if scheme in ("postgresql", "postgresql+psycopg"):
        return PostgresDatabase(place, BUSY_SECONDS)
    if scheme == "sqlite" and path.startswith("/") and path != "/":
        return SqliteFile(Path(path[1:]), BUSY_SECONDS)
    rule = "must be sqlite:///PATH or postgresql+psycopg://USER@HOST/DATABASE"
    raise UsageError("the ledger's database cannot be used", [Problem("ledger", rule, f"a URL of {scheme!r}")])
