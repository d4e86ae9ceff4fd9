"""Units: how they are written, and which expressions have one."""

from __future__ import annotations

import pytest

from upshot.value.expressions import Expression, ExpressionError
from upshot.value.units import Unit

UNITS = {
    "saved": "EUR",
    "lost": "EUR",
    "reviewed": "case",
    "cost": "EUR/case",
    "rate": "1",
    "held": "unit*day",
    "holding": "EUR/unit/day",
    "city": "1",
}


@pytest.mark.parametrize("text", ["EUR", "EUR/case", "EUR/unit/day", "unit*day", "1", "1/day", "€/kWh", "m*m", "EUR/m/m"])
def test_a_unit_is_written_as_it_is_read(text: str) -> None:
    assert str(Unit.parse(text)) == text


def test_units_are_equal_whatever_the_order_and_cancel() -> None:
    assert Unit.parse("unit*day") == Unit.parse(" day * unit ")
    assert hash(Unit.parse("unit*day")) == hash(Unit.parse("day*unit"))
    assert Unit.parse("EUR*case/case") == Unit.parse("EUR") != Unit.parse("USD")


@pytest.mark.parametrize(
    "text", ["", "EUR per case", "EUR/", "*", "EUR/(unit*day)", "EUR^2", "2*EUR", "EUR//case", "/day", "*".join("a" * 9)]
)
def test_a_unit_written_otherwise_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError, match="a unit "):
        Unit.parse(text)


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("saved - reviewed * cost", "EUR"),
        ("saved * rate * 0.5", "EUR"),
        ("held * holding", "EUR"),
        ("saved / lost", "1"),
        ("saved / reviewed", "EUR/case"),
        ("1 / reviewed", "1/case"),
        ("-saved", "EUR"),
        ("max(saved, 0) + 0", "EUR"),
        ("0 if rate > 0.5 else saved", "EUR"),
        ("where(reviewed > 0 and saved < lost, saved, lost)", "EUR"),
        ("clip(saved, 0, lost)", "EUR"),
        ("abs(saved) * (reviewed > 0)", "EUR"),
        ("number(reviewed) * saved", "EUR"),
        ("saved * missing(lost)", "EUR"),
        ("city == 'Oslo'", "1"),
        ("rate + 1", "1"),
        ("0", "1"),
        ("0 * saved", "EUR"),
    ],
)
def test_the_unit_of_an_expression_follows_from_its_parts(text: str, unit: str) -> None:
    assert Expression.parse(text).unit(UNITS) == unit


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("saved + reviewed", "adds 'saved' in EUR and 'reviewed' in case; got 'saved + reviewed'"),
        ("saved - reviewed * rate", "subtracts 'saved' in EUR and 'reviewed * rate' in case; got 'saved - reviewed * rate'"),
        ("saved - 5", "subtracts 'saved' in EUR and '5' in 1; got 'saved - 5'; give the number a name and a unit under parameters"),
        ("min(saved, 0, cost)", "min compares 'saved' in EUR and 'cost' in EUR/case; got 'min(saved, 0, cost)'"),
        ("saved if saved > reviewed else 0", "compares 'saved' in EUR and 'reviewed' in case; got 'saved > reviewed'"),
        ("saved if rate else reviewed", "chooses between 'saved' in EUR and 'reviewed' in case; got 'saved if rate else reviewed'"),
        ("where(rate, lost, cost)", "chooses between 'lost' in EUR and 'cost' in EUR/case; got 'where(rate, lost, cost)'"),
        ("not (rate and saved == cost)", "compares 'saved' in EUR and 'cost' in EUR/case; got 'saved == cost'"),
        ("savd * 2", "unknown name; got 'savd'; did you mean 'saved'? options: city, cost, held, holding, lost, rate, reviewed, saved"),
    ],
)
def test_different_units_do_not_mix_and_both_parts_are_named(text: str, message: str) -> None:
    with pytest.raises(ExpressionError) as refusal:
        Expression.parse(text).unit(UNITS)

    assert str(refusal.value) == message
