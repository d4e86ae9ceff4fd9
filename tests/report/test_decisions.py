"""What people decided on a version stands in its report, with the entry of the journal."""

from __future__ import annotations

from typing import Any

from upshot.testing import RecipeProject

ENV = """
env:
  dev: {}
  prod:
    approvals: {risk: {by: [grace]}}
    gates: {strict: {metric: accuracy, min: 1.5, by: value}}
"""


def section(project: RecipeProject, name: str) -> Any:
    found = project.run("report", "tiny", "--format", "json").json["sections"]
    return next((one for one in found if one["name"] == name), None)


def test_approvals_waivers_and_promotions_are_told_in_order(tiny: RecipeProject) -> None:
    tiny.write("recipes/tiny.yaml", (tiny.root / "recipes/tiny.yaml").read_text() + ENV)
    tiny.write("upshot.yaml", "identity: names\n")
    tiny.run("run", "tiny", "--as", "ada")
    assert section(tiny, "decisions") is None

    for words in (
        ["promote", "tiny@1", "--env", "dev", "--as", "ops"],
        [
            "gates",
            "tiny@1",
            "--env",
            "prod",
            "--waive",
            "strict",
            "--role",
            "risk",
            "--reason",
            "=1+1",
            "--until",
            "2026-12-31",
            "--as",
            "grace",
        ],
        ["approve", "tiny@1", "--env", "prod", "--as", "grace"],
    ):
        outcome = tiny.run(*words)
        assert outcome.exit_code == 0, outcome.stderr

    rows = section(tiny, "decisions")["blocks"][0]["rows"]
    journal = {entry["seq"]: entry["kind"] for entry in tiny.run("journal", "--json").json["entries"]}
    assert [(row["what"], row["environment"], row["by"], row["gate"]) for row in rows] == [
        ("promoted", "dev", "ops", None),
        ("waived", "prod", "grace", "strict"),
        ("approved", "prod", "grace", None),
    ]
    assert [journal[row["entry"]] for row in rows] == ["version.promoted", "gate.waived", "version.approved"]
    assert (rows[1]["until"], rows[1]["reason"], rows[1]["role"]) == ("2026-12-31", "=1+1", "risk")


def test_the_champion_that_a_candidate_was_held_against_is_named(tiny: RecipeProject) -> None:
    tiny.write("recipes/tiny.yaml", (tiny.root / "recipes/tiny.yaml").read_text() + "\nenv:\n  prod: {}\n")
    tiny.write("upshot.yaml", "identity: names\n")
    tiny.run("run", "tiny", "--as", "ada")
    assert tiny.run("promote", "tiny@1", "--env", "prod", "--as", "ops").exit_code == 0
    assert tiny.run("run", "tiny", "policy.threshold=0.0", "--as", "ada").exit_code == 0

    report = tiny.run("report", "tiny", "--format", "json").json

    assert [row["against"] for row in report["front"]["claims"]["rows"]] == ["doing nothing", "the current rule", "the champion"]
    money = next(one for one in report["sections"] if one["name"] == "money saved")
    assert money["blocks"][-1]["paragraphs"][0] == "The champion is tiny 1, which prod served then."
