"""The pytest fixture `recipe_project`; listed in `pytest_plugins` by whoever wants it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from upshot.testing.project import RecipeProject


@pytest.fixture
def recipe_project(tmp_path: Path) -> Callable[[Mapping[str, str | bytes]], RecipeProject]:
    """Makes a project in the test's own folder: `recipe_project({"recipes/x.yaml": ..., "data/x.csv": ...})`."""

    def make(files: Mapping[str, str | bytes]) -> RecipeProject:
        return RecipeProject(tmp_path / "project", files)

    return make
