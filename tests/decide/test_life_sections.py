"""Sections about units: by hand on six of them, and in a run as a report stores them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from upshot.catalogue import load_catalogue
from upshot.contracts.sections import ChartBlock, TableBlock
from upshot.engine.state import State
from upshot.project import find_project

RECIPE = """
use_case: {name: lives, problem: survival}
data:
  use: csv
  table: readings
  path: data/readings.csv
  columns: {unit: string, cycle: int64, left: float64, running: bool}
  roles: {key: [unit, cycle], time: cycle, entities: [unit], censored: running}
labels: {use: remaining_life}
split: {use: by_entity, validation: [v1, v2, v3], test: [t1, t2, t3, t4, t5, t6]}
features: {left: {use: numeric, columns: [left]}}
model: {use: linear_regression}
policy: {use: service_threshold, smoothing: 0}
rollout: {use: unit_life}
baselines: {run_to_failure: {use: do_nothing, decision: schedule}, best_interval: {}}
kpi:
  cost: {expression: services * s + breakdowns * b + wasted_cycles * w, per: cycles, unit: EUR/cycle, direction: minimize, impact: cost_reduction,
         parameters: {s: {value: 10.0, unit: EUR/service}, b: {value: 90.0, unit: EUR/breakdown}, w: {value: 1.0, unit: EUR/cycle}}}
