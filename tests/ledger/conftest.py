"""Ledgers to test: in an SQLite file, and in a real PostgreSQL that is started once for all tests of a process."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from upshot.ledger.ledger import Ledger

USER, PASSWORD = "upshot", "s3cret:with/@signs"


@dataclass(frozen=True)
class Place:
    """Where one test's ledger lies."""

    folder: Path
    database: Path | str

    @property
    def checkpoints(self) -> Path:
        return self.folder / "checkpoints.jsonl"

    def ledger(self, **settings: Any) -> Ledger:
        return Ledger(self.database, checkpoints=self.checkpoints, **settings)

    def execute(self, *statements: str) -> list[Any]:
        """Do to the database what Upshot would not; the rows of the last statement."""
        from sqlalchemy import NullPool, create_engine

        url = f"sqlite:///{self.database}" if isinstance(self.database, Path) else self.database
        with create_engine(url, poolclass=NullPool).begin() as connection:
            found = [connection.exec_driver_sql(statement) for statement in statements][-1]
            return list(found) if found.returns_rows else []


@dataclass(frozen=True)
class Server:
    """A PostgreSQL server that listens on a socket of its own and asks for a password."""

    socket: Path

    def url(self, *, user: str = USER, password: str | None = PASSWORD, schema: str | None = None) -> str:
        login = user if password is None else f"{user}:{quote(password, safe='')}"
        options = "" if schema is None else f"&options={quote(f'-csearch_path={schema}')}"
        return f"postgresql+psycopg://{login}@/postgres?host={self.socket}{options}"

    def place(self, folder: Path) -> Place:
        """An empty place in a schema of its own, which is quicker to make than a database."""
        schema = f"t_{secrets.token_hex(6)}"
        Place(folder, self.url()).execute(f"CREATE SCHEMA {schema}")
        return Place(folder, self.url(schema=schema))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    initdb = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)), shutil.which("initdb"))
    if initdb is None:
        pytest.skip("PostgreSQL's server is not installed")
    programs = Path(initdb).parent
    folder = Path(tempfile.mkdtemp(prefix="upshot-pg-", dir="/tmp"))
    unprivileged: list[str] = []
    if os.geteuid() == 0:  # the server refuses to run as root
        owner = next(user for user in pwd.getpwall() if user.pw_name in ("postgres", "nobody"))
        os.chown(folder, owner.pw_uid, owner.pw_gid)
        unprivileged = ["setpriv", f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups"]
    password = folder / "password"
    password.write_text(PASSWORD)
    password.chmod(0o644)

    def call(program: str, *words: str) -> None:
        done = subprocess.run(
            [*unprivileged, str(programs / program), "-D", str(folder / "data"), *words],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    settings = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off -c full_page_writes=off"
    try:
        call("initdb", "-A", "scram-sha-256", "-U", USER, f"--pwfile={password}", "-E", "UTF8", "--locale=C", "--no-sync")
        call("pg_ctl", "-w", "-l", str(folder / "log"), "-o", settings, "start")
        try:
            yield Server(folder)
        finally:
            call("pg_ctl", "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """An empty place for a ledger, of each kind."""
    if request.param == "sqlite":
        return Place(tmp_path, tmp_path / "ledger.db")
    server: Server = request.getfixturevalue("postgres")
    return server.place(tmp_path)


@pytest.fixture
def ledger(place: Place) -> Ledger:
    return place.ledger()
