"""The money that the case assumes, with whoever answers for it and until when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from upshot.contracts.records import Money, Valuation, Valuations
from upshot.contracts.sections import Column, TextBlock
from upshot.engine.past import Past
from upshot.report.document import Entry, section, table
from upshot.report.front import evidence_of
from upshot.report.words import amount, span


def assumptions(past: Past) -> Iterator[Entry]:
    """All money parameters of all KPIs."""
    valuations: Valuations | None = past.value("value")
    if valuations is None:
        return
    rows = [_row(valuation, name, money) for valuation in valuations.by_kpi.values() for name, money in valuation.kpi.parameters.items()]
    columns = [
        Column("parameter", "assumption", "text"),
        Column("kpi", "of the KPI", "text"),
        Column("assumed", "assumed", "text"),
        Column("range", "could be", "text"),
        Column("owner", "owner", "text"),
        Column("source", "source", "text"),
        Column("valid_until", "valid until", "date"),
        Column("state", "on the day of the run", "text"),
    ]
    if len(valuations.by_kpi) == 1:  # it is named on the first screen
        columns, rows = [columns[0], *columns[2:]], [(row[0], *row[2:]) for row in rows]
    block = table("", columns, rows, also=("value", "low", "high", "unit")) if rows else TextBlock(("The KPIs have no money parameter.",))
    yield Entry("assumptions", section("Assumptions", "risk", block), evidence_of(past, "value"))


def _row(valuation: Valuation, name: str, money: Money) -> tuple[object, ...]:
    """What is shown of a parameter, and behind it the numbers themselves."""
    low, high = (money.value if end is None else end for end in (money.low, money.high))
    could_be = None if money.low is None and money.high is None else span(low, high, money.unit)
    shown = (name, valuation.kpi.name, amount(money.value, money.unit), could_be, money.owner, money.source, money.valid_until)
    return (*shown, _state(valuation, name, money), money.value, money.low, money.high, money.unit)


def _state(valuation: Valuation, name: str, money: Money) -> str:
    if name in valuation.expired:
        return "expired: nothing is concluded from it"
    lacking = [word for word, there in (("owner", money.owner), ("source", money.source), ("end", _end(money.valid_until))) if not there]
    return f"in force, without {' and '.join(lacking)}" if lacking else "in force"


def _end(day: date | None) -> str:
    return "" if day is None else day.isoformat()


__all__ = ["assumptions"]