gates: {value: {kpi: cost, max: 100, by: value}}
sections: {money: {use: policy_money}, leads: {use: lead_times, bins: 2}, units: {use: unit_timelines, units: 3, curves: 1}, chosen: {use: tuning_curve}}
"""
LIVES = {"r1": 20, "r2": 24, "r3": 30, "r4": 26, "v1": 20, "v2": 26, "v3": 22, "t1": 20, "t2": 24, "t3": 28, "t4": 22, "t5": 20, "t6": 30}


def readings() -> str:
    """Sensors know how long is left, but of t2 they say 20 too many; t6 was still running at 30."""
    rows = ["unit,cycle,left,running"]
    for unit, life in LIVES.items():
        off = 20 if unit == "t2" else 0
        rows += [f"{unit},{cycle},{life - cycle + off + 0.25},{str(unit == 't6').lower()}" for cycle in range(1, life + 1)]
    return "\n".join(rows) + "\n"


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    from upshot.testing import RecipeProject

    allow = "\n  allow: {near_duplicates: The sensor of this test is the answer itself., target_proxy: It is the answer itself.}"
    recipe = RECIPE.replace(
        "split: {use: by_entity, validation: [v1, v2, v3], test: [t1, t2, t3, t4, t5, t6]}",
        "split:\n  use: by_entity\n  validation: [v1, v2, v3]\n  test: [t1, t2, t3, t4, t5, t6]" + allow,
    )
    project = RecipeProject(tmp_path_factory.mktemp("lives"), {"recipes/lives.yaml": recipe, "data/readings.csv": readings()})
    outcome = project.run("run", "lives", "--json")
    assert outcome.exit_code == 0, outcome.stderr
    return project, outcome.json


@pytest.fixture(scope="module")
def sections(ran):
    project, outcome = ran
    digest = next(stage["value"] for stage in outcome["stages"] if stage["stage"] == "inspect")
    found = State.of(find_project(project.root)).codec(load_catalogue().revive, ()).load(digest)
    return found.sections, outcome


def test_money_is_told_by_policy_and_term_and_adds_up_to_the_value(sections):
    found, outcome = sections
    values, terms, flows, chosen = found["money"].blocks

    by_policy = {name.replace("_", " "): measured["value"] for name, measured in outcome["value"]["cost"]["per_period"].items()}
    assert isinstance(values, ChartBlock) and values.form == "interval"
    assert values.rows.frame.set_index("policy")["value"].to_dict() == by_policy
    assert isinstance(terms, TableBlock)
    assert [column.title for column in terms.columns] == ["term", *by_policy]
    assert terms.rows.frame.set_index("term").sum().tolist() == pytest.approx(list(by_policy.values()))
    happened = flows.rows.frame.set_index("policy")
    assert happened.loc["run to failure", ["units", "breakdowns", "services"]].tolist() == [6, 5, 0]
    assert happened.loc["candidate", ["breakdowns", "services"]].tolist() == [1, 5]
    table = chosen.rows.frame.set_index(["policy", "what"])
    assert table.loc[("candidate", "threshold"), "value"] == pytest.approx(1.0, abs=1e-6)
    assert table.loc[("best interval", "age"), "on"] == "rows before the test rows"


def test_lead_times_count_from_the_request_to_the_failure_and_say_what_became_of_all_units(sections):
    found, _ = sections
    histogram, counts = found["leads"].blocks

    # Served with one cycle left: t1, t3, t4 and t5; t6 was served and not seen to fail; t2 broke down without a request.
    assert isinstance(histogram, ChartBlock) and histogram.rows.frame["units"].sum() == 4
    assert "4 units that failed" in histogram.note and "half of the requests came 1 cycle before" in histogram.note
    assert isinstance(counts, TableBlock)
    assert counts.rows.frame["units"].tolist() == [4, 0, 1, 1, 0, 0]
    assert counts.rows.frame["units"].sum() == 6


def test_timelines_show_first_what_broke_down_and_what_was_predicted_on_the_way(sections):
    found, _ = sections
    timeline, curves = found["units"].blocks

    rows = timeline.rows.frame
    assert rows["unit"].drop_duplicates().tolist()[0] == "t2" and rows["unit"].nunique() == 3
    of_t2 = rows[rows["unit"] == "t2"].set_index("kind")
    assert of_t2.loc["watched", ["low", "high"]].tolist() == [1, 24]
    assert of_t2.loc["breakdown", "at"] == 24
    served = rows[(rows["kind"] == "service asked for")].set_index("unit")["at"]
    forestalled = rows[rows["kind"] == "failure that a service forestalled"].set_index("unit")["at"]
    assert (forestalled - served == 1).all() and len(forestalled) >= 1
    assert "1 broke down and 5 were served" in timeline.note
    predicted = curves.rows.frame.groupby("unit")
    assert sorted(predicted.groups) == ["as it came", "t2"]
    of_t2 = predicted.get_group("t2")
    assert np.allclose(of_t2["predicted"] - of_t2["left"], 20, atol=1e-6)
    assert predicted.get_group("as it came")[["left", "predicted"]].to_numpy().tolist() == [[0, 0], [23, 23]]
    assert (curves.x.title, curves.y[0].title) == ("cycles until the end", "predicted remaining life, cycles")
    assert curves.level == pytest.approx(1.0, abs=1e-6)


def test_the_curve_of_a_cost_is_a_cost_and_the_least_is_what_was_chosen(sections):
    found, _ = sections
    (chart,) = found["chosen"].blocks

    curve = chart.rows.frame
    chosen = curve[curve["threshold"] == chart.mark].iloc[0]
    assert chart.mark == pytest.approx(1.0, abs=1e-6)
    # Three validation units of 20, 26 and 22 cycles, each served one cycle before its failure: 10 and a wasted cycle each.
    assert chosen["worth"] == pytest.approx(3 * (10 + 1) / (19 + 25 + 21))
    assert chosen["smoothed"] == curve["smoothed"].min() > 0


def test_choices_that_lose_far_more_than_the_others_do_not_flatten_the_curve():
    from upshot.components.sections.tuning_curve import _blocks
    from upshot.contracts.records import Kpi, Tuned
    from upshot.contracts.tables import Map, Table

    curve = pd.DataFrame({"threshold": [1.0, 5.0, 9.0, 20.0], "worth": [-20.0, -16.0, -18.0, -3000.0]})
    kpi = Kpi("cost", "services * s", "EUR/day", "minimize", "cost_reduction", per="days")

    (chart,) = _blocks("service_threshold", Tuned(Map({"threshold": 5.0}), on="validation", curve=Table.of(curve)), kpi)

    assert isinstance(chart, ChartBlock)
    assert chart.rows.frame["worth"].tolist() == [20.0, 16.0, 18.0]
    assert chart.note.endswith("1 of 4 choices lie far beyond the others, and are not drawn.")


def test_several_thresholds_that_cost_least_are_told_by_what_they_were_chosen_by():
    from upshot.components.sections.tuning_curve import _blocks
    from upshot.contracts.records import Kpi, Tuned
    from upshot.contracts.tables import Map, Table

    tried = {"threshold": [1.0, 5.0, 9.0], "joining": [1.0, 6.0, 9.0], "worth": [-15.0, -16.0, -40.0], "smoothed": [-24.0, -23.0, -28.0]}
    kpi = Kpi("cost", "services * s", "EUR/day", "minimize", "cost_reduction", per="days")
    tuned = Tuned(Map({"threshold": 5.0, "joining": 6.0}), on="validation", curve=Table.of(pd.DataFrame(tried)))

    (table,) = _blocks("service_threshold", tuned, kpi)

    assert isinstance(table, TableBlock)
    assert table.title == "The 3 choices that cost least"
    assert table.rows.frame[["threshold", "worth", "smoothed"]].to_numpy().tolist() == [[5, 16, 23], [1, 15, 24], [9, 40, 28]]


def test_what_came_of_a_unit_is_counted_at_its_first_case_and_the_others_say_so(ran):
    project, outcome = ran

    later = project.run("value", "lives", "--key", "t2,3")
    first = project.run("value", "lives", "--key", "t2,1", "--json").json

    # t1 has 20 cycles, so the first case of t2 is test case 20.
    told = f"at test case 20, with what came of it all; upshot value {outcome['run']} --row 20"
    assert later.stdout.splitlines()[-1].split(maxsplit=1) == ["counted", told]
    assert (first["case"]["row"], first["case"]["counted_at"]) == (20, None)
    assert first["subjects"]["candidate"]["flows"]["breakdowns"] == 1.0


def test_on_a_clock_moments_are_dates(recipe_project):
    start = pd.Timestamp("2026-01-01")
    lines = [f"{unit},{start + pd.Timedelta(days=day)},{life - day},false" for unit, life in LIVES.items() for day in range(life)]
    recipe = (
        RECIPE.replace("cycle", "at")
        .replace("at: int64", "at: timestamp")
        .replace("wasted_ats", "wasted_days")
        .replace("per: ats", "per: days")
    )
    recipe = (
        recipe.replace("EUR/at", "EUR/day")
        .replace("rollout: {use: unit_life}", "rollout: {use: unit_life, unit: day}")
        .replace("t6]}", "t6], allow: {target_proxy: It is the answer itself., near_duplicates: It is the answer itself.}}")
    )
    project = recipe_project({"recipes/lives.yaml": recipe, "data/readings.csv": "\n".join(["unit,at,left,running", *lines]) + "\n"})

    outcome = project.run("run", "lives", "--json")
    assert outcome.exit_code == 0, outcome.stderr
    digest = next(stage["value"] for stage in outcome.json["stages"] if stage["stage"] == "inspect")
    timeline = State.of(find_project(project.root)).codec(load_catalogue().revive, ()).load(digest).sections["units"].blocks[0]

    assert timeline.x.style == "date"
    assert timeline.rows.frame["at"].min() == start
