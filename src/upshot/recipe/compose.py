"""The way into a recipe: a name and overrides in, a frozen `Recipe` out.

Hydra, OmegaConf and pydantic are imported when a recipe is really composed; importing this module costs nothing. Composition keeps
no global state, changes no folder and writes no file, so it can be called again, from threads and inside a running event loop.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from upshot.catalogue import Catalogue, load_catalogue
from upshot.errors import Problem, UsageError
from upshot.project import Project, find_project
from upshot.recipe.layers import RecipeFile, find_recipe, list_recipes
from upshot.recipe.recipe import Recipe
from upshot.secrets import Secrets


def load_recipe(name: str, overrides: Sequence[str] = (), *, catalogue: Catalogue | None = None, project: Project | None = None) -> Recipe:
    """Compose a recipe and check all of it; no data is read.

    Args:
        name: Name of a recipe, or the path of a .yaml file relative to the project.
        overrides: In Hydra's grammar: `model.max_depth=8`, `+gates.x.min=1`, `~gates.x`, `model=xgboost`. Later ones win.
        catalogue: What is installed; looked up when left out.
        project: Whose own files come first; that of the current folder when left out.

    Raises:
        RecipeError: Something is wrong with the recipe or an override; every problem at once.
        IntegrityError: Something in it could name code, belongs to the engine, or leads out of the project.

    Example:
        >>> load_recipe("card_fraud", ["model=xgboost"]).nodes["model"].use
        'xgboost'
    """
    if isinstance(overrides, str):
        raise UsageError(
            "overrides are a list", [Problem("overrides", "must be a list of texts", repr(overrides), f"write [{overrides!r}]")]
        )
    project = project or find_project(Path.cwd())
    catalogue = catalogue or load_catalogue(secrets=Secrets.of(project))
    file = find_recipe(name, catalogue, project)
    from upshot.recipe.composition import compose
    from upshot.recipe.schema import check

    return check(file.name, compose(file, tuple(overrides), catalogue, project), catalogue, project)


def show(recipe: Recipe) -> str:
    """The resolved recipe as YAML, every value filled in, kinds in their order; it reads back as the same recipe."""
    import yaml

    from upshot.recipe.recipe import as_written

    tree = as_written(recipe)
    if tree["threads"] == 0:
        del tree["threads"]  # all cores is said by leaving it out
    return yaml.safe_dump(tree, sort_keys=False, allow_unicode=True, width=120)


__all__ = ["RecipeFile", "list_recipes", "load_recipe", "show"]
