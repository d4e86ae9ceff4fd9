"""What a recipe's files say, read fast and roughly: enough to know which names and components a key may lead to while it is being typed.

Composition proper takes Hydra, OmegaConf and pydantic, a third of a second that nobody waits for after pressing TAB. Here a text is
always a text, nothing is resolved, `_self_`, `override` and arguments count as they do there, and a file with aliases or faults says
nothing. No answer of a command may rest on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from upshot.recipe.layers import Layer, RecipeFile
from upshot.recipe.safety import MAX_BYTES

Tree = Mapping[str, Any]


def sketch(recipe: RecipeFile, overrides: Sequence[str], layers: Sequence[Layer]) -> Tree:
    """The recipe as a tree of maps, lists and texts.

    Args:
        recipe: Which recipe.
        overrides: Those typed so far; what does not read as `key=value` is passed over.
        layers: Where to look for the choices and recipes that it names.
    """
    pairs = [pair for text in overrides if (pair := text.lstrip("+").partition("=")) and pair[1] and not text.startswith("~")]
    reader = _Reader(recipe.path.parent, layers, {key: value for key, _, value in pairs if _is_group(key, layers)})
    tree = reader.recipe(recipe.path, ())
    for group in reader.chosen.keys() - reader.used:
        tree = _merged(tree, reader.group(group, reader.chosen[group], ""))
    for key, _, value in pairs:
        if key not in reader.chosen:
            tree = _merged(tree, _nested(key.split("."), value))
    return tree


def _is_group(key: str, layers: Sequence[Layer]) -> bool:
    return bool(key) and ".." not in key and any((layer.conf / key).is_dir() for layer in layers)


@dataclass
class _Reader:
    folder: Path
    layers: Sequence[Layer]
    chosen: dict[str, Any]
    used: set[str] = field(default_factory=set)

    def recipe(self, path: Path, above: tuple[Path, ...]) -> Tree:
        """A recipe's file, with the files that its defaults list names; nothing of one that extends itself."""
        data = dict(_load(path))
        items = data.pop("defaults", [])
        if not isinstance(items, list) or path in above:
            return {}
        for key, value in _pairs(items):
            if key.startswith("override "):
                self.chosen.setdefault(_group(key), value)
        tree: Tree = {}
        for item in [*items, *([] if "_self_" in items else ["_self_"])]:
            tree = _merged(tree, data if item == "_self_" else self._named(item, (*above, path)))
        return tree

    def _named(self, item: Any, above: tuple[Path, ...]) -> Tree:
        if isinstance(item, str) and "/" not in item:
            return self.recipe(self._recipe_path(item), above)
        tree: Tree = {}
        for key, value in _pairs([item] if isinstance(item, dict) else [dict([item.rsplit("/", 1)])] if isinstance(item, str) else []):
            if not key.startswith("override "):
                group = _group(key)
                self.used.add(group)
                tree = _merged(tree, self.group(group, self.chosen.get(group, value), key.partition("@")[2]))
        return tree

    def group(self, group: str, choice: Any, package: str) -> Tree:
        """The files of a group's choice, or choices, under the keys where they go."""
        tree: Tree = {}
        for name in choice if isinstance(choice, list) else [choice]:
            path = next((p for layer in self.layers if (p := layer.conf / group / f"{name}.yaml").is_file()), None)
            content = {key: value for key, value in _load(path).items() if key != "defaults"} if path is not None else {}
            tree = _merged(tree, content if package == "_global_" else _nested((package or group.replace("/", ".")).split("."), content))
        return tree

    def _recipe_path(self, name: str) -> Path:
        folders = [self.folder, *(layer.recipes for layer in self.layers)]
        return next((path for folder in folders if (path := folder / f"{name}.yaml").is_file()), self.folder / f"{name}.yaml")


def _pairs(items: Sequence[Any]) -> Iterator[tuple[str, Any]]:
    for item in items:
        if isinstance(item, dict):
            yield from item.items()


def _group(key: str) -> str:
    return key.split(" ")[-1].partition("@")[0].strip("/")


def _nested(parts: Sequence[str], value: Any) -> Tree:
    for part in reversed(parts):
        value = {part: value}
    return value if isinstance(value, dict) else {}


def _merged(below: Tree, above: Tree) -> Tree:
    """Two trees in one, the second on top; neither is changed."""
    both = {key: _merged(below[key], value) for key, value in above.items() if isinstance(value, dict) and isinstance(below.get(key), dict)}
    return {**below, **above, **both}


def _load(path: Path) -> Tree:
    import yaml

    loader = yaml.CBaseLoader if yaml.__with_libyaml__ else yaml.BaseLoader
    try:
        if path.stat().st_size > MAX_BYTES:
            return {}
        text = path.read_text(encoding="utf-8-sig")
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=loader)):
            return {}
        data = yaml.load(text, Loader=loader)  # the base loader makes texts, lists and maps, whatever the tags say
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError):
        return {}  # running the recipe says what is wrong with it
    return data if isinstance(data, dict) else {}


__all__ = ["Tree", "sketch"]
