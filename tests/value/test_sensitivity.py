"""How far a gain moves with an assumption, on three cases whose money is counted by hand."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from upshot.contracts.records import Direction, Flows, Kpi, Money
from upshot.contracts.tables import Map, Table
from upshot.value.sensitivity import swings

# The candidate stops 100 + 60 EUR of fraud for three reviews; the rule stops 100 EUR for one.
ROWS = {"candidate": ([100.0, 60.0, 0.0], [1, 1, 1]), "rule": ([100.0, 0.0, 0.0], [1, 0, 0])}


def flows() -> Flows:
    tables = {
        name: Table.of(pd.DataFrame({"case": [0, 1, 2], "stopped": stopped, "reviewed": reviewed, "block": [0, 1, 2]}))
        for name, (stopped, reviewed) in ROWS.items()
    }
    return Flows(Map(tables), Map({"stopped": "EUR", "reviewed": "case"}), 3.0, 3, "day")


def kpi(expression: str, direction: Direction = "maximize", **parameters: Any) -> Kpi:
    return Kpi("saved", expression, "EUR", direction, "risk_mitigation", Map(parameters))


def test_the_gain_at_both_ends_and_the_value_at_which_it_is_gone() -> None:
    (swing,) = swings(kpi("stopped - reviewed * cost", cost=Money(5.0, "EUR/case", low=3.0, high=40.0)), flows(), "rule", scale=10.0)

    assert (swing.at_low, swing.at_high) == ((60 - 2 * 3) * 10, (60 - 2 * 40) * 10)
    assert swing.breaks_at == pytest.approx(30.0)  # two reviews more, for 60 EUR
    assert swing.is_within


def test_a_value_beyond_the_range_is_told_as_such() -> None:
    (swing,) = swings(kpi("stopped - reviewed * cost", cost=Money(5.0, "EUR/case", high=8.0)), flows(), "rule", scale=1.0)

    assert (swing.at_low, swing.at_high) == (50.0, 44.0)  # without a low end it is the value itself
    assert (swing.breaks_at, swing.is_within) == (pytest.approx(30.0), False)


def test_where_less_is_better_a_gain_is_what_is_spent_less() -> None:
    cost = kpi("reviewed * cost + 200 - stopped", "minimize", cost=Money(5.0, "EUR/case", low=0.0, high=10.0))

    (swing,) = swings(cost, flows(), "rule", scale=1.0)

    assert (swing.at_low, swing.at_high) == (60.0, 40.0)


def test_the_widest_swing_comes_first_and_what_has_no_range_is_left_out() -> None:
    money = {
        "cost": Money(5.0, "EUR/case", low=4.0, high=6.0),
        "share": Money(1.0, "1", low=0.5, high=1.0),
        "fixed": Money(1.0, "EUR/case"),
    }

    found = swings(kpi("stopped * share - reviewed * cost - reviewed * fixed", **money), flows(), "rule", scale=1.0)

    assert [swing.parameter for swing in found] == ["share", "cost"]


def test_a_bend_between_the_ends_is_found_and_one_outside_is_not_guessed() -> None:
    bent = "where(reviewed * cost > 20, 0, stopped) - reviewed * cost"

    (inside,) = swings(kpi(bent, cost=Money(5.0, "EUR/case", low=5.0, high=25.0)), flows(), "rule", scale=1.0)
    (outside,) = swings(kpi(bent, cost=Money(5.0, "EUR/case", low=5.0, high=8.0)), flows(), "rule", scale=1.0)

    assert inside.breaks_at == pytest.approx(20.0, abs=1e-3)
    assert outside.breaks_at is None


def test_a_price_below_nothing_breaks_no_case() -> None:
    (swing,) = swings(kpi("stopped + reviewed * bonus", bonus=Money(5.0, "EUR/case", low=0.0, high=9.0)), flows(), "rule", scale=1.0)

    assert swing.breaks_at is None


def test_without_a_baseline_it_is_the_worth_itself() -> None:
    (swing,) = swings(kpi("stopped - reviewed * cost", cost=Money(5.0, "EUR/case", low=0.0, high=10.0)), flows(), None, scale=1.0)

    assert (swing.at_low, swing.at_high) == (160.0, 130.0)
