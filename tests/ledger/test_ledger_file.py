"""What is true of a ledger in a file alone."""

from __future__ import annotations

import sqlite3
import subprocess
import sys

import pytest

from upshot.errors import StorageError, UsageError
from upshot.ledger.ledger import Ledger


@pytest.mark.parametrize("content", [b"", b"garbage that is longer than sixteen bytes", b"SQLite format 3\0" + b"\xff" * 4000])
def test_a_damaged_database_is_refused_and_never_made_anew(tmp_path, content):
    path = tmp_path / "ledger.db"
    path.write_bytes(content)

    with pytest.raises(StorageError) as caught:
        Ledger(path).add_entry("note", "a", {})

    assert caught.value.exit_code == 7
    assert str(path) in str(caught.value)
    assert path.read_bytes() == content


def test_the_database_is_one_private_file_with_a_rollback_journal(tmp_path):
    Ledger(tmp_path / "ledger.db").runs()

    assert [path.name for path in tmp_path.iterdir()] == ["ledger.db"]
    assert (tmp_path / "ledger.db").stat().st_mode & 0o777 == 0o600
    connection = sqlite3.connect(tmp_path / "ledger.db")
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    connection.close()


def test_a_url_of_sqlite_is_its_file(tmp_path):
    Ledger(f"sqlite:///{tmp_path / 'ledger.db'}").add_entry("note", "a", {})

    assert [entry.subject for entry in Ledger(tmp_path / "ledger.db").journal()] == ["a"]


@pytest.mark.parametrize("url", ["mysql://me:secret@host/db", "sqlite://", "sqlite:///", "nonsense"])
def test_another_database_is_refused_without_showing_its_url(url):
    with pytest.raises(UsageError, match=r"must be sqlite:///PATH or postgresql\+psycopg://USER@HOST/DATABASE") as caught:
        Ledger(url)

    assert "secret" not in str(caught.value)


def test_nothing_of_the_database_library_is_imported_before_the_first_question():
    script = """
import sys
from upshot.ledger.ledger import Ledger
Ledger("postgresql://me@host/db")
"""
    loaded = "print(sorted({name.split('.')[0] for name in sys.modules} & {'sqlalchemy', 'alembic', 'psycopg'}))"

    done = subprocess.run([sys.executable, "-c", script + loaded], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"
