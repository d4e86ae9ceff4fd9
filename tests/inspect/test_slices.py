"""Slices: parts of the test cases with scores and money of their own, declared or found. Eight test days of eight applications."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.inspect.conftest import values

from upshot.components.slices._groups import coded, groups_of
from upshot.contracts.records import Entry, Kpi, Measured, Money
from upshot.contracts.tables import Map
from upshot.value.parts import CaseMoney, worth_telling


def test_a_named_slice_has_its_own_scores_and_money_beside_those_of_all_cases(inspected):
    found = inspected("+slices.b={when: \"sex == 'b'\", min_cases: 10}").slices["b"]

    (entry,) = found.entries
    assert (entry.name, entry.cases, found.topic, found.reference.cases) == ("sex == 'b'", 32, "slices", 64)
    assert entry.measures["accuracy"].value == 0.5  # of four a day, the good one with the flag and the bad one without are called wrong
    assert found.reference.measures["accuracy"].value == 0.75
    # a day: one fraud of 10 stopped, one good case turned down at a cost of 2
    assert entry.measures["value"].value == pytest.approx(8.0)
    assert entry.measures["value_per_case"].value == pytest.approx(2.0)
    assert entry.measures["gain.do_nothing"].value == pytest.approx(8.0)
    assert (entry.measures["value"].unit, entry.measures["value"].blocks) == ("EUR", 8)


def test_the_groups_of_a_column_part_the_money_of_all(inspected):
    found = inspected("+slices.by_sex={by: [sex], min_cases: 10}").slices["by_sex"]

    assert [entry.name for entry in found.entries] == ["sex = a", "sex = b"]
    assert values(found, "accuracy") == {"sex = a": 1.0, "sex = b": 0.5}
    assert values(found, "value") == {"sex = a": pytest.approx(10.0), "sex = b": pytest.approx(8.0)}
    assert found.reference.measures["value"].value == pytest.approx(18.0)


def test_two_columns_are_taken_together_and_small_parts_are_counted_and_not_measured(inspected):
    found = inspected("+slices.pairs={by: [sex, flag], min_cases: 9}").slices["pairs"]

    assert [(entry.name, entry.cases, entry.note) for entry in found.entries] == [
        ("sex = a and flag = 0", 24, None),
        ("sex = a and flag = 1", 8, "fewer than 9 cases"),
        ("sex = b and flag = 0", 16, None),
        ("sex = b and flag = 1", 16, None),
    ]
    assert found.entries[1].measures == Map()


def test_what_is_measured_can_be_narrowed(inspected):
    found = inspected("+slices.by_sex={by: [sex], min_cases: 10, metrics: [], money: false}", "+metrics.brier={}")

    assert [entry.measures for entry in found.slices["by_sex"].entries] == [Map(), Map()]


def test_the_worst_slice_is_found_on_half_of_the_days_and_measured_on_the_others(inspected):
    found = inspected("+slices.worst={of: error, columns: [sex, other], min_cases: 5}").slices["worst"]

    # Every error is in group b; `other` says nothing.
    assert [entry.name for entry in found.entries] == ["sex = b"]
    assert (found.entries[0].cases, found.reference.cases) == (16, 32)  # of the other half alone
    assert found.entries[0].measures["accuracy"].value == 0.5
    assert found.entries[0].measures["value"].value == pytest.approx(8.0)  # scaled to a day, as if there were no other days


def test_no_slice_is_told_where_none_falls_clearly_short(inspected):
    found = inspected("+slices.worst={of: error, columns: [other], min_cases: 5}").slices["worst"]

    assert (found.entries, found.nothing) == ((), "no group of other falls clearly short")


def test_a_slice_of_an_unknown_column_is_refused_with_its_place_and_the_nearest_one(loans):
    outcome = loans.run("run", "loans", "+slices.b={when: \"sexx == 'b'\"}")

    assert outcome.exit_code == 3
    assert outcome.stderr == (
        "DataError: a slice cannot be made\n\n"
        "  slices.b.when  must name columns of the data; got 'sexx'; did you mean 'sex'? "
        "options: amount, bad, day, flag, id, other, sex  (argument 1)\n"
    )


@pytest.mark.parametrize(
    ("values_", "more", "names", "codes"),
    [
        ([1.0, 5.0, None], {"edges": [2.0]}, ("x < 2", "x >= 2", "x is missing"), [0, 1, 2]),
        (["b", "a", "b", None], {}, ("x = b", "x = a", "x is another", "x is missing"), [0, 1, 0, 3]),
        (["b", "a", "b", "c"], {"most": 1}, ("x = b", "x is another", "x is missing"), [0, 1, 0, 1]),
        ([1.0, 2.0, 3.0, 4.0], {"bins": 2, "most": 3}, ("x < 3", "x >= 3", "x is missing"), [0, 0, 1, 1]),
        ([True, False], {}, ("x = True", "x = False", "x is another", "x is missing"), [0, 1]),
    ],
)
def test_a_column_is_coded_by_ranges_or_by_values(values_, more, names, codes):
    found = coded(pd.Series(values_), "x", **more)

    assert (found.names, found.codes.tolist()) == (names, codes)


def test_moments_are_ranges_of_days():
    moments = pd.Series(pd.date_range("2026-01-01", periods=40, freq="D"))

    found = coded(moments, "at", bins=2, most=20)

    assert found.names == ("at < 2026-01-20", "at >= 2026-01-20", "at is missing")


def test_groups_never_overlap_and_cover_every_row():
    rows = pd.DataFrame({"x": [1.0, 2.0, None, 4.0], "c": ["p", "q", "p", None]})

    found = groups_of(rows, ["x", "c"], "by", edges={"x": [2.0]}, bins=4, most=20)

    assert np.sum([group.part for group in found], axis=0).tolist() == [1, 1, 1, 1]
    assert "x < 2 and c = p" in [group.name for group in found]


def ratio(frame: pd.DataFrame) -> CaseMoney:
    kpi = Kpi("cost", "paid * price", "EUR/hour", "minimize", "cost_reduction", Map({"price": Money(1.0, "EUR/case")}), per="hours")
    return CaseMoney.of(kpi, {"candidate": frame, "other": frame.assign(paid=2.0)}, np.array([0, 0, 1, 1]), block="day", scale=1.0, seed=1)


def test_a_ratio_is_a_ratio_of_sums_in_every_part():
    money = ratio(pd.DataFrame({"case": [0, 1, 2, 3], "paid": [1.0, 3.0, 0.0, 0.0], "hours": [2.0, 2.0, 4.0, 0.0]}))

    assert money.value("candidate", np.array([True, True, False, False])).value == 1.0
    assert money.value("candidate", np.array([True, True, True, True])).value == 0.5
    assert np.isnan(money.value("candidate", np.array([False, False, False, True])).value)  # no hour, no cost per hour
    assert money.gain("candidate", "other", np.array([True, True, True, True])).value == pytest.approx(0.5)  # cheaper is a gain


def test_of_a_ratio_the_value_of_a_part_is_told_once_and_of_a_sum_beside_the_value_of_a_case():
    one, other = (Measured(value, None, None, 3, 3, "EUR", "maximize", "exact") for value in (6.0, 2.0))

    assert worth_telling([Entry("north", 3, Map({"value": one, "value_per_case": one, "gain.nothing": one}))]) == ["value", "gain.nothing"]
    assert worth_telling([Entry("north", 3, Map({"value": one, "value_per_case": other}))]) == ["value", "value_per_case"]
