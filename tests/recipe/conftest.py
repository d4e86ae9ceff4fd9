from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from upshot.catalogue import Catalogue
from upshot.project import Project
from upshot.recipe.compose import load_recipe
from upshot.recipe.recipe import Recipe

HERE = Path(__file__).parent

BASE = """\
# Card fraud in miniature
defaults:
  - model: boost
  - gates: standard
  - _self_

use_case: {name: fraud, problem: classification, owners: {business: payments}}
data: {use: file, path: data/cards.csv, table: cards}
split: {use: by_time}
policy: {use: threshold}
rollout: {use: join}
kpi:
  saved: {expression: blocked - reviews}
"""

FILES = {
    "recipes/fraud.yaml": BASE,
    "conf/model/boost.yaml": "# Deeper trees\nuse: boost\nmax_depth: 8\n",
    "conf/model/forest.yaml": "# Many trees\nuse: forest\n",
    "conf/gates/standard.yaml": '# What every version must pass\nauc: {metric: roc_auc, min: 0.6}\nworth: {kpi: "${objective}", min: 0}\n',
}


class Workbench(SimpleNamespace):
    """A project folder with the tiny catalogue."""

    project: Project
    catalogue: Catalogue

    def write(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            path = self.project.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def load(self, *overrides: str, name: str = "fraud") -> Recipe:
        return load_recipe(name, overrides, catalogue=self.catalogue, project=self.project)


@pytest.fixture(scope="session", autouse=True)
def _components_can_be_imported() -> Iterator[None]:
    sys.path.insert(0, str(HERE))
    yield
    sys.path.remove(str(HERE))


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    from tiny_components import tiny_catalogue

    bench = Workbench(project=Project(tmp_path, tmp_path / ".upshot"), catalogue=tiny_catalogue())
    bench.write(FILES)
    return bench


@pytest.fixture
def problems_of(bench: Workbench) -> Callable[..., list[tuple[str, str]]]:
    """Every problem of a refused recipe as (where, rule)."""
    from upshot.errors import RecipeError

    def ask(*overrides: str, name: str = "fraud") -> list[tuple[str, str]]:
        with pytest.raises(RecipeError) as caught:
            bench.load(*overrides, name=name)
        return [(problem.where, problem.rule) for problem in caught.value.problems]

    return ask
