"""A chart block as a figure of the page: title, legend, drawing, what to read from it."""

from __future__ import annotations

import json
from typing import Any

import htpy as h
from markupsafe import Markup

from upshot.contracts.sections import ChartBlock
from upshot.errors import printable
from upshot.report.charts import ink
from upshot.report.charts.heat import heatmap
from upshot.report.charts.plot import Picture, plot
from upshot.report.charts.rows import rows, timeline
from upshot.report.charts.series import axis_of
from upshot.report.words import head


def figure(block: ChartBlock, name: str, *, most_points: int, most_rows: int) -> h.Element:
    """A chart as an element.

    Args:
        block: The chart.
        name: Unique in the page, for the identity of its parts.
        most_points: Points that are drawn at most; lines are thinned beyond.
        most_rows: Rows that are drawn at most, of charts that have rows.
    """
    picture = _picture(block, most_points, most_rows)
    title = h.figcaption[h.span(".title", id=f"{name}-title")[block.title]]
    if picture is None:
        return h.figure(".chart")[title, h.p(".empty")["There is nothing to draw: no row has a value."]]
    is_plot = picture.readings is not None
    return h.figure(class_=f"chart form-{block.form}", id=name, aria_labelledby=f"{name}-title")[
        title,
        h.p(".upwards")[picture.upwards] if picture.upwards else None,
        _legend(picture) if picture.legend else None,
        picture.drawing,
        h.p(".across-title")[head(block.x)] if is_plot else None,
        h.p(".note")[block.note] if block.note else None,
        h.p(".note.left-out")[f"{picture.left_out}."] if picture.left_out else None,
        _readings(picture) if is_plot else None,
    ]


def _picture(block: ChartBlock, most_points: int, most_rows: int) -> Picture | None:
    if block.form == "timeline":
        return timeline(block, most_rows=most_rows)
    if block.form == "heatmap":
        return heatmap(block, most_rows=most_rows)
    named = block.form == "bar" and axis_of(block.rows.frame[block.x.name], block.x).kind == "name"
    if block.form == "interval" or named:
        return rows(block, most_rows=most_rows)
    return plot(block, most_points=most_points)


def _legend(picture: Picture) -> h.Element:
    return h.ul(".legend")[[h.li[ink.legend_key(index, key), name] for index, (name, key) in enumerate(picture.legend)]]


def _readings(picture: Picture) -> h.Element:
    """The texts for those who point at the drawing; data, which no browser runs."""
    return h.script(type="application/json", class_="readings")[as_data(picture.readings)]


def as_data(value: Any) -> Markup:
    r"""JSON that can stand in a script element: nothing in it can end the element or begin another.

    Example:
        >>> as_data(["</script><b>"])
        Markup('["\\u003c/script\\u003e\\u003cb\\u003e"]')
    """
    text = json.dumps(_clean(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return Markup(text)


def _clean(value: Any) -> Any:
    """The value with control characters of its texts written out."""
    if isinstance(value, str):
        return value if value.isprintable() else printable(value)
    if isinstance(value, dict):
        return {key: _clean(item) for key, item in value.items()}
    return [_clean(item) for item in value] if isinstance(value, list) else value


__all__ = ["as_data", "figure"]
