"""A ledger in a PostgreSQL database, for a team.

A writer locks the `schema` table first, so writers go one by one as in SQLite, readers never wait, and what a transaction read is still
true when it writes. The password is the driver's matter (PGPASSFILE, PGPASSWORD) or stands in the URL as a secret; it is never shown.
"""

from __future__ import annotations

from functools import cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING

from upshot.errors import Problem, UsageError
from upshot.ledger._faults import database_faults

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, Engine

CREATOR = 0x75707368
"""Number of the advisory lock under which the tables are made; any number that all of us share."""


class PostgresDatabase:
    """The database.

    Args:
        url: `postgresql+psycopg://user@host:port/database`, with libpq's options as its query.
        busy_seconds: How long a writer waits for another one.

    Everything raises UsageError when the URL cannot be read or the driver is not installed.
    """

    def __init__(self, url: str, busy_seconds: float) -> None:
        self._text = url
        self._busy_seconds = busy_seconds

    @cached_property
    def _url(self) -> URL:
        return _parsed(self._text)

    @property
    def name(self) -> str:
        """Its URL without password and options."""
        return self._url.set(query={}).render_as_string(hide_password=True)

    def exists(self) -> bool:
        """Whether a ledger was ever made there."""
        with database_faults(self.name), self.engine().begin() as connection:
            return _has_tables(connection)

    def engine(self, *, upgrading: bool = False) -> Engine:
        """An engine without a pool, so that no connection crosses a fork. Upgrading needs nothing special here."""
        from sqlalchemy import NullPool, create_engine, event

        given = {name: value for name, value in _ALWAYS.items() if name not in self._url.query}
        engine = create_engine(self._url, poolclass=NullPool, connect_args=given)

        @event.listens_for(engine, "begin")
        def _begin(connection: Connection) -> None:
            options = connection.get_execution_options()
            if options.get("upshot_reads", False):
                connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            if options.get("upshot_writes", False):
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = {int(self._busy_seconds * 1000)}")
                connection.exec_driver_sql("SET LOCAL synchronous_commit = on")
                connection.exec_driver_sql('LOCK TABLE "schema" IN EXCLUSIVE MODE')

        return engine

    def prepare(self) -> None:
        """Make the tables if there are none."""
        from upshot.ledger.schema import METADATA, NUMBER, SCHEMA

        with database_faults(self.name), self.engine().begin() as connection:
            if _has_tables(connection):
                return
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({CREATOR})")
            if not _has_tables(connection):
                METADATA.create_all(connection, checkfirst=False)
                connection.execute(SCHEMA.insert().values(number=NUMBER))

    def before_upgrade(self, number: int) -> None:
        """Nothing: a transaction keeps the old layout, and the server has its own copies."""

    def after_upgrade(self, connection: Connection) -> None:
        """Nothing: the server checked every reference."""


_ALWAYS: dict[str, str | int] = {"connect_timeout": 10, "application_name": "upshot", "client_encoding": "utf8"}


def _parsed(url: str) -> URL:
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        parsed = make_url(url)
    except ArgumentError:
        problem = Problem("ledger", "must be postgresql+psycopg://USER@HOST/DATABASE", "a URL that cannot be read")
        raise UsageError("the ledger's database cannot be used", [problem]) from None
    if find_spec("psycopg") is None:
        problem = Problem("ledger", "needs the driver of PostgreSQL, psycopg", hint="pip install 'upshot[postgres]'")
        raise UsageError("the ledger's database cannot be used", [problem])
    return parsed.set(drivername="postgresql+psycopg")


def _has_tables(connection: Connection) -> bool:
    """Asked as a query, which sees what others have committed meanwhile; a name looked up by the server may come from its cache."""
    query = "SELECT 1 FROM pg_catalog.pg_tables WHERE schemaname = current_schema() AND tablename = 'schema'"
    return connection.exec_driver_sql(query).first() is not None
