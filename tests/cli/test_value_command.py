"""`upshot value`: what a run's value is made of, in all and in one row, term by term."""

from __future__ import annotations

from pathlib import Path

import pytest

from upshot.testing import RecipeProject


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, tiny_files: dict[str, str]) -> RecipeProject:
    """One run of a model that takes every amount above 60 for bad, so that good cases are held up too."""
    project = RecipeProject(tmp_path_factory.mktemp("value"), tiny_files)
    outcome = project.run("run", "tiny", "policy.threshold=0.0", "~gates.accurate", "gates.worth_it.min_gain=-1e9")
    assert outcome.exit_code == 0, outcome.stderr
    return project


def test_all_rows_add_up_term_by_term_to_what_the_run_printed(ran: RecipeProject) -> None:
    found = ran.run("value", "last", "--json").json
    printed = ran.run("show", "last", "--json").json["value"]["saved"]

    # Everything is blocked on eight test days: eight bad cases of 100 + day EUR stopped, eight good ones held up for 2 EUR each.
    stopped = float(sum(100 + day for day in range(17, 25)))
    candidate = found["subjects"]["candidate"]
    assert candidate["terms"] == {"blocked_fraud": stopped, "-blocked_good * friction_cost": -16.0}
    assert candidate["sum"] == candidate["value"] == printed["total"]["candidate"]["value"] == stopped - 16
    assert candidate["sum"] * found["scale"] == pytest.approx(printed["per_period"]["candidate"]["value"])
    assert found["subjects"]["do_nothing"]["sum"] == 0.0


def test_one_row_shows_what_was_predicted_decided_and_met_and_what_each_term_is_worth(ran: RecipeProject) -> None:
    outcome = ran.run("value", "last", "--row", "0")

    head, facts, flows, terms = outcome.stdout.rstrip("\n").split("\n\n")[0], *outcome.stdout.rstrip("\n").split("\n\n")[2:]
    assert head.splitlines()[1] == "saved  blocked_fraud - blocked_good * friction_cost  in EUR"
    lines = dict(line.split(maxsplit=1) for line in facts.splitlines() if not line.startswith("test case"))
    assert (lines["id"], lines["day"], lines["outcome"], lines["decided"]) == ("34", "2026-01-17 08:00:00", "0", "action block")
    assert flows.splitlines()[1:] == [
        "blocked_fraud  0          0           0             EUR",
        "blocked_good   1          0           0             case",
    ]
    assert terms.splitlines()[-1].split() == ["sum", "-2", "0", "0"]


def test_rows_and_their_terms_add_up_to_the_whole(ran: RecipeProject) -> None:
    rows = [ran.run("value", "last", "--row", str(row), "--json").json for row in range(16)]

    whole = ran.run("value", "last", "--json").json["subjects"]["candidate"]
    assert sum(row["subjects"]["candidate"]["sum"] for row in rows) == whole["sum"]
    assert [row["case"]["key"]["id"] for row in rows] == list(range(34, 50))


def test_a_row_is_found_by_its_key(ran: RecipeProject) -> None:
    assert ran.run("value", "last", "--key", "37", "--json").json["case"]["row"] == 3


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--row", "16"], "must be the number of a test case; got 16; the run has the test cases 0 to 15"),
        (["--key", "1"], "must name one test case by id; got '1', which none has; the first is 34"),
        (["--row", "1", "--key", "37"], "by its number or by its key, not by both"),
        (["--kpi", "savd"], "no KPI of the run; got 'savd'; did you mean 'saved'?"),
    ],
)
def test_a_row_or_kpi_that_is_not_there_is_refused(ran: RecipeProject, words: list[str], sentence: str) -> None:
    outcome = ran.run("value", "last", *words)

    assert (outcome.exit_code, outcome.stdout) == (2, "")
    assert sentence in outcome.stderr


def test_a_ratio_shows_its_denominator(tmp_path: Path, tiny_files: dict[str, str]) -> None:
    project = RecipeProject(tmp_path / "ratio", tiny_files)
    ratio = ("kpi.saved.per=cases", "kpi.saved.unit=EUR/case", "kpi.saved.period=null")
    assert project.run("run", "tiny", *ratio).exit_code == 0

    text = project.run("value", "last").stdout
    found = project.run("value", "last", "--json").json["subjects"]["candidate"]

    assert "saved  (blocked_fraud - blocked_good * friction_cost) / (cases)  in EUR/case" in text
    assert found["per"] == 16.0 and found["value"] == found["sum"] / 16
