from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from upshot.errors import RecipeError
from upshot.recipe.migration import LANGUAGE, RENAMES
from upshot.recipe.reading import read_text
from upshot.recipe.schema import Outline
from upshot.testing import RecipeProject

DRAFT = b"""\
\xef\xbb\xbf# A draft, kept as it is\r
upshot: 0      # before the first release\r
'plugins' : []\r
defaults: [tiny, _self_]  # all of it\r
\r
use_case: {name: tiny, task: classification,   owners: {business: "pay\\u006dents"}}\r
"random_seed":   7\r
gates:\r
  drafted: {kpi: "${target_kpi}", against: do_nothing, min_gain: 0}   # its target_kpi\r
target_kpi: &objective saved\r
"""
MIGRATED = b"""\
\xef\xbb\xbf# A draft, kept as it is\r
upshot: 1      # before the first release\r
'use_plugins' : []\r
defaults: [tiny, _self_]  # all of it\r
\r
use_case: {name: tiny, problem: classification,   owners: {business: "pay\\u006dents"}}\r
"seed":   7\r
gates:\r
  drafted: {kpi: "${objective}", against: do_nothing, min_gain: 0}   # its target_kpi\r
objective: &objective saved\r
"""
LISTED = """\
  recipes/draft.yaml:2  0 -> 1
  recipes/draft.yaml:3  'plugins' -> 'use_plugins'
  recipes/draft.yaml:6  task -> problem
  recipes/draft.yaml:7  "random_seed" -> "seed"
  recipes/draft.yaml:9  "${target_kpi}" -> "${objective}"
  recipes/draft.yaml:10  target_kpi -> objective
"""


def test_a_recipe_of_an_older_version_is_read_as_the_current_one(tiny: RecipeProject) -> None:
    tiny.write("recipes/draft.yaml", DRAFT)
    tiny.write("recipes/current.yaml", MIGRATED)

    older, current = tiny.run("show", "draft", "--json"), tiny.run("show", "current", "--json")

    assert (older.exit_code, older.stderr) == (0, "")
    assert {**older.json, "name": "", "origins": {}} == {**current.json, "name": "", "origins": {}}
    assert (older.json["seed"], older.json["objective"]) == (7, "saved")
    assert older.json["groups"]["gates"]["drafted"]["params"]["kpi"] == "saved"
    assert older.json["origins"]["seed"][1][-1] == ["recipe", "recipes/draft.yaml:7", "7"]


def test_migrate_lists_what_it_would_change_and_writes_nothing(tiny: RecipeProject) -> None:
    path = tiny.write("recipes/draft.yaml", DRAFT)

    outcome = tiny.run("migrate")

    closing = "recipes/tiny.yaml is up to date\nnothing was written; to do it: upshot migrate --write\n"
    assert outcome.stdout == f"recipes/draft.yaml would be rewritten\n{LISTED}{closing}"
    assert (outcome.exit_code, outcome.stderr) == (0, "")
    assert path.read_bytes() == DRAFT


@pytest.mark.parametrize("word", ["draft", "recipes/draft.yaml"])
def test_migrate_rewrites_the_older_keys_and_keeps_every_other_byte(tiny: RecipeProject, word: str) -> None:
    path = tiny.write("recipes/draft.yaml", DRAFT)
    path.chmod(0o640)

    outcome = tiny.run("migrate", word, "--write")

    assert (outcome.exit_code, outcome.stdout) == (0, f"recipes/draft.yaml is rewritten\n{LISTED}")
    assert path.read_bytes() == MIGRATED
    assert path.stat().st_mode & 0o777 == 0o640
    assert sorted(file.name for file in path.parent.iterdir()) == ["draft.yaml", "tiny.yaml"]
    assert tiny.run("migrate", word).stdout == "recipes/draft.yaml is up to date\n"


@pytest.mark.parametrize("words", [("validate", "future"), ("run", "future"), ("migrate", "future", "--write")])
def test_a_recipe_of_a_newer_version_is_refused_before_anything_else_of_it_is_looked_at(
    tiny: RecipeProject, words: tuple[str, ...]
) -> None:
    path = tiny.write("recipes/future.yaml", "upshot: 2\nmodels: {use: [not, yet, known]}\ntarget_kpi: saved\n")
    before = path.read_bytes()

    outcome = tiny.run(*words)

    assert outcome.exit_code == 2
    assert outcome.stderr.partition("\n\n")[2] == (
        "  upshot  is written for version 2 of the recipe language; Upshot 0.1.0 reads versions up to 1; "
        "a newer Upshot reads it: pip install --upgrade upshot  (recipes/future.yaml:1)\n"
    )
    assert path.read_bytes() == before


