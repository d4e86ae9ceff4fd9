"""KPIs: checked before data is read, and put into money."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from upshot.contracts.records import Kpi, Money
from upshot.contracts.tables import Map
from upshot.errors import DataError
from upshot.value.money import check_kpi, expired, money_rows, per_rows, sign, total

FLOWS = {"saved": "EUR", "reviewed": "case", "hours": "hour"}
COST = Money(5.0, "EUR/case")


def kpi(expression: str = "saved - reviewed * cost", **changes: object) -> Kpi:
    parameters = changes.pop("parameters", {"cost": COST})
    return Kpi(
        "net", expression, **{"unit": "EUR", "direction": "maximize", "impact": "cost_reduction", "parameters": Map(parameters), **changes}
    )


def faults(given: Kpi) -> list[tuple[str, str]]:
    return [(problem.where, problem.sentence()) for problem in check_kpi(given, FLOWS)]


def test_a_kpi_that_fits_has_no_problem() -> None:
    assert faults(kpi()) == []
    assert faults(kpi(per="hours", unit="EUR/hour", direction="minimize")) == []


def test_all_problems_of_a_kpi_are_reported_at_once() -> None:
    given = kpi(
        "savd - reviewed * cots",
        per="hours ** 2",
        period="year",
        parameters={"cost": Money(5.0, "EUR/case", low=6.0), "reviewed": Money(1.0, "case"), "rate": Money(float("nan"), "1")},
    )

    assert faults(given) == [
        ("kpi.net.parameters.cost", "low <= value <= high must hold; got low 6, value 5"),
        ("kpi.net.parameters.rate", "must be finite numbers; got value nan"),
        ("kpi.net.parameters.reviewed", "a parameter may not bear the name of a flow; got 'reviewed'; give it another name"),
        ("kpi.net.per", "there is no power; got 'hours ** 2'; multiply instead"),
        (
            "kpi.net.expression",
            "unknown flow or parameter; got 'cots'; did you mean 'cost'? options: cost, hours, rate, reviewed, saved",
        ),
        (
            "kpi.net.expression",
            "unknown flow or parameter; got 'savd'; did you mean 'saved'? options: cost, hours, rate, reviewed, saved",
        ),
        ("kpi.net.parameters.cost", "is read by no expression; got 'cost'; did you mean 'cots'?"),
        ("kpi.net.parameters.rate", "is read by no expression; got 'rate'; remove it, or use it in the expression"),
        ("kpi.net.period", "a ratio is not scaled; got year; remove it"),
    ]


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        (
            {"expression": "saved - reviewed", "parameters": {}},
            ("kpi.net.expression", "subtracts 'saved' in EUR and 'reviewed' in case; got 'saved - reviewed'"),
        ),
        (
            {"expression": "reviewed * reviewed * cost"},
            ("kpi.net.unit", "must be case*EUR, the unit of 'reviewed * reviewed * cost'; got 'EUR'"),
        ),
        (
            {"per": "hours"},
            ("kpi.net.unit", "must be EUR/hour, the unit of '(saved - reviewed * cost) / (hours)'; got 'EUR'"),
        ),
        (
            {"unit": "EUR a year"},
            ("kpi.net.unit", 'a unit is names joined by * and /; got \'EUR a year\'; examples: "EUR", "EUR/case", "unit*day", "1"'),
        ),
        ({"expression": "cost * 3"}, ("kpi.net.expression", "must read a flow; got 'cost * 3'; flows: saved, reviewed, hours")),
    ],
)
def test_a_kpi_whose_unit_or_flows_do_not_fit_is_refused(changes: dict[str, object], fault: tuple[str, str]) -> None:
    assert faults(kpi(**changes)) == [fault]


def test_a_parameter_expires_after_its_last_valid_day() -> None:
    given = kpi(parameters={"cost": Money(5.0, "EUR/case", valid_until=date(2026, 6, 30)), "open": Money(1.0, "1")})

    assert expired(given, date(2026, 6, 30)) == ()
    assert expired(given, date(2026, 7, 1)) == ("cost",)


def test_rows_and_totals_are_in_money() -> None:
    flows = pd.DataFrame({"saved": [100.0, 0.0, 30.0], "reviewed": [1, 1, 0], "hours": [2.0, 3.0, 5.0]})

    assert money_rows(kpi(), flows).tolist() == [95.0, -5.0, 30.0]
    assert per_rows(kpi(), flows) is None
    assert total(kpi(), flows) == 120.0
    assert total(kpi(per="hours"), flows) == 12.0
    assert (sign(kpi()), sign(kpi(direction="minimize"))) == (1, -1)


def test_a_kpi_of_no_rows_is_0() -> None:
    assert total(kpi(), pd.DataFrame({"saved": [], "reviewed": []}, dtype=float)) == 0.0


def test_a_ratio_without_denominator_is_refused() -> None:
    with pytest.raises(DataError, match=r"kpi.net.per +must not sum to 0 over the rows; got 'hours'"):
        total(kpi(per="hours"), pd.DataFrame({"saved": [1.0], "reviewed": [0], "hours": [0.0]}))


def test_a_null_flow_is_refused_under_the_key_of_the_kpi() -> None:
    with pytest.raises(DataError) as refusal:
        money_rows(kpi(), pd.DataFrame({"saved": [1.0, None], "reviewed": [0, 0]}))

    assert refusal.value.headline == "kpi.net.expression has no value on 1 of 2 rows (counted from 0)"
    assert [problem.rule for problem in refusal.value.problems] == ["column 'saved' is null"]
