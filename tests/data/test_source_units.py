"""Histories of units with their events, static data and remaining lives, joined to one row a reading."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pydantic import ValidationError

from upshot.catalogue import load_catalogue
from upshot.contracts.records import Map, Spec
from upshot.contracts.tables import freeze
from upshot.errors import DataError


@pytest.fixture
def source(tmp_path: Path) -> Callable[..., Any]:
    """`source({"a": {"readings": "unit,cycle,x\\n..."}}, failures=["stop"])`: tables as text, read as CSV."""

    def make(histories: dict[str, dict[str, Any]], **params: Any) -> Any:
        def node(name: str, table: str, text: str) -> dict[str, Any]:
            file = tmp_path / f"{name}_{table}.csv"
            file.write_text(text)
            return {"use": "csv", "table": table, "path": str(file)}

        tables = ("readings", "events", "static", "remaining")
        given = {
            name: {key: node(name, key, value) if key in tables else value for key, value in history.items()}
            for name, history in histories.items()
        }
        settings = {"table": "units", "unit": "unit", "time": "cycle", "histories": given, **params}
        return load_catalogue().make(Spec("data", "unit_tables", Map({key: freeze(value) for key, value in settings.items()})))

    return make


def rows(source: Any) -> pd.DataFrame:
    return next(iter(source.read())).to_pandas()


READINGS = "unit,cycle,x\n1,1,0.5\n1,2,0.25\n2,1,1.5\n2,2,\n2,3,2.5\n"


def test_the_last_reading_is_the_failure_or_the_end_of_watching_and_all_columns_stay(source: Any) -> None:
    failed = rows(source({"lab": {"readings": READINGS, "ends": "failure"}}))
    watched = rows(source({"lab": {"readings": READINGS}}))

    assert failed["ended"].tolist() == watched["ended"].tolist() == [2, 2, 3, 3, 3]
    assert (failed["running"].any(), watched["running"].all()) == (False, True)
    assert failed["life"].tolist() == ["1", "1", "2", "2", "2"]
    assert failed["x"].isna().tolist() == [False, False, False, True, False]
    assert set(failed["history"]) == {"lab"}


def test_events_cut_a_machine_into_lives_and_say_how_each_ended(source: Any) -> None:
    # Machine 1 fails at 2 and is planned into service at 4; what comes after is a third life, still running at 5. An inspection ends nothing.
    readings = "unit,cycle,x\n" + "".join(f"1,{cycle},0\n" for cycle in range(1, 6))
    events = "unit,cycle,event,mode\n1,2,stop,seal\n1,3,look,\n1,4,plan,\n"

    table = rows(
        source({"a": {"readings": readings, "events": events}}, failures=["stop"], services=["plan"], ignored=["look"], mode="mode")
    )

    assert table["life"].tolist() == ["1#1", "1#1", "1#2", "1#2", "1#3"]
    assert table["ended"].tolist() == [2, 2, 4, 4, 5]
    assert table["running"].tolist() == [False, False, True, True, True]
    assert table["mode"].fillna("").tolist() == ["seal", "seal", "", "", ""]


def test_a_failure_on_a_clock_may_fall_between_two_readings(source: Any) -> None:
    readings = "unit,at,x\na,2026-01-01 00:00:00,1\na,2026-01-02 00:00:00,2\n"
    events = "unit,at,event\na,2026-01-02 06:00:00,stop\n"

    table = rows(source({"a": {"readings": readings, "events": events}}, time="at", failures=["stop"]))

    assert table["ended"].tolist() == [pd.Timestamp("2026-01-02 06:00")] * 2
    assert table["running"].tolist() == [False, False]


def test_what_is_known_once_and_how_long_a_unit_still_lived_are_joined_by_unit(source: Any) -> None:
    static = "unit,site\n2,north\n1,south\n"
    remaining = "unit,RUL\n1,7\n2,0\n"

    table = rows(source({"test": {"readings": READINGS, "static": static, "remaining": remaining}}, remaining_column="RUL"))

    assert table["site"].tolist() == ["south", "south", "north", "north", "north"]
    assert table["ended"].tolist() == [9, 9, 3, 3, 3]
    assert not table["running"].any()


def test_one_number_in_two_histories_is_refused_unless_they_are_told_to_be_different_machines(source: Any) -> None:
    histories = {"train": {"readings": READINGS, "ends": "failure"}, "test": {"readings": READINGS}}

    with pytest.raises(DataError) as refused:
        rows(source(histories))
    table = rows(source(histories, prefix_units=True))

    assert refused.value.problems[0].sentence() == (
        "a unit must stand in one history; got 2: 1 in train and test, 2 in train and test; "
        "if they are different machines, set data.prefix_units=true; if not, read each unit in one history"
    )
    assert table["unit"].unique().tolist() == ["train-1", "train-2", "test-1", "test-2"]
    assert table.groupby("history")["running"].all().to_dict() == {"train": False, "test": True}


def test_cycles_that_go_back_and_cycles_that_repeat_are_refused_with_their_rows_and_what_to_do(source: Any) -> None:
    readings = "unit,cycle,x\na,1,0\na,3,0\na,2,0\na,3,0\n"

    with pytest.raises(DataError) as refused:
        rows(source({"lab": {"readings": readings}}))

    assert [(problem.where, problem.rule, problem.got) for problem in refused.value.problems] == [
        ("data.histories.lab.readings", "a unit must have one reading a moment", "1 row: row 3: 'a at 3'"),
        ("data.histories.lab.readings", "the time of a unit must not go back from row to row", "1 row: row 2: 'a at 2'"),
    ]
    assert refused.value.problems[0].hint == "drop the copies where the readings are read, or name another time"
    assert refused.value.problems[1].hint == (
        "if only the order of the rows is wrong, set data.order=sort; if a counter was reset, each life needs a unit of its own"
    )


def test_rows_in_disorder_are_sorted_where_asked(source: Any) -> None:
    table = rows(source({"lab": {"readings": "unit,cycle,x\nb,2,0\na,2,1\nb,1,2\na,1,3\n"}}, order="sort"))

    assert table["x"].tolist() == [3, 1, 2, 0]
    assert table["ended"].tolist() == [2, 2, 2, 2]


def test_mixed_units_of_measure_are_refused_before_anything_is_read(source: Any) -> None:
    hot = {"readings": READINGS, "measures": {"x": "degF"}}
    cold = {"readings": READINGS, "measures": {"x": "degC"}}

    with pytest.raises(ValidationError, match=r"x is measured in degF in histories.a and in degC in histories.b; convert one of them"):
        source({"a": hot, "b": cold})
    with pytest.raises(
        ValidationError, match=r"x is measured in degF in histories.a, and histories.b does not say; state it in all or in none"
    ):
        source({"a": hot, "b": {"readings": READINGS}})
    source({"a": hot, "b": hot})


def test_a_sensor_that_one_history_lacks_is_refused_unless_it_may_be_missing(source: Any) -> None:
    histories = {"a": {"readings": READINGS}, "b": {"readings": "unit,cycle\n7,1\n"}}

    with pytest.raises(DataError) as refused:
        rows(source(histories))
    table = rows(source(histories, optional=["x"]))

    assert refused.value.problems[0].sentence() == (
        "must have the columns of the other histories; got no 'x'; name it under data.optional if it may be missing: optional: [x]"
    )
    assert table["x"].isna().tolist() == [False, False, False, True, False, True]


@pytest.mark.parametrize(
    ("events", "rule"),
    [
        ("unit,cycle,event\n1,2,stopp\n", "unknown kind of event"),
        ("unit,cycle,event\n9,2,stop\n", "an event must be of a unit that has readings"),
        ("unit,cycle,event\n1,2,stop\n1,2,stop\n", "a unit must have one end at a moment"),
        ("unit,cycle,event\n1,2026-01-01 00:00:00,stop\n", "times must be of the type of data.histories.a.readings"),
    ],
)
def test_events_that_do_not_fit_are_refused_with_their_rows(source: Any, events: str, rule: str) -> None:
    with pytest.raises(DataError) as refused:
        rows(source({"a": {"readings": READINGS, "events": events}}, failures=["stop"]))

    assert refused.value.problems[0].rule == rule


@pytest.mark.parametrize(
    ("table", "text", "rule"),
    [
        ("static", "unit,site\n1,n\n", "must have a row for every unit with readings"),
        ("static", "unit,site\n1,n\n2,n\n2,s\n", "must have one row a unit"),
        ("static", "unit,x\n1,n\n2,n\n", "must not have a column of the readings"),
        ("remaining", "unit,remaining\n1,-3\n2,1\n", "a remaining life must be a whole number of steps >= 0"),
        ("remaining", "unit,remaining\n1,0.5\n2,1\n", "a remaining life must be a whole number of steps >= 0"),
    ],
)
def test_tables_of_one_row_a_unit_are_held_to_it(source: Any, table: str, text: str, rule: str) -> None:
    with pytest.raises(DataError) as refused:
        rows(source({"a": {"readings": READINGS, table: text}}))

    assert refused.value.problems[0].rule == rule


def test_kinds_of_events_are_told_apart_once_each_and_events_need_them(source: Any) -> None:
    with pytest.raises(ValidationError, match="twice: stop"):
        source({"a": {"readings": READINGS}}, failures=["stop"], services=["stop"])
    with pytest.raises(ValidationError, match="events need failures or services"):
        source({"a": {"readings": READINGS, "events": "unit,cycle,event\n"}})


def test_a_recipe_reads_histories_by_sources_inside_and_reruns_when_one_of_their_files_changes(recipe_project: Any) -> None:
    recipe = """
