"""Fixtures of all tests: the project maker, and a guard that fails a test which leaves the process changed."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as the command does; before any library reads it
import sklearn.linear_model  # noqa: F401 - its first import sets KMP_* variables and draws from `random`, in no test

from upshot.testing import RecipeProject

pytest_plugins = ["upshot.testing.fixtures"]

SHARED_DATA = Path(__file__).parents[1] / ".." / "shared" / "data"


@pytest.fixture(autouse=True)
def process_is_left_as_it_was(request: pytest.FixtureRequest) -> Iterator[None]:
    import numpy as np

    folder, environment, state = Path.cwd(), _environment(), random.getstate()
    drawn = np.random.get_state()[1].tobytes()
    yield
    assert Path.cwd() == folder, "the test left another working directory"
    assert _environment() == environment, "the test left another environment"
    assert random.getstate() == state, "the test left another global random state"
    assert np.random.get_state()[1].tobytes() == drawn, "the test left another global numpy random state"


def _environment() -> dict[str, str]:
    """All but what pytest and, at its first parallel loop, the OpenMP runtime write themselves."""
    return {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST" and not name.startswith("KMP_")}


@pytest.fixture
def shared_data() -> Path:
    if not SHARED_DATA.is_dir():
        pytest.skip("the folder of public data sets is not beside the project")
    return SHARED_DATA


@pytest.fixture
def tiny(recipe_project: Callable[..., RecipeProject], tiny_files: dict[str, str]) -> RecipeProject:
    """A project with the recipe `tiny` and its 48 rows; a run takes well under a second."""
    return recipe_project(tiny_files)


@pytest.fixture(scope="session")
def tiny_files() -> dict[str, str]:
    """Twenty-four days, each with one good case of 10 EUR and one bad case of 100 EUR plus the day's number."""
    rows = ["id,day,amount,bad"]
    for day in range(1, 25):
        rows += [f"{2 * day},2026-01-{day:02d} 08:00:00,10,0", f"{2 * day + 1},2026-01-{day:02d} 20:00:00,{100 + day},1"]
    recipe = Path(__file__).parent / "assets" / "tiny" / "tiny.yaml"
    return {"recipes/tiny.yaml": recipe.read_text(encoding="utf-8"), "data/cases.csv": "\n".join(rows) + "\n"}
