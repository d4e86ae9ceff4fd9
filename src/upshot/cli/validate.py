"""`upshot validate`: check a recipe, or every recipe there is, without reading data."""

from __future__ import annotations

import argparse
import sys

from upshot.cli.context import Context, add_env
from upshot.errors import Problem, UpshotError, UsageError
from upshot.recipe.layers import list_recipes
from upshot.recipe.recipe import Recipe


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("recipe", nargs="?", help="name of a recipe, or path of its file")
    parser.add_argument("overrides", nargs="*", help="Hydra overrides, such as model=xgboost model.max_depth=8")
    add_env(parser)
    parser.add_argument("--all", action="store_true", help="check every recipe of the project, its plugins and Upshot, one line each")


def execute(arguments: argparse.Namespace) -> int:
    """Compose, validate and prove; say so in one line."""
    context = Context.of(arguments)
    if arguments.all is (arguments.recipe is not None):
        hint = "upshot validate RECIPE, or upshot validate --all"
        raise UsageError("the command line is wrong", [Problem("recipe", "name one recipe, or ask for all", None, hint)])
    if arguments.all and arguments.env is not None:
        problem = Problem("--env", "is of one recipe: each is checked in all of its environments anyway", None, "leave it out")
        raise UsageError("the command line is wrong", [problem])
    if arguments.all:
        return validate_all(context)
    print(sentence(context.recipe(arguments.recipe, arguments.overrides, arguments.env)))
    return 0


def validate_all(context: Context) -> int:
    """Every recipe, those that are refused with all their problems; the exit code is that of the first refused one."""
    names = [file.name for file in list_recipes(context.catalogue, context.project) if not file.shadowed]
    refused: list[UpshotError] = []
    for name in names:
        try:
            print(sentence(context.recipe(name, [])))
        except UpshotError as error:
            refused.append(error)
            sys.stdout.flush()
            print(f"{type(error).__name__}: {error}\n", file=sys.stderr)
    print(f"{len(names)} recipe{'' if len(names) == 1 else 's'}: {len(names) - len(refused)} sound, {len(refused)} refused")
    return refused[0].exit_code if refused else 0


def sentence(recipe: Recipe) -> str:
    """What is said of a sound recipe."""
    components = len(recipe.nodes) + sum(len(group) for group in recipe.groups.values())
    return f"recipe {recipe.name} is sound: {components} components, {len(recipe.groups['gates'])} gates; digest {recipe.digest[:12]}"
