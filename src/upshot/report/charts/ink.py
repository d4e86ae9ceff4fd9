"""Marks: what is drawn where, with classes in place of colours. The page's style sheet gives each class its ink in both themes.

Positions are percentages of the plot, so a drawing fits every width; sizes of points and strokes are pixels and stay what they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import htpy as h

path = h.Element("path")
rect = h.Element("rect")
line = h.Element("line")
text = h.Element("text")
circle = h.Element("circle")
group = h.Element("g")
defs = h.Element("defs")
pattern = h.Element("pattern")

INKS = 8
"""Colours that differ; the eighth series is the last one that is drawn."""
SHAPES = (
    "",  # a circle
    "M-4-4h8v8h-8z",
    "M0-5 5 4H-5z",
    "M0-5.5 5.5 0 0 5.5-5.5 0z",
    "M-4.5-4.5 4.5 4.5M4.5-4.5-4.5 4.5",
    "M0-5.5V5.5M-5.5 0H5.5",
    "M0 5 5-4H-5z",
    "M-5 0H5",
)
"""Outline of the points of each series, around its middle, in pixels."""


def percent(place: float) -> str:
    """A place from 0 to 1 as an attribute.

    Example:
        >>> percent(0.5), percent(1 / 3), percent(0.0)
        ('50%', '33.33%', '0%')
    """
    return f"{place * 100:.2f}".rstrip("0").rstrip(".") + "%"


def ink(index: int) -> str:
    """Class of the ink of a series."""
    return f"s{index % INKS}"


def point(x: float, y: float, index: int) -> h.Element:
    """A point at a place, in the shape and ink of its series; y upwards."""
    shape = SHAPES[index % len(SHAPES)]
    at = {"x": percent(x), "y": percent(1 - y)}
    if not shape:
        return circle(f".point.{ink(index)}", cx=at["x"], cy=at["y"], r="3.5")
    return h.svg(at, class_=f"point {ink(index)}", overflow="visible")[path(d=shape)]


def area(*drawn: h.Node) -> h.Element:
    """Paths over a square of a thousand, stretched to the plot; their strokes are not."""
    return h.svg(
        {"viewBox": "0 0 1000 1000", "preserveAspectRatio": "none"}, class_="area", width="100%", height="100%", overflow="visible"
    )[drawn]


def coordinates(x: float, y: float) -> str:
    """A place, y upwards, in the square of a thousand.

    Example:
        >>> coordinates(0.25, 1.0)
        '250 0'
    """
    return f"{_short(x * 1000)} {_short((1 - y) * 1000)}"


def _short(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def polyline(places: Sequence[tuple[float, float]]) -> str:
    """Path data through places, broken where one is NaN."""
    parts, pen = [], "M"
    for x, y in places:
        if x != x or y != y:
            pen = "M"
            continue
        parts.append(pen + coordinates(x, y))
        pen = "L"
    return "".join(parts)


def textures() -> h.Element:
    """The textures of filled shapes, defined once a page: bars of one series are plain, those of the others hatched, dotted, ..."""
    made = []
    for index, drawing in enumerate(_TEXTURES, start=1):
        drawn = [rect(width="8", height="8", class_="ground"), path(d=drawing)]
        made.append(pattern({"patternUnits": "userSpaceOnUse"}, id=f"texture-{index}", width="8", height="8", class_=ink(index))[drawn])
    return h.svg(".textures", width="0", height="0", aria_hidden="true", focusable="false")[defs[made]]


_TEXTURES = (
    "M-2 2 2-2M0 8 8 0M6 10 10 6",
    "M2 2h1v1h-1zM6 6h1v1h-1z",
    "M-2 6 2 10M0 0 8 8M6-2 10 2",
    "M0 4H8",
    "M4 0V8",
    "M0 0 8 8M0 8 8 0",
    "M0 2H8M0 6H8",
)
"""Drawn over a ground of the series' ink in a square of eight pixels."""


Key = Literal["line", "dotted", "point", "bar"]
"""What stands before a name in a legend: a line, one with points on it, a point, or a filled shape."""


def legend_key(index: int, key: Key) -> h.Element:
    """The small drawing before a name in a legend."""
    drawn: list[h.Element] = []
    if key in ("line", "dotted"):
        drawn.append(line(f".line.{ink(index)}", x1="0", x2="28", y1="6", y2="6"))
    if key in ("dotted", "point"):
        shape = SHAPES[index % len(SHAPES)]
        at = f".point.{ink(index)}"
        drawn.append(h.svg(at, x="14", y="6", overflow="visible")[path(d=shape)] if shape else circle(at, cx="14", cy="6", r="3.5"))
    if key == "bar":
        drawn.append(rect(f".bar.{ink(index)}", x="6", y="0", width="16", height="12"))
    return h.svg(".key", width="28", height="12", aria_hidden="true", focusable="false")[drawn]


__all__ = [
    "INKS",
    "Key",
    "area",
    "circle",
    "coordinates",
    "group",
    "ink",
    "legend_key",
    "line",
    "path",
    "percent",
    "point",
    "polyline",
    "rect",
    "text",
    "textures",
]
