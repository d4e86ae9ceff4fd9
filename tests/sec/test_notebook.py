"""`upshot.load_recipe` as a notebook, a thread and a running event loop call it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import chdir
from typing import Any

import pytest

import upshot
from upshot.errors import IntegrityError, UsageError


def test_a_recipe_is_loaded_by_name_alone_with_the_project_of_the_current_folder(recipe_project: Callable[..., Any]) -> None:
    project = recipe_project({"upshot.yaml": "name: mine\n", "recipes/mine.yaml": "defaults: [card_fraud, _self_]\nseed: 7\n"})
    project.write("notebooks/one.txt", "")

    with chdir(project.root / "notebooks"):
        mine = upshot.load_recipe("mine")
        packaged = upshot.load_recipe("card_fraud", ["model=xgboost", "seed=3"])

    assert (mine.seed, mine.nodes["model"].use) == (7, "lightgbm")
    assert (packaged.seed, packaged.nodes["model"].use) == (3, "xgboost")
    assert sorted(path.name for path in project.root.rglob("*") if path.is_file()) == ["mine.yaml", "one.txt", "upshot.yaml"]


def test_one_text_in_place_of_a_list_of_overrides_is_explained() -> None:
    with pytest.raises(UsageError) as caught:
        upshot.load_recipe("card_fraud", "model=xgboost")

    assert str(caught.value) == (
        "overrides are a list\n\n  overrides  must be a list of texts; got 'model=xgboost'; write ['model=xgboost']"
    )


def test_threads_and_a_running_loop_load_different_recipes_at_once(tmp_path: Any) -> None:
    catalogue, project = upshot.load_catalogue(), upshot.find_project(tmp_path)

    def seed(number: int) -> int:
        return upshot.load_recipe("card_fraud", [f"seed={number}"], catalogue=catalogue, project=project).seed

    async def within_a_loop() -> list[int]:
        return await asyncio.gather(*(asyncio.to_thread(seed, number) for number in range(4)), asyncio.sleep(0, result=seed(9)))

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(seed, range(6))) == list(range(6))
    assert asyncio.run(within_a_loop()) == [0, 1, 2, 3, 9]
    assert list(tmp_path.iterdir()) == []


def test_a_refused_recipe_leaves_the_next_one_untouched(tmp_path: Any) -> None:
    catalogue, project = upshot.load_catalogue(), upshot.find_project(tmp_path)
    before = upshot.load_recipe("card_fraud", catalogue=catalogue, project=project).digest

    for argument in ("model._target_=x", "hydra.run.dir=x", "data.n_customers='${oc.env:HOME}'"):
        with pytest.raises(IntegrityError):
            upshot.load_recipe("card_fraud", [argument], catalogue=catalogue, project=project)

    assert upshot.load_recipe("card_fraud", catalogue=catalogue, project=project).digest == before


def test_loading_beside_an_application_of_hydras_own_disturbs_neither(tmp_path: Any) -> None:
    (tmp_path / "app.yaml").write_text("a: 1\n")
    script = (
        "import hydra, os\n"
        "from hydra.core.global_hydra import GlobalHydra\n"
        "import upshot\n"
        f"with hydra.initialize_config_dir({str(tmp_path)!r}, version_base='1.3'):\n"
        "    first = hydra.compose('app', ['a=2'])\n"
        "    recipe = upshot.load_recipe('card_fraud', ['seed=5'])\n"
        "    second = hydra.compose('app', ['a=3'])\n"
        "    assert GlobalHydra.instance().is_initialized()\n"
        "print(first.a, recipe.seed, second.a, sorted(os.listdir('.')))\n"
    )

    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert (done.stdout, done.stderr) == ("2 5 3 ['app.yaml']\n", "")
