"""What a recipe takes from outside itself: files, which lie in its project or where the project file allows, and secrets.

Standard library only: a recipe that was remembered is held to it again, because a link or the environment may have changed since.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from upshot.contracts.tables import thaw
from upshot.errors import IntegrityError, Problem, RecipeError
from upshot.project import PROJECT_FILE, Project
from upshot.recipe.recipe import Node, Recipe
from upshot.secrets import Secrets, secret_names


def refuse_foreign_paths(recipe: Recipe, project: Project) -> None:
    """Stop when an input lies outside the project, links followed.

    Raises:
        IntegrityError: One does; all of them are named.
    """
    problems = [
        _problem(key, real, recipe, project)
        for where, node in _nodes(recipe)
        for key, path in _inputs(where, node)
        if (real := project.leads_out(path)) is not None
    ]
    if problems:
        raise IntegrityError(f"recipe {recipe.name!r} is refused (no data was read)", problems)


def refuse_missing_secrets(recipe: Recipe, secrets: Secrets) -> None:
    """Stop when a secret that a component needs is not given.

    Raises:
        RecipeError: One is not; all of them are named, with the keys that ask for them.
        IntegrityError: Others may read the file that holds one.
    """
    asked = [
        (key, name, text) for where, node in _nodes(recipe) for key, text in _texts(where, thaw(node.params)) for name in secret_names(text)
    ]
    wrong = secrets.problems(dict.fromkeys(name for _, name, _ in asked)) if asked else {}
    problems = [Problem(key, wrong[name][0], repr(text), wrong[name][1], _place(key, recipe)) for key, name, text in asked if name in wrong]
    if problems:
        count = f"{len(problems)} problem{'' if len(problems) == 1 else 's'}"
        raise RecipeError(f"{count} in recipe {recipe.name!r} (no data was read)", problems)


def _nodes(recipe: Recipe) -> Iterator[tuple[str, Node]]:
    yield from recipe.nodes.items()
    yield from ((f"{kind}.{name}", node) for kind, group in recipe.groups.items() for name, node in group.items())


def _inputs(where: str, node: Node) -> Iterator[tuple[str, str]]:
    """Key and path of each file that a component reads."""
    if node.inputs:
        found = dict(_texts(where, thaw(node.params)))
        for path in node.inputs:
            yield next(key for key, text in found.items() if text == path), path


def _texts(where: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(f"{where}.{key}", item)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(f"{where}.{index}", item)
    elif isinstance(value, str):
        yield where, value


def _problem(key: str, real: str, recipe: Recipe, project: Project) -> Problem:
    folder = real.rpartition("/")[0] if "://" in real else shown(str(Path(real).parent), project)
    hint = f"to allow it, write paths: {{allow: [{folder}]}} in {PROJECT_FILE}"
    return Problem(key, "leads out of the project", shown(real, project), hint, _place(key, recipe))


def _place(key: str, recipe: Recipe) -> str | None:
    parts = key.split(".")
    origin = next((recipe.origins[name] for n in range(len(parts), 0, -1) if (name := ".".join(parts[:n])) in recipe.origins), None)
    return str(origin.chain[-1]) if origin and origin.chain else None


def shown(path: str, project: Project) -> str:
    """A path as the project's files would write it: relative where that is shorter."""
    if "://" in path:
        return path
    relative = os.path.relpath(path, os.path.realpath(project.root))
    return min(relative, path, key=len)
