"""What a report shows, as typed tables, charts and text: never HTML, so that one renderer escapes everything for every medium.

A section is evidence: it is made once, on the rows that the run was tested on, and stored with the run. Whoever renders it (HTML,
Markdown, a terminal) adds no number of its own.

These records only grow: a new field has a default, so that sections stored before it are still read, and comes last.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from upshot.contracts.tables import Table

Reader = Literal["business", "data_science", "risk", "engineering"]
"""For whom a section is first of all."""

Style = Literal["text", "number", "count", "money", "share", "date", "code", "duration", "size", "outcome"]
"""How a value is written for people.

"money" takes its currency from the unit; "share" is 0..1, written in per cent; "duration" is in seconds and "size" in bytes, whatever the
unit says. "code" is a name, digest or expression that is shown as it is; "outcome" is PASS, FAIL or INCONCLUSIVE, told by a sign and a
word beside its colour.
"""

Form = Literal["line", "band", "step", "bar", "scatter", "interval", "histogram", "heatmap", "timeline"]
"""Form of a chart.

line, step, scatter: `y` over `x`, one line or colour for each `y` column and each value of `by`.
band: a line with the area between `low` and `high`.
bar, histogram: `y` by `x`; `x` holds the category, or the left edge of a bin.
interval: one row for each `x` with a point at `y` and a whisker from `low` to `high`.
heatmap: `y[0]` as colour over `x` and `by`.
timeline: one row for each value of `by`; a span from `low` to `high` where both are given, else a mark at `x`; `y[0]` names its kind, and the
    kind that comes first is drawn on top.
"""


@dataclass(frozen=True)
class Column:
    """A column of a table or chart as people read it.

    Args:
        name: Name in the rows.
        title: What stands above it.
        style: How its values are written.
        unit: Unit of its values, "" without one: "EUR", "day", "case/day".
        low: Column of the rows that holds the lower end of each value's interval, "" without one; in tables it is written behind the value.
        high: The same for the upper end.
    """

    name: str
    title: str
    style: Style = "number"
    unit: str = ""
    low: str = ""
    high: str = ""


@dataclass(frozen=True)
class TextBlock:
    """Plain paragraphs."""

    paragraphs: tuple[str, ...]


@dataclass(frozen=True)
class TableBlock:
    """A table; `columns` says which columns of `rows` are shown, in which order. `note` says what it counts and on which rows."""

    title: str
    columns: tuple[Column, ...]
    rows: Table
    note: str = ""


@dataclass(frozen=True)
class ChartBlock:
    """A chart over a small table: what is drawn is what is stored, so aggregate first (a few thousand rows at most).

    Args:
        title: What it shows.
        form: See `Form`.
        rows: The data.
        x: Column of the horizontal axis.
        y: Columns of the vertical axis, in one unit.
        low: Lower end of a band, interval or span.
        high: Its upper end.
        by: Column whose values are drawn apart, each with its own name.
        mark: Value of `x` that is marked, such as the threshold that was chosen. Whoever reads a chart with numbers on `x` may move along
            it from there and see the row's values, so give such a chart the `y` columns that a choice would change.
        note: What to read from it, in a sentence.
        level: Value of `y` that is marked: nothing gained, a target, what holds for all.
        also: Columns that are told beside `y` to whoever reads a place of the chart, each in its own unit, and not drawn.
    """

    title: str
    form: Form
    rows: Table
    x: Column
    y: tuple[Column, ...]
    low: Column | None = None
    high: Column | None = None
    by: Column | None = None
    mark: float | None = None
    note: str = ""
    level: float | None = None
    also: tuple[Column, ...] = ()


@dataclass(frozen=True)
class Link:
    """One link of a chain: what it is, and a few facts about it."""

    title: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class ChainBlock:
    """What was made from what, in order: each link from the one before it."""

    title: str
    links: tuple[Link, ...]
    note: str = ""


Block: TypeAlias = TextBlock | TableBlock | ChartBlock | ChainBlock


@dataclass(frozen=True)
class Section:
    """One section of a report.

    Args:
        title: Its heading.
        reader: For whom it is first of all.
        blocks: What it shows, in order.
    """

    title: str
    reader: Reader
    blocks: tuple[Block, ...]
