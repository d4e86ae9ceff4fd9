"""Stock by hand: orders on their way, packs, shelf life, waiting customers, returns, and what a shelf begins with."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from tests.forecast.conftest import ROLES, rows_of

from upshot.errors import DataError
from upshot.stages.label import label


@pytest.fixture
def play(component, checked):
    """Flows of one series: demand and level of each day, by the rollout's parameters."""

    def make(demand: list[float], level: list[float], history: list[float] | None = None, more=None, **params):
        frame = rows_of({"a": [*(history or []), *demand]}).assign(**(more or {}))
        cases = label(checked(frame, replace(ROLES, censored="empty") if "empty" in frame else ROLES), component("labels", "panel"))
        first = len(history or [])
        before, now = cases.take(np.arange(first)), cases.take(np.arange(first, first + len(demand)))
        rollout = component("rollout", "stock", **params)
        decisions = pd.DataFrame({"case": range(len(demand)), "quantity": [float(units) for units in level]})
        flows = rollout.play(decisions, now, before)
        assert list(flows.columns) == ["case", *rollout.columns]
        return flows.to_dict("list")

    return make


def test_what_is_on_its_way_is_counted_and_not_ordered_twice(play):
    # Two days to arrive. Day 1 orders 6, day 2 nothing more, day 3: 6 come, 4 go, and 4 are ordered for day 5.
    flows = play([1, 1, 4, 3, 1], [6, 6, 6, 6, 6], lead_time=2)

    assert flows["ordered"] == [6, 0, 0, 4, 2]
    assert flows["sold"] == [0, 0, 4, 2, 0]
    assert flows["unmet"] == [1, 1, 0, 1, 1]
    assert flows["held"] == [0, 0, 2, 0, 0]


def test_orders_fall_on_review_days_only(play):
    flows = play([2, 2, 2, 2], [5, 5, 5, 5], review_every=2)

    assert flows["ordered"] == [5, 0, 4, 0]
    assert flows["held"] == [3, 1, 3, 1]


def test_orders_are_whole_packs_and_neither_too_small_nor_too_large(play):
    assert play([1, 1], [5, 5], pack_size=4.0)["ordered"] == [8, 0]
    assert play([1, 1], [5, 5], min_order=3.0)["ordered"] == [5, 3]
    assert play([9, 9], [20, 20], max_order=7.0)["ordered"] == [7, 7]
    assert play([9, 9], [20, 20], max_order=7.0, pack_size=3.0)["ordered"] == [6, 6]
    with pytest.raises(ValidationError, match="max_order must not be below"):
        play([1], [1], max_order=2.0, pack_size=3.0)


def test_the_oldest_units_are_sold_first_and_those_past_their_life_are_thrown_away(play):
    # Two days of life. Day 1: 10 come, 3 go. Day 2: 5 come, 4 of the old go, 3 old are left and spoilt. Day 3: the 5 are a day old.
    flows = play([3, 4, 1, 0], [10, 12, 5, 0], shelf_life=2)

    assert flows["ordered"] == [10, 5, 0, 0]
    assert flows["wasted"] == [0, 3, 4, 0]
    assert flows["held"] == [7, 8, 4, 0]


def test_a_day_s_bread_is_thrown_away_in_the_evening(play):
    flows = play([3, 9], [5, 5], shelf_life=1)

    assert (flows["sold"], flows["unmet"], flows["wasted"]) == ([3, 5], [0, 4], [2, 0])


def test_customers_who_wait_are_served_first_and_missed_once(play):
    flows = play([4, 1, 1], [3, 3, 3], unmet="backorder", lead_time=1)

    # Day 1: nothing there, 4 wait, position -4 + 3 coming. Day 2: 3 come for those who wait, 1 + 1 wait; 4 were ordered.
    assert flows["unmet"] == [4, 1, 0]
    assert flows["waiting"] == [4, 2, 0]
    assert flows["sold"] == [0, 3, 3]


def test_returns_go_back_to_the_shelf_or_are_refused(play):
    flows = play([2, -3, 4], [5, 0, 0], returns="restock")

    assert (flows["sold"], flows["held"]) == ([2, -3, 4], [3, 6, 2])
    assert play([2, -3, 4], [5, 0, 0], returns="ignore")["held"] == [3, 3, 0]
    with pytest.raises(DataError, match=r"say rollout\.returns: restock or ignore"):
        play([2, -3, 4], [5, 0, 0])


def test_a_shelf_begins_with_what_is_there_or_with_days_of_recent_demand(play):
    flows = play([3, 0], [0, 0], history=[100, 2, 4], initial_stock=1.0, initial_periods=2.0, recent=2)

    assert flows["held"] == [1 + 2 * 3 - 3, 4]


def test_units_have_a_value_in_their_own_column(play):
    flows = play([2, 3], [1, 5], more={"price": [4.0, 10.0]}, value="price", currency="CHF")

    assert (flows["sold_value"], flows["unmet_value"], flows["held_value"]) == ([4, 30], [4, 0], [0, 20])
    with pytest.raises(DataError, match="must be the value of a unit"):
        play([2, 3], [1, 5], more={"price": [4.0, -1.0]}, value="price")


def test_a_reader_is_told_that_empty_shelves_hid_demand(component, checked):
    frame = rows_of({"a": [1, 2, 3]}).assign(empty=[False, True, False])
    cases = label(checked(frame, replace(ROLES, censored="empty")), component("labels", "panel"))

    (caution,) = component("rollout", "stock").cautions(cases, pd.DataFrame())

    assert caution.startswith("1 of 3 test rows were sold out when they were recorded")


def test_days_without_a_case_pass_and_orders_arrive_meanwhile(component, checked):
    frame = rows_of({"a": [1, 0, 1], "b": [1, 1, 1]}).drop(index=1).reset_index(drop=True)
    cases = label(checked(frame), component("labels", "panel"))
    decisions = pd.DataFrame({"case": range(5), "quantity": 2.0})

    flows = component("rollout", "stock", lead_time=1).play(decisions, cases, cases)

    assert flows["sold"].tolist() == [0, 1, 0, 1, 1]
    assert flows["held"].tolist() == [0, 1, 0, 1, 0]