use_case: {name: lives, problem: survival}
data:
  use: unit_tables
  table: units
  unit: unit
  time: cycle
  histories:
    fleet: {readings: {use: csv, table: readings, path: data/readings.csv, columns: {unit: string}}, ends: failure}
  roles: {key: [unit, cycle], time: cycle, entities: [unit], label_time: ended, censored: running}
checks: {forward: {use: unit_order}}
labels: {use: remaining_life}
split: {use: by_entity, validation: [u3, u4], test: [u5, u6]}
model: {use: mean_life}
policy: {use: service_age}
rollout: {use: unit_life}
baselines: {best_interval: {}}
kpi:
  cost: {expression: services * s + breakdowns * b, per: cycles, unit: EUR/cycle, direction: minimize, impact: cost_reduction,
         parameters: {s: {value: 1.0, unit: EUR/service}, b: {value: 5.0, unit: EUR/breakdown}}}
gates: {value: {kpi: cost, max: 100, by: value}}
"""
    lines = [f"u{unit},{cycle},0.5" for unit in range(1, 7) for cycle in range(1, 5 + unit)]
    project = recipe_project({"recipes/lives.yaml": recipe, "data/readings.csv": "\n".join(["unit,cycle,x", *lines]) + "\n"})

    first = project.run("run", "lives", "--json")
    project.write("data/readings.csv", "\n".join(["unit,cycle,x", *lines, "u6,11,0.5"]) + "\n")
    again = project.run("plan", "lives", "--json")

    assert first.exit_code == 0, first.stderr
    assert again.json["to_run"] == len(first.json["stages"])
