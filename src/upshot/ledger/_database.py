"""The database behind the ledger: opened late, checked before use, and made whole or not at all.

SQLite runs with a rollback journal and `synchronous=FULL`: the write-ahead log of the versions that Python ships may corrupt a file
(SQLite 3.7.0 to 3.51.2), and a ledger commits seldom. A new file is made beside its place and linked into it, so an empty file is
always damage and never a beginning. No connection is kept, so none crosses a fork.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from upshot.errors import BusyError, Problem, StorageError, UsageError
from upshot.ledger._files import private_folder, storage_faults, sync_file

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

BUSY_SECONDS = 30.0
"""How long a writer waits for another one."""

_SQLITE_HEADER = b"SQLite format 3\0"


class Database:
    """An engine that exists once somebody asks.

    Args:
        place: A file, made when it is missing, or the URL of one: `sqlite:///path`.

    Raises:
        UsageError: The URL is of another database.
    """

    def __init__(self, place: Path | str) -> None:
        self._path = place if isinstance(place, Path) else _path_of(place)
        self._engine: Engine | None = None

    @property
    def name(self) -> str:
        """Where it lies."""
        return str(self._path)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that only reads."""
        engine = self._open()
        with _faults(self.name), engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that holds the write lock from its first statement, so that what it read is still true when it writes."""
        engine = self._open().execution_options(upshot_writes=True)
        with _faults(self.name), engine.begin() as connection:
            yield connection

    def _open(self) -> Engine:
        if self._engine is None:
            _prepare_file(self._path)
            engine = _sqlite(self._path)
            with _faults(self.name):
                _check_number(engine, self.name)
            self._engine = engine
        return self._engine


def _path_of(url: str) -> Path:
    scheme, _, path = url.partition("://")
    if scheme != "sqlite" or not path.startswith("/") or path == "/":
        raise UsageError("the state's database cannot be used", [Problem("state", "must be sqlite:///PATH", f"a URL of {scheme!r}")])
    return Path(path[1:])


def _sqlite(path: Path) -> Engine:
    from sqlalchemy import URL, NullPool, create_engine, event

    url = URL.create("sqlite", database=str(path))
    engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def _settings(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # the begin listener below says BEGIN, not the driver
        for pragma in ("journal_mode=DELETE", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("upshot_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _prepare_file(path: Path) -> None:
    """Make the file if there is none, and refuse one that is no database."""
    if not path.exists():
        _create(path)
    with storage_faults(path), path.open("rb") as file:
        start = file.read(16)
    if start != _SQLITE_HEADER:
        got = "an empty file" if not start else f"a file that begins with {start!r}"
        raise StorageError(
            "the ledger is damaged", [Problem(str(path), "must be an SQLite database", got, "restore it from a copy; it is not made anew")]
        )


def _create(path: Path) -> None:
    from upshot.ledger.schema import METADATA, NUMBER, SCHEMA

    private_folder(path.parent)
    made = path.with_name(f".{path.name}-{uuid.uuid4().hex}")
    with storage_faults(path):
        try:
            os.close(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            with _faults(str(path)), _sqlite(made).begin() as connection:
                METADATA.create_all(connection)
                connection.execute(SCHEMA.insert().values(number=NUMBER))
            sync_file(made)
            with suppress(FileExistsError):  # another process was first, with the same content
                os.link(made, path)
            sync_file(path.parent)
        finally:
            made.unlink(missing_ok=True)


def _check_number(engine: Engine, name: str) -> None:
    from upshot.ledger.schema import NUMBER, SCHEMA

    with engine.begin() as connection:
        number = connection.execute(SCHEMA.select()).scalar()
    if number is None or number < 1:
        raise StorageError("the ledger is damaged", [Problem(name, "must hold its schema number", repr(number), "restore it from a copy")])
    if number > NUMBER:
        rule = f"has schema number {number}; this Upshot reads up to {NUMBER}"
        raise UsageError("the ledger was written by a newer Upshot", [Problem(name, rule, hint="upgrade Upshot")])


@contextmanager
def _faults(name: str) -> Iterator[None]:
    """Tell what the database says in a sentence: held by another, or damaged, full and unreachable."""
    from sqlalchemy.exc import DBAPIError, IntegrityError

    try:
        yield
    except IntegrityError:
        raise  # a broken rule between rows is the caller's matter
    except DBAPIError as error:
        said = " ".join(str(error.orig).split())
        if "locked" in said or "could not serialize" in said:
            raise BusyError("the ledger is in use", [Problem(name, said, hint="try again")]) from error
        raise StorageError("the ledger cannot be used", [Problem(name, said)]) from error
