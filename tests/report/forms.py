"""A section with a chart of every form, a table with every style, and text: what a renderer must be able to show."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pandas as pd

from upshot.contracts.sections import ChartBlock, Column, Form, Section, Style, TableBlock, TextBlock
from upshot.contracts.tables import Table

DAYS = pd.date_range("2026-01-01", periods=60, freq="D")


def table(**columns: Any) -> Table:
    return Table.of(pd.DataFrame(columns))


def line() -> ChartBlock:
    at = np.linspace(0, 1, 101)
    rows = table(threshold=at, saved=60_000 * np.sin(at * 3) * (1 - at) + 1_000, reviews=9_000 * (1 - at) ** 2)
    columns = (Column("saved", "saved", "money", "EUR"), Column("reviews", "paid for reviews", "money", "EUR"))
    return ChartBlock(
        "Money by threshold", "line", rows, Column("threshold", "threshold"), columns, mark=0.43, note="Chosen on validation."
    )


def band() -> ChartBlock:
    middle = 100 + 20 * np.sin(np.arange(60) / 6)
    rows = table(day=DAYS, median=middle, low=middle - np.arange(60) / 3, high=middle + np.arange(60) / 2)
    low, high = Column("low", "lower tenth", "count", "piece"), Column("high", "upper tenth", "count", "piece")
    return ChartBlock(
        "Forecast of a series", "band", rows, Column("day", "day", "date"), (Column("median", "median", "count", "piece"),), low, high
    )


def step() -> ChartBlock:
    rows = table(recall=[0.0, 0.2, 0.4, 0.6, 0.8, 1.0], precision=[1.0, 0.9, 0.9, 0.7, 0.4, 0.05])
    return ChartBlock(
        "Precision by recall", "step", rows, Column("recall", "recall", "share"), (Column("precision", "precision", "share"),), level=0.05
    )


def bar() -> ChartBlock:
    rows = table(term=["fraud stopped", "reviews", "good customers held up"], worth=[710_187.0, -16_740.0, -2_630.0])
    return ChartBlock(
        "What the value is made of", "bar", rows, Column("term", "term", "text"), (Column("worth", "a year", "money", "EUR"),)
    )


def bars_by_day() -> ChartBlock:
    rows = table(day=[*DAYS[:14], *DAYS[:14]], who=["ours"] * 14 + ["rule"] * 14, count=[*range(3, 17), *range(12, -2, -1)])
    return ChartBlock(
        "Alerts a day",
        "bar",
        rows,
        Column("day", "day", "date"),
        (Column("count", "alerts", "count", "case"),),
        by=Column("who", "policy", "text"),
    )


def scatter() -> ChartBlock:
    noise = np.random.default_rng(0).normal(size=240)
    at = np.tile(np.arange(80), 3) / 8
    rows = table(seen=at, predicted=at + noise, site=np.repeat(["north", "south", "west"], 80))
    return ChartBlock(
        "Predicted by seen",
        "scatter",
        rows,
        Column("seen", "seen", "number", "hour"),
        (Column("predicted", "predicted", "number", "hour"),),
        by=Column("site", "site", "text"),
    )


def interval() -> ChartBlock:
    rows = table(
        slice=["all", "age under 25", "age 25 to 60", "age over 60", "no age"],
        score=[0.583, 0.51, 0.6, 0.55, np.nan],
        low=[0.49, 0.38, 0.52, 0.4, np.nan],
        high=[0.65, 0.62, 0.68, 0.7, np.nan],
    )
    low, high = Column("low", "low"), Column("high", "high")
    return ChartBlock(
        "Average precision by slice",
        "interval",
        rows,
        Column("slice", "slice", "text"),
        (Column("score", "average precision"),),
        low,
        high,
        level=0.583,
    )


def histogram() -> ChartBlock:
    edges = np.arange(20) / 20
    rows = table(edge=np.tile(edges, 2), share=[*(np.exp(-edges * 5) / 5), *(edges**2 / 7)], outcome=["good"] * 20 + ["bad"] * 20)
    return ChartBlock(
        "Scores of good and bad cases",
        "histogram",
        rows,
        Column("edge", "score"),
        (Column("share", "share of cases", "share"),),
        by=Column("outcome", "outcome", "text"),
    )


def heatmap() -> ChartBlock:
    hours, days = np.meshgrid(np.arange(0, 24, 3), ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"])
    rows = table(hour=hours.ravel(), weekday=days.ravel(), rate=(np.arange(56) % 11) / 300)
    return ChartBlock(
        "Alert rate by hour",
        "heatmap",
        rows,
        Column("hour", "hour", "count"),
        (Column("rate", "alert rate", "share"),),
        by=Column("weekday", "weekday", "text"),
    )


def timeline() -> ChartBlock:
    rows = pd.DataFrame(
        {
            "unit": ["pump 1", "pump 1", "pump 1", "pump 2", "pump 2", "pump 3", "pump 3", "pump 3"],
            "what": ["runs", "alarm", "service", "runs", "breakdown", "runs", "alarm", "breakdown"],
            "at": [*[0, 120, 140], *[0, 88], *[0, 60, 71]],
            "start": [0, None, None, 0, None, 0, None, None],
            "end": [140, None, None, 88, None, 71, None, None],
        }
    )
    return ChartBlock(
        "Lives of three pumps",
        "timeline",
        Table.of(rows),
        Column("at", "cycle", "count"),
        (Column("what", "what", "text"),),
        Column("start", "start", "count"),
        Column("end", "end", "count"),
        by=Column("unit", "unit", "text"),
    )


def split() -> ChartBlock:
    rows = table(
        part=["train", "validation", "test"],
        at=[DAYS[0], DAYS[30], DAYS[45]],
        start=[DAYS[0], DAYS[30], DAYS[45]],
        end=[DAYS[29], DAYS[44], DAYS[59]],
    )
    day = Column("at", "days", "date")
    return ChartBlock(
        "Which days train, which test",
        "timeline",
        rows,
        day,
        (Column("part", "part", "text"),),
        Column("start", "", "date"),
        Column("end", "", "date"),
        Column("part", "part", "text"),
    )


def styles() -> TableBlock:
    rows = table(
        text=["first", "second", None],
        number=[0.5, 12.25, np.nan],
        count=[1_000_000, 7, 12],
        money=[1_250.5, 20.0, -3.25],
        share=[0.034, 1.0, np.nan],
        date=pd.to_datetime(["2026-01-09", "2026-01-09 20:30", None], format="ISO8601"),
        code=["a * b", "5f41556e12470d62534dd3f669ac6519", "conf/kpi/saved.yaml:3"],
        duration=[0.012, 7.3, 130.0],
        size=[512, 48_123_456, 7_200_000_000],
        outcome=["PASS", "FAIL", "INCONCLUSIVE"],
        low=[0.4, 10.0, np.nan],
        high=[0.6, 14.0, np.nan],
    )
    columns = [Column(style, style, style, unit) for style, unit in zip(get_args(Style), _units(), strict=True)]
    with_ends = [Column("number", "number", "number", "hour", "low", "high") if column.name == "number" else column for column in columns]
    return TableBlock("Every style", tuple(with_ends), rows, "Three rows that nobody measured.")


def _units() -> list[str]:
    units = {"count": "case", "money": "EUR"}
    return [units.get(style, "") for style in get_args(Style)]


CHARTS = {
    "line": line,
    "band": band,
    "step": step,
    "bar": bar,
    "scatter": scatter,
    "interval": interval,
    "histogram": histogram,
    "heatmap": heatmap,
    "timeline": timeline,
}
"""A chart of each form."""


def every_form() -> Section:
    """One section with everything."""
    assert set(CHARTS) == set(get_args(Form))
    text = TextBlock(("A paragraph says what was done and why, in a sentence or two.", "Another one follows it."))
    charts = [make() for make in (*CHARTS.values(), bars_by_day, split)]
    return Section("Everything that can be shown", "data_science", (text, styles(), *charts))