@pytest.mark.parametrize("version", ["-1", "one", "1.5", "true", "'1'", "null", "[1]"])
def test_a_version_is_a_whole_number_that_exists(tiny: RecipeProject, version: str) -> None:
    tiny.write("recipes/odd.yaml", f"upshot: {version}\ndefaults: [tiny, _self_]\n")

    outcome = tiny.run("validate", "odd")

    assert outcome.exit_code == 2
    assert outcome.stderr.count("\n  ") == 1
    assert "  upshot  must be the version of the recipe language that the file is written in; got " in outcome.stderr


def test_without_a_version_a_recipe_is_of_version_1_and_older_keys_are_unknown(tiny: RecipeProject) -> None:
    tiny.write("recipes/unsaid.yaml", "defaults: [tiny, _self_]\ntarget_kpi: saved\n")

    outcome = tiny.run("validate", "unsaid")

    assert outcome.exit_code == 2
    assert outcome.stderr.partition("\n\n")[2] == (
        "  target_kpi  unknown key; got 'saved'; version 0 of the recipe language called 'objective' so: write objective, "
        "or upshot: 0 on top and run upshot migrate  (recipes/unsaid.yaml:2)\n"
    )


def test_a_recipe_of_the_current_version_may_extend_an_older_one(tiny: RecipeProject) -> None:
    tiny.write("recipes/draft.yaml", DRAFT)
    tiny.write("recipes/newer.yaml", "upshot: 1\ndefaults: [draft, _self_]\nseed: 9\n")

    shown = tiny.run("show", "newer", "--json").json

    assert (shown["seed"], shown["objective"], shown["use_case"]["problem"]) == (9, "saved", "classification")


def test_an_older_and_a_newer_name_of_one_key_are_both_pointed_out(tiny: RecipeProject) -> None:
    tiny.write(
        "recipes/both.yaml", "upshot: 0\ndefaults: [tiny, _self_]\nseed: 1\nrandom_seed: 2\nuse_case: {task: ranking, problem: ranking}\n"
    )

    outcome = tiny.run("validate", "both")

    assert outcome.stderr.partition("\n\n")[2] == (
        "  random_seed    is the older name of 'seed', and both are there; got lines 4 and 3; take one of them out  (recipes/both.yaml:4)\n"
        "  use_case.task  is the older name of 'problem', and both are there; got lines 5 and 5; take one of them out  (recipes/both.yaml:5)\n"
    )


def test_older_keys_that_come_through_a_merge_key_are_left_to_their_author(tiny: RecipeProject) -> None:
    path = tiny.write(
        "recipes/merged.yaml", "upshot: 0\ndefaults: [tiny, _self_]\nuse_case:\n  <<: &common {task: ranking}\n  name: tiny\n"
    )

    outcome = tiny.run("migrate", "merged", "--write")

    assert outcome.exit_code == 2
    assert outcome.stderr == (
        "RecipeError: recipes/merged.yaml cannot be migrated (nothing was written)\n\n"
        "  recipes/merged.yaml  has older keys where they cannot be renamed one by one; "
        "write out what its anchors and merge keys stand for, then migrate it\n"
    )
    assert b"task" in path.read_bytes()


def test_only_the_projects_own_recipes_are_rewritten(tiny: RecipeProject) -> None:
    outcome = tiny.run("migrate", "card_fraud", "--write")

    assert outcome.exit_code == 2
    assert outcome.stderr == (
        "UsageError: the recipe is not the project's own\n\n  card_fraud  belongs to: packaged; only the project's files are rewritten\n"
    )


def test_every_older_version_leads_to_keys_that_exist() -> None:
    assert sorted(RENAMES) == list(range(LANGUAGE))
    for renames in RENAMES.values():
        for old, new in renames.items():
            assert old.rpartition(".")[0] == new.rpartition(".")[0], "only the last part of a key may change"
            model: Any = Outline
            for part in new.split("."):
                assert part in model.model_fields
                model = model.model_fields[part].annotation


def test_the_limits_of_reading_hold_before_a_text_is_rewritten(tmp_path: Path) -> None:
    from upshot.recipe.migration import rewritten

    text = "upshot: 0\na: &a [x, x]\nb: &b [*a, *a]\ntarget_kpi: saved\n"
    document = read_text(text, "recipes/x.yaml", "recipe")

    new, changes = rewritten(document, text)

    assert new == "upshot: 1\na: &a [x, x]\nb: &b [*a, *a]\nobjective: saved\n"
    assert [(change.line, change.before, change.after) for change in changes] == [(1, "0", "1"), (4, "target_kpi", "objective")]
    deep = read_text("upshot: 0\na: " + "[" * 100 + "]" * 100, "recipes/deep.yaml", "recipe")
    with pytest.raises(RecipeError):
        rewritten(deep, "")
