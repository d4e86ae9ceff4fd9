"""Charts with two axes: lines, bands, steps, points, columns and histograms.

The drawing is an SVG without a box of its own: what lies across is a percentage of the width it gets. For those who point at it, or move
along it by keyboard, the texts of each place are put beside the drawing as JSON (`readings`); the script of the page only shows them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import htpy as h

from upshot.contracts.sections import ChartBlock
from upshot.report.charts import ink
from upshot.report.charts.scales import Scale, Tick, calendar, numeric, ordinal, unit_above
from upshot.report.charts.series import Drawn, Series, drawn_from
from upshot.report.words import compact, head, moment, text_of, written

if TYPE_CHECKING:
    import numpy as np

MARKED_POINTS = 25
"""Lines of so few points have them marked, so that their shapes tell the lines apart."""
SLOT = 0.82
"""Share of the room between two columns that they fill."""


@dataclass(frozen=True)
class Picture:
    """A drawing and what goes with it.

    Attributes:
        drawing: The element.
        says: What the drawing shows, in a sentence, for those who do not see it.
        legend: Names of the series, in order, with what stands before each; empty where there is one.
        upwards: What the vertical axis shows, with its unit; "" where a table says it.
        readings: Texts by place, as JSON data for the script; None where there is nothing to read.
        left_out: What is not drawn, in words.
    """

    drawing: h.Element
    says: str
    legend: tuple[tuple[str, ink.Key], ...] = ()
    upwards: str = ""
    readings: dict[str, Any] | None = None
    left_out: str = ""


def plot(block: ChartBlock, *, most_points: int) -> Picture | None:
    """Draw a chart with two axes; None where there is nothing to draw."""
    import numpy as np

    drawn = drawn_from(block, most_points=most_points)
    if not any(np.isfinite(one.y).any() for one in drawn.series):
        return None
    columns = block.form in ("bar", "histogram")
    width = _width(drawn, block) if columns else 0.0
    across = _across(drawn, block, width)
    levels = [] if block.level is None else [block.level]
    up = numeric(np.concatenate([drawn.all_of("y", "low", "high"), levels]), drawn.series[0].column, zero=columns)
    body = [*_frame(across, up), *_marks(block, drawn, across, up, width), *_lines_of_note(block, across, up)]
    says = _says(block, drawn)
    gutter = min(max(len(tick.text) for tick in up.ticks), 12)
    drawing = h.div(class_=f"plot gutter-{gutter}")[
        h.svg(".drawing", role="img", aria_label=says, width="100%", height="240", overflow="visible", focusable="false")[body]
    ]
    names = tuple((one.name, _key(block, drawn)) for one in drawn.series) if len(drawn.series) > 1 else ()
    return Picture(drawing, says, names, _upwards(block), _readings(block, drawn, across, up, width), drawn.left_out)


def _upwards(block: ChartBlock) -> str:
    return head(block.y[0]) if len(block.y) == 1 else unit_above(block.y[0])


def _key(block: ChartBlock, drawn: Drawn) -> ink.Key:
    if block.form in ("bar", "scatter"):
        return "bar" if block.form == "bar" else "point"
    return "dotted" if _has_points(block, drawn) else "line"


def _has_points(block: ChartBlock, drawn: Drawn) -> bool:
    """Whether each value of a line is marked."""
    return block.form in ("line", "band") and sum(len(one.x) for one in drawn.series) <= MARKED_POINTS * len(drawn.series)


def _across(drawn: Drawn, block: ChartBlock, width: float) -> Scale:
    import numpy as np

    if drawn.axis.kind == "name":
        return ordinal(drawn.axis.names)
    values = drawn.all_of("x")
    if block.mark is not None and drawn.axis.kind == "number":
        values = np.append(values, block.mark)
    if width:  # a bin reaches from its left edge; a column stands around its place
        values = np.concatenate([values, values + width] if block.form == "histogram" else [values - width / 2, values + width / 2])
    return calendar(values) if drawn.axis.kind == "date" else numeric(values, block.x, wanted=6, tight=True)


def _width(drawn: Drawn, block: ChartBlock) -> float:
    """Width of a column or bin in values of x: the least distance between two."""
    import numpy as np

    places = np.unique(drawn.all_of("x"))
    gaps = np.diff(places[np.isfinite(places)])
    return 1.0 if drawn.axis.kind == "name" or not len(gaps) else float(gaps.min())


def _frame(across: Scale, up: Scale) -> Iterator[h.Element]:
    """Grid lines and ticks."""
    for tick in up.ticks:
        y = ink.percent(1 - tick.at)
        zero = abs(up.low + tick.at * (up.high - up.low)) < 1e-9 * (up.high - up.low)
        yield ink.line(".grid.zero" if zero else ".grid", x1="0", x2="100%", y1=y, y2=y)
        yield ink.text(".tick.up", x="0", y=y, dx="-8", dy=".32em")[tick.text]
    for tick in across.ticks:
        yield _tick_across(tick)


def _tick_across(tick: Tick) -> h.Element:
    x = ink.percent(tick.at)
    spare = ".spare" if tick.spare else ""
    side = "" if len(tick.text) < 6 else ".first" if tick.at < 0.04 else ".last" if tick.at > 0.96 else ""
    return ink.text(f".tick.across{spare}{side}", x=x, y="100%", dy="1.5em")[tick.text]


def _lines_of_note(block: ChartBlock, across: Scale, up: Scale) -> Iterator[h.Element]:
    """The marked value and the level, over what is drawn."""
    if block.level is not None:
        y = ink.percent(1 - up.place(block.level))
        yield ink.line(".level", x1="0", x2="100%", y1=y, y2=y)
    if block.mark is not None:
        place = across.place(block.mark)
        yield ink.line(".mark", x1=ink.percent(place), x2=ink.percent(place), y1="0", y2="100%")
        side = "last" if place > 0.6 else "first"
        yield ink.text(f".marked.{side}", x=ink.percent(place), y="0", dx="-6" if place > 0.6 else "6", dy=".9em")[
            text_of(block.mark, block.x)
        ]


def _marks(block: ChartBlock, drawn: Drawn, across: Scale, up: Scale, width: float) -> Iterator[h.Node]:
    if block.form == "histogram" and len(drawn.series) > 1:
        yield ink.area([_outline(one, index, across, up, width) for index, one in enumerate(drawn.series)])
        return
    if width:
        for index, one in enumerate(drawn.series):
            yield from _columns(one, index, len(drawn.series), across, up, width, block.form == "histogram")
        return
    if block.form != "scatter":
        yield ink.area([_curve(block, one, index, across, up) for index, one in enumerate(drawn.series)])
    if block.form == "scatter" or _has_points(block, drawn):
        for index, one in enumerate(drawn.series):
            yield from (ink.point(x, y, index) for x, y in _places(one.x, one.y, across, up) if x == x and y == y)


def _places(x: np.ndarray, y: np.ndarray, across: Scale, up: Scale) -> list[tuple[float, float]]:
    return list(zip(across.at(x).tolist(), up.at(y).tolist(), strict=True))


def _curve(block: ChartBlock, one: Series, index: int, across: Scale, up: Scale) -> list[h.Element]:
    found = []
    if one.low is not None and one.high is not None:
        upper, lower = _places(one.x, one.high, across, up), _places(one.x, one.low, across, up)
        found += [ink.path(f".fill.{ink.ink(index)}", d=ink.polyline([*run, *reversed(back)]) + "Z") for run, back in _runs(upper, lower)]
    places = _places(one.x, one.y, across, up)
    found.append(ink.path(f".line.{ink.ink(index)}", d=ink.polyline(_stairs(places) if block.form == "step" else places)))
    return found


Places = list[tuple[float, float]]


def _runs(upper: Places, lower: Places) -> Iterator[tuple[Places, Places]]:
    """Stretches of a band in which both ends are known."""
    start: int | None = None
    for i in range(len(upper) + 1):
        known = i < len(upper) and all(value == value for value in (*upper[i], *lower[i]))
        if known and start is None:
            start = i
        elif not known and start is not None:
            yield upper[start:i], lower[start:i]
            start = None


def _stairs(places: Places) -> Places:
    """Each value held until the next place."""
    found: Places = places[:1]
    for (_, before), (x, y) in pairwise(places):
        found += [(x, before), (x, y)]
    return found


def _columns(one: Series, index: int, count: int, across: Scale, up: Scale, width: float, from_edge: bool) -> Iterator[h.Element]:
    """Rectangles from nothing to each value, those of several series side by side."""
    nothing = up.place(0.0)
    room = width * (1.0 if from_edge else SLOT) / count
    for x, y in zip(one.x.tolist(), one.y.tolist(), strict=True):
        if x != x or y != y:
            continue
        left = across.place(x + (0.0 if from_edge else -width * SLOT / 2) + index * room)
        top, bottom = max(up.place(y), nothing), min(up.place(y), nothing)
        size = {"width": ink.percent(room / (across.high - across.low)), "height": ink.percent(top - bottom)}
        yield ink.rect({"x": ink.percent(left), "y": ink.percent(1 - top), **size}, class_=f"bar {ink.ink(index)}")


def _outline(one: Series, index: int, across: Scale, up: Scale, width: float) -> h.Element:
    """The top edge of a histogram, so that several can be laid over each other."""
    places: Places = []
    nothing, end = up.place(0.0), None
    for x, y in zip(one.x.tolist(), one.y.tolist(), strict=True):
        if x != x or y != y:
            continue
        if end is None or abs(x - end) > width / 2:  # a gap: down to nothing and up again
            places += [] if end is None else [(across.place(end), nothing)]
            places.append((across.place(x), nothing))
        places += [(across.place(x), up.place(y)), (across.place(x + width), up.place(y))]
        end = x + width
    places += [] if end is None else [(across.place(end), nothing)]
    return ink.path(f".line.{ink.ink(index)}", d=ink.polyline(places))


def _x_text(block: ChartBlock, drawn: Drawn, place: float, width: float) -> str:
    if drawn.axis.kind == "name":
        return drawn.axis.names[int(place)]
    if drawn.axis.kind == "date":
        from datetime import UTC, datetime, timedelta

        return moment((datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=place)).replace(tzinfo=None))
    if block.form == "histogram":
        return f"{text_of(place, block.x)} to {written(place + width, block.x)}"
    return written(place, block.x)


def _readings(block: ChartBlock, drawn: Drawn, across: Scale, up: Scale, width: float) -> dict[str, Any]:
    """What can be read at each place: `at` its place, `x` its text, `rows` one list of texts a series, `mark` the index of the marked one."""
    import numpy as np

    if block.form == "scatter":
        return _points(block, drawn, across, up)
    every = np.unique(drawn.all_of("x"))
    every = every[np.isfinite(every)]
    shift = width / 2 if block.form == "histogram" else 0.0
    found: dict[str, Any] = {
        "at": [round(place, 4) for place in across.at(every + shift).tolist()],
        "x": [_x_text(block, drawn, value, width) for value in every.tolist()],
        "head": block.x.title,
        "names": [one.name or one.column.title for one in drawn.series],
        "rows": [_row(one, every) for one in drawn.series],
    }
    for name, row in _also(block, drawn, every):
        found["names"].append(name)
        found["rows"].append(row)
    if block.mark is not None and len(every):
        found["mark"] = int(np.argmin(np.abs(every - block.mark)))
        found["label"] = block.x.title
    return found


def _row(one: Series, every: np.ndarray) -> list[str]:
    """The texts of a series at all places, "" where it has none."""
    return _placed(one, every, [_value_text(one, position) for position in range(len(one.x))])


def _placed(one: Series, every: np.ndarray, texts: list[str]) -> list[str]:
    """Texts of a series' points at the places that they have among all."""
    import numpy as np

    found = [""] * len(every)
    known = np.flatnonzero(np.isfinite(one.x))
    for position, place in zip(known.tolist(), np.searchsorted(every, one.x[known]).tolist(), strict=True):
        found[place] = texts[position]
    return found


