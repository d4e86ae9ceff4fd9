"""Cleaning keeps what was registered, and checking finds every changed bit."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from upshot.errors import IntegrityError
from upshot.ledger.artefacts import Artefacts
from upshot.testing import RecipeProject


@pytest.fixture
def project(tiny: RecipeProject) -> RecipeProject:
    assert tiny.run("run", "tiny").exit_code == 0
    return tiny


def stored(project: RecipeProject) -> set[str]:
    return {path.name for path in (project.root / ".upshot" / "artefacts").glob("??/*")}


def test_one_changed_bit_in_each_of_200_files_is_found_200_times_and_none_is_used(tmp_path: Path) -> None:
    artefacts = Artefacts(tmp_path)
    chance = random.Random(1)
    names = [artefacts.write(chance.randbytes(chance.randint(1, 5_000))) for _ in range(200)]
    for name in names:
        path = artefacts.path(name)
        content = bytearray(path.read_bytes())
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        path.write_bytes(content)

    refused = 0
    for name in names:
        with pytest.raises(IntegrityError, match="a stored file is damaged"):
            artefacts.read(name)
        refused += 1

    assert refused == 200


def test_cleaning_everything_leaves_each_file_of_a_registered_version(project: RecipeProject) -> None:
    version = project.run("run", "tiny", "--json").json["version"]
    before = stored(project)

    cleaned = project.run("cache", "clean", "--json").json

    after = stored(project)
    assert cleaned["artefacts"] == len(before - after) > 0
    assert set(version["manifest"].values()) <= after
    assert project.run("fsck").exit_code == 0


def test_after_cleaning_a_run_makes_everything_again_and_finds_the_same_version(project: RecipeProject) -> None:
    first = project.run("run", "tiny", "--json").json
    project.run("cache", "clean")

    again = project.run("run", "tiny", "--json").json

    assert again["version"] == first["version"]
    assert [stage["value"] for stage in again["stages"]] == [stage["value"] for stage in first["stages"]]


def test_cleaning_to_a_limit_takes_the_least_recently_used_first(project: RecipeProject) -> None:
    project.run("run", "tiny", "model.C=0.5")
    project.run("run", "tiny")  # used again: now the other one is older
    size = project.run("cache", "--json").json["bytes"]

    project.run("cache", "clean", "--limit", f"{size - 1}B")

    assert project.run("plan", "tiny", "--json").json["to_run"] == 0
    assert project.run("plan", "tiny", "model.C=0.5", "--json").json["to_run"] > 0


def test_a_damaged_result_is_listed_and_repaired_by_running_its_stage_again(project: RecipeProject) -> None:
    before = stored(project)
    project.run("cache", "clean")
    mendable = before - stored(project)
    project.run("run", "tiny")
    name = min(mendable & stored(project))
    spare = project.root / ".upshot" / "artefacts" / name[:2] / name
    content = bytearray(spare.read_bytes())
    content[len(content) // 2] ^= 1
    spare.write_bytes(content)

    listed = project.run("fsck")
    repaired = project.run("fsck", "--repair")

    assert (listed.exit_code, f"artefact {spare.name[:12]}" in listed.stdout) == (5, True)
    assert repaired.exit_code == 0
    assert project.run("run", "tiny").exit_code == 0
    assert project.run("fsck").exit_code == 0


def test_a_missing_file_of_a_version_is_told_and_not_repaired(project: RecipeProject) -> None:
    manifest = project.run("run", "tiny", "--json").json["version"]["manifest"]
    lost = project.root / ".upshot" / "artefacts" / manifest["components.json"][:2] / manifest["components.json"]
    lost.unlink()

    outcome = project.run("fsck", "--repair")

    assert outcome.exit_code == 5
    assert "version tiny 1" in outcome.stdout
    assert "its file components.json" in outcome.stdout
