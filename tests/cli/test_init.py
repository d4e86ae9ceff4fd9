from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from upshot.testing import RecipeProject

WROTE = """\
wrote upshot.yaml              the project's settings
wrote .gitignore               keeps .upshot/ out of version control
wrote README.md                what to type
wrote conf/model/shallow.yaml  a choice of your own: model=shallow
wrote recipes/first.yaml       the first recipe
wrote data/payments.csv        its data: 300 payments, made up
wrote .upshot-schema.json      lets editors complete recipes and underline faults
"""
FILES = [line.split()[1] for line in WROTE.splitlines()]


@pytest.fixture
def empty(recipe_project: Callable[..., RecipeProject]) -> RecipeProject:
    return recipe_project({})


def files_of(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_new_project_is_sound_runs_and_a_repeat_runs_nothing(empty: RecipeProject) -> None:
    made = empty.run("init")
    sound = empty.run("validate", "first")
    first = empty.run("run", "first", "--json")
    again = empty.run("run", "first", "--json")

    assert (made.exit_code, made.stdout, made.stderr) == (0, f"{WROTE}next: upshot run first\n", "")
    assert sound.stdout.startswith("recipe first is sound: 20 components, 2 gates;")
    assert (first.exit_code, first.stderr) == (0, "")
    assert [stage["stage"] for stage in first.json["stages"] if not stage["cached"]][-1] == "register"
    assert all(stage["cached"] for stage in again.json["stages"])
    assert again.json["version"] == first.json["version"]


def test_a_new_project_goes_into_a_folder_that_is_made_and_beside_what_is_there(empty: RecipeProject) -> None:
    empty.write("shop/notes.txt", "mine")

    outcome = empty.run("init", "shop")

    assert outcome.stdout == f"{WROTE}next: cd shop && upshot run first\n"
    assert files_of(empty.root) == sorted(["shop/notes.txt", *(f"shop/{name}" for name in FILES)])
    assert yaml.safe_load((empty.root / "shop" / "upshot.yaml").read_text(encoding="utf-8")) == {"name": "shop"}
    assert (empty.root / "shop" / ".gitignore").read_text(encoding="utf-8").splitlines()[-1] == ".upshot/"


def test_nothing_is_overwritten_and_all_that_is_in_the_way_is_named(empty: RecipeProject) -> None:
    empty.write("README.md", "mine")
    empty.write("data", "a file where a folder should be")

    outcome = empty.run("init")

    hint = "nothing is overwritten: move it away, or choose another folder with upshot init DIR"
    assert (outcome.exit_code, outcome.stdout) == (2, "")
    assert outcome.stderr == (
        f"UsageError: no project was written\n\n  README.md  is there already; {hint}\n  data       is there already; {hint}\n"
    )
    assert files_of(empty.root) == ["README.md", "data"]
    assert empty.run("init", "README.md").stderr == (
        "UsageError: no project was written\n\n  README.md  is a file, not a folder; choose another: upshot init DIR\n"
    )


def test_the_recipe_names_the_schema_and_the_schema_knows_the_projects_own_choice(empty: RecipeProject) -> None:
    empty.run("init")

    header = (empty.root / "recipes" / "first.yaml").read_text(encoding="utf-8").splitlines()[0]
    path = empty.root / "recipes" / header.removeprefix("# yaml-language-server: $schema=")
    schema = json.loads(path.read_text(encoding="utf-8"))

    assert path.resolve() == empty.root / ".upshot-schema.json"
    assert "shallow" in json.dumps(schema["properties"]["defaults"])


def test_the_sample_data_are_the_same_in_every_project_and_hold_a_pattern(empty: RecipeProject) -> None:
    empty.run("init", "a")
    empty.run("init", "b")

    tables = [(empty.root / name / "data" / "payments.csv").read_bytes() for name in ("a", "b")]
    rows = list(csv.DictReader(tables[0].decode().splitlines()))
    likely = [row["fraud"] == "1" for row in rows if row["customer"] == "new" and float(row["amount"]) > 70]
    others = [row["fraud"] == "1" for row in rows if not (row["customer"] == "new" and float(row["amount"]) > 70)]

    assert tables[0] == tables[1]
    assert len(rows) == 300
    assert sum(likely) / len(likely) > 0.6 > 0.1 > sum(others) / len(others)


def test_a_folders_name_that_yaml_would_misread_is_kept_as_the_projects_name(empty: RecipeProject) -> None:
    outcome = empty.run("init", 'no: "yes"')

    assert outcome.exit_code == 0
    assert yaml.safe_load((empty.root / 'no: "yes"' / "upshot.yaml").read_text(encoding="utf-8")) == {"name": 'no: "yes"'}
