from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from upshot.contracts.tables import Map
from upshot.errors import StorageError
from upshot.ledger import _database
from upshot.ledger.ledger import Ledger, RunRow, StageRow
from upshot.ledger.migrations import climb, released
from upshot.ledger.schema import METADATA, NUMBER

RELEASED = Path(__file__).parents[1] / "assets" / "ledger"
RUN = RunRow(
    id="r20261124T021530-7f3a9c",
    recipe="card_fraud",
    recipe_digest="1e" * 32,
    started_at="2026-11-24T02:15:30.000+00:00",
    project_version="0.1.0",
    seed=7,
    threads=2,
    config=Map({"model": {"use": "xgboost", "max_depth": 8}}),
)


@pytest.fixture(params=range(1, NUMBER))
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A ledger as a release left it."""
    return Path(shutil.copy(RELEASED / f"schema_{request.param}.db", tmp_path / "ledger.db"))


def layout(path: Path) -> list[tuple[str, str]]:
    import sqlite3

    connection = sqlite3.connect(path)
    found = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name").fetchall()
    connection.close()
    return found


def test_a_ledger_of_every_release_is_read_with_all_that_it_held(old):
    ledger = Ledger(old)

    unfinished, done = ledger.runs()
    assert (unfinished.id, unfinished.status) == ("r20261124T031530-0a1b2c", "running")
    assert replace(done, finished_at=None) == replace(RUN, status="done", summary=Map({"value": 412300.5, "version": "card_fraud 1"}))
    assert ledger.stages(RUN.id) == (
        StageRow(RUN.id, 3, "split", "a1" * 32, "b2" * 32, True, None),
        StageRow(RUN.id, 5, "train", "c3" * 32, "d4" * 32, False, 1.25),
    )
    assert [(row.number, row.stage_key, row.record) for row in ledger.versions(claimed=True)] == [
        (1, "e5" * 32, "cd" * 32),
        (2, "e6" * 32, None),
    ]
    assert [(row.table, row.rows) for row in ledger.snapshots()] == [("sales", 3)]


def test_an_upgraded_ledger_works_on_and_its_journal_says_that_it_was_upgraded(old):
    ledger = Ledger(old)

    with ledger.lease("recipe card_fraud", "a test"):
        ledger.complete_version("card_fraud", 2, {}, "ef" * 32)

    kinds = [(entry.kind, entry.subject) for entry in ledger.journal()]
    assert kinds == [
        ("version.claimed", "card_fraud 1"),
        ("version.registered", "card_fraud 1"),
        ("version.claimed", "card_fraud 2"),
        ("ledger.upgraded", f"schema {NUMBER}"),
        ("version.registered", "card_fraud 2"),
    ]
    assert ledger.verify_journal() is None
    assert [checkpoint.size for checkpoint in ledger.checkpoints.read()[0]] == [4, 5]


def test_an_upgrade_keeps_a_private_copy_of_the_ledger_as_it_was(old):
    before = layout(old)

    Ledger(old).runs()

    (copy,) = old.parent.glob("ledger.db.schema-*")
    assert layout(copy) == before
    assert copy.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in old.parent.iterdir()) == ["checkpoints.jsonl", "ledger.db", copy.name]


def test_processes_that_upgrade_at_once_upgrade_once(old):
    script = "import sys; from pathlib import Path; from upshot.ledger.ledger import Ledger; print(len(Ledger(Path(sys.argv[1])).runs()))"
    started = [subprocess.Popen([sys.executable, "-c", script, str(old)], stdout=subprocess.PIPE, text=True) for _ in range(4)]

    answers = [process.communicate()[0] for process in started]

    assert answers == ["2\n"] * 4
    assert [entry.kind for entry in Ledger(old).journal()].count("ledger.upgraded") == 1
    assert Ledger(old).verify_journal() is None


KILLED = """
import os, signal, sys
from pathlib import Path
from alembic.operations import Operations
from sqlalchemy import Column, Integer, text
from upshot.ledger._database import _home, upgrade
from upshot.ledger.migrations import released
from upshot.ledger.schema import NUMBER

def broken(operations: Operations) -> None:
    operations.create_table("half_made", Column("x", Integer))
    operations.execute(text("UPDATE versions SET stage_key = 'lost'"))
    operations.execute(text("DELETE FROM stages"))
    os.kill(os.getpid(), signal.SIGKILL)

place = sys.argv[1] if "://" in sys.argv[1] else Path(sys.argv[1])
upgrade(_home(place), {**released(), NUMBER + 1: broken}, lambda connection, found: lambda: None)
"""


def test_a_process_that_is_killed_in_an_upgrade_leaves_the_old_layout_and_every_row(place):
    ledger = place.ledger()
    ledger.begin_run(RUN)
    ledger.add_stage(StageRow(RUN.id, 3, "split", "a1" * 32, "b2" * 32, True, None))
    ledger.finish_run(RUN.id, "done", {})
    ledger.number("card_fraud", "k1", RUN.id)

    done = subprocess.run([sys.executable, "-c", KILLED, str(place.database)], capture_output=True, check=False)

    assert done.returncode == -signal.SIGKILL, done.stderr
    again = place.ledger()
    assert [stage.stage for stage in again.stages(RUN.id)] == ["split"]
    assert again.number("card_fraud", "k1", RUN.id) == 1
    assert place.execute("SELECT number FROM schema") == [(NUMBER,)]
    assert again.verify_journal() is None


def test_an_upgrade_that_fails_leaves_the_old_layout(old):
    before = layout(old)

    with pytest.raises(StorageError, match="already exists"):
        _database.upgrade(_database._home(old), {**released(), NUMBER: released()[1]}, lambda connection, found: lambda: None)

    assert layout(old) == before
    assert len(Ledger(old).runs()) == 2


def test_the_steps_of_all_releases_end_in_the_layout_of_a_new_ledger(place):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext
    from sqlalchemy import NullPool, create_engine

    url = f"sqlite:///{place.database}" if isinstance(place.database, Path) else place.database
    with create_engine(url, poolclass=NullPool).begin() as connection:
        climb(connection, 0, released())
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})

        assert compare_metadata(context, METADATA) == []
    assert place.execute("SELECT number FROM schema") == [(NUMBER,)]


def test_there_is_a_file_of_every_released_schema_below_todays():
    assert sorted(path.name for path in RELEASED.glob("*.db")) == [f"schema_{number}.db" for number in range(1, NUMBER)]
    assert all(path.stat().st_size < 100_000 for path in RELEASED.glob("*.db"))


def test_alembic_is_imported_only_to_upgrade(old, tmp_path):
    script = (
        "import sys; from pathlib import Path; from upshot.ledger.ledger import Ledger\n"
        "for path in sys.argv[1:]: Ledger(Path(path)).runs(); print('alembic' in sys.modules)"
    )

    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "new" / "ledger.db"), str(old)], capture_output=True, text=True, check=True
    )

    assert done.stdout == "False\nTrue\n"
