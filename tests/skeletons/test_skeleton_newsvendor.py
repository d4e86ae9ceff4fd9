"""Demand: two series over 9 weeks. Day k of week w asks for base[k], and 4 more in weeks of odd number.

Train is weeks 0 to 4, validation 5 and 6, test 7 and 8. The errors of one season are +4 and -4, equally often, so the quantile at 0.2 is the
naive forecast less 4 and the one at 0.8 is 4 more. The critical ratio 1.3 / (1.3 + 0.7) = 0.65 lies 0.75 of the way: 2 more than naive. The
naive forecast of both test weeks is week 6, which is the base.
"""

from __future__ import annotations

from datetime import date, timedelta

import pytest

BASE = {"a": [10, 12, 14, 16, 18, 30, 20], "b": [3, 3, 4, 4, 5, 6, 0]}


def demand_of(series: str, day: int) -> float:
    week, weekday = divmod(day, 7)
    return float(BASE[series][weekday] + (4 if week % 2 else 0))


def demand() -> str:
    start = date(2026, 1, 5)
    rows = [f"{name},{start + timedelta(days=day)},{demand_of(name, day)}" for name in BASE for day in range(63)]
    return "\n".join(["unique_id,ds,y", *rows]) + "\n"


def profit(quantity: dict[str, list[float]]) -> float:
    """A shelf by hand: fill up to the quantity, sell, keep the rest."""
    total = 0.0
    for name, wanted in quantity.items():
        stock = 0.0
        for day, level in zip(range(49, 63), wanted, strict=True):
            stock = max(stock, level)
            sold = min(stock, demand_of(name, day))
            stock -= sold
            total += 1.3 * sold - 0.7 * stock
    return total


def test_stock_earns_what_is_counted_by_hand(run_skeleton):
    # Ordered up to base + 2 each day. Week 7 asks for base + 4: all is sold, 120 + 14 of a and 25 + 14 of b, nothing is left.
    # Week 8 asks for base: 120 and 25 are sold, 2 are left every day in both series: 28 unit-days.
    # 1.3 * (134 + 39 + 120 + 25) - 0.7 * 28 = 413.4 - 19.6 = 393.8 in two weeks.
    outcome = run_skeleton("newsvendor", {"data/demand.csv": demand()})

    value = outcome["value"]["stock_profit"]
    assert value["total"]["candidate"]["value"] == pytest.approx(393.8)
    assert value["per_period"]["candidate"]["value"] == pytest.approx(196.9)
    assert value["total"]["do_nothing"]["value"] == 0.0
    assert [gate["outcome"] for gate in outcome["gates"]] == ["PASS"]


def test_repeating_the_last_value_earns_what_a_loop_over_days_says(run_skeleton):
    last = {name: [demand_of(name, 48)] * 14 for name in BASE}

    outcome = run_skeleton("newsvendor", {"data/demand.csv": demand()})

    value = outcome["value"]["stock_profit"]
    assert value["total"]["last_value"]["value"] == pytest.approx(profit(last))
    assert value["gain"]["last_value"]["value"] == pytest.approx((393.8 - profit(last)) / 2)


def test_dearer_stock_lowers_the_quantity_that_is_ordered(run_skeleton):
    # Holding 1.3 as well: ratio 0.5, half-way between -4 and +4: the naive forecast itself.
    naive = {name: [float(level) for level in BASE[name] * 2] for name in BASE}

    outcome = run_skeleton("newsvendor", {"data/demand.csv": demand()}, "kpi.stock_profit.parameters.holding.value=1.3")

    # Nothing is ever left, so the dearer holding costs nothing: 1.3 * 2 * (120 + 25).
    assert outcome["value"]["stock_profit"]["total"]["candidate"]["value"] == pytest.approx(profit(naive))
    assert profit(naive) == pytest.approx(377.0)
