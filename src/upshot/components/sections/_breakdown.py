"""A breakdown as tables and charts: every entry with its numbers and intervals, the whole it is held against last."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from upshot.contracts.records import Breakdown, Entry, Measured
from upshot.contracts.sections import Block, ChartBlock, Column, Style, TableBlock
from upshot.contracts.tables import Table
from upshot.value.parts import GAIN, LOST, is_money, spoken, worth_telling

if TYPE_CHECKING:
    import pandas as pd

MOST_CHARTED = 40


def blocks_of(name: str, breakdown: Breakdown) -> tuple[Block, ...]:
    """A table of all entries, a table of what concerns the whole, and a chart of the first money and the first other number."""
    measures = worth_telling(breakdown.entries)
    blocks: list[Block] = [_table(name, breakdown, measures)]
    if breakdown.whole:
        blocks.append(_whole(breakdown))
    leading = [next((m for m in measures if is_money(m) is money), None) for money in (False, True)]
    return (*blocks, *(chart for measure in leading if measure and (chart := _chart(breakdown, measure)) is not None))


def style_of(unit: str) -> Style:
    """How numbers of a unit are written: three capitals are a currency.

    Example:
        >>> style_of("EUR"), style_of("share"), style_of("ms")
        ('money', 'share', 'number')
    """
    return "money" if re.fullmatch("[A-Z]{3}", unit) else "share" if unit == "share" else "number"


def _column(name: str, title: str, measured: Measured, *, interval: str | None = None) -> Column:
    unit = "" if measured.unit in ("1", "share") else measured.unit
    low, high = ("", "") if interval is None else (f"{interval} low", f"{interval} high")
    return Column(name, title, style_of(measured.unit), unit, low, high)


def _table(name: str, breakdown: Breakdown, measures: list[str]) -> TableBlock:
    import pandas as pd

    entries = [*breakdown.entries, *([breakdown.reference] if breakdown.reference is not None else [])]
    columns = [Column("entry", name.replace("_", " "), "text")]
    columns += [Column("cases", "cases", "count")] if breakdown.topic != "footprint" else []
    rows = pd.DataFrame({"entry": [entry.name for entry in entries], "cases": [entry.cases for entry in entries]})
    for measure in measures:
        found = [entry.measures.get(measure) for entry in entries]
        rows[measure] = [float("nan") if m is None else m.value for m in found]
        rows[f"{measure} low"] = [_end(m, "low") for m in found]
        rows[f"{measure} high"] = [_end(m, "high") for m in found]
        one = next(m for m in found if m is not None)
        columns.append(
            _column(measure, spoken(measure), one, interval=measure if any(m is not None and m.low is not None for m in found) else None)
        )
    rows["note"] = [entry.note or "" for entry in entries]
    columns += [Column("note", "note", "text")] if rows["note"].any() else []
    return TableBlock(_capital(breakdown.title), tuple(columns), Table.of(rows), _method(breakdown.entries))


def _whole(breakdown: Breakdown) -> TableBlock:
    import pandas as pd

    found = list(breakdown.whole.items())
    rows = pd.DataFrame(
        {
            "number": [spoken(name) for name, _ in found],
            "value": [m.value for _, m in found],
            "low": [_end(m, "low") for _, m in found],
            "high": [_end(m, "high") for _, m in found],
        }
    )
    shown = replace(_column("value", "value", found[0][1]), low="low", high="high")
    columns = (Column("number", "of all together", "text"), shown)
    return TableBlock("Of all together", columns, Table.of(rows), found[0][1].method)


def _chart(breakdown: Breakdown, measure: str) -> ChartBlock | None:
    import pandas as pd

    found = [(entry.name, m) for entry in breakdown.entries if (m := entry.measures.get(measure)) is not None and m.value == m.value]
    if len(found) < 2:
        return None
    rows: pd.DataFrame = pd.DataFrame(
        [(name, m.value, m.value if m.low is None else m.low, m.value if m.high is None else m.high) for name, m in found[:MOST_CHARTED]],
        columns=["entry", "value", "low", "high"],
    )
    title, one = spoken(measure), found[0][1]
    reference = None if breakdown.reference is None else breakdown.reference.measures.get(measure)
    note = "" if reference is None or breakdown.reference is None else f"The line is that of {breakdown.reference.name}."
    return ChartBlock(
        title=f"{_capital(title)}, with 95 % intervals",
        form="interval",
        rows=Table.of(rows),
        x=Column("entry", "", "text"),
        y=(_column("value", title, one),),
        low=_column("low", "low", one),
        high=_column("high", "high", one),
        note=note,
        level=0.0 if measure.startswith((GAIN, LOST)) else None if reference is None else reference.value,
    )


def _end(measured: Measured | None, end: str) -> float:
    value = None if measured is None else getattr(measured, end)
    return float("nan") if value is None else float(value)


def _method(entries: tuple[Entry, ...]) -> str:
    """The first method with an interval, else the first of all."""
    methods = [m.method for entry in entries for m in entry.measures.values()]
    return next((method for method in methods if "no interval" not in method), methods[0] if methods else "")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


__all__ = ["blocks_of", "style_of"]
