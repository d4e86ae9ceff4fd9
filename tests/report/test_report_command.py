"""`upshot report` and `upshot card` as they are typed, and what every report of a run holds."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from tests.report.conftest import Open

from upshot.cli.commands import COMMANDS
from upshot.report.always.signature import USE
from upshot.testing import RecipeProject

RUN = r"r\d{8}T\d{6}-[0-9a-f]{6}"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, tiny_files: dict[str, str]) -> RecipeProject:
    """Three runs: two that differ in the policy, and the first again under another price. Read only."""
    project = RecipeProject(tmp_path_factory.mktemp("report"), tiny_files)
    for words in (
        ["+sections.curve.use=tuning_curve", "policy.threshold=null"],
        ["policy.threshold=0.0"],
        ["kpi.saved.parameters.friction_cost.value=3"],
    ):
        assert project.run("run", "tiny", *words).exit_code == 0
    return project


def ids(project: RecipeProject) -> list[str]:
    """The oldest first."""
    return [run["run"] for run in reversed(project.run("runs", "--json").json["runs"])]


def sections(project: RecipeProject, *words: str) -> dict[str, Any]:
    found = project.run("report", *words, "--format", "json").json["sections"]
    return {section["name"]: section for section in found}


def rows(section: Any, block: int = 0) -> list[Any]:
    found: list[Any] = section["blocks"][block]["rows"]
    return found


def test_a_report_is_a_file_named_after_its_run_and_a_summary(project: RecipeProject) -> None:
    outcome = project.run("report", "tiny")
    (written,) = [line for line in outcome.stdout.splitlines() if line.startswith("file")]

    name = f"report-{ids(project)[-1]}.html"
    assert re.fullmatch(rf"file  {name}, \d+ kB", written)
    assert outcome.stdout.splitlines()[1] == "EUR 120.50 a day more than doing nothing"
    assert re.search(r"^Worth since the first test day, not scaled: candidate +▁▂▃▄▅▆▇█ +EUR 117 to 964$", outcome.stdout, re.M)
    assert (project.root / name).read_text(encoding="utf-8").startswith("<!doctype html>")


def test_the_report_of_a_run_is_the_same_bytes_after_other_runs(tiny: RecipeProject) -> None:
    tiny.run("run", "tiny")
    first = {form: tiny.run("report", "tiny", "--format", form, "-o", "-").stdout for form in ("html", "md", "json")}
    run = tiny.run("runs", "--json").json["runs"][0]["run"]
    tiny.run("run", "tiny", "policy.threshold=0.9")

    assert {form: tiny.run_process("report", run, "--format", form, "-o", "-").stdout for form in first} == first


def test_a_report_opens_in_a_browser_without_complaint(project: RecipeProject, open_page: Open) -> None:
    opened = open_page(project.run("report", ids(project)[0], "-o", "-").stdout)

    assert (opened.complaints, opened.requests) == ([], [])
    assert opened.page.locator("h1").inner_text() == "EUR 120.50 a day more than doing nothing"
    assert opened.page.locator("nav a").all_inner_texts() == ["In short", "Business", "Data science", "Risk", "Engineering"]
    assert opened.page.get_by_role("slider", name="threshold").count() == 1


def test_the_browser_is_asked_to_open_the_file(project: RecipeProject, tmp_path: Path) -> None:
    told = tmp_path / "told"
    browser = project.write("browser", f'#!/bin/sh\necho "$1" > {told}\n')
    browser.chmod(0o755)

    outcome = project.run_process("report", "--open", "-o", "here.html", env={"BROWSER": str(browser)})

    assert (outcome.exit_code, told.read_text().strip()) == (0, (project.root / "here.html").resolve().as_uri())


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["report", "r2099"], "r2099  no run is recorded that begins so; upshot runs"),
        (["report", "tinny"], "tinny  no run is recorded that begins so; upshot runs"),
        (["report", "-o", "none/such.html"], "-o  must be a file that can be written; got none/such.html; No such file or directory"),
        (["report", "--open", "--format", "md"], "--open  needs an HTML file; leave out --format and -o -"),
        (["report", "--format", "pdf"], "--format  there is no such choice; got 'pdf'; options: html, json, md"),
        (["card", "r2099"], "r2099  no run is recorded that begins so; upshot runs"),
    ],
)
def test_what_cannot_be_written_is_refused_in_a_sentence(project: RecipeProject, words: list[str], complaint: str) -> None:
    outcome = project.run(*words)

    assert (outcome.exit_code, outcome.stdout) == (2, "")
    assert complaint in outcome.stderr


def test_every_run_has_what_is_always_shown_in_the_order_of_its_readers(project: RecipeProject) -> None:
    found = sections(project, ids(project)[0])

    assert [(name, section["reader"]) for name, section in found.items()] == [
        ("money saved", "business"),
        ("scores", "data_science"),
        ("gates", "risk"),
        ("assumptions", "risk"),
        ("curve", "data_science"),
        ("split", "data_science"),
        ("checks", "risk"),
        ("leakage", "risk"),
        ("model card", "risk"),
        ("datasheet", "risk"),
        ("lineage", "risk"),
        ("evidence", "risk"),
        ("config", "risk"),
        ("environment", "risk"),
        ("stages", "engineering"),
        ("signature", "engineering"),
        ("files", "engineering"),
    ]


def test_money_is_told_for_every_subject_by_term_and_over_time(project: RecipeProject) -> None:
    subjects, terms, over_time, how, notes = sections(project, ids(project)[1])["money saved"]["blocks"]

    assert [(row["subject"], row["worth"], row["gain"]) for row in subjects["rows"]] == [
        ("candidate", 118.5, None),
        ("do nothing", 0.0, 118.5),
        ("current rule", 61.25, 57.25),
    ]
    assert [(row["term"], row["worth"]) for row in terms["rows"]] == [("blocked_fraud", 120.5), ("-blocked_good * friction_cost", -2.0)]
    assert [(row["at"][:10], row["candidate"]) for row in over_time["rows"]][:2] == [("2026-01-17", 115.0), ("2026-01-18", 231.0)]
    assert how["paragraphs"][0] == "saved = blocked_fraud - blocked_good * friction_cost"
    assert notes["paragraphs"] == ["saved: 8 day blocks are few: such intervals cover 93 to 95 % of truths, less with heavy tails"]


def test_a_section_of_the_recipe_is_shown_as_it_was_stored(project: RecipeProject) -> None:
    section = sections(project, ids(project)[0])["curve"]

    chart, *_ = section["blocks"]
    assert (section["title"], chart["form"], chart["x"]["name"]) == ("What the policy was chosen from", "line", "threshold")
    assert [one["stage"] for one in section["evidence"]] == ["inspect"]


def test_the_recipe_stands_there_key_by_key_with_who_wrote_it_and_what_it_replaced(project: RecipeProject) -> None:
    found = {row["key"]: row for row in rows(sections(project, ids(project)[1])["config"])}

    assert found["policy.threshold"] == {
        "key": "policy.threshold",
        "value": "0.0",
        "layer": "command line",
        "where": "argument 1",
        "before": "0.5 (recipes/tiny.yaml:19)",
    }
    assert found["policy.candidates"]["layer"] == "default"
    assert found["data.path"]["value"] == "data/cases.csv"  # not where it lies on this machine


def test_gates_assumptions_leaks_and_checks_are_told(project: RecipeProject) -> None:
    found = sections(project, ids(project)[0])

    assert [(row["gate"], row["outcome"], row["found"], row["threshold"]) for row in rows(found["gates"])] == [
        ("accurate", "PASS", "1", 0.9),
        ("worth_it", "PASS", "EUR 120.50 (118.33 to 122.67)", 0.0),
    ]
    (assumption,) = rows(found["assumptions"])
    assert (assumption["assumed"], assumption["valid_until"], assumption["state"]) == (
        "EUR 2 per case",
        "2099-12-31",
        "in force, without owner and source",
    )
    assert {row["looked_for"] for row in rows(found["leakage"])} == {True}
    assert [(row["check"], row["rows"]) for row in rows(found["checks"])] == [("amounts", 0)]


def test_the_version_tells_what_it_takes_and_how_it_is_used(project: RecipeProject) -> None:
    takes, gives, use = sections(project, ids(project)[0])["signature"]["blocks"]

    assert [(row["column"], row["type"], row["role"]) for row in takes["rows"]] == [
        ("id", "int64", "key"),
        ("day", "timestamp[us]", "time"),
        ("amount", "double", "amount"),
    ]
    assert gives["paragraphs"][1] == "Its model sees 1 column made from them: amount."
    assert use["rows"][0]["command"] == "upshot model show tiny@1"
    assert {line.split()[1] for line in USE} <= set(COMMANDS)


def test_the_commands_of_the_signature_work_as_they_are_written(project: RecipeProject, tmp_path: Path) -> None:
    use = sections(project, ids(project)[0])["signature"]["blocks"][2]

    for row in use["rows"]:
        outcome = project.run(*row["command"].replace("FOLDER", str(tmp_path / "exported")).split()[1:])
        assert outcome.exit_code == 0, outcome.stderr


def test_earlier_runs_stand_beside_a_run_and_later_ones_do_not(project: RecipeProject) -> None:
    first, second, third = ids(project)

    assert "earlier runs" not in sections(project, first)
    assert [row["run"] for row in rows(sections(project, second)["earlier runs"])] == [second, first]
    assert [(row["run"], row["gain"]) for row in rows(sections(project, third)["earlier runs"])] == [
        (third, 120.5),
        (second, 118.5),
        (first, 120.5),
    ]


def test_every_figure_leads_to_a_value_that_is_listed_with_its_digest(project: RecipeProject) -> None:
    found = sections(project, ids(project)[0])

    listed = {(row["stage"], row["digest"]) for row in rows(found["evidence"])}
    named = {(one["stage"], one["digest"]) for section in found.values() for one in section["evidence"]}
    assert named <= listed
    assert len(listed) == 15


def test_the_place_in_the_journal_is_told(project: RecipeProject) -> None:
    journal = {entry["seq"]: entry["hash"] for entry in project.run("journal", "--json").json["entries"]}

    found = rows(sections(project, ids(project)[1])["lineage"], 1)

    assert [(row["kind"], journal[row["seq"]]) for row in found] == [(row["kind"], row["hash"]) for row in found]
    assert [row["kind"] for row in found] == ["version.claimed", "version.registered"]


def test_a_card_is_the_model_card_and_the_datasheet_alone(project: RecipeProject) -> None:
    text = project.run("card", ids(project)[0]).stdout

    assert re.findall(r"^#+ .*$", text, re.M) == [f"# tiny: {ids(project)[0]}", "### Model card", "### Datasheet"]
    assert "| value | EUR 120.50 a day more than doing nothing |" in text
    assert "| cases | 16 train, 16 validation, 16 test" in text
    assert "<details>" not in text


def test_markdown_folds_what_few_open_and_is_whole(project: RecipeProject) -> None:
    text = project.run("report", ids(project)[0], "--format", "md").stdout

    assert re.findall(r"^# .*$", text, re.M) == ["# EUR 120.50 a day more than doing nothing"]
    assert re.findall(r"<summary>(.*?)</summary>", text) == ["Risk", "Engineering"]
    assert text.count("<details>") == text.count("</details>") == 2
    assert re.search(r"^- `[▁▂▃▄▅▆▇█]+` saved: EUR ", text, re.M)


def test_two_runs_beside_each_other_say_what_differs_and_whether_by_chance(project: RecipeProject) -> None:
    first, second, third = ids(project)

    front = project.run("report", first, second, "--format", "json").json["front"]
    other = project.run("report", first, third, "--format", "json").json["front"]

    assert front["headline"] == "The second run comes to EUR 2 a day less"
    assert [(row["against"], row["run"], row["gain"]) for row in front["claims"]["rows"]] == [
        ("doing nothing", "first", 120.5),
        ("doing nothing", "second", 118.5),
        ("the current rule", "first", 59.25),
        ("the current rule", "second", 57.25),
    ]
    assert front["sentences"][0] == "The first is better by more than chance."
    assert other["headline"] == "The two runs stand side by side"
    assert other["sentences"][0] == "saved is not subtracted: the KPI is defined differently."


def test_a_comparison_lists_changed_keys_gates_and_values(project: RecipeProject) -> None:
    first, second, _ = ids(project)

    found = sections(project, first, second)

    assert {row["key"]: (row["how"], row["old"], row["new"]) for row in rows(found["changes"])} == {
        "policy.threshold": ("changed", "null", "0.0"),
        "sections.curve.use": ("gone", '"tuning_curve"', None),
    }
    assert rows(found["gates"])[0] == {"gate": "accurate", "first": "PASS", "second": "PASS"}
    both = [row["stage"] for row in rows(found["evidence"]) if row["run"] == "both"]
    assert both == ["ingest", "validate", "label", "split", "featurize", "train", "calibrate", "predict", "evaluate"]


def test_a_comparison_opens_in_a_browser_without_complaint(project: RecipeProject, open_page: Open) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    opened = open_page(project.run("report", *ids(project)[:2], "-o", "-").stdout, width=390)

    assert (opened.complaints, opened.requests) == ([], [])
    assert [one["id"] for one in axe.run(opened.page).response["violations"]] == []
    assert opened.page.evaluate("document.documentElement.scrollWidth") == 390


def test_nothing_recorded_says_so(tiny: RecipeProject) -> None:
    outcome = tiny.run("report")

    assert outcome.exit_code == 2
    assert "last  no run is recorded in" in outcome.stderr


def test_json_is_one_document_with_numbers_as_they_are(project: RecipeProject) -> None:
    document = json.loads(project.run("report", "--format", "json").stdout)

    assert list(document) == ["shape", "title", "runs", "version", "front", "sections"]
    assert document["shape"] == "upshot.report/1"
