"""Where recipes and groups are looked for: the project first, then plugins, then what Upshot brings.

A layer is a pair of folders. A file of an upper layer shadows the whole file of the same name below; single values are overridden
by the recipe's body and the command line instead. Standard library only: the composition cache asks the same questions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from upshot.catalogue import Catalogue
from upshot.errors import Problem, RecipeError, did_you_mean
from upshot.project import PROJECT_FILE, Project

RECIPE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,62}")
_HEADER_BYTES = 2000


@dataclass(frozen=True)
class Layer:
    """One place to look in: `conf` holds groups (`model/xgboost.yaml`), `recipes` holds recipes, flat."""

    name: str
    conf: Path
    recipes: Path

    @property
    def base(self) -> Path:
        """The folder that the layer's files are shown relative to."""
        return self.conf.parent


@dataclass(frozen=True)
class RecipeFile:
    """A recipe or a group's choice that could be loaded.

    `sentence` is its first comment line; a shadowed one hides behind an upper layer's.
    """

    name: str
    layer: str
    path: Path
    sentence: str = ""
    shadowed: bool = False


def packaged() -> Path:
    """The folder that holds the `conf/` and `recipes/` that Upshot brings: inside the wheel, or the source root of an editable install."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "_packaged"
    return inside if inside.is_dir() else package.parents[1]


def search_path(catalogue: Catalogue, project: Project | None) -> tuple[Layer, ...]:
    """All layers, highest first; a folder that is reached twice counts once, where it is highest.

    Inside Upshot's own source root the project's folders and the packaged ones are the same. Without a project, its layer is left out.
    """
    ours = packaged()
    layers = [] if project is None else [Layer("project", project.conf, project.recipes)]
    layers += [Layer(f"plugin {plugin.name}", folder, folder / "recipes") for plugin, folder in catalogue.config_folders()]
    layers += [Layer("packaged", ours / "conf", ours / "recipes")]
    seen: set[Path] = set()
    kept = []
    for layer in layers:
        real = layer.conf.resolve()
        if real not in seen:
            seen.add(real)
            kept.append(layer)
    return tuple(kept)


def list_recipes(catalogue: Catalogue, project: Project) -> tuple[RecipeFile, ...]:
    """Every recipe that can be named, by name; of one name the highest layer's first, the others marked as shadowed."""
    return _listed([(layer, path) for layer in search_path(catalogue, project) for path in recipe_paths(layer)])


def list_groups(catalogue: Catalogue, project: Project | None) -> dict[str, tuple[RecipeFile, ...]]:
    """Every group that has choices, such as "model", with its choices by name, upper layers first; shadowed ones are marked."""
    found: dict[str, list[tuple[Layer, Path]]] = {}
    for layer in search_path(catalogue, project):
        for path in sorted(layer.conf.rglob("*.yaml")):
            group = path.parent.relative_to(layer.conf).as_posix()
            if group != "." and not path.is_relative_to(layer.recipes):
                found.setdefault(group, []).append((layer, path))
    return {group: _listed(found[group]) for group in sorted(found)}


def _listed(found: list[tuple[Layer, Path]]) -> tuple[RecipeFile, ...]:
    files = [RecipeFile(path.stem, layer.name, path, _first_comment(path)) for layer, path in found]
    files.sort(key=lambda file: file.name)  # stable: upper layers stay before lower ones
    names = [file.name for file in files]
    return tuple(
        RecipeFile(file.name, file.layer, file.path, file.sentence, shadowed=file.name in names[:index]) for index, file in enumerate(files)
    )


def recipe_paths(layer: Layer) -> Iterator[Path]:
    """The recipe files of a layer, by name."""
    if layer.recipes.is_dir():
        yield from sorted(layer.recipes.glob("*.yaml"))


def find_recipe(name: str, catalogue: Catalogue, project: Project) -> RecipeFile:
    """The recipe that a name or the path of a .yaml file means.

    A path is relative to the project's folder; other recipes in the same folder can then be extended by name.

    Raises:
        RecipeError: There is none; the hint is the nearest name and the list.
    """
    layers = search_path(catalogue, project)
    if name.endswith(".yaml") and name.isprintable() and len(name) < 4096:
        path = project.root / name
        if path.is_file():
            inside = next((layer.name for layer in layers if layer.recipes.resolve() == path.parent.resolve()), "project")
            return RecipeFile(path.stem, inside, path)
    elif RECIPE_NAME.fullmatch(name):
        for layer in layers:
            path = layer.recipes / f"{name}.yaml"
            if path.is_file():
                return RecipeFile(name, layer.name, path)
    known = {path.stem for layer in layers for path in recipe_paths(layer)}
    shown = ascii(name) if len(name) <= 80 else f"{name[:80]!a}..."
    hint = did_you_mean(name[:80], known) if known else "there are none yet: write recipes/NAME.yaml"
    if not project.is_made():
        hint = f"{hint}; {project.root} is no project: it has neither {PROJECT_FILE} nor recipes/ (upshot init NAME makes one)"
    raise RecipeError("unknown recipe", [Problem("recipe", "there is no such recipe", shown, hint)])


def _first_comment(path: Path) -> str:
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        head = file.read(_HEADER_BYTES)
    for line in head.splitlines():
        text = line.strip()
        if text and not text.startswith("#"):
            return ""
        text = text.lstrip("#").strip()
        if text and not text.startswith(("@", "yaml-language-server:")):
            return text
    return ""
