"""The page in a real browser: nothing is complained of or asked for, everybody can read it, and it answers mouse and keyboard."""

from __future__ import annotations

from typing import Any

import pytest
from tests.report.conftest import Open
from tests.report.demo import demo
from tests.report.forms import CHARTS

from upshot.report.html import page

WIDTHS = (1280, 820, 390)
THEMES = ("light", "dark")


@pytest.fixture(scope="module")
def html() -> str:
    return page(demo())


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_a_page_complains_of_nothing_asks_for_nothing_fits_and_is_accessible(open_page: Open, html: str, width: int, theme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()

    opened = open_page(html, width=width, theme=theme)
    found = axe.run(opened.page)

    assert (opened.complaints, opened.requests) == ([], [])
    assert [(one["id"], one["nodes"][0]["html"]) for one in found.response["violations"]] == []
    assert opened.page.evaluate("document.documentElement.scrollWidth") == width


def test_the_theme_follows_the_reader_and_can_be_switched(open_page: Open, html: str) -> None:
    page = open_page(html, theme="dark").page
    grounds = [ground(page)]
    page.get_by_role("button", name="Light theme").click()
    grounds.append(ground(page))

    assert grounds == ["rgb(21, 23, 27)", "rgb(255, 255, 255)"]


def ground(page: Any) -> str:
    colour: str = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return colour


def test_a_table_sorts_by_number_up_and_down_and_keeps_what_is_missing_last(open_page: Open, html: str) -> None:
    page = open_page(html).page
    table = page.locator("table.data", has_text="Every style")
    head = table.get_by_role("columnheader", name="number")

    orders = []
    for _ in range(2):
        head.get_by_role("button").click()
        orders.append(
            ([row.split()[0] for row in table.locator("tbody td:nth-child(2)").all_inner_texts()], head.get_attribute("aria-sort"))
        )

    assert orders == [(["0.50", "12.25", "–"], "ascending"), (["12.25", "0.50", "–"], "descending")]


def test_a_long_table_is_folded_away_and_filtered_by_what_is_typed(open_page: Open, html: str) -> None:
    page = open_page(html).page
    table = page.locator("table.data", has_text="Parameters")
    assert not table.is_visible()

    page.get_by_text("60 rows", exact=True).click()
    page.get_by_role("searchbox", name="Filter the rows of Parameters").fill("parameter_07")

    assert table.locator("tbody tr:visible").all_inner_texts() == ["model.parameter_07\t19"]


def test_a_threshold_is_chosen_by_keyboard_and_its_money_is_told(open_page: Open, html: str) -> None:
    page = open_page(html).page
    chart = page.locator("figure", has_text="Money by threshold")
    slider = chart.get_by_role("slider", name="threshold")
    told = [chart.locator("output").inner_text()]

    slider.focus()
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    told.append(chart.locator("output").inner_text())

    assert told[0].startswith("0.43 saved: EUR 33.9 k; paid for reviews: EUR 2,924")
    assert told[1].startswith("0.4 saved: EUR 34.6 k; paid for reviews: EUR 3,240")
    assert "(chosen: 0.43, saved: EUR 33.9 k; paid for reviews: EUR 2,924)" in told[1]
    assert slider.get_attribute("aria-valuetext") == "0.4"


@pytest.mark.parametrize(
    ("title", "told"),
    [
        ("Forecast of a series", "day 2026-02-01\nmedian: 82 piece (71.7 to 97.5)"),
        ("Precision by recall", "recall 60 %\nprecision: 70 %"),
        ("Scores of good and bad cases", "score 0.5 to 0.55\ngood: 1.64 %\nbad: 3.57 %"),
        ("Alerts a day", "day 2026-01-08\nours: 10 case\nrule: 5 case"),
    ],
)
def test_who_points_at_a_chart_reads_the_values_there(open_page: Open, html: str, title: str, told: str) -> None:
    page = open_page(html).page
    chart = page.locator("figure", has_text=title)

    box = chart.locator(".drawing").bounding_box()
    chart.locator(".drawing").hover(position={"x": box["width"] * 0.525, "y": box["height"] / 2})

    assert chart.locator(".reading").inner_text() == told


def test_who_points_beside_the_points_of_a_scatter_reads_nothing(open_page: Open, html: str) -> None:
    page = open_page(html).page
    chart = page.locator("figure", has_text="Predicted by seen")
    box = chart.locator(".drawing").bounding_box()

    chart.locator(".drawing").hover(position={"x": box["width"] * 0.9, "y": box["height"] * 0.95})
    assert not chart.locator(".reading").is_visible()

    point = chart.locator(".drawing > circle.point").first.bounding_box()
    page.mouse.move(point["x"] + point["width"] / 2, point["y"] + point["height"] / 2)
    assert chart.locator(".reading").inner_text().startswith("north\nseen: 0 hour")


def test_without_script_every_chart_and_table_is_there(open_page: Open, html: str) -> None:
    page = open_page(html, script=False).page

    assert page.locator("figure.chart").count() == len(CHARTS) + 4  # two more of forms, two of the first screen
    assert page.locator("figure.chart svg").count() > 100
    assert page.locator("table.data tbody tr").count() == 3 + 1 + 60
    assert page.locator(".chooser, .filter, .tools button").count() == 0


def test_links_to_evidence_lead_to_its_row(open_page: Open, html: str) -> None:
    page = open_page(html).page

    page.locator(".front .evidence a").first.click()

    assert page.evaluate("document.querySelector(':target').innerText").startswith("inspect\t5f41556e")


def test_a_printed_page_is_light_unfolded_and_without_controls(open_page: Open, html: str) -> None:
    page = open_page(html, theme="dark").page
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")

    assert ground(page) in ("rgb(255, 255, 255)", "rgba(0, 0, 0, 0)")
    assert page.locator("details:not([open])").count() == 0
    assert not page.locator(".chooser").first.is_visible()
    assert page.pdf()[:5] == b"%PDF-"
