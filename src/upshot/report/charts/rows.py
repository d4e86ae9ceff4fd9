"""Charts that are tables with marks in them: intervals and bars by name, and what happened to each unit.

A name, a mark on a scale that all rows share, and the value in figures: who does not see the mark reads the figure, and no label is ever
turned or cut to fit under a column.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import htpy as h

from upshot.contracts.sections import ChartBlock, Column
from upshot.report.charts import ink
from upshot.report.charts.plot import Picture
from upshot.report.charts.scales import Scale, calendar, numeric, unit_above
from upshot.report.charts.series import Axis, Drawn, Series, axis_of, drawn_from
from upshot.report.words import NOTHING, brief, head, text_of

if TYPE_CHECKING:
    import numpy as np

LINE = 22
"""Height of one mark's line, in pixels."""


def rows(block: ChartBlock, *, most_rows: int) -> Picture | None:
    """Draw intervals or bars by name; None where there is nothing to draw."""
    import numpy as np

    drawn = drawn_from(block, most_points=most_rows * 100, named=True)
    values = drawn.all_of("y", "low", "high")
    if not np.isfinite(values).any():
        return None
    marked = [value for value in (block.level, block.mark) if value is not None]
    scale = numeric(np.concatenate([values, marked]), block.y[0], wanted=4, zero=block.form == "bar" and block.level is None)
    names = drawn.axis.names[:most_rows]
    level = block.level if block.level is not None else 0.0 if scale.low < 0 < scale.high else None
    lines = [_row(name, position, drawn, scale, block, level) for position, name in enumerate(names)]
    table = h.table(".rows.many" if len(drawn.series) > 1 else ".rows")[_head(block), h.tbody[lines], _axis(scale)]
    more = len(drawn.axis.names) - len(names)
    notes = [note for note in (drawn.left_out, f"{more:,} more rows are not drawn" if more > 0 else "") if note]
    key: ink.Key = "bar" if block.form == "bar" else "point"
    series = tuple((one.name, key) for one in drawn.series) if len(drawn.series) > 1 else ()
    return Picture(table, block.title, series, left_out="; ".join(notes))


def _head(block: ChartBlock) -> h.Element:
    return h.thead[h.tr[h.th(scope="col")[block.x.title], h.td(".strip"), h.th(".figure", scope="col")[_upwards(block)]]]


def _upwards(block: ChartBlock) -> str:
    """What the figures are: the one column, or the unit that several share."""
    return head(block.y[0]) if len(block.y) == 1 else unit_above(block.y[0]) or block.y[0].title


def _row(name: str, position: int, drawn: Drawn, scale: Scale, block: ChartBlock, level: float | None) -> h.Element:
    marks: list[h.Node] = [_grid(scale)]
    if level is not None:
        place = ink.percent(scale.place(level))
        marks.append(ink.line(".level", x1=place, x2=place, y1="0", y2="100%"))
    figures = []
    for index, one in enumerate(drawn.series):
        found = _positions(one, position)
        middle = index * LINE + LINE // 2
        for at in found:
            marks.append(_bar(one, at, index, scale, middle) if block.form == "bar" else _whisker(one, at, index, scale, middle))
        named = h.span(".unseen")[f"{one.name}: "] if len(drawn.series) > 1 else None
        said = [[", " if number else None, _figure(one, at)] for number, at in enumerate(found)]
        figures.append(h.div(".line-of")[named, said or NOTHING])
    strip = h.svg(".strip", width="100%", height=str(LINE * len(drawn.series)), aria_hidden="true", focusable="false", overflow="visible")
    return h.tr[h.th(scope="row")[name], h.td(".strip")[strip[marks]], h.td(".figure")[figures if len(figures) > 1 else figures[0]]]


def _positions(one: Series, position: int) -> list[int]:
    """Where a series has the row of this position."""
    import numpy as np

    found: list[int] = np.flatnonzero(one.x == position).tolist()
    return found


def _grid(scale: Scale) -> list[h.Element]:
    return [ink.line(".grid", x1=ink.percent(tick.at), x2=ink.percent(tick.at), y1="0", y2="100%") for tick in scale.ticks]


def _bar(one: Series, at: int, index: int, scale: Scale, middle: int) -> h.Node:
    value = float(one.y[at])
    if value != value:
        return None
    start, end = sorted((scale.place(min(max(0.0, scale.low), scale.high)), scale.place(value)))
    return ink.rect(f".bar.{ink.ink(index)}", x=ink.percent(start), width=ink.percent(end - start), y=str(middle - 7), height="14")


def _whisker(one: Series, at: int, index: int, scale: Scale, middle: int) -> h.Node:
    drawn: list[h.Element] = []
    if one.low is not None and one.high is not None and one.low[at] == one.low[at] and one.high[at] == one.high[at]:
        low, high = (ink.percent(scale.place(float(end))) for end in (one.low[at], one.high[at]))
        drawn.append(ink.line(f".whisker.{ink.ink(index)}", x1=low, x2=high, y1=str(middle), y2=str(middle)))
    value = float(one.y[at])
    if value == value:
        drawn.append(h.svg(y=str(middle), overflow="visible", width="100%", height="1")[ink.point(scale.place(value), 1.0, index)])
    return drawn


def _figure(one: Series, at: int) -> h.Node:
    text = brief(float(one.y[at]), one.column)
    if one.low is None or one.high is None or not (one.low[at] == one.low[at] and one.high[at] == one.high[at]):
        return text
    low, high = (brief(float(end), one.column) for end in (one.low[at], one.high[at]))
    return [text, " ", h.span(".ends")[f"{low} to {high}"]] if (low, high) != (text, text) else text


