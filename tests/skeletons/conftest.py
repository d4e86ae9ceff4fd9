"""The four skeletons: each a recipe beside its test, run in a project of its own over data that the test writes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent


@pytest.fixture
def run_skeleton(recipe_project: Callable[..., Any]) -> Callable[..., Any]:
    """`run_skeleton("newsvendor", {"data/demand.csv": text}, "model.season_length=1")`: the outcome as JSON."""

    def run(name: str, data: dict[str, str], *overrides: str) -> Any:
        project = recipe_project({f"recipes/{name}.yaml": (HERE / f"{name}.yaml").read_text(encoding="utf-8"), **data})
        outcome = project.run("run", name, *overrides, "--json")
        assert outcome.exit_code == 0, outcome.stderr
        return outcome.json

    return run
