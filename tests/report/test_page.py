"""The page as a file: whole in itself, held by its policy, the same tomorrow, and small."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode

import numpy as np
import pandas as pd
import pytest
from tests.report.demo import demo, front
from tests.report.forms import table

from upshot.contracts.sections import ChartBlock, Column, Section, TableBlock
from upshot.report.charts.drawn import as_data
from upshot.report.document import Entry, Evidence, Report
from upshot.report.html import MOST_BYTES, harmless, page


@pytest.fixture(scope="module")
def html() -> str:
    return page(demo())


def test_the_policy_lets_only_the_style_and_the_script_of_the_file_act(html: str) -> None:
    (policy,) = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', html)
    rules = dict(rule.split(" ", 1) for rule in policy.replace("&#39;", "'").split("; "))
    (style,) = re.findall(r"<style>(.*?)</style>", html, re.S)
    (script,) = re.findall(r"<script>(.*?)</script>", html, re.S)

    hashes = [f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in (style, script)]
    assert rules == {
        "default-src": "'none'",
        "style-src": hashes[0],
        "script-src": hashes[1],
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }


def test_a_page_names_no_address_outside_itself(html: str) -> None:
    assert {link for link in re.findall(r'(?:href|src|action)="([^"]*)"', html) if not link.startswith("#")} == {"data:,"}
    assert re.findall(r"@import|url\((?!#)", html) == []
    assert set(re.findall(r"https?://[^\s\"']+", html)) == {"http://www.w3.org/2000/svg"}  # a name, not an address


def test_the_same_report_is_the_same_file(html: str) -> None:
    assert page(demo()) == html


def test_every_link_leads_to_something_in_the_page_and_no_identity_is_there_twice(html: str) -> None:
    identities = re.findall(r'\bid="([^"]*)"', html)

    assert len(identities) == len(set(identities))
    assert set(re.findall(r'href="#([^"]*)"', html)) <= set(identities)
    assert {name for names in re.findall(r'aria-labelledby="([^"]*)"', html) for name in names.split()} <= set(identities)


def test_a_million_rows_of_a_section_are_shortened_until_the_file_is_small_and_what_is_left_out_is_told() -> None:
    numbers = np.arange(1_000_000.0)
    rows = table(x=numbers, y=np.sin(numbers / 1e5), by=np.repeat([f"unit {i}" for i in range(8)], 125_000))
    chart = ChartBlock("All of them", "line", rows, Column("x", "x"), (Column("y", "y"),), by=Column("by", "unit", "text"))
    columns = tuple(Column(name, name) for name in ("x", "y"))
    sections = [Entry(f"big {i}", Section(f"Big {i}", "data_science", (chart, TableBlock("Rows", columns, rows)))) for i in range(30)]

    html = page(Report("big", ("r1",), front(), tuple(sections), "0.1.0"))

    assert len(html.encode()) <= MOST_BYTES
    assert re.search(r"The first \d+ of 1,000,000 rows\.", html)
    assert re.search(r"1,000,000 points, of which \d+ are drawn\.", html)


def test_a_row_says_nothing_beside_an_interval_without_width() -> None:
    rows = pd.DataFrame({"worth": [0.0, 5.0], "low": [0.0, 4.0], "high": [0.0, 6.0]})
    block = TableBlock("", (Column("worth", "worth", "money", "EUR", "low", "high"),), table(**{name: rows[name] for name in rows}))

    html = page(Report("t", ("r1",), None, (Entry("one", Section("One", "business", (block,))),), "0"))

    assert re.findall(r'<td class="figure"[^>]*>(.*?)</td>', html) == ["0", '5<span class="ends"> 4 to 6</span>']


def test_two_sections_of_one_name_have_addresses_of_their_own() -> None:
    from upshot.report.made import unique

    block = TableBlock("", (Column("x", "x"),), table(x=[1]))
    names = [entry.name for entry in unique([Entry(name, Section("A", "risk", (block,))) for name in ("a b", "a-b", "a b", "a b 2")])]

    assert names == ["a b", "a-b 2", "a b 3", "a b 2 2"]


@pytest.mark.parametrize(("cell", "shown"), [("=1", "\u2060=1"), ("-x", "\u2060-x"), ("-1", "-1"), ("a=b", "a=b"), ("", "")])
def test_only_what_a_spreadsheet_would_run_is_changed(cell: str, shown: str) -> None:
    assert harmless(cell) == shown


def test_data_in_a_page_cannot_end_its_element() -> None:
    assert as_data({"a": "</script><!--\u2028\x1b"}) == '{"a":"\\u003c/script\\u003e\\u003c!--\\\\u2028\\\\x1b"}'


def test_evidence_is_told_by_stage_and_the_first_digits() -> None:
    html = page(demo())

    assert f'<a href="#evidence-{Evidence("inspect", "5f41556e12470d62").short}"' in html
