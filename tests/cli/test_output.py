"""What the commands print, whole."""

from __future__ import annotations

import re
from importlib.metadata import version

import pytest

from upshot.testing import Outcome, RecipeProject

RUN_ID = r"r\d{8}T\d{6}-[0-9a-f]{6}"
TOOK = re.compile(r" +(\d+ ms|\d+\.\d s|\d+ min \d+ s)\b")


@pytest.fixture(scope="module")
def project(tiny_files: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> RecipeProject:
    """A project in which `tiny` was run twice: once as it is, once refused."""
    project = RecipeProject(tmp_path_factory.mktemp("output"), tiny_files)
    project.run("run", "tiny")
    project.run("run", "tiny", "gates.worth_it.min_gain=5000")
    return project


def timeless(text: str) -> str:
    """The text without durations and run ids."""
    return re.sub(RUN_ID, "RUN", TOOK.sub("  TIME", text))


def test_help_lists_the_commands_on_one_line_each(project: RecipeProject) -> None:
    outcome = project.run("--help")

    lines = outcome.stdout.splitlines()
    assert (outcome.exit_code, lines[0]) == (0, "usage: upshot COMMAND [RECIPE] [overrides] [options]")
    assert [line for line in lines if re.fullmatch(r"  run +run a recipe from data to a registered version", line)] != []
    assert project.run().stdout == outcome.stdout


def test_version_is_that_of_the_distribution(project: RecipeProject) -> None:
    assert project.run("--version") == Outcome(0, f"upshot {version('upshot')}\n", "")


def test_recipes_lists_the_projects_own_first(project: RecipeProject) -> None:
    outcome = project.run("recipes")

    head, first, *others = (re.split("  +", line) for line in outcome.stdout.splitlines())
    assert (head, first) == (
        ["recipe", "from", "what it is"],
        ["tiny", "project", "Twenty-four days of one good case of 10 EUR and one bad case of 100 EUR plus the day's number"],
    )
    fraud = "Card fraud: stop payments where that is worth more than it costs, on simulated transactions."
    assert ["card_fraud", "packaged", fraud] in others
    assert project.run("recipes", "--json").json["recipes"][0] == {
        "name": "tiny",
        "layer": "project",
        "sentence": first[2],
        "shadowed": False,
    }


def test_validate_says_what_was_found_sound(project: RecipeProject) -> None:
    outcome = project.run("validate", "tiny")

    assert re.fullmatch(r"recipe tiny is sound: 15 components, 2 gates; digest [0-9a-f]{12}\n", outcome.stdout)


def test_plan_of_a_first_run_names_every_stage(tiny: RecipeProject) -> None:
    outcome = tiny.run("plan", "tiny")

    assert (outcome.exit_code, outcome.stdout) == (
        0,
        "+  ingest     runs for the first time\n"
        "+  validate   runs after ingest\n"
        "+  label      runs after validate\n"
        "+  split      runs after label\n"
        "+  featurize  runs after split\n"
        "+  train      runs after featurize\n"
        "+  calibrate  runs after train\n"
        "+  predict    runs after calibrate\n"
        "+  decide     runs after predict\n"
        "+  play       runs after decide\n"
        "+  value      runs after play\n"
        "+  evaluate   runs after predict\n"
        "+  inspect    runs after evaluate\n"
        "+  gate       runs after inspect\n"
        "+  register   runs after gate\n"
        "\n"
        "Plan: 15 to run, 0 cached.\n",
    )


def test_plan_after_a_run_says_what_is_cached_why_the_rest_runs_and_how_long_it_took(project: RecipeProject) -> None:
    outcome = project.run("plan", "tiny", "policy.threshold=0.4")

    assert TOOK.sub("  TIME", outcome.stdout) == (
        "   ingest     cached\n"
        "   validate   cached\n"
        "   label      cached\n"
        "   split      cached\n"
        "   featurize  cached\n"
        "   train      cached\n"
        "   calibrate  cached\n"
        "   predict    cached\n"
        "+  decide     runs because policy.threshold 0.5 -> 0.4  TIME\n"
        "+  play       runs after decide  TIME\n"
        "+  value      runs after play  TIME\n"
        "   evaluate   cached\n"
        "+  inspect    runs after value  TIME\n"
        "+  gate       runs after inspect  TIME\n"
        "+  register   runs after gate  TIME\n"
        "\n"
        "Plan: 6 to run, about  TIME, 9 cached.\n"
    )


def test_run_prints_a_line_a_stage_then_scores_money_and_three_closing_lines(tiny: RecipeProject) -> None:
    outcome = tiny.run("run", "tiny")

    stages = [
        "ingest",
        "validate",
        "label",
        "split",
        "featurize",
        "train",
        "calibrate",
        "predict",
        "decide",
        "play",
        "value",
        "evaluate",
        "inspect",
        "gate",
        "register",
    ]
    # Eight test days: every bad case is blocked, 120.5 EUR a day; the rule of today blocks the last four of them, 61.25 EUR a day.
    assert timeless(outcome.stdout) == "".join(f"{stage}  TIME\n" for stage in stages) + (
        "\n"
        "16 test cases  score  95 % interval\n"
        "accuracy       1      [1, 1]\n"
        "\n"
        "saved         EUR a day  95 % interval  gain of the candidate\n"
        "candidate     120        [118, 123]\n"
        "do_nothing    0          [0, 0]         +120 [118, 123]\n"
        "current_rule  61.2       [-8.02, 130]   +59.2 [-7.85, 126]\n"
        "\n"
        "note      saved: 8 day blocks are few: such intervals cover 93 to 95 % of truths, less with heavy tails\n"
        "value     EUR 120 a day  [118, 123]  against do nothing;  +59.2 [-7.85, 126] against the current rule\n"
        "gates     2 pass, 0 fail, 0 inconclusive\n"
        "version   tiny 1\n"
        "run       RUN\n"
    )
    assert outcome.stderr == ""


def test_a_repeat_says_that_nothing_had_to_run(project: RecipeProject) -> None:
    outcome = project.run("run", "tiny")

    assert outcome.stdout.startswith("\n16 test cases")
    assert re.search(rf"\nrun       {RUN_ID} \(nothing had to run\)\n$", outcome.stdout)


def test_runs_lists_the_newest_first(project: RecipeProject) -> None:
    outcome = project.run("runs")

    head, *rows = outcome.stdout.splitlines()
    assert head.split()[:3] == ["run", "recipe", "status"]
    assert [re.sub(RUN_ID, "RUN", row).split()[:3] for row in rows] == [["RUN", "tiny", "refused"], ["RUN", "tiny", "done"]]
    assert rows[1].endswith("tiny 1")


def test_runs_of_a_new_project_says_that_there_are_none_and_writes_nothing(tiny: RecipeProject) -> None:
    outcome = tiny.run("runs")

    assert outcome == Outcome(0, f"no runs yet in {tiny.root.resolve() / '.upshot'}\n", "")
    assert not (tiny.root / ".upshot").exists()


def test_gates_shows_evidence_threshold_and_reason_and_exits_4_when_one_failed(project: RecipeProject) -> None:
    sound, refused = project.run("gates", "tiny"), project.run("gates", "tiny", "gates.worth_it.min_gain=5000")

    assert sound == Outcome(
        0,
        "gate      outcome  what                             measured  95 % interval  threshold  why\n"
        "accurate  PASS     accuracy >= 0.9                  1 share   [1, 1]         0.9        the value is 1\n"
        "worth_it  PASS     saved gain over do_nothing >= 0  120 EUR   [118, 123]     0          all of 120.5 [118.3, 122.7] meets it\n"
        "\n"
        "2 pass, 0 fail, 0 inconclusive\n",
        "",
    )
    assert (refused.exit_code, refused.stdout.splitlines()[-1]) == (4, "1 pass, 1 fail, 0 inconclusive")


def test_gates_before_a_run_says_which_command_to_run_quoted_for_the_shell(project: RecipeProject) -> None:
    outcome = project.run("gates", "tiny", "kpi.saved.period=day", "baselines.current_rule.when='amount > 7'")

    assert (outcome.exit_code, timeless(outcome.stderr)) == (
        2,
        "UsageError: the gates of this recipe were not evaluated yet\n\n"
        "  tiny  run it first; its last run, RUN, was of other settings, data or code; upshot run tiny kpi.saved.period=day "
        "'baselines.current_rule.when='\"'\"'amount > 7'\"'\"''\n",
    )  # fmt: skip


def test_plugins_list_names_distribution_hooks_and_components(project: RecipeProject) -> None:
    outcome = project.run("plugins", "list")

    head, first = outcome.stdout.splitlines()[:2]
    assert re.split(r"  +", head) == ["plugin", "distribution", "hooks", "components"]
    assert re.split(r"  +", first)[:3] == ["upshot", f"upshot {version('upshot')}", "register_components"]
    assert "5 of kind calibration; " in first and "kpi: cells, expression; " in first
    listed = project.run("plugins", "list", "--json").json
    assert (listed["broken"], listed["plugins"][0]["hooks"]) == ([], ["register_components"])


def test_run_as_json_has_the_shape_upshot_run_1(project: RecipeProject) -> None:
    document = project.run("run", "tiny", "--json").json

    keys = [
        "run",
        "recipe",
        "status",
        "refusal",
        "stages",
        "notes",
        "metrics",
        "value",
        "champion",
        "gates",
        "slices",
        "probes",
        "set_aside",
        "version",
    ]
    assert list(document) == ["shape", *keys]
    assert (document["shape"], document["recipe"], document["status"], document["refusal"]) == ("upshot.run/1", "tiny", "done", None)
    assert re.fullmatch(RUN_ID, document["run"])
    assert {tuple(stage) for stage in document["stages"]} == {("stage", "cached", "seconds", "key", "value")}
    measured = {"value", "low", "high", "n", "blocks", "unit", "direction", "method"}
    assert {name: set(found) for name, found in document["metrics"].items()} == {"accuracy": measured}
    saved = document["value"]["saved"]
    assert list(saved) == ["unit", "period", "scale", "total", "per_period", "gain", "terms", "expired"]
    assert list(saved["per_period"]) == ["candidate", "do_nothing", "current_rule"]
    assert list(saved["gain"]) == ["do_nothing", "current_rule"]
    assert saved["per_period"]["candidate"]["value"] == pytest.approx(120.5)
    assert saved["gain"]["current_rule"]["value"] == pytest.approx(120.5 - 61.25)
    assert (saved["per_period"]["candidate"]["n"], saved["per_period"]["candidate"]["blocks"]) == (16, 8)
    assert [(gate["gate"], gate["outcome"], gate["threshold"]) for gate in document["gates"]] == [
        ("accurate", "PASS", 0.9),
        ("worth_it", "PASS", 0.0),
    ]
    assert list(document["version"]) == ["name", "number", "manifest"]


def test_a_run_as_json_prints_the_document_and_nothing_else_also_when_a_gate_refuses(tiny: RecipeProject) -> None:
    outcome = tiny.run("run", "tiny", "gates.worth_it.min_gain=5000", "--json")

    assert (outcome.exit_code, outcome.json["status"], outcome.json["version"]) == (4, "refused", None)
    assert outcome.json["refusal"] == outcome.stderr.removeprefix("GateError: ").rstrip("\n")
