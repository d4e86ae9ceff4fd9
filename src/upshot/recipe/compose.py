"""The way into a recipe: a name and overrides in, a frozen `Recipe` out.

Hydra, OmegaConf and pydantic are imported when a recipe is really composed; importing this module costs nothing. Composition keeps
no global state, changes no folder and writes no file, so it can be called again, from threads and inside a running event loop.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from upshot.catalogue import Catalogue, load_catalogue
from upshot.contracts.tables import Map
from upshot.errors import Problem, RecipeError, UsageError
from upshot.project import Project, find_project
from upshot.recipe.layers import RecipeFile, find_recipe, list_recipes
from upshot.recipe.recipe import Recipe
from upshot.secrets import Secrets


def load_recipe(
    name: str,
    overrides: Sequence[str] = (),
    *,
    env: str | None = None,
    catalogue: Catalogue | None = None,
    project: Project | None = None,
) -> Recipe:
    """Compose a recipe and check all of it; no data is read.

    Args:
        name: Name of a recipe, or the path of a .yaml file relative to the project.
        overrides: In Hydra's grammar: `model.max_depth=8`, `+gates.x.min=1`, `~gates.x`, `model=xgboost`. Later ones win.
        env: The environment that is laid over the recipe, below the overrides.
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
    return load_environments(name, overrides, env=env, catalogue=catalogue, project=project)[0]


def load_environments(
    name: str, overrides: Sequence[str], *, env: str | None, catalogue: Catalogue, project: Project
) -> tuple[Recipe, Map[Recipe]]:
    """A recipe, and what it is in each of its environments, in their order.

    Raises:
        RecipeError: Something is wrong with the recipe, in one of its environments, or with all of them together.
        IntegrityError: As `load_recipe`.
    """
    from upshot.recipe.composition import Shelf, compose
    from upshot.recipe.environments import policy_problems
    from upshot.recipe.places import located
    from upshot.recipe.schema import check, refused

    file = find_recipe(name, catalogue, project)
    shelf: Shelf = {}

    def composed(environment: str | None) -> Recipe:
        return check(file.name, compose(file, tuple(overrides), catalogue, project, env=environment, shelf=shelf), catalogue, project)

    recipe = composed(env)
    found: dict[str, Recipe] = {}
    problems: list[Problem] = []
    for other, environment in recipe.env.items():
        try:
            plain = env is None and not environment.layer
            found[other] = recipe if other == env else replace(recipe, environment=other) if plain else composed(other)
        except RecipeError as error:
            problems += [in_environment(problem, other) for problem in error.problems]
    if problems:
        raise refused(file.name, problems)
    told = [located(problem, recipe) for problem in policy_problems(found, catalogue)]
    if told:
        raise refused(file.name, told)
    return recipe, Map(found)


def in_environment(problem: Problem, name: str) -> Problem:
    """The problem, with the environment in which the recipe has it."""
    return replace(problem, place=f"{problem.place}, env {name}" if problem.place else f"env {name}")


def show(recipe: Recipe) -> str:
    """The resolved recipe as YAML, every value filled in, kinds in their order; it reads back as the same recipe."""
    import yaml

    from upshot.recipe.recipe import as_written

    tree = as_written(recipe)
    if tree["threads"] == 0:
        del tree["threads"]  # all cores is said by leaving it out
    return yaml.safe_dump(tree, sort_keys=False, allow_unicode=True, width=120)


__all__ = ["RecipeFile", "in_environment", "list_recipes", "load_environments", "load_recipe", "show"]
