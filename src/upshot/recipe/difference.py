"""How two resolved recipes differ: key by key, by meaning. Order, comments, files and layers make no difference; defaults do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from upshot.recipe.recipe import Recipe, as_written


@dataclass(frozen=True)
class Change:
    """One key that differs: `+` only the new recipe has it, `-` only the old one, `~` its value differs."""

    sign: Literal["+", "-", "~"]
    key: str
    old: Any = None
    new: Any = None


def difference(old: Recipe, new: Recipe) -> tuple[Change, ...]:
    """Every key that differs, in the order of recipes: kinds in theirs, keys of the old recipe before added ones.

    A list is one value. A component that is new or gone shows every key, so that the answer is whole.
    """
    return tuple(changes_between(as_written(old), as_written(new)))


def changes_between(old: dict[str, Any], new: dict[str, Any], above: str = "") -> Iterator[Change]:
    """Every key that differs between two trees; `above` stands before it, with its dot."""
    for name in dict.fromkeys([*old, *new]):
        key = f"{above}{name}"
        if name not in new:
            yield from (Change("-", leaf, old=value) for leaf, value in _leaves(old[name], key))
        elif name not in old:
            yield from (Change("+", leaf, new=value) for leaf, value in _leaves(new[name], key))
        elif isinstance(old[name], dict) and isinstance(new[name], dict) and old[name] and new[name]:
            yield from changes_between(old[name], new[name], f"{key}.")
        elif not _same(old[name], new[name]):
            yield from _replaced(old[name], new[name], key)


def _replaced(old: Any, new: Any, key: str) -> Iterator[Change]:
    """A value in place of another; of maps, of which one is then empty, each key."""
    if not isinstance(old, dict) and not isinstance(new, dict):
        yield Change("~", key, old, new)
        return
    if old != {}:
        yield from (Change("-", leaf, old=value) for leaf, value in _leaves(old, key))
    if new != {}:
        yield from (Change("+", leaf, new=value) for leaf, value in _leaves(new, key))


def _leaves(value: Any, key: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for name, item in value.items():
            yield from _leaves(item, f"{key}.{name}")
    else:
        yield key, value


def _same(old: Any, new: Any) -> bool:
    """Equality that tells true from 1, as recipes do."""
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(_same(a, b) for a, b in zip(old, new, strict=True))
    return isinstance(old, bool) is isinstance(new, bool) and bool(old == new)


__all__ = ["Change", "changes_between", "difference"]
