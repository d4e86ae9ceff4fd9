from __future__ import annotations

import sqlite3

import pytest

from upshot.testing.project import RecipeProject


@pytest.fixture
def ran(tiny: RecipeProject) -> RecipeProject:
    """The tiny project after one run that registered a version."""
    assert tiny.run("run", "tiny").exit_code == 0
    return tiny


def tamper(project: RecipeProject, statement: str) -> None:
    connection = sqlite3.connect(project.root / ".upshot" / "ledger.db")
    connection.execute(statement)
    connection.commit()
    connection.close()


def test_without_a_run_there_is_no_journal_and_none_is_made(tiny):
    listed, verified = tiny.run("journal"), tiny.run("journal", "verify")

    assert (listed.exit_code, listed.stdout) == (0, f"no journal yet in {tiny.root}/.upshot\n")
    assert (verified.exit_code, verified.stdout) == (0, f"no journal yet in {tiny.root}/.upshot\n")
    assert not (tiny.root / ".upshot").exists()


def test_the_journal_lists_what_was_registered_by_which_run(ran):
    run = ran.run("runs", "--json").json["runs"][0]["run"]

    listed = ran.run("journal", "--json").json

    assert listed["shape"] == "upshot.journal/1"
    assert [(entry["seq"], entry["kind"], entry["subject"]) for entry in listed["entries"]] == [
        (1, "version.claimed", "tiny 1"),
        (2, "version.registered", "tiny 1"),
    ]
    assert listed["entries"][0]["body"]["run"] == run
    assert listed["entries"][1]["previous"] == listed["entries"][0]["hash"]
    assert [line.split()[:1] + line.split()[2:5] for line in ran.run("journal").stdout.splitlines()] == [
        ["entry", "kind", "subject", "what"],
        ["1", "version.claimed", "tiny", "1"],
        ["2", "version.registered", "tiny", "1"],
    ]


def test_the_last_entries_can_be_listed_alone(ran):
    assert [entry["seq"] for entry in ran.run("journal", "list", "-n", "1", "--json").json["entries"]] == [2]
    assert [entry["seq"] for entry in ran.run("journal", "list", "-n", "0", "--json").json["entries"]] == [1, 2]


def test_a_whole_journal_is_verified_against_its_checkpoints(ran):
    told = ran.run("journal", "verify")

    assert (told.exit_code, told.stdout, told.stderr) == (0, "2 entries, a whole chain; 2 checkpoints outside the database agree\n", "")
    assert ran.run("journal", "verify", "--json").json == {
        "shape": "upshot.journal.verify/1",
        "entries": 2,
        "checkpoints": 2,
        "unreadable_checkpoints": 0,
        "bad": None,
    }


def test_a_changed_entry_is_named_and_exits_5(ran):
    tamper(ran, "UPDATE journal SET subject = 'tiny 9' WHERE seq = 2")

    told = ran.run("journal", "verify")

    assert told.exit_code == 5
    assert told.stdout == ""
    assert told.stderr == (
        "IntegrityError: the journal is not what it was\n\n"
        "  entry 2  was changed: its hash does not fit its content; keep the state as it is, and compare it with a copy\n"
    )
    machine = ran.run("journal", "verify", "--json")
    assert machine.exit_code == 5
    assert machine.json["bad"] == {"entry": 2, "rule": "was changed: its hash does not fit its content"}


def test_a_tail_that_was_cut_is_found_and_reading_is_still_allowed(ran):
    tamper(ran, "DELETE FROM journal WHERE seq = 2")

    told = ran.run("journal", "verify")

    assert told.exit_code == 5
    assert "entry 2  is missing: the journal ends after entry 1, and a checkpoint of " in told.stderr
    assert ran.run("journal").exit_code == 0
    assert ran.run("runs").exit_code == 0


def test_a_copy_of_the_checkpoints_must_be_a_file(ran):
    told = ran.run("journal", "verify", "--checkpoints", "nowhere.jsonl")

    assert told.exit_code == 2
    assert told.stderr == "UsageError: the command line is wrong\n\n  --checkpoints  must be a file; got nowhere.jsonl\n"
