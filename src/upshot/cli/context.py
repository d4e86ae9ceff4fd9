"""What every command starts from: the project, what is installed, and a recipe that was proven sound.

The engine is imported when it is asked for: a remembered recipe is validated and shown without it.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from upshot.catalogue import Catalogue, load_catalogue
from upshot.cli.beside import beside
from upshot.errors import RecipeError
from upshot.identity import Person, authors, whoami
from upshot.project import Project, find_project
from upshot.recipe.cache import cached_recipe, composition_key, keep, surroundings
from upshot.recipe.outside import refuse_foreign_paths, refuse_missing_secrets
from upshot.recipe.recipe import Recipe
from upshot.secrets import Secrets

if TYPE_CHECKING:
    from upshot.engine.run import Engine
    from upshot.engine.state import State


@dataclass(frozen=True)
class Context:
    """Project and catalogue of one command, and who says that they give it."""

    project: Project
    said: str | None = None

    @classmethod
    def of(cls, arguments: argparse.Namespace) -> Context:
        """The context of the current folder."""
        return cls(find_project(Path.cwd(), arguments.state), getattr(arguments, "said", None))

    @cached_property
    def person(self) -> Person:
        """Who gives the command."""
        return whoami(self.project, self.said)

    def maker(self, recipe: Recipe) -> dict[str, Any]:
        """Who runs a recipe, and who wrote it, as a run writes it down."""
        return {
            **self.person.to_json(),
            "authors": list(authors(recipe.files(), self.project.root)),
            "root": str(self.project.root),
        }

    @cached_property
    def catalogue(self) -> Catalogue:
        """What is installed."""
        return load_catalogue(secrets=Secrets.of(self.project))

    @cached_property
    def state(self) -> State:
        """The state folder."""
        from upshot.engine.state import State

        return State.of(self.project)

    def engine(self, recipe: Recipe) -> Engine:
        """The engine with the plugins that act in this recipe."""
        from upshot.engine.run import Engine

        use = dict.fromkeys((*self.project.use_plugins, *recipe.use_plugins))
        return Engine(self.catalogue, self.state, tuple(use), maker=self.maker)

    @cached_property
    def surroundings(self) -> str:
        """What every recipe's composition depends on, as it was when the command began."""
        return surroundings(self.catalogue, self.project)

    def recipe(self, name: str, overrides: list[str], env: str | None = None, *, libraries: Sequence[str] = ()) -> Recipe:
        """A sound recipe: composed and proven in each of its environments, or remembered from when it was.

        Args:
            name: Name of a recipe, or path of its file.
            overrides: In Hydra's grammar.
            env: The environment that is laid over it.
            libraries: Modules that the command needs afterwards; they are loaded here while a child composes.

        Raises:
            RecipeError: With all problems at once; no data was read.
        """
        key = composition_key(name, overrides, env=env, catalogue=self.catalogue, project=self.project, around=self.surroundings)
        remembered = partial(cached_recipe, name, overrides, env=env, catalogue=self.catalogue, project=self.project, key=key)
        recipe = remembered()
        if recipe is None and libraries:
            beside(partial(self._compose, name, overrides, env, key), libraries)
            recipe = remembered()
        if recipe is None:
            return self._compose(name, overrides, env, key)
        refuse_foreign_paths(recipe, self.project)
        refuse_missing_secrets(recipe, self.catalogue.secrets)
        return recipe

    def _compose(self, name: str, overrides: list[str], env: str | None, key: str) -> Recipe:
        """Compose a recipe, prove it, and remember it under its key."""
        from upshot.engine.prove import prove
        from upshot.recipe.compose import in_environment, load_environments

        recipe, elsewhere = load_environments(name, overrides, env=env, catalogue=self.catalogue, project=self.project)
        refuse_missing_secrets(recipe, self.catalogue.secrets)
        engine = self.engine(recipe)
        prove(recipe, self.catalogue, self.state.code, self.state.files, engine.today)
        for other, found in elsewhere.items():
            if found.environment != env and recipe.env[other].layer:
                try:
                    prove(found, self.catalogue, self.state.code, self.state.files, engine.today)
                except RecipeError as error:
                    error.problems = tuple(in_environment(problem, other) for problem in error.problems)
                    raise
        keep(recipe, key, catalogue=self.catalogue, project=self.project)
        return recipe


def add_recipe(parser: argparse.ArgumentParser) -> None:
    """The two arguments that every command on a recipe takes."""
    parser.add_argument("recipe", help="name of a recipe, or path of its file")
    parser.add_argument("overrides", nargs="*", help="Hydra overrides, such as model=xgboost model.max_depth=8")
    add_env(parser)


def add_run(parser: argparse.ArgumentParser) -> None:
    """The run that a command tells of; the last one when left out."""
    parser.add_argument(
        "run", nargs="?", default="last", metavar="RUN", help="id of a run or the beginning of one, a recipe, or last (default)"
    )


def add_env(parser: argparse.ArgumentParser) -> None:
    """The environment that is laid over the recipe."""
    parser.add_argument("--env", metavar="NAME", help="environment whose keys are laid over the recipe, below the overrides")


def add_as(parser: argparse.ArgumentParser) -> None:
    """The name under which somebody acts."""
    parser.add_argument(
        "--as",
        dest="said",
        metavar="NAME",
        help="your name (default: git's user.email, or the account); it is recorded, and proves nothing",
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    """The switch to machine-readable output."""
    parser.add_argument("--json", action="store_true", help="print one JSON document")
