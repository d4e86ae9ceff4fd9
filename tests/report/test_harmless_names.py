"""Names with HTML, control characters and formulas are text wherever they come from and wherever they go."""

from __future__ import annotations

import json
import re

import pytest
from tests.report.conftest import Open
from tests.report.demo import demo
from tests.report.forms import CHARTS
from tests.report.planted import HARMFUL, planted

from upshot.cli.report import summary
from upshot.contracts.tables import texts_within
from upshot.errors import printable
from upshot.report.data import data
from upshot.report.html import page
from upshot.report.markdown import escaped, markdown


@pytest.fixture(scope="module")
def html() -> str:
    return page(planted(demo()))


def test_a_planted_page_is_whole_and_runs_nothing_of_it(open_page: Open, html: str) -> None:
    opened = open_page(html)
    page = opened.page

    assert (opened.complaints, opened.requests) == ([], [])
    assert page.locator("script").count() == html.count('class="readings"') + 1
    assert page.locator("img, iframe, object, embed, form, base, plaintext").count() == 0
    assert page.locator("[onerror], [onload], [onfocus], [autofocus], [style]").count() == 0
    assert page.locator("figure.chart").count() == len(CHARTS) + 4
    assert page.evaluate("document.querySelectorAll('a:not([href^=\"#\"])').length") == 0


def test_every_planted_text_is_there_as_text(open_page: Open, html: str) -> None:
    shown = open_page(html, script=False).page.inner_text("body")

    assert [text for text in HARMFUL if printable(text.strip()) not in shown.replace("\u2060", "")] == []


def test_no_control_or_direction_character_is_in_a_page(html: str) -> None:
    assert {letter for letter in html if not letter.isprintable()} <= {"\n", "\u2060"}


def test_pointing_at_a_planted_chart_shows_its_names_as_text(open_page: Open, html: str) -> None:
    opened = open_page(html)
    chart = opened.page.locator("figure.form-line")
    box = chart.locator(".drawing").bounding_box()

    chart.locator(".drawing").hover(position={"x": box["width"] / 2, "y": box["height"] / 2})

    assert chart.locator(".reading").is_visible()
    assert chart.locator(".reading *").evaluate_all("all => all.map(one => one.tagName)") == ["B", "DIV", "DIV"]
    assert opened.complaints == []


def test_a_cell_that_a_spreadsheet_would_run_begins_with_a_letter_that_is_none(open_page: Open, html: str) -> None:
    cells = open_page(html).page.locator("td:not(.figure)").evaluate_all("all => all.map(one => one.textContent)")

    assert any("HYPERLINK" in cell for cell in cells)
    assert [cell for cell in cells if re.match(r"[=+@\t\r]|-[^\d]", cell) and cell != "–"] == []


def test_planted_markdown_has_no_html_link_mention_or_heading_of_theirs() -> None:
    text = markdown(planted(demo()))

    outside_code = re.sub(r"(`+).+?\1", "", text)
    assert set(re.findall(r"<[^>]*>", outside_code)) <= {"<details>", "<summary>", "</summary>", "</details>"}
    assert re.findall(r"(?<!\\)\]\(", outside_code) == []
    assert re.findall(r"@(?!\u2060)\w", outside_code) == []
    assert [line for line in outside_code.splitlines() if re.match(r"#+ ", line) and not re.match(r"(#|##|###) ", line)] == []
    assert {letter for letter in text if not letter.isprintable()} <= {"\n", "\u2060"}
    widths = [len(re.findall(r"(?<!\\)\|", line)) for line in text.splitlines() if line.startswith("|")]
    assert 1 not in widths


def test_the_summary_on_a_terminal_has_no_control_character() -> None:
    text = summary(planted(demo()))

    assert {letter for letter in text if not letter.isprintable()} <= {"\n"}


def test_machines_get_the_names_as_they_are() -> None:
    found = json.loads(json.dumps(data(planted(demo()))))

    said = list(texts_within(found))
    assert [text for text in HARMFUL if not any(text in one for one in said)] == []


@pytest.mark.parametrize("text", HARMFUL)
def test_escaped_markdown_says_the_same_letters(text: str) -> None:
    said = escaped(text).replace("\u2060", "").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")

    assert re.sub(r"\\(?=[\\`*_{}\[\]|~$#.\-+=])", "", said) == re.sub(r"\\(?=[\\`*_{}\[\]|~$#.\-+=])", "", printable(text))
