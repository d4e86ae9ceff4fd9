"""What no recipe may contain, refused by name before anything of it is used.

A recipe is data. It names components that the catalogue knows; nothing in it can name Python code, reach into Hydra, or grow beyond
limits when it is read. Limits hold while a file is being read, so an alias bomb is refused before it is expanded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from upshot.errors import IntegrityError, Problem

MAX_BYTES = 2_000_000
MAX_DEPTH = 64
MAX_NODES = 100_000
MAX_OVERRIDE = 10_000

CODE_KEYS = ("_target_", "_args_", "_partial_", "_recursive_", "_convert_", "()")
"""Keys by which other tools let YAML name and call Python objects."""

_PLUGIN_WAY = "a recipe names components with `use:`; code comes as a plugin that offers one"
_ENGINE_OWNED = "Upshot composes recipes itself; nothing of Hydra's own settings is used"


def hostile_key(key: str, place: str, *, top: bool) -> Problem | None:
    """The problem of a key that must not be there, or None.

    Args:
        key: One key of a map, or a dotted or slashed path of keys.
        place: Where it stands.
        top: Whether it is a key of the whole recipe.
    """
    for part in key.replace("/", ".").replace("[", ".").replace("]", ".").split("."):
        if part.strip() in CODE_KEYS:
            return Problem(place, f"the key {part.strip()!r} is refused: it would let a recipe call code", None, _PLUGIN_WAY)
    if top and is_engine_owned(key):
        return Problem(place, f"the key {key!r} is refused: it belongs to the engine", None, _ENGINE_OWNED)
    return None


def is_engine_owned(key: str) -> bool:
    """Whether a top key, override key or group belongs to Hydra.

    Example:
        >>> is_engine_owned("hydra.searchpath"), is_engine_owned("hydra/launcher@x"), is_engine_owned("hydrants")
        (True, True, False)
    """
    head = key.lstrip("/+~").split("@")[0].replace("/", ".").split(".")[0].split("[")[0]
    return head.strip() == "hydra" or ("@" in key and is_engine_owned(key.partition("@")[2].replace("_global_.", "")))


def keys_within(value: Any) -> Iterator[object]:
    """All map keys inside a value, at any depth; they are not always text."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield key
            yield from keys_within(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from keys_within(item)


def nesting(text: str) -> int:
    """How many brackets of a text are open at once, quotes left aside: an upper bound of what a parser has to recurse into.

    Example:
        >>> nesting("a=[[1],{b:2}]")
        2
    """
    open_now = deepest = 0
    for character in text:
        if character in "[{(":
            open_now += 1
            deepest = max(deepest, open_now)
        elif character in "]})":
            open_now -= 1
    return deepest


def refuse(name: str, problems: Iterable[Problem]) -> None:
    """Stop when something hostile was found in what is named.

    Raises:
        IntegrityError: There is at least one problem.
    """
    found = tuple(problems)
    if found:
        raise IntegrityError(f"{name} is refused (nothing of it was used)", found)
