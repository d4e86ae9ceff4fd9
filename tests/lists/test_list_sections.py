"""What a report shows of lists: a few users with reasons, how broad the lists are, value by segment."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from upshot.components.lists.facts import with_sides
from upshot.components.sections.long_tail import counted, curve
from upshot.contracts.records import Roles, SideTable
from upshot.contracts.tables import Map, Table

SMALL = ("data.users=300", "data.items=100", "data.days=90", "threads=1", "model.n_estimators=10", "model.k=20")
OPEN = "gates={value: {kpi: list_margin, against: do_nothing, min_gain: -1e9, by: value}}"


@pytest.mark.parametrize(
    ("use", "settings", "reasons"),
    [
        ("own_history", {}, ["had twice, on the last visit", "had once, 1 visit before the last", ""]),
        ("popularity", {"exclude_seen": False}, ["taken 3 times", "taken twice", "taken once"]),
        ("item_knn", {"exclude_seen": False, "backward": 1.0}, ["goes with milk", "goes with tea", "goes with tea, milk"]),
        ("ease", {"exclude_seen": False, "l2": 1.0}, ["goes with milk", "goes with tea", "goes with tea, milk"]),
    ],
)
def test_a_model_says_why_an_item_stands_on_a_list(use, settings, reasons, events, lists):
    train = events([("ann", "tea", 1), ("ann", "milk", 2), ("ann", "tea", 3), ("bob", "tea", 1), ("bob", "milk", 2), ("bob", "jam", 2)])
    cases = events([("ann", "?", 9)])

    _, _, model = lists(use, train, cases, k=3, **settings)
    shown = pd.DataFrame({"case": 0, "item": ["tea", "milk", "jam"]})

    assert model.reasons(shown, cases.blind(), train) == reasons


@pytest.mark.parametrize("use", ["als", "bpr"])
def test_factor_models_name_what_a_user_had_that_is_most_alike(use, events, lists):
    train = events([(f"u{user}", item, 1) for user in range(20) for item in (("tea", "milk") if user % 2 else ("nail", "glue"))])
    cases = events([("u1", "?", 9)])

    _, _, model = lists(use, train, cases, k=2, factors=4, iterations=30)

    assert model.reasons(pd.DataFrame({"case": [0], "item": ["milk"]}), cases.blind(), train) == ["goes with tea"]


def test_items_are_counted_before_on_lists_and_when_they_are_taken(events):
    history = events([("ann", "tea", 1), ("bob", "tea", 1), ("bob", "jam", 2)], items={"item": ["tea", "jam", "nail"]})
    cases = events([("ann", "jam", 9), ("bob", "nail", 9)])
    shown = pd.DataFrame({"case": [0, 0, 1], "item": ["tea", "jam", "tea"], "rank": [1, 2, 1]})

    items = counted(shown, cases, history)

    assert items.set_index("item").to_dict("index") == {
        "tea": {"events": 2, "slots": 2, "taken": 0, "hits": 0},
        "jam": {"events": 1, "slots": 1, "taken": 1, "hits": 1},
        "nail": {"events": 0, "slots": 0, "taken": 1, "hits": 0},
    }
    np.testing.assert_allclose(curve(items)[["slots", "taken"]].to_numpy(), [[0, 0], [2 / 3, 0], [1, 0.5], [1, 1]])


def test_a_column_of_a_side_table_is_that_of_the_user_up_to_the_moment(events):
    side = pd.DataFrame({"user": ["ann", "ann", "bob"], "since": [0, 5, 0], "segment": ["new", "regular", "frequent"]})
    cases = events([("ann", "tea", 1), ("ann", "tea", 7), ("eve", "tea", 7)])
    tables = Map({"users": SideTable(Table.of(side), Roles(key=("user",), time="since"))})
    from dataclasses import replace

    found = with_sides(replace(cases, tables=tables), ["segment", "nothing"])

    assert found["segment"].fillna("-").tolist() == ["new", "regular", "-"]
    assert "nothing" not in found


def test_the_report_shows_lists_with_reasons_the_long_tail_and_value_by_segment(recipe_project):
    project = recipe_project({})
    ran = project.run("run", "recommendation", *SMALL, OPEN)
    assert ran.exit_code == 0, ran.stderr

    told = project.run("report", "recommendation", "--format", "md")
    found = json.loads(project.run("report", "recommendation", "--format", "json").stdout)

    assert told.exit_code == 0, told.stderr
    for title in ("Lists of a few users", "Head, middle and long tail", "Share held by the most popular items", "segment = regular"):
        assert title in told.stdout
    assert "(bought 1" in told.stdout
    assert found


def test_places_for_new_items_are_told_as_such(recipe_project):
    project = recipe_project({})
    new = "policy.new_items={places: 2, since: since, window: 60 days}"
    ran = project.run("run", "recommendation", *SMALL, OPEN, new, "policy.show=all", "policy.where=null", "sections.sample_lists.users=8")
    assert ran.exit_code == 0, ran.stderr

    told = project.run("report", "recommendation", "--format", "md").stdout

    assert "new: nobody has had it yet" in told


def test_a_column_that_no_item_has_is_refused_by_the_section_in_a_sentence(recipe_project):
    outcome = recipe_project({}).run("run", "recommendation", *SMALL, OPEN, "sections.sample_lists.item_columns=[prize]")

    assert outcome.exit_code == 3
    assert "sections.sample_lists.item_columns  no such column of items; got 'prize'; did you mean 'price'?" in outcome.stderr
