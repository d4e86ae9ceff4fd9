"""The distributions under `plugins/`: whole, light until they are named, and in no way of whoever does not have them."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from tests.house.test_distribution import install

PLUGINS = sorted(path.parent for path in (Path(__file__).parents[2] / "plugins").glob("*/pyproject.toml"))


@pytest.mark.parametrize("folder", PLUGINS, ids=lambda folder: folder.name)
def test_a_plugin_is_a_distribution_of_its_own(folder: Path) -> None:
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert project["name"] == folder.name
    assert "upshot" in project["dependencies"] and "upshot" in project["entry-points"]
    assert (folder / "README.md").is_file() and list((folder / "tests").glob("test_*.py"))


@pytest.mark.parametrize("folder", PLUGINS, ids=lambda folder: folder.name)
def test_a_plugin_imports_public_rooms_only(folder: Path) -> None:
    imports = {
        line.split()[1]
        for path in (folder / "src").rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.strip().startswith(("from upshot", "import upshot")) and line.split()[1].split(".")[0] == "upshot"
    }

    public = ("upshot", "upshot.contracts", "upshot.value", "upshot.testing", "upshot.hookspecs", "upshot.errors")
    assert [name for name in sorted(imports) if name not in public and not name.startswith(("upshot.contracts.", "upshot.value."))] == []


@pytest.mark.slow
@pytest.mark.parametrize("folder", PLUGINS, ids=lambda folder: folder.name)
def test_a_plugin_is_listed_without_what_it_needs_to_work(folder: Path, tmp_path: Path) -> None:
    install(folder, tmp_path / "site")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}

    listed = subprocess.run(
        [sys.executable, "-m", "upshot.cli.main", "plugins", "list"], cwd=tmp_path, env=environment, capture_output=True, text=True
    )

    assert listed.returncode == 0, listed.stderr
    assert folder.name in listed.stdout
