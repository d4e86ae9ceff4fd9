"""`upshot migrate`: recipes of an older version of the recipe language, rewritten in place with their comments kept."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from upshot.cli.context import Context
from upshot.errors import Problem, RecipeError, UsageError
from upshot.recipe.layers import RecipeFile, find_recipe, list_recipes

_BOM = "\ufeff"


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("recipe", nargs="?", help="name of a recipe, or path of its file; all recipes of the project when left out")
    parser.add_argument("--write", action="store_true", help="write the changes; without it they are only listed")


def execute(arguments: argparse.Namespace) -> int:
    """List what would change, or change it; nothing is written before every recipe has been read."""
    context = Context.of(arguments)
    files = _files(arguments.recipe, context)
    if not files:
        print(f"there is nothing to rewrite: {context.project.root} has no recipes of its own")
        return 0
    migrated = [(file, *_migrated(file, context.project.root)) for file in files]
    for file, label, text, changes in migrated:
        if not changes:
            print(f"{label} is up to date")
            continue
        print(f"{label}{' is rewritten' if arguments.write else ' would be rewritten'}")
        for change in changes:
            print(f"  {change}")
        if arguments.write:
            _write(file.path, text)
    if any(changes for *_, changes in migrated) and not arguments.write:
        print(f"nothing was written; to do it: upshot migrate {arguments.recipe or ''}".rstrip() + " --write")
    return 0


def _files(name: str | None, context: Context) -> list[RecipeFile]:
    if name is None:
        return [file for file in list_recipes(context.catalogue, context.project) if file.layer == "project"]
    file = find_recipe(name, context.catalogue, context.project)
    if file.layer != "project":
        raise UsageError(
            "the recipe is not the project's own",
            [Problem(name, f"belongs to: {file.layer}", None, "only the project's files are rewritten")],
        )
    return [file]


def _migrated(file: RecipeFile, root: Path) -> tuple[str, str, list[str]]:
    """How people know the file, its new text, and what was changed."""
    from upshot.recipe.migration import rewritten
    from upshot.recipe.reading import read_document

    label = file.path.relative_to(root).as_posix() if file.path.is_relative_to(root) else str(file.path)
    document = read_document(file.path, label, "recipe")
    if document.problems:
        raise RecipeError(f"{label} cannot be read (nothing was written)", document.problems)
    text = file.path.read_bytes().decode("utf-8")
    bom = _BOM if text.startswith(_BOM) else ""
    new, changes = rewritten(document, text.removeprefix(_BOM))
    return label, bom + new, [f"{label}:{change.line}  {change.before} -> {change.after}" for change in changes]


def _write(path: Path, text: str) -> None:
    """Beside it and renamed, so that a reader never sees half of it; a link stays a link."""
    target = path.resolve()
    beside = target.with_name(f".{target.name}.migrating")
    beside.write_bytes(text.encode("utf-8"))
    shutil.copymode(target, beside)
    beside.replace(target)
