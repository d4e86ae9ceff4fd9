"""Where a value is drawn, what is left out and how that is told."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.report.forms import CHARTS

from upshot.contracts.sections import ChartBlock, Column, Form
from upshot.contracts.tables import Table
from upshot.report.charts.drawn import figure
from upshot.report.charts.series import drawn_from

X, Y, NAME = Column("x", "x"), Column("y", "worth", "money", "EUR"), Column("x", "name", "text")
ENDS = {"low": Column("low", "low"), "high": Column("high", "high")}
BY = {"by": Column("by", "by", "text")}


def chart(form: Form, rows: dict[str, Any], *, x: Column = X, y: tuple[Column, ...] = (Y,), **rest: Any) -> ChartBlock:
    return ChartBlock("A chart", form, Table.of(pd.DataFrame(rows)), x, y, **rest)


def drawn(block: ChartBlock, *, points: int = 600, rows: int = 60) -> str:
    return str(figure(block, "one", most_points=points, most_rows=rows))


def elements(html: str, element: str, of: str) -> list[dict[str, str]]:
    """Attributes of the elements that have a class."""
    found = [dict(re.findall(r'([\w:-]+)="([^"]*)"', text)) for text in re.findall(rf"<{element} ([^>]*)>", html)]
    return [one for one in found if of in one.get("class", "").split()]


def texts(html: str, of: str) -> list[str]:
    return re.findall(rf'<text class="[^"]*\b{of}\b[^"]*"[^>]*>([^<]*)</text>', html)


def readings(html: str) -> Any:
    return json.loads(re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', html)[0])


def test_a_line_goes_through_its_values_in_a_square_of_a_thousand() -> None:
    html = drawn(chart("line", {"x": [0.0, 1.0, 2.0], "y": [0.0, 50.0, 100.0]}))

    assert [path["d"] for path in elements(html, "path", "line")] == ["M0 1000L500 500L1000 0"]
    assert texts(html, "up") == ["0", "20", "40", "60", "80", "100"]


def test_a_line_is_broken_where_nothing_is_known() -> None:
    html = drawn(chart("line", {"x": [0.0, 1.0, 2.0, 3.0, 4.0], "y": [0.0, 10.0, None, 0.0, 10.0]}))

    assert [path["d"] for path in elements(html, "path", "line")] == ["M0 1000L250 0M750 1000L1000 0"]


def test_steps_hold_each_value_until_the_next_place() -> None:
    html = drawn(chart("step", {"x": [0.0, 1.0, 2.0], "y": [0.0, 100.0, 50.0]}))

    assert [path["d"] for path in elements(html, "path", "line")] == ["M0 1000L500 1000L500 0L1000 0L1000 500"]


def test_a_band_goes_up_along_one_end_and_back_along_the_other_and_skips_what_is_not_known() -> None:
    rows = {"x": [0.0, 1.0, 2.0, 3.0, 4.0], "y": [50.0] * 5, "low": [0.0, 0.0, None, 0.0, 0.0], "high": [100.0] * 5}

    html = drawn(chart("band", rows, **ENDS))

    assert [path["d"] for path in elements(html, "path", "fill")] == [
        "M0 0L250 0L250 1000L0 1000Z",
        "M750 0L1000 0L1000 1000L750 1000Z",
    ]


def test_lines_are_told_apart_by_more_than_colour_and_named_in_order() -> None:
    rows = {"x": [0.0, 1.0] * 2, "y": [0.0, 1.0, 1.0, 0.0], "by": ["ours", "ours", "rule", "rule"]}

    html = drawn(chart("line", rows, **BY))

    assert re.findall(r"</svg>(\w+)</li>", html) == ["ours", "rule"]
    assert [path["class"] for path in elements(html, "path", "line")] == ["line s0", "line s1"]  # s1 is dashed by the style sheet
    assert len(elements(html, "circle", "s0")) == 3  # a circle each, and one in the legend
    assert html.count("M-4-4h8v8h-8z") == 3  # squares of the second


def test_columns_stand_on_nothing_side_by_side_also_below_it() -> None:
    rows = {"x": [1.0, 1.0, 2.0, 2.0], "y": [10.0, 5.0, -10.0, 5.0], "by": ["a", "b", "a", "b"]}

    bars = elements(drawn(chart("bar", rows, **BY)), "rect", "bar")[2:]  # behind those of the legend

    assert [(bar["y"], bar["height"]) for bar in bars] == [("0%", "50%"), ("50%", "50%"), ("25%", "25%"), ("25%", "25%")]
    assert [bar["x"] for bar in bars] == ["4.5%", "54.5%", "25%", "75%"]
    assert {bar["width"] for bar in bars} == {"20.5%"}


def test_a_bin_reaches_from_its_left_edge_to_the_next() -> None:
    html = drawn(chart("histogram", {"x": [0.0, 0.5], "y": [2.0, 1.0]}))

    assert [(bar["x"], bar["width"], bar["height"]) for bar in elements(html, "rect", "bar")] == [
        ("0%", "50%", "100%"),
        ("50%", "50%", "50%"),
    ]
    assert readings(html)["x"] == ["0 to 0.5", "0.5 to 1"]


def test_intervals_and_named_bars_are_tables_with_a_mark_and_the_figures() -> None:
    rows = {"x": ["all", "young"], "y": [5.0, 0.0], "low": [2.5, -5.0], "high": [10.0, 5.0]}

    html = drawn(chart("interval", rows, x=NAME, level=0.0, **ENDS))

    assert [(one["x1"], one["x2"]) for one in elements(html, "line", "whisker")] == [("50%", "100%"), ("0%", "66.67%")]
    assert [point["cx"] for point in elements(html, "circle", "point")] == ["66.67%", "33.33%"]
    assert {level["x1"] for level in elements(html, "line", "level")} == {"33.33%"}
    assert re.findall(r'<th scope="row">(.*?)</th>', html) == ["all", "young"]
    assert [re.sub("<.*?>", "", cell) for cell in re.findall(r'<td class="figure">(.*?)</td>', html)] == ["5 2.5 to 10", "0 −5 to 5"]


def test_a_timeline_has_a_row_for_each_unit_with_spans_under_moments() -> None:
    rows = {"x": [0, 80, 0], "y": ["runs", "alarm", "runs"], "by": ["a", "a", "b"], "low": [0, None, 0], "high": [100, None, 50]}

    html = drawn(chart("timeline", rows, y=(Column("y", "what", "text"),), **ENDS, **BY))

    assert [(bar["x"], bar["width"]) for bar in elements(html, "rect", "bar")[1:]] == [("0%", "100%"), ("0%", "50%")]
    assert re.findall(r"<title>(.*?)</title>", html) == ["runs: 0 to 100", "alarm: 80", "runs: 0 to 50"]
    assert re.findall(r'<td class="figure">(.*?)</td>', html) == ["runs: 0 to 100", "0 to 50"]


def test_moments_at_one_place_are_told_together_and_the_kind_that_comes_first_lies_on_top() -> None:
    rows = {"x": [0, 5, 5], "y": ["runs", "breakdown", "alarm"], "by": ["a", "a", "a"], "low": [0, None, None], "high": [5, None, None]}

    html = drawn(chart("timeline", rows, y=(Column("y", "what", "text"),), **ENDS, **BY))

    assert re.findall(r"<title>(.*?)</title>", html) == ["runs: 0 to 5", "alarm: 5", "breakdown: 5"]
    assert re.findall(r'<td class="figure">(.*?)</td>', html) == ["breakdown, alarm: 5"]


def test_a_heatmap_is_deeper_where_there_is_more_and_turns_colour_at_nothing() -> None:
    rows = {"x": ["am", "pm", "am"], "by": ["Mon", "Mon", "Tue"], "y": [-1.0, 2.0, 0.0]}

    html = drawn(chart("heatmap", rows, x=NAME, y=(Column("y", "change"),), **BY))

    cells = re.findall(r'<td class="heat ([\w-]+)">(.*?)</td>', html)
    assert cells == [("below-4", "−1"), ("above-8", "2"), ("above-0", "0"), ("deep-none", "–")]


@pytest.mark.parametrize("form", CHARTS)
def test_a_chart_without_rows_says_so(form: str) -> None:
    block = CHARTS[form]()
    empty = ChartBlock(**{**vars(block), "rows": Table.of(block.rows.frame.iloc[:0])})

    assert "There is nothing to draw: no row has a value." in drawn(empty)


@pytest.mark.parametrize("form", CHARTS)
def test_a_chart_of_one_row_is_drawn(form: str) -> None:
    block = CHARTS[form]()

    html = drawn(ChartBlock(**{**vars(block), "rows": Table.of(block.rows.frame.iloc[:1])}))

    assert "nothing to draw" not in html
    assert "nan" not in html.lower()


def test_a_long_line_is_thinned_keeps_its_extremes_and_says_so() -> None:
    y = np.sin(np.arange(100_000) / 5_000)
    y[777], y[88_888] = 9.0, -9.0
    block = chart("line", {"x": np.arange(100_000.0), "y": y}, mark=31_415.0)

    found = drawn_from(block, most_points=400)

    (one,) = found.series
    assert len(one.x) <= 400
    assert {0.0, 777.0, 31_415.0, 88_888.0, 99_999.0} <= set(one.x.tolist())
    assert found.left_out == f"100,000 points, of which {len(one.x)} are drawn"
    assert f"100,000 points, of which {len(one.x)} are drawn." in drawn(block, points=400)


def test_series_that_cannot_be_told_apart_are_counted_not_drawn() -> None:
    rows = {"x": [0.0] * 11, "y": np.arange(11.0), "by": [f"unit {number}" for number in range(11)]}

    html = drawn(chart("scatter", rows, **BY))

    assert "3 more series are not drawn." in html


def test_rows_beyond_those_that_fit_are_counted() -> None:
    html = drawn(chart("bar", {"x": [f"n{i}" for i in range(9)], "y": np.arange(9.0)}, x=NAME), rows=5)

    assert html.count('<th scope="row">') == 5
    assert "4 more rows are not drawn." in html


@pytest.mark.parametrize(
    ("dates", "ticks"),
    [
        (["2026-01-01", "2026-01-29"], ["5 Jan 2026", "12 Jan", "19 Jan", "26 Jan"]),
        (["2025-11-15", "2026-04-15"], ["Dec 2025", "Jan 2026", "Feb", "Mar", "Apr"]),
        (["2026-01-01 06:00", "2026-01-02 06:00"], ["1 Jan 06:00", "12:00", "18:00", "2 Jan 00:00", "06:00"]),
        (["1999-06-01", "2026-06-01"], ["2000", "2005", "2010", "2015", "2020", "2025"]),
    ],
)
def test_ticks_of_time_stand_where_days_months_and_years_begin(dates: list[str], ticks: list[str]) -> None:
    html = drawn(chart("line", {"x": pd.to_datetime(dates), "y": [0.0, 1.0]}, x=Column("x", "day", "date")))

    assert texts(html, "across") == ticks


def test_dates_may_be_texts_and_zones_are_told_in_utc() -> None:
    texts_ = drawn(chart("line", {"x": ["2026-01-01", "2026-01-03"], "y": [0.0, 1.0]}, x=Column("x", "day", "date")))
    zoned = pd.to_datetime(["2026-01-01 01:00", "2026-01-03 01:00"]).tz_localize("Europe/Berlin")

    assert readings(texts_)["x"] == ["2026-01-01", "2026-01-03"]
    assert readings(drawn(chart("line", {"x": zoned, "y": [0.0, 1.0]}, x=Column("x", "day", "date"))))["x"] == ["2026-01-01", "2026-01-03"]


def test_a_marked_value_is_drawn_named_and_where_reading_begins() -> None:
    html = drawn(chart("line", {"x": [0.0, 0.25, 1.0], "y": [1.0, 3.0, 2.0]}, mark=0.25))

    assert [line["x1"] for line in elements(html, "line", "mark")] == ["25%"]
    assert texts(html, "marked") == ["0.25"]
    assert (readings(html)["mark"], readings(html)["rows"]) == (1, [["EUR 1", "EUR 3", "EUR 2"]])


def test_a_drawing_says_in_words_what_it_shows() -> None:
    html = drawn(chart("line", {"x": [0.0, 1.0, 2.0], "y": [0.0, 5.5, None]}, mark=1.0, level=2.0))

    assert 'aria-label="A chart. worth: 2 values between EUR 0 and EUR 5.50; marked at x 1; a line at EUR 2."' in html


def test_what_a_choice_would_change_beside_the_drawn_values_is_told_in_its_own_unit() -> None:
    rows = {"x": [0.2, 0.1], "y": [3.0, 1.0], "found": [0.5, None]}

    found = readings(drawn(chart("line", rows, mark=0.1, also=(Column("found", "found", "share"),))))

    assert found["names"] == ["worth", "found"]
    assert found["rows"] == [["EUR 1", "EUR 3"], ["–", "50 %"]]  # by place, from left to right


def test_what_is_told_beside_several_groups_names_the_group() -> None:
    rows = {"x": [0.1, 0.1], "y": [3.0, 1.0], "cases": [7, 9], "by": ["a", "b"]}

    found = readings(drawn(chart("line", rows, also=(Column("cases", "cases", "count"),), **BY)))

    assert dict(zip(found["names"], found["rows"], strict=True)) == {"a": ["EUR 3"], "b": ["EUR 1"], "a: cases": ["7"], "b: cases": ["9"]}


def test_several_series_of_one_row_stand_under_each_other_each_beside_its_mark_and_named() -> None:
    y = (Column("y", "services", "money", "EUR"), Column("z", "breakdowns", "money", "EUR"))

    html = drawn(chart("bar", {"x": ["ours"], "y": [5.0], "z": [10.0]}, x=NAME, y=y))

    bars = elements(html, "rect", "bar")[2:]  # behind those of the legend
    assert [(bar["width"], bar["y"]) for bar in bars] == [("50%", "4"), ("100%", "26")]
    assert re.findall(r'<div class="line-of"><span class="unseen">(.*?)</span>(.*?)</div>', html) == [
        ("services: ", "5"),
        ("breakdowns: ", "10"),
    ]
    assert re.findall(r'<th class="figure" scope="col">(.*?)</th>', html) == ["EUR"]
