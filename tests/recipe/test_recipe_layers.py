from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from upshot.catalogue import Plugin
from upshot.errors import RecipeError
from upshot.recipe.compose import list_recipes
from upshot.recipe.layers import packaged, search_path


def plugin_with(folder: Path, files: dict[str, str]) -> Plugin:
    for name, text in files.items():
        path = folder / "conf" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return Plugin("extra", "upshot-extra", "2.0", None, (), (folder / "conf",), ())


def test_a_plugins_choice_is_found_and_its_origin_names_the_plugin(bench: Any, tmp_path: Path) -> None:
    from tiny_components import tiny_catalogue

    bench.catalogue = tiny_catalogue(plugin_with(tmp_path / "p", {"model/deep.yaml": "# Deep\nuse: boost\nmax_depth: 20\n"}))

    recipe = bench.load("model=deep")

    assert recipe.nodes["model"].params["max_depth"] == 20
    assert str(recipe.origins["model.max_depth"].chain[-1]) == "plugin extra conf/model/deep.yaml:3"


def test_a_projects_file_shadows_the_whole_file_of_the_same_name_below(bench: Any, tmp_path: Path) -> None:
    from tiny_components import tiny_catalogue

    below = {"model/boost.yaml": "use: boost\nrate: 0.9\n", "recipes/fraud.yaml": "# Below\nuse_case: {}\n"}
    bench.catalogue = tiny_catalogue(plugin_with(tmp_path / "p", below))

    recipe = bench.load()
    listed = [(file.layer, file.sentence, file.shadowed) for file in list_recipes(bench.catalogue, bench.project) if file.name == "fraud"]

    assert recipe.nodes["model"].params["rate"] == 0.3
    assert listed == [("project", "Card fraud in miniature", False), ("plugin extra", "Below", True)]


def test_a_recipe_may_be_named_by_its_path_and_then_extends_its_neighbours(bench: Any) -> None:
    bench.write(
        {
            "tests/cases/base.yaml": (bench.project.root / "recipes/fraud.yaml").read_text(),
            "tests/cases/x.yaml": "defaults: [base]\nseed: 7\n",
        }
    )

    recipe = bench.load(name="tests/cases/x.yaml")

    assert (recipe.name, recipe.seed, recipe.use_case.name) == ("x", 7, "fraud")
    assert str(recipe.origins["seed"].chain[-1]) == "tests/cases/x.yaml:2"


@pytest.mark.parametrize("name", ["fruad", "../fraud", "fraud\n", "x\0.yaml", "recipes/none.yaml", "f" * 10_000, "", "-rf"])
def test_an_unknown_recipe_is_refused_with_the_list(bench: Any, name: str) -> None:
    with pytest.raises(RecipeError) as caught:
        bench.load(name=name)

    assert "fraud" in str(caught.value.problems[0].hint)
    assert len(str(caught.value)) < 600
    assert "\n\n  recipe  there is no such recipe; got " in str(caught.value)


def test_folders_that_are_one_and_the_same_are_one_layer(bench: Any, tmp_path: Path) -> None:
    from tiny_components import tiny_catalogue

    same = tmp_path / "link"
    same.symlink_to(bench.project.conf)
    bench.catalogue = tiny_catalogue(Plugin("extra", "upshot-extra", "2.0", None, (), (same,), ()))

    assert [layer.name for layer in search_path(bench.catalogue, bench.project)] == ["project", "packaged"]


def test_the_packaged_folder_holds_conf_and_recipes() -> None:
    assert (packaged() / "conf").is_dir()
    assert (packaged() / "recipes").is_dir()
