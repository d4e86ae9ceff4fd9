"""Composed recipes kept as JSON, so that a repeat loads neither Hydra, OmegaConf nor pydantic.

The key covers everything that composition reads: Upshot's version, the name, the overrides, what is installed, and every file and
folder on the search path. The value also lists the code files that checked it, each with time and size, so that an edited
parameter class is noticed in a development environment, where versions do not change. The cache may be deleted at any time.

The caller takes the key *before* it composes and hands it to `keep`: a file edited in between is then never kept under its new self.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from upshot.catalogue import Catalogue
from upshot.errors import Problem, StorageError
from upshot.project import Project
from upshot.recipe.layers import RECIPE_NAME, search_path
from upshot.recipe.recipe import Recipe

_FORMAT = 2
_FRESH_NS = 2_000_000_000
_KEPT = 2000
_FULL_OR_BROKEN = (errno.ENOSPC, errno.EDQUOT, errno.EIO)


def surroundings(catalogue: Catalogue, project: Project) -> str:
    """SHA-256 of all that decides what any recipe composes to: what is installed, and every file on the search path.

    Whoever asks for many recipes may take it once, before the first: files that are edited meanwhile have other times, so that what
    is kept under this is never found again.
    """
    folders = [folder for layer in search_path(catalogue, project) for folder in (layer.conf, layer.recipes)]
    return _digest(
        {
            "format": _FORMAT,
            "python": sys.version_info[:2],
            "root": str(project.root),
            "allowed": list(project.allowed),
            "plugins": [[plugin.name, plugin.distribution, plugin.version] for plugin in catalogue.plugins],
            "components": [[c.kind, c.name, c.params, c.make, c.by_key] for c in catalogue.components()],
            "files": [[str(folder), *_listing(folder)] for folder in folders],
        }
    )


def composition_key(
    name: str, overrides: Sequence[str], *, env: str | None = None, catalogue: Catalogue, project: Project, around: str | None = None
) -> str:
    """SHA-256 of everything that decides what a name, overrides and an environment compose to. `around`, the surroundings, saves taking them again."""
    parts: dict[str, object] = {
        "around": around or surroundings(catalogue, project),
        "name": name,
        "overrides": list(overrides),
        "env": env,
    }
    if not RECIPE_NAME.fullmatch(name):
        parts["beside"] = list(_listing((project.root / name).parent, deep=False))  # recipes extend each other by plain names
    return _digest(parts)


def _digest(parts: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(parts).encode("utf-8", "surrogatepass")).hexdigest()


def cached_recipe(
    name: str, overrides: Sequence[str], *, env: str | None = None, catalogue: Catalogue, project: Project, key: str | None = None
) -> Recipe | None:
    """The recipe that was kept for exactly this, or None. `key` saves working it out twice."""
    key = key or composition_key(name, overrides, env=env, catalogue=catalogue, project=project)
    path = _folder(project) / f"{key}.json"
    try:
        kept = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError, json.JSONDecodeError, UnicodeDecodeError):
        return None  # a torn file is as good as none: it is composed again and written over
    if not isinstance(kept, dict) or kept.get("format") != _FORMAT:
        return None
    if any(_stamp(Path(file)) != stamp for file, stamp in kept["code"]):
        return None
    recipe = Recipe.from_json(kept["recipe"])
    return recipe if recipe.digest == kept["digest"] else None


def keep(recipe: Recipe, key: str, *, catalogue: Catalogue, project: Project) -> Path:
    """Keep a recipe that a plan proved sound.

    Args:
        recipe: What was composed.
        key: `composition_key`, taken before it was composed.
        catalogue: What it was composed with.
        project: Whose state folder keeps it.

    Raises:
        StorageError: The state folder cannot be written.

    Returns:
        The file; written beside and renamed, so that a reader never sees half of it.
    """
    folder = _folder(project)
    code = [[str(file), _stamp(file)] for file in sorted(_code(recipe, catalogue))]
    value = {"format": _FORMAT, "digest": recipe.digest, "code": code, "recipe": recipe.to_json()}
    path = folder / f"{key}.json"
    beside = folder / f".{key}.{os.getpid()}.{time.monotonic_ns()}"
    try:
        project.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        beside.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        rule = f"must be a folder that can be written: {error.strerror}"
        free = f"{shutil.disk_usage(project.state).free:,} bytes free" if error.errno in _FULL_OR_BROKEN else None
        problem = Problem(str(project.state), rule, free, "choose another with --state DIR")
        raise StorageError("the state folder cannot be used", [problem]) from error
    _tidy(folder)
    return path


def _folder(project: Project) -> Path:
    return project.state / "compositions"


def _listing(folder: Path, *, deep: bool = True) -> Iterator[list[str | int]]:
    """Name, time and size of every file in a folder and, where deep, below it.

    The content too, where it is too young for its time to be told from an edit's.
    """
    if not folder.is_dir():
        return
    now = time.time_ns()
    with os.scandir(folder) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        if entry.is_dir():
            if deep:
                yield [entry.name, "folder"]
                yield from _listing(Path(entry.path))
        elif entry.name.endswith(".yaml") and entry.is_file():
            facts = entry.stat()
            row: list[str | int] = [entry.name, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_size]
            if now - facts.st_mtime_ns < _FRESH_NS:
                row.append(hashlib.sha256(Path(entry.path).read_bytes()).hexdigest())
            yield row


def _stamp(file: Path) -> list[int]:
    try:
        facts = file.stat()
    except FileNotFoundError:
        return []
    return [facts.st_mtime_ns, facts.st_size]


def _code(recipe: Recipe, catalogue: Catalogue) -> set[Path]:
    """Source files that decided what is valid: parameter classes with their bases, contracts, and this room."""
    modules = {"upshot.contracts.components", "upshot.contracts.params", "upshot.contracts.records"}
    for node in recipe.every_node():
        model = catalogue.params_class(catalogue.find(node.kind, node.use))
        modules |= {cls.__module__ for cls in model.__mro__ if cls.__module__.partition(".")[0] not in ("builtins", "pydantic", "typing")}
    return {*_files_of(modules), *Path(__file__).parent.glob("*.py")}


def _files_of(modules: Iterable[str]) -> Iterator[Path]:
    for name in modules:
        file = getattr(sys.modules.get(name), "__file__", None)
        if file is not None:
            yield Path(file)


def _tidy(folder: Path) -> None:
    """Hold the newest; recipes are small and made again in a blink."""
    if len(os.listdir(folder)) <= _KEPT:  # noqa: PTH208 - names alone are enough, and this is asked at every write
        return
    files = sorted(folder.glob("*.json"), key=lambda file: file.stat().st_mtime_ns, reverse=True)
    for file in files[_KEPT // 2 :]:
        file.unlink(missing_ok=True)


__all__ = ["cached_recipe", "composition_key", "keep", "surroundings"]