def _also(block: ChartBlock, drawn: Drawn, every: np.ndarray) -> Iterator[tuple[str, list[str]]]:
    """What is told beside the drawn values, for each group of rows once."""
    frame = block.rows.frame
    for one in drawn.series[:: len(block.y)]:
        for column in block.also:
            texts = [written(value, column) for value in frame[column.name].iloc[one.rows].tolist()]
            yield column.title if block.by is None else f"{one.name}: {column.title}", _placed(one, every, texts)


def _value_text(one: Series, position: int) -> str:
    text = written(float(one.y[position]), one.column)
    if one.low is None or one.high is None or not (one.low[position] == one.low[position] and one.high[position] == one.high[position]):
        return text
    return f"{text} ({compact(float(one.low[position]))} to {compact(float(one.high[position]))})"


def _points(block: ChartBlock, drawn: Drawn, across: Scale, up: Scale) -> dict[str, Any]:
    """Each point with its place and texts."""
    points = []
    for one in drawn.series:
        for position, (x, y) in enumerate(_places(one.x, one.y, across, up)):
            if x == x and y == y:
                texts = [_x_text(block, drawn, float(one.x[position]), 0.0), _value_text(one, position), *([one.name] if one.name else [])]
                points.append([round(x, 4), round(1 - y, 4), *texts])
    return {"points": points, "heads": [block.x.title, block.y[0].title]}


def _says(block: ChartBlock, drawn: Drawn) -> str:
    """The drawing in words: each series' range, and what is marked."""
    import numpy as np

    parts = []
    for one in drawn.series[:4]:
        known = np.flatnonzero(np.isfinite(one.y))
        if len(known):
            low, high = (written(float(end), one.column) for end in (one.y[known].min(), one.y[known].max()))
            parts.append(f"{one.name or one.column.title}: {len(known):,} values between {low} and {high}")
    if block.mark is not None:
        parts.append(f"marked at {block.x.title} {text_of(block.mark, block.x)}")
    if block.level is not None:
        parts.append(f"a line at {written(block.level, block.y[0])}")
    return f"{block.title}. {'; '.join(parts)}."


__all__ = ["Picture", "plot"]
