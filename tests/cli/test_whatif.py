"""`upshot whatif`: the money of a run under other assumptions, counted by hand."""

from __future__ import annotations

import pytest

from upshot.cli.shapes import SHAPES
from upshot.testing import RecipeProject


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, tiny_files: dict[str, str]) -> RecipeProject:
    """One run in which all cases are held up: a day one bad one of 117 to 124 EUR, and a good one for 2 EUR. Read only."""
    project = RecipeProject(tmp_path_factory.mktemp("whatif"), tiny_files)
    assert project.run("run", "tiny", "policy.threshold=0.0").exit_code == 0
    return project


def test_another_price_changes_the_worth_of_every_subject_and_the_gains(project: RecipeProject) -> None:
    found = project.run("whatif", "last", "friction_cost=10", "--json").json

    assert found["assumptions"] == {"friction_cost": {"recorded": 2.0, "tried": 10.0}}
    assert {side: found[side]["per_period"]["candidate"]["value"] for side in ("recorded", "tried")} == {"recorded": 118.5, "tried": 110.5}
    assert {name: gain["value"] for name, gain in found["tried"]["gain"].items()} == {"do_nothing": 110.5, "current_rule": 49.25}
    assert found["tried"]["per_period"]["candidate"]["low"] == found["recorded"]["per_period"]["candidate"]["low"] - 8
    assert tuple(found) == ("shape", *SHAPES["upshot.whatif/1"])


def test_the_recorded_price_gives_the_recorded_worth(project: RecipeProject) -> None:
    found = project.run("whatif", "tiny", "friction_cost=2", "--json").json

    assert found["tried"] == found["recorded"]


def test_people_read_both_beside_each_other(project: RecipeProject) -> None:
    lines = project.run("whatif", "last", "friction_cost=10").stdout.splitlines()

    assert lines[:2] == ["assumption     recorded        tried", "friction_cost  EUR 2 per case  EUR 10 per case"]
    assert [" ".join(line.split()[:3]) for line in lines[3:7]] == [
        "saved EUR a",
        "candidate 118 110",
        "do_nothing 0 0",
        "current_rule 61.2 61.2",
    ]
    assert lines[-1].startswith("Decisions are those of the run")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["friction=3"], "friction  is no assumption of saved; did you mean 'friction_cost'? options: friction_cost"),
        (["friction_cost"], "friction_cost  must be NAME=VALUE; such as friction_cost=3.5"),
        (["friction_cost=cheap"], "friction_cost  must be a number; got 'cheap'"),
        (["friction_cost=nan"], "friction_cost  must be a number; got 'nan'"),
        (["friction_cost=1", "--kpi", "earned"], "--kpi  no such KPI; got \"'earned'\"; options: saved"),
    ],
)
def test_what_is_no_assumption_is_refused_with_the_nearest_name(project: RecipeProject, words: list[str], complaint: str) -> None:
    outcome = project.run("whatif", "last", *words)

    assert (outcome.exit_code, outcome.stdout) == (2, "")
    assert complaint.replace("\"'", "'").replace("'\"", "'") in outcome.stderr


def test_a_run_that_valued_nothing_says_so(tiny: RecipeProject) -> None:
    tiny.run("run", "tiny", "features.amount.columns=[amont]")

    outcome = tiny.run("whatif", "last", "friction_cost=1")

    assert outcome.exit_code == 2
    assert "did not come so far that anything was valued" in outcome.stderr
