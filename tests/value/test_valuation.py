"""Valuation: what each subject earned, per period, and what the candidate gains; all numbers by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from upshot.contracts.records import Flows, Kpi, Money
from upshot.contracts.tables import Map, Table
from upshot.errors import DataError
from upshot.value.intervals import interval_of_ratio, interval_of_sum
from upshot.value.valuation import block_codes, check_period, valuate

TODAY = date(2026, 6, 1)
DAYS = 8
SAVED = np.array([10.0, 30.0, 20.0, 50.0, 40.0, 10.0, 60.0, 20.0])
HOURS = np.array([1.0, 2.0, 1.0, 3.0, 2.0, 1.0, 4.0, 2.0])


def kpi(**changes: object) -> Kpi:
    parameters = {"cost": Money(5.0, "EUR/case", valid_until=changes.pop("until", None))}
    given = {"unit": "EUR", "direction": "maximize", "impact": "cost_reduction", "parameters": Map(parameters), **changes}
    return Kpi("net", str(given.pop("expression", "saved - reviewed * cost")), **given)


def table(saved: np.ndarray, reviewed: float, *, days: int = DAYS) -> Table:
    """One row a day, in one block each; all days review as much."""
    frame = {"case": np.arange(days), "block": 19_000 + np.arange(days), "saved": saved[:days], "reviewed": reviewed, "hours": HOURS[:days]}
    return Table.of(pd.DataFrame(frame))


def flows(days: int = DAYS, **changes: object) -> Flows:
    tables = {
        "candidate": table(SAVED, 1.0, days=days),
        "do_nothing": table(SAVED * 0, 0.0, days=days),
        "rule": table(SAVED / 2, 2.0, days=days),
    }
    units = Map({"saved": "EUR", "reviewed": "case", "hours": "hour"})
    given = {"tables": Map(tables), "units": units, "days": float(days), "cases": days, "block": "day", **changes}
    return Flows(**given)


def test_totals_and_gains_are_those_computed_by_hand() -> None:
    valuation = valuate(kpi(), flows(), seed=1, today=TODAY)

    assert {subject: measured.value for subject, measured in valuation.total.items()} == {
        "candidate": 200.0,
        "do_nothing": 0.0,
        "rule": 40.0,
    }
    assert {other: measured.value for other, measured in valuation.gain.items()} == {"do_nothing": 200.0, "rule": 160.0}
    assert dict(valuation.terms) == {"saved": 240.0, "-reviewed * cost": -40.0}
    assert valuation.scale == 1.0
    assert valuation.expired == ()


def test_intervals_are_those_of_the_block_sums_and_gains_are_paired() -> None:
    valuation = valuate(kpi(), flows(), seed=1, today=TODAY)

    total, gain, nothing = valuation.total["candidate"], valuation.gain["rule"], valuation.total["do_nothing"]

    assert (total.low, total.high) == pytest.approx(interval_of_sum(SAVED - 5, seed=1))
    assert (gain.low, gain.high) == pytest.approx(interval_of_sum(SAVED / 2 + 5, seed=1))
    assert (nothing.low, nothing.high) == (0.0, 0.0)
    assert (gain.n, gain.blocks, gain.unit, gain.direction) == (8, 8, "EUR", "maximize")
    assert gain.method == "paired studentised block bootstrap, 2,000 resamples of 8 day blocks, 95 %"


def test_block_sums_are_kept_for_later_comparisons() -> None:
    kept = valuate(kpi(per="hours", unit="EUR/hour"), flows(), seed=1, today=TODAY).blocks.frame

    assert list(kept) == ["block", *(f"{part}.{subject}" for part in ("sum", "per") for subject in ("candidate", "do_nothing", "rule"))]
    assert kept["block"].tolist() == list(range(19_000, 19_008))
    assert kept["sum.candidate"].tolist() == (SAVED - 5).tolist()
    assert kept["per.rule"].tolist() == HOURS.tolist()


@pytest.mark.parametrize(
    ("changes", "scale"),
    [
        ({"period": "day"}, 1 / 8),
        ({"period": "week"}, 7 / 8),
        ({"period": "month"}, 365.25 / 12 / 8),
        ({"period": "year"}, 365.25 / 8),
        ({"period": "year", "volume": 4_000.0}, 500.0),
        ({"volume": 16.0}, 2.0),
    ],
)
def test_a_total_is_scaled_to_its_period_or_volume(changes: dict[str, object], scale: float) -> None:
    plain = valuate(kpi(), flows(), seed=1, today=TODAY)

    scaled = valuate(kpi(**changes), flows(), seed=1, today=TODAY)

    assert scaled.scale == pytest.approx(scale)
    assert scaled.total["candidate"] == plain.total["candidate"]
    assert scaled.per_period["candidate"].value == pytest.approx(200 * scale)
    assert scaled.per_period["candidate"].low == pytest.approx((plain.total["candidate"].low or 0) * scale)
    assert scaled.gain["rule"].high == pytest.approx((plain.gain["rule"].high or 0) * scale)
    assert scaled.terms["saved"] == pytest.approx(240 * scale)


def test_less_is_better_for_a_cost_and_a_gain_stays_positive() -> None:
    cost = valuate(kpi(expression="reviewed * cost", direction="minimize"), flows(), seed=1, today=TODAY)
    earned = valuate(kpi(expression="-reviewed * cost - saved", direction="minimize"), flows(), seed=1, today=TODAY)

    assert (cost.total["candidate"].value, cost.total["rule"].value) == (40.0, 80.0)
    assert (cost.gain["rule"].value, cost.gain["do_nothing"].value) == (40.0, -40.0)
    gain = earned.gain["rule"]
    assert gain.value == pytest.approx(80.0)  # candidate -280, rule -200
    assert (gain.low, gain.high) == pytest.approx(interval_of_sum(SAVED / 2 - 5, seed=1), rel=0.1)
    assert gain.low is not None and gain.high is not None and gain.low < gain.value < gain.high
    assert (earned.total["candidate"].direction, gain.direction) == ("minimize", "maximize")


def test_a_ratio_is_a_ratio_of_sums_and_its_terms_add_up() -> None:
    valuation = valuate(kpi(per="hours", unit="EUR/hour"), flows(), seed=1, today=TODAY)

    total = valuation.total["candidate"]

    assert total.value == 200.0 / 16.0 == valuation.per_period["candidate"].value
    assert (total.low, total.high) == pytest.approx(interval_of_ratio(SAVED - 5, HOURS, seed=1))
    assert valuation.gain["rule"].value == pytest.approx(160.0 / 16.0)
    assert sum(valuation.terms.values()) == pytest.approx(total.value)


def test_an_expired_parameter_leaves_every_interval_of_the_kpi_open() -> None:
    valuation = valuate(kpi(until=date(2026, 5, 31)), flows(), seed=1, today=TODAY)

    measured = [*valuation.total.values(), *valuation.per_period.values(), *valuation.gain.values()]

    assert valuation.expired == ("cost",)
    assert valuation.total["candidate"].value == 200.0
    assert {(each.low, each.high, each.method) for each in measured} == {(None, None, "no interval: expired cost (valid until 2026-05-31)")}


def test_below_7_blocks_there_is_a_value_and_no_interval() -> None:
    total = valuate(kpi(), flows(days=6), seed=1, today=TODAY).total["candidate"]

    assert (total.value, total.low, total.high) == (130.0, None, None)
    assert total.method == "no interval: 6 day blocks, at least 7 are needed"


def test_a_subject_without_rows_in_a_block_earned_nothing_there() -> None:
    given = flows()
    partly = Table.of(given.tables["rule"].frame.iloc[[1, 3]])

    valuation = valuate(kpi(), flows(tables=Map({**given.tables, "rule": partly})), seed=1, today=TODAY)

    other = np.array([0.0, 5.0, 0.0, 15.0, 0.0, 0.0, 0.0, 0.0])
    assert valuation.gain["rule"].value == 180.0
    assert (valuation.gain["rule"].low, valuation.gain["rule"].high) == pytest.approx(interval_of_sum(SAVED - 5 - other, seed=1))


def test_rows_of_one_block_are_summed_whatever_their_order() -> None:
    rng = np.random.default_rng(0)
    given = flows()
    halves = given.tables["candidate"].frame.loc[np.repeat(np.arange(DAYS), 2)].assign(saved=np.repeat(SAVED / 2, 2), reviewed=0.5)
    mixed = Table.of(halves.iloc[rng.permutation(2 * DAYS)])

    same = valuate(kpi(), flows(tables=Map({**given.tables, "candidate": mixed})), seed=1, today=TODAY)

    assert same.total["candidate"] == valuate(kpi(), given, seed=1, today=TODAY).total["candidate"]


def test_a_period_without_a_calendar_is_refused_early_and_late() -> None:
    yearly = kpi(period="year")
    sentence = "the test rows have no calendar to scale by; got 'year'; give the cases a time role, or say kpi.net.volume: cases per year"

    assert [(problem.where, problem.sentence()) for problem in check_period(yearly, timed=False)] == [("kpi.net.period", sentence)]
    assert (
        check_period(yearly, timed=True)
        == check_period(kpi(), timed=False)
        == check_period(kpi(period="year", volume=5.0), timed=False)
        == []
    )
    with pytest.raises(DataError, match="no calendar to scale by"):
        valuate(yearly, replace(flows(), days=None), seed=1, today=TODAY)
    with pytest.raises(DataError, match="must span some time; got 0 days"):
        valuate(yearly, replace(flows(), days=0.0), seed=1, today=TODAY)


@pytest.mark.parametrize("spread", [1, 1_000_000_007])
def test_blocks_are_numbered_in_order_over_all_subjects(spread: int) -> None:
    rows = {"candidate": np.array([5, 3, 5]) * spread, "rule": np.array([9, 3]) * spread, "none": np.array([], dtype=np.int64)}

    blocks, codes = block_codes(rows)

    assert blocks.tolist() == [3 * spread, 5 * spread, 9 * spread]
    assert {subject: found.tolist() for subject, found in codes.items()} == {"candidate": [1, 0, 1], "rule": [2, 0], "none": []}


def test_few_blocks_and_heavy_tails_are_told_to_whoever_reads_the_intervals() -> None:
    few = valuate(kpi(), flows(), seed=1, today=TODAY)
    one_large = np.append(np.full(39, 1.0), 500.0)
    frame = {"case": np.arange(40), "block": np.arange(40), "saved": one_large + np.arange(40) % 3, "reviewed": 0.0, "hours": 1.0}
    calm = {**frame, "saved": 10.0 + np.arange(40) % 3}
    subjects = Map({"candidate": Table.of(pd.DataFrame(frame)), "rule": Table.of(pd.DataFrame(calm))})
    heavy = valuate(kpi(), replace(flows(), tables=subjects, cases=40, days=40.0), seed=1, today=TODAY)

    assert few.notes == ("net: 8 day blocks are few: such intervals cover 93 to 95 % of truths, less with heavy tails",)
    assert heavy.notes == ("net: heavy tails in candidate: such intervals cover nearer 90 % of truths",)
    assert valuate(kpi(), flows(days=5), seed=1, today=TODAY).notes == ()  # no interval, nothing to trust