def _axis(scale: Scale) -> h.Element:
    """The scale under the rows; the figures say the same to those who do not see it."""
    labels = []
    for tick in scale.ticks:
        labels.append(ink.text(f".tick.across{'.spare' if tick.spare else ''}", x=ink.percent(tick.at), y="14")[tick.text])
    drawn = h.svg(".strip", width="100%", height="20", overflow="visible", focusable="false")[labels]
    return h.tfoot(aria_hidden="true")[h.tr[h.td, h.td(".strip")[drawn], h.td]]


@dataclass(frozen=True)
class _Event:
    """A span or a moment of a timeline's row."""

    kind: int
    at: float
    low: float
    high: float
    what: str
    when: str

    @property
    def says(self) -> str:
        """Both in a line."""
        return f"{self.what}: {self.when}" if self.what else self.when

    @property
    def is_span(self) -> bool:
        """Whether both ends are known."""
        return self.low == self.low and self.high == self.high


def timeline(block: ChartBlock, *, most_rows: int) -> Picture | None:
    """Draw spans and moments, one row for each value of `by`; None where there is nothing to draw."""
    import numpy as np
    import pandas as pd

    frame = block.rows.frame
    ends = [axis_of(frame[column.name], column) for column in (block.x, block.low, block.high) if column is not None]
    places = np.concatenate([axis.places for axis in ends])
    if not np.isfinite(places).any() or any(axis.kind == "name" for axis in ends):
        return None
    scale = calendar(places, wanted=5) if ends[0].kind == "date" else numeric(places, block.x, wanted=5, tight=True)
    kinds, names = pd.factorize(frame[block.y[0].name])
    kind_names = [text_of(name, block.y[0]) for name in names.tolist()]
    owner = axis_of(frame[block.by.name], _as_text(block.by)) if block.by is not None else Axis("name", np.zeros(len(frame)), ("",))
    shown = owner.names[:most_rows]
    events = list(_events(block, ends, kinds, kind_names))
    lines = [_event_row(name, [e for e, of in zip(events, owner.places, strict=True) if of == i], scale) for i, name in enumerate(shown)]
    top = h.thead[h.tr[h.th(scope="col")[block.by.title if block.by else ""], h.td(".strip"), h.th(".figure", scope="col")[block.x.title]]]
    more = len(owner.names) - len(shown)
    left_out = f"{more:,} more rows are not drawn" if more else ""
    drawn = h.table(".rows.timeline")[top, h.tbody[lines], _axis(scale)]
    return Picture(drawn, block.title, _legend(kind_names, events), left_out=left_out)


def _legend(names: Sequence[str], events: Sequence[_Event]) -> tuple[tuple[str, ink.Key], ...]:
    """Each kind with a shape or a point before it, as it is drawn."""
    spans = {event.kind for event in events if event.is_span}
    return tuple((name, "bar" if kind in spans else "point") for kind, name in enumerate(names))


def _as_text(column: Column) -> Column:
    return Column(column.name, column.title, "text", column.unit)


def _events(block: ChartBlock, ends: Sequence[Axis], kinds: np.ndarray, names: Sequence[str]) -> Iterator[_Event]:
    import numpy as np

    frame = block.rows.frame
    nowhere = np.full(len(frame), np.nan)
    low, high = (ends[1].places, ends[2].places) if len(ends) == 3 else (nowhere, nowhere)
    columns = [frame[c.name].tolist() if c is not None else [None] * len(frame) for c in (block.x, block.low, block.high)]
    for i, (at, start, end) in enumerate(zip(*columns, strict=True)):
        is_span = low[i] == low[i] and high[i] == high[i]
        when = f"{text_of(start, block.low or block.x)} to {text_of(end, block.high or block.x)}" if is_span else text_of(at, block.x)
        kind = int(kinds[i])
        yield _Event(kind, float(ends[0].places[i]), float(low[i]), float(high[i]), names[kind] if kind >= 0 else "", when)


def _event_row(name: str, events: Sequence[_Event], scale: Scale) -> h.Element:
    marks: list[h.Node] = [_grid(scale)]
    for event in sorted(events, key=lambda event: (not event.is_span, -event.kind)):  # moments lie over spans, and the first kind on top
        index = max(event.kind, 0)
        if event.is_span:
            start, end = scale.place(event.low), scale.place(event.high)
            marks.append(
                ink.rect(f".bar.{ink.ink(index)}", x=ink.percent(start), width=ink.percent(end - start), y="5", height="12")[
                    h.title[event.says]
                ]
            )
        elif event.at == event.at:
            point = ink.point(scale.place(event.at), 1.0, index)
            marks.append(h.svg(y="11", overflow="visible", width="100%", height="1")[ink.group[h.title[event.says], point]])
    shown = "; ".join(event.says for event in events[:2]) + (f"; {len(events) - 2} more" if len(events) > 2 else "")
    strip = h.svg(".strip", width="100%", height=str(LINE), role="img", aria_label=shown or NOTHING, focusable="false", overflow="visible")
    return h.tr[h.th(scope="row")[name], h.td(".strip")[strip[marks]], h.td(".figure")[_summary(events)]]


def _summary(events: Sequence[_Event]) -> str:
    """The one event in figures, else what came last, with all that came at that moment."""
    if len(events) == 1:
        return events[0].when
    last = max(events, key=lambda event: (event.high if event.is_span else event.at, not event.is_span), default=None)
    if last is None:
        return NOTHING
    if last.is_span:
        return last.says
    return f"{', '.join(event.what for event in events if event.at == last.at and not event.is_span)}: {last.when}"


__all__ = ["rows", "timeline"]
