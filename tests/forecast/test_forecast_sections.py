"""What the report shows of a forecast: made from a run of the packaged recipe in a small world, and held to its rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from upshot.catalogue import load_catalogue
from upshot.components.sections.decomposition import decompose, places_of
from upshot.components.sections.forecast_errors import errors_by
from upshot.contracts.sections import ChartBlock, Section, TableBlock, TextBlock
from upshot.engine.state import State
from upshot.testing import RecipeProject

SMALL = ("data.stores=2", "data.items=8", "data.days=220", "split.horizon=28", "split.cutoffs=1", "threads=1")
MILD = tuple(f"gates.{name}=null" for name in ("beats_seasonal_naive", "beats_current_rule", "coverage"))


@pytest.fixture(scope="module")
def sections(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Section]:
    project = RecipeProject(tmp_path_factory.mktemp("sections"), {})
    outcome = project.run("run", "inventory", *SMALL, *MILD, "model.learner.n_estimators=20", "--json")
    assert outcome.exit_code == 0, outcome.stderr
    digest = next(stage["value"] for stage in outcome.json["stages"] if stage["stage"] == "inspect")
    inspection: Any = State(Path(project.root) / ".upshot").codec(load_catalogue().revive).load(digest)
    return dict(inspection.sections)


def test_a_fan_shows_the_past_the_area_and_what_came(sections):
    charts = sections["forecast_fan"].blocks

    assert len(charts) == 4 and all(isinstance(chart, ChartBlock) and chart.form == "band" for chart in charts)
    rows = charts[0].rows.frame
    assert rows["forecast"].notna().sum() == 28 and len(rows) == 28 + 56
    known = rows.dropna()
    assert (known["low"] <= known["forecast"]).all() and (known["forecast"] <= known["high"]).all()
    assert rows["date"].is_monotonic_increasing


def test_errors_are_told_by_step_and_slice_and_add_up(sections):
    by_step, by_store, by_category, by_promo, worst = sections["forecast_errors"].blocks

    assert by_step.rows.frame["step"].tolist() == list(range(1, 29))
    totals = [block.rows.frame["error"].sum() for block in (by_step, by_store, by_category, by_promo)]
    assert totals == pytest.approx([totals[0]] * 4)
    assert isinstance(worst, TableBlock) and worst.rows.frame["error"].is_monotonic_decreasing


def test_money_is_told_by_store_and_class_and_is_that_of_the_run(sections):
    by_store, by_category, worst = sections["stock_cost"].blocks

    assert by_store.rows.frame["money"].sum() == pytest.approx(by_category.rows.frame["money"].sum())
    assert list(by_store.rows.frame["store_id"]) and (by_store.rows.frame["fill"] <= 1).all()
    assert [column.title for column in by_store.columns][1:5] == ["worth", "over current rule", "over seasonal naive", "fill rate"]
    assert worst.note.endswith("the least over the seasonal naive first.")
    assert worst.rows.frame["seasonal_naive"].is_monotonic_increasing


def test_stock_is_shown_as_it_was_played(sections):
    chart = sections["stock_run"].blocks[0]

    assert [column.name for column in chart.y] == ["demand", "unmet", "held", "ordered"]
    assert (chart.rows.frame["ordered"] > 0).sum() <= 4  # four weeks, one review a week


def test_trend_and_season_add_up_and_a_short_history_is_told_in_a_sentence(sections, component):
    demand, season, rest = (block.rows.frame for block in sections["decomposition"].blocks)

    assert season["place"].tolist() == ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    above = demand["date"].dt.day_of_week.map(season["above"])
    np.testing.assert_allclose(demand["trend"] + above + rest["rest"], demand["y"])
    assert sections["decomposition"].blocks[1].note.startswith("The season explains")


def test_a_season_is_found_whatever_its_length():
    for season in (3, 4, 7, 12):
        pattern = np.arange(season, dtype=float) - (season - 1) / 2
        y = np.tile(pattern, 6) + 0.5 * np.arange(6 * season)

        trend, seasonal, _ = decompose(y, season)

        np.testing.assert_allclose(seasonal[season : 2 * season], pattern, atol=1.5 if season > 7 else 0.9)
        assert len(trend) == len(y)


def test_the_places_of_a_season_have_their_names():
    import pandas as pd

    def names(start, freq, season):
        return places_of(pd.Series(pd.date_range(start, periods=2 * season, freq=freq)), season).tolist()

    assert names("2026-01-07", "D", 7)[:6] == ["Wed", "Thu", "Fri", "Sat", "Sun", "Mon"]
    assert names("2026-11-01", "MS", 12)[:3] == ["Nov", "Dec", "Jan"]
    assert names("2026-01-01 22:00", "h", 24)[:3] == ["22:00", "23:00", "00:00"]
    assert names("2026-01-02", "W-FRI", 7)[:3] == [1, 2, 3]  # seven weeks are no week
    assert places_of(pd.Series([5, 6, 7]), 7).tolist() == [1, 2, 3]


def test_errors_of_a_slice_without_demand_have_no_share():
    import pandas as pd

    frame = pd.DataFrame({"y": [0.0, 0.0, 2.0], "error": [1.0, -1.0, 1.0]})

    found = errors_by(frame, pd.Series(["a", "a", "b"]), "kind").set_index("kind")

    assert found.loc["b", ["wape", "bias"]].tolist() == [0.5, 0.5]
    assert np.isnan(found.loc["a", "wape"]) and found.loc["a", "error"] == 2.0


def test_a_history_too_short_for_two_seasons_is_a_text(tmp_path):
    project = RecipeProject(tmp_path / "p", {})

    outcome = project.run(
        "run", "inventory", *SMALL, *MILD, "sections={decomposition: {season_length: 300}}", "model.learner.n_estimators=5", "--json"
    )

    digest = next(stage["value"] for stage in outcome.json["stages"] if stage["stage"] == "inspect")
    inspection: Any = State(tmp_path / "p" / ".upshot").codec(load_catalogue().revive).load(digest)
    (block,) = inspection.sections["decomposition"].blocks
    assert isinstance(block, TextBlock) and "too few for two seasons of 300" in block.paragraphs[0]
