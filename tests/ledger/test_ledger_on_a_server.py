"""A project whose ledger is a PostgreSQL database, through the command line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

from upshot.errors import StorageError
from upshot.ledger.ledger import Ledger
from upshot.ledger.schema import NUMBER

PASSWORD = "s3cret:with/@signs"


def everything_written_and_said(root: Path, *outcomes) -> str:
    files = [
        path.read_bytes().decode(errors="replace") for path in sorted(root.rglob("*")) if path.is_file() and path.parts[-2] != "secrets"
    ]
    return "\n".join([*files, *(outcome.stdout + outcome.stderr for outcome in outcomes)])


def test_a_project_keeps_its_ledger_on_a_server_with_a_secret_password(tiny, postgres, monkeypatch):
    place = postgres.place(tiny.root)
    url = str(place.database).replace(quote(PASSWORD, safe=""), "${secret:LEDGER}")
    tiny.write("upshot.yaml", f'ledger: "{url}"\n')
    monkeypatch.setenv("UPSHOT_SECRET_LEDGER", PASSWORD)

    first, repeat, runs, journal = (
        tiny.run(*words) for words in (["run", "tiny"], ["run", "tiny"], ["runs", "--json"], ["journal", "verify"])
    )

    assert [outcome.exit_code for outcome in (first, repeat, runs, journal)] == [0, 0, 0, 0]
    assert [(run["recipe"], run["status"]) for run in runs.json["runs"]] == [("tiny", "done")]
    assert journal.stdout == "2 entries, a whole chain; 2 checkpoints outside the database agree\n"
    assert place.execute("SELECT name, number FROM versions") == [("tiny", 1)]
    assert not (tiny.root / ".upshot" / "ledger.db").exists()
    said = everything_written_and_said(tiny.root, first, repeat, runs, journal)
    assert PASSWORD not in said
    assert quote(PASSWORD, safe="") not in said


def test_a_repeat_does_not_ask_the_server(tiny, postgres, monkeypatch):
    place = postgres.place(tiny.root)
    tiny.write("upshot.yaml", f'ledger: "{str(place.database).replace(quote(PASSWORD, safe=""), "${secret:LEDGER}")}"\n')
    monkeypatch.setenv("UPSHOT_SECRET_LEDGER", PASSWORD)
    assert tiny.run("run", "tiny").exit_code == 0
    monkeypatch.setenv("UPSHOT_SECRET_LEDGER", "no longer right")

    repeat, other = tiny.run("run", "tiny"), tiny.run("runs")

    assert repeat.exit_code == 0
    assert "(nothing had to run)" in repeat.stdout
    assert other.exit_code == 7
    assert "password authentication failed" in other.stderr
    assert "no longer right" not in other.stderr


def test_a_password_in_the_project_file_is_refused_without_showing_it(tiny):
    tiny.write("upshot.yaml", "ledger: postgresql+psycopg://me:hunter22@host/db\n")

    told = tiny.run("runs")

    assert told.exit_code == 2
    assert told.stderr == (
        "UsageError: the project file is wrong\n\n"
        "  upshot.yaml: ledger  must not hold a password; write ${secret:NAME} for it, or leave it to PGPASSFILE\n"
    )


@pytest.mark.parametrize(
    "url", ["postgresql://h:5432/db", "postgresql://me@h/db", "postgresql://me:${secret:A}@h:1/db", "sqlite:////tmp/x.db"]
)
def test_a_url_without_a_password_is_taken(tiny, url):
    tiny.write("upshot.yaml", f'ledger: "{url}"\n')

    assert tiny.run("validate", "tiny").exit_code == 0


def test_the_password_may_stand_in_a_file_of_libpq(postgres, tmp_path, monkeypatch):
    passwords = tmp_path / "pgpass"
    passwords.write_text("*:*:*:*:" + PASSWORD.replace("\\", "\\\\").replace(":", "\\:") + "\n")
    passwords.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(passwords))
    schema = str(postgres.place(tmp_path).database).rpartition("search_path%3D")[2]

    ledger = Ledger(postgres.url(password=None, schema=schema))
    ledger.add_entry("note", "a", {})

    assert [entry.subject for entry in ledger.journal()] == ["a"]
    assert ledger.checkpoints is None


def test_a_wrong_password_or_a_server_that_is_away_is_told_without_the_password(postgres, tmp_path):
    wrong = Ledger(postgres.url(password="a wrong one"))
    away = Ledger(postgres.url().replace(str(postgres.socket), str(tmp_path)))

    for ledger, said in ((wrong, "password authentication failed"), (away, "connection to server on socket")):
        with pytest.raises(StorageError, match=said) as caught:
            ledger.runs()
        assert "a wrong one" not in str(caught.value)
        assert PASSWORD not in str(caught.value)
        assert ledger.name == "postgresql+psycopg://upshot:***@/postgres"


def test_a_missing_driver_is_named_with_the_way_to_install_it():
    script = (
        "import sys\n"
        "sys.modules['psycopg'] = None\n"
        "from upshot.errors import UsageError\n"
        "from upshot.ledger.ledger import Ledger\n"
        "try: Ledger('postgresql://me@host/db').runs()\n"
        "except UsageError as error: print(error.problems[0].sentence())\n"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)

    assert done.stdout == "needs the driver of PostgreSQL, psycopg; pip install 'upshot[postgres]'\n", done.stderr


def test_processes_that_make_the_tables_at_once_make_them_once(postgres, tmp_path):
    place = postgres.place(tmp_path)
    script = "import sys; from upshot.ledger.ledger import Ledger; print(len(Ledger(sys.argv[1]).runs()))"
    started = [subprocess.Popen([sys.executable, "-c", script, str(place.database)], stdout=subprocess.PIPE, text=True) for _ in range(4)]

    answers = [process.communicate()[0] for process in started]

    assert answers == ["0\n"] * 4
    assert place.execute("SELECT number FROM schema") == [(NUMBER,)]
