"""`upshot data`: what is pinned, what stands in it, what changed, and whether it is whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from upshot.contracts.records import Roles
from upshot.engine.state import State

ROLES = Roles(key=("id",), protected=("age",))


@pytest.fixture
def project(recipe_project: Callable[..., Any]) -> Any:
    """A project whose table `cases` has two versions: row 2 changed, row 3 went, rows 4 and 5 came, a column came."""
    made = recipe_project({})
    lake = State(made.root / ".upshot").lake
    old = {"id": [1, 2, 3], "amount": [1.0, 2.0, None], "shop": ["a", "b", None], "age": [30, 40, 50]}
    new = {
        "id": [1, 2, 4, 5],
        "amount": [1.0, 2.5, 4.0, None],
        "shop": ["a", "b", "c", None],
        "age": [30, 40, 60, 70],
        "new": [True, None, True, True],
    }
    for columns in (old, new):
        lake.pin("cases", iter([pa.table(columns)]), ROLES)
    return made


def test_versions_are_listed_with_rows_digest_and_time(project: Any) -> None:
    outcome = project.run("data", "list", "--json")

    assert outcome.json["shape"] == "upshot.data.list/1"
    assert [(v["table"], v["version"], v["rows"], len(v["digest"])) for v in outcome.json["versions"]] == [
        ("cases", 0, 3, 64),
        ("cases", 1, 4, 64),
    ]
    lines = project.run("data", "list").stdout.splitlines()
    assert lines[0].split() == ["table", "version", "rows", "digest", "pinned", "at"]
    assert [line.split()[:3] for line in lines[1:]] == [["cases", "0", "3"], ["cases", "1", "4"]]


def test_a_version_is_shown_without_values_of_protected_columns(project: Any) -> None:
    outcome = project.run("data", "show", "cases", "--version", "0", "-n", "2")

    title, table, first = outcome.stdout.rstrip("\n").split("\n\n")
    assert title.startswith("cases version 0: 3 rows, digest ")
    assert table.splitlines() == [
        "column  type    nulls   min          max",
        "id      int64   0 %     1            3",
        "amount  double  33.3 %  1            2",
        "shop    string  33.3 %  a            b",
        "age     int64   0 %     (protected)  (protected)",
    ]
    assert first.splitlines() == ["id  amount  shop", "1   1       a", "2   2       b"]


def test_what_is_shown_is_there_for_machines_too(project: Any) -> None:
    document = project.run("data", "show", "cases", "--json").json

    assert (document["shape"], document["version"], document["rows"], document["protected"]) == ("upshot.data.show/1", 1, 4, ["age"])
    assert document["columns"][1] == {"name": "amount", "type": "double", "null_share": 0.25, "min": 1.0, "max": 4.0, "mean": 2.5}
    assert document["columns"][3] == {"name": "age", "type": "int64", "null_share": 0.0, "min": None, "max": None, "mean": None}
    assert document["first_rows"][0] == {"id": 1, "amount": 1.0, "shop": "a", "new": True}


def test_two_versions_are_compared_by_column_and_by_key(project: Any) -> None:
    document = project.run("data", "diff", "cases", "0", "1", "--json").json

    assert document["columns"] == {"added": {"new": "bool"}, "removed": {}, "retyped": {}}
    assert document["rows"] == {
        "before": 3,
        "after": 4,
        "key": ["id"],
        "added": 2,
        "removed": 1,
        "changed": 1,
        "changed_by_column": {"amount": 1},
        "not_compared": None,
    }
    drift = {entry["name"]: entry for entry in document["drift"]}
    # amount: 1, 2 has mean 1.5 and deviation 0.5; 1, 2.5, 4 has mean 2.5.
    assert drift["amount"]["shift"] == pytest.approx(2.0)
    assert drift["amount"]["before"] == {"null_share": pytest.approx(1 / 3), "min": 1.0, "max": 2.0, "mean": 1.5}
    assert drift["age"] == {"name": "age", "before": {"null_share": 0.0}, "after": {"null_share": 0.0}, "shift": None}
    lines = project.run("data", "diff", "cases", "0", "1").stdout.splitlines()
    assert [line.split(maxsplit=2)[:2] for line in lines[2:6]] == [["rows", "3"], ["by", "id"], ["changed", "amount:"], ["column", "added"]]


def test_verify_says_what_agrees_and_names_what_is_damaged(project: Any) -> None:
    sound = project.run("data", "verify")
    assert (sound.exit_code, sound.stdout.splitlines()[1:]) == (0, ["cases  2         ledger, pins, log and content agree"])
    folder = project.root / ".upshot" / "snapshots" / "cases"
    (folder / "_delta_log" / f"{1:020d}.json").write_bytes(b"")

    damaged = project.run("data", "verify", "cases")

    assert (damaged.exit_code, damaged.stdout) == (5, "")
    assert "cases version 1" in damaged.stderr
    assert "its log entry must be the one that was written; got 0 bytes" in damaged.stderr


def test_a_table_whose_pins_were_all_lost_is_found_by_the_ledger(project: Any) -> None:
    for pin in (project.root / ".upshot" / "snapshots" / "_pins" / "cases").glob("*.json"):
        pin.unlink()

    outcome = project.run("data", "verify")

    assert outcome.exit_code == 5
    assert outcome.stderr.count("is in the ledger and must be pinned; got no pin") == 2


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("show", "case"), "did you mean 'cases'?"),
        (("show",), "must be named"),
        (("show", "cases", "--version", "7"), "pinned: 0, 1"),
        (("diff", "cases", "0"), "two are compared; got 0"),
        (("show", "cases", "1"), "upshot data show cases --version 1"),
    ],
)
def test_words_that_do_not_fit_are_refused_with_the_nearest(project: Any, words: tuple[str, ...], told: str) -> None:
    outcome = project.run("data", *words)

    assert (outcome.exit_code, told in outcome.stderr) == (2, True), outcome.stderr


def test_an_empty_project_has_no_data_and_no_state_is_made(recipe_project: Callable[..., Any], tmp_path: Path) -> None:
    project = recipe_project({})

    outcomes = [project.run("data", "list"), project.run("data", "verify")]

    assert [outcome.exit_code for outcome in outcomes] == [0, 0]
    assert [outcome.stdout.startswith("no data is pinned yet in ") for outcome in outcomes] == [True, True]
    assert not (project.root / ".upshot").exists()
