"""The first screen: what it says follows by rule from what was recorded."""

from __future__ import annotations

from typing import Any

from upshot.engine.state import State
from upshot.testing import RecipeProject

COST = "kpi.saved.parameters.friction_cost"


def first_screen(project: RecipeProject, *overrides: str) -> Any:
    project.run("run", "tiny", *overrides)
    outcome = project.run("report", "--format", "json")
    assert outcome.exit_code == 0, outcome.stderr
    return outcome.json["front"]


def test_the_headline_is_the_gain_over_the_first_alternative_with_unit_period_and_certainty(tiny: RecipeProject) -> None:
    front = first_screen(tiny)

    # eight bad cases of 117 to 124 EUR on eight test days are held up, and none of the good ones
    assert front["headline"] == "EUR 120.50 a day more than doing nothing"
    assert front["sentences"] == [
        "With 95 % confidence it lies between EUR 118.33 and 122.67.",
        "Measured on 16 test cases of 8 days on which nothing was trained or tuned, scaled to a day (× 0.125).",
    ]
    assert front["kicker"] == "tiny · classification · risk mitigation · version 1"
    assert (front["verdict"], front["gates"]) == ("All 2 gates pass.", {"FAIL": 0, "INCONCLUSIVE": 0, "PASS": 2})
    assert front["owners"] == {"business": "payments"}
    assert [one["stage"] for one in front["evidence"]] == ["value", "play", "gate"]


def test_what_is_gained_over_each_alternative_stands_with_its_interval(tiny: RecipeProject) -> None:
    claims = first_screen(tiny)["claims"]

    # the rule stops the four bad cases above 120 EUR: 490 EUR in eight days
    assert [(row["against"], row["gain"]) for row in claims["rows"]] == [("doing nothing", 120.5), ("the current rule", 120.5 - 490 / 8)]
    assert (claims["form"], claims["level"], claims["y"][0]["unit"], claims["y"][0]["title"]) == ("interval", 0.0, "EUR", "gain a day")
    assert all(row["low"] <= row["gain"] <= row["high"] for row in claims["rows"])


def test_a_gain_that_may_be_nothing_is_told_with_what_would_decide(tiny: RecipeProject) -> None:
    steps = first_screen(tiny)["steps"]

    assert steps == [
        "The gain over the current rule may be nothing: it lies between EUR −7.85 and 126.06. About 3 more days of labels would decide.",
        "Give friction cost a range: without one nobody knows what breaks the case.",
        "tiny 1 is registered, and no gate is open.",
    ]


def test_an_assumption_moves_the_gain_over_the_nearest_alternative_and_breaks_it_within_its_range(tiny: RecipeProject) -> None:
    # at a threshold of nothing one good case a day is held up too, for 2 EUR
    front = first_screen(tiny, "policy.threshold=0.0", f"{COST}.low=1.0", f"{COST}.high=60.0", f"{COST}.owner=payments")

    (row,) = front["assumptions"]["rows"]
    assert row == {"assumption": "friction cost, EUR 1 to 60 per case", "gain": 57.25, "low": 57.25 - 58, "high": 57.25 + 1}
    assert front["breaks"] == ["friction cost: the gain over the current rule is gone at EUR 59.25 per case, which is within its range."]
    assert front["steps"][0] == "Narrow friction cost with payments: within its range the gain over the current rule is gone."


def test_an_assumption_that_would_have_to_be_far_off_says_how_far(tiny: RecipeProject) -> None:
    front = first_screen(tiny, "policy.threshold=0.0", f"{COST}.low=1.0", f"{COST}.high=4.0")

    assert front["breaks"] == ["friction cost: the gain over the current rule is gone at EUR 59.25 per case, 29.6 times what is assumed."]


def test_nothing_is_concluded_from_an_expired_assumption_and_it_is_the_first_thing_to_do(tiny: RecipeProject) -> None:
    front = first_screen(tiny, f"{COST}.valid_until='2020-01-01'", f"{COST}.owner=payments")

    assert front["sentences"][0] == "Nothing is concluded from it: friction_cost has expired."
    assert front["steps"][0] == "Renew friction cost with payments: it expired on 2020-01-01."
    assert front["verdict"] == "worth_it is open; 1 other passes."
    assert {row["low"] for row in front["claims"]["rows"]} == {None}


def test_a_refused_run_says_by_which_gate_and_why(tiny: RecipeProject) -> None:
    front = first_screen(tiny, "gates.worth_it.min_gain=5000")

    assert front["sentences"][0] == "It was refused by worth_it: no version is registered."
    assert front["steps"][0] == "worth_it fails: all of 120.5 [118.3, 122.7] misses it."
    assert (front["kicker"], front["verdict"]) == ("tiny · classification · risk mitigation · refused", "worth_it fails; 1 other passes.")


def test_a_failed_run_says_what_stopped_it(tiny: RecipeProject) -> None:
    front = first_screen(tiny, "features.amount.columns=[amont]")

    assert (front["headline"], front["claims"], front["verdict"]) == ("The run failed", None, "No gate was evaluated.")
    assert front["sentences"][0].startswith("the features do not fit the data: features.amount")
    assert front["steps"] == ["Mend what stopped it and run it again; finished stages are kept."]


def test_without_an_alternative_the_value_itself_is_the_headline(tiny: RecipeProject) -> None:
    front = first_screen(tiny, "~baselines.do_nothing", "~baselines.current_rule", "~gates.worth_it")

    assert (front["headline"], front["claims"], front["verdict"]) == ("EUR 120.50 a day", None, "The only gate passes.")


def test_a_kpi_of_which_less_is_better_is_told_as_less(tiny: RecipeProject) -> None:

    front = first_screen(
        tiny, *(f"kpi.saved.{part}" for part in ("expression='missed_fraud + blocked_good * friction_cost'", "direction=minimize"))
    )

    assert front["headline"] == "EUR 120.50 a day less than doing nothing"


def test_a_run_whose_values_were_cleared_away_says_so(tiny: RecipeProject) -> None:
    tiny.run("run", "tiny")
    for path in State(tiny.root / ".upshot").artefacts.root.glob("??/*"):
        path.unlink()

    report = tiny.run("report", "--format", "json").json

    assert report["front"]["headline"] == "What it earned is no longer kept"
    assert {section["name"] for section in report["sections"]} >= {"stages", "evidence", "config", "lineage", "model card"}
