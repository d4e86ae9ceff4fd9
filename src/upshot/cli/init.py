"""`upshot init`: a small project that runs, to start from."""

from __future__ import annotations

import argparse
import json
import shlex
from pathlib import Path

from upshot.cli.context import Context
from upshot.cli.starter import SCHEMA_FILE, starter
from upshot.cli.text import columns
from upshot.errors import Problem, UsageError
from upshot.project import find_project

_WHAT = {
    "upshot.yaml": "the project's settings",
    ".gitignore": "keeps .upshot/ out of version control",
    "README.md": "what to type",
    "conf/model/shallow.yaml": "a choice of your own: model=shallow",
    "recipes/first.yaml": "the first recipe",
    "data/payments.csv": "its data: 300 payments, made up",
    SCHEMA_FILE: "lets editors complete recipes and underline faults",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("dir", nargs="?", default=".", help="folder of the project, made when it is not there; this folder when left out")


def execute(arguments: argparse.Namespace) -> int:
    """Write the files, unless one of them is there already."""
    from upshot.recipe.json_schema import recipe_schema

    folder = Path(arguments.dir)
    _refuse_existing(folder)
    catalogue = Context.of(arguments).catalogue
    for name, text in starter(folder.resolve().name or "project").items():
        _write(folder / name, text)
    schema = recipe_schema(catalogue, find_project(folder))
    _write(folder / SCHEMA_FILE, json.dumps(schema, indent=1, ensure_ascii=False) + "\n")
    print(columns([(f"wrote {name}", what) for name, what in _WHAT.items()]))
    enter = "" if folder.resolve() == Path.cwd() else f"cd {shlex.quote(arguments.dir)} && "
    print(f"next: {enter}upshot run first")
    return 0


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("x", encoding="utf-8", newline="") as file:
        file.write(text)


def _refuse_existing(folder: Path) -> None:
    """Every file that is in the way, and every name that should be a folder and is not."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(
            "no project was written", [Problem(str(folder), "is a file, not a folder", None, "choose another: upshot init DIR")]
        )
    found = [name for name in _WHAT if (folder / name).exists() or (folder / name).is_symlink()]
    found += [
        str(parent) for name in _WHAT for parent in Path(name).parents if (folder / parent).exists() and not (folder / parent).is_dir()
    ]
    if found:
        hint = "nothing is overwritten: move it away, or choose another folder with upshot init DIR"
        raise UsageError("no project was written", [Problem(name, "is there already", None, hint) for name in dict.fromkeys(found)])
