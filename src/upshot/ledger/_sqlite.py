"""A ledger in one SQLite file, made whole or not at all.

SQLite runs with a rollback journal and `synchronous=FULL`: the write-ahead log of the versions that Python ships may corrupt a file
(SQLite 3.7.0 to 3.51.2), and a ledger commits seldom. A new file is made beside its place and linked into it, so an empty file is
always damage and never a beginning.
"""

from __future__ import annotations

import os
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from upshot.errors import Problem, StorageError
from upshot.ledger._faults import database_faults
from upshot.ledger._files import private_folder, storage_faults, sync_file

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

_HEADER = b"SQLite format 3\0"


class SqliteFile:
    """The file.

    Args:
        path: Where it lies; made with private parents when it is missing.
        busy_seconds: How long a writer waits for another one.
    """

    def __init__(self, path: Path, busy_seconds: float) -> None:
        self.path = path
        self._busy_seconds = busy_seconds

    @property
    def name(self) -> str:
        """Its path."""
        return str(self.path)

    def exists(self) -> bool:
        """Whether there is a file."""
        return self.path.exists()

    def engine(self, *, upgrading: bool = False) -> Engine:
        """An engine without a pool, so that no connection crosses a fork.

        Args:
            upgrading: Tables may be rebuilt, so that references between rows are checked at the end only.
        """
        return _engine(self.path, self._busy_seconds, "OFF" if upgrading else "ON")

    def prepare(self) -> None:
        """Make the file if there is none, and refuse one that is no database."""
        if not self.path.exists():
            self._create()
        with storage_faults(self.path), self.path.open("rb") as file:
            start = file.read(len(_HEADER))
        if start != _HEADER:
            got = "an empty file" if not start else f"a file that begins with {start!r}"
            problem = Problem(self.name, "must be an SQLite database", got, "restore it from a copy; it is not made anew")
            raise StorageError("the ledger is damaged", [problem])

    def before_upgrade(self, number: int) -> None:
        """Keep a copy with the old layout beside the file: `ledger.db.schema-1`. The caller holds the write lock."""
        with _made(self.path.with_name(f"{self.path.name}.schema-{number}"), replace=True) as copy:
            source, target = sqlite3.connect(f"{self.path.as_uri()}?mode=ro", uri=True), sqlite3.connect(copy)
            with closing(source), closing(target):
                source.backup(target)

    def after_upgrade(self, connection: Connection) -> None:
        """Refuse an upgrade that tore rows apart."""
        torn = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        if torn:
            raise StorageError(
                "the ledger cannot be upgraded", [Problem(self.name, "rows would lose what they refer to", f"{len(torn)} rows")]
            )

    def _create(self) -> None:
        from upshot.ledger.schema import METADATA, NUMBER, SCHEMA

        private_folder(self.path.parent)
        with (
            _made(self.path, replace=False) as made,
            database_faults(self.name, self.path),
            _engine(made, self._busy_seconds, "ON").begin() as connection,
        ):
            METADATA.create_all(connection)
            connection.execute(SCHEMA.insert().values(number=NUMBER))


@contextmanager
def _made(path: Path, *, replace: bool) -> Iterator[Path]:
    """A private file that stands at its place once it is whole and on the disk; one that stands there stays unless it is replaced."""
    made = path.with_name(f".{path.name}-{uuid.uuid4().hex}")
    with storage_faults(path):
        try:
            os.close(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            yield made
            sync_file(made)
            if replace:
                made.replace(path)
            else:
                with suppress(FileExistsError):  # another process was first, with the same content
                    os.link(made, path)
            sync_file(path.parent)
        finally:
            made.unlink(missing_ok=True)


def _engine(path: Path, busy_seconds: float, foreign_keys: str) -> Engine:
    from sqlalchemy import URL, NullPool, create_engine, event

    engine = create_engine(URL.create("sqlite", database=str(path)), poolclass=NullPool, connect_args={"timeout": busy_seconds})

    @event.listens_for(engine, "connect")
    def _settings(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # the begin listener below says BEGIN, not the driver
        for pragma in ("journal_mode=DELETE", "synchronous=FULL", f"foreign_keys={foreign_keys}"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("upshot_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
