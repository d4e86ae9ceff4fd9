"""What can be typed, as one small file: the words of every command, and the keys of every component that is installed.

Asking the commands and parameter classes themselves imports half of Upshot and pydantic; a shell asks after every TAB. So they are
asked once, and the answer is kept in the user's cache folder until something of the installation changes. It may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import astuple, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from upshot.catalogue import Catalogue

if TYPE_CHECKING:
    import argparse

    from upshot.recipe.parameters import Parameter

_FORMAT = 1
OUTLINE = "recipe"
ANY = "*"
"""Stands in a path for any name."""


@dataclass(frozen=True)
class Key:
    """A key below a component: its path, the sentence about it, its possible values where they can be listed, and whether others follow."""

    path: tuple[str, ...]
    sentence: str
    choices: tuple[str, ...]
    has_more: bool


@dataclass(frozen=True)
class Word:
    """An argument of a command: its flags, none for a positional one; how often it may stand."""

    flags: tuple[str, ...]
    dest: str
    sentence: str
    choices: tuple[str, ...]
    takes_value: bool
    is_many: bool


class Index:
    """What can be typed: words by command, keys by component."""

    def __init__(self, content: dict[str, Any]) -> None:
        self._content = content

    def words(self, command: str) -> tuple[Word, ...]:
        """Options and positional arguments of a command, in order."""
        rows = self._content["commands"][command]
        return tuple(
            Word(tuple(flags), dest, sentence, tuple(choices), value, many) for flags, dest, sentence, choices, value, many in rows
        )

    def keys(self, kind: str, name: str) -> tuple[Key, ...]:
        """Keys of a component; of the kind `OUTLINE`, those of a recipe beside its components."""
        rows = self._content["components"].get(f"{kind}/{name}", [])
        return tuple(Key(tuple(path), sentence, tuple(choices), more) for path, sentence, choices, more in rows)

    @cached_property
    def outline(self) -> tuple[Key, ...]:
        """Keys of a recipe beside its components."""
        return self.keys(OUTLINE, "")


def index_of(catalogue: Catalogue, folder: Path | None = None) -> Index:
    """The index of what is installed: kept, or made and kept.

    Args:
        catalogue: What is installed.
        folder: Where it is kept; the user's cache folder when left out.
    """
    folder = folder or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "upshot"
    path = folder / f"words-{_digest(catalogue)}.json"
    content = _kept(path)
    if content is None:
        content = _made(catalogue)
        with suppress(OSError):  # a cache folder that cannot be written costs time, not answers
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            beside = path.with_suffix(f".{os.getpid()}")
            beside.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
            beside.replace(path)
    return Index(content)


def _digest(catalogue: Catalogue) -> str:
    parts = [
        _FORMAT,
        sys.version_info[:2],
        str(Path(__file__)),
        [[plugin.name, plugin.distribution, plugin.version] for plugin in catalogue.plugins],
        [[c.kind, c.name, c.params, c.sentence] for c in catalogue.components()],
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def _kept(path: Path) -> dict[str, Any] | None:
    """A kept index; None where there is none, or where a file that it was made from has changed since."""
    try:
        content = json.loads(path.read_bytes())
        return content if all(_stamp(file) == stamp for file, stamp in content["files"]) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None  # torn or strange: it is made again and written over


def _made(catalogue: Catalogue) -> dict[str, Any]:
    from upshot.cli.commands import COMMANDS, parser_of
    from upshot.recipe.parameters import parameters_of
    from upshot.recipe.schema import Outline

    models: dict[str, Any] = {f"{OUTLINE}/": Outline} | {f"{c.kind}/{c.name}": catalogue.params_class(c) for c in catalogue.components()}
    modules = {base.__module__ for model in models.values() for base in model.__mro__}
    files = {
        str(file) for name in modules if (file := getattr(sys.modules.get(name), "__file__", None)) and "site-packages/pydantic" not in file
    }
    files |= {str(file) for file in Path(__file__).parent.glob("*.py")}
    return {
        "files": [[file, _stamp(file)] for file in sorted(files)],
        "commands": {name: [astuple(word) for word in _words(parser_of(name))] for name in COMMANDS},
        "components": {name: [astuple(key) for key in _keys(parameters_of(model), ())] for name, model in models.items()},
    }


def _stamp(file: str) -> list[int]:
    facts = Path(file).stat()
    return [facts.st_mtime_ns, facts.st_size]


def _words(parser: argparse.ArgumentParser) -> Iterator[Word]:
    for action in parser._actions:
        choices = tuple(str(choice) for choice in action.choices or ())
        is_many = action.nargs in ("*", "+")
        yield Word(tuple(action.option_strings), action.dest, action.help or "", choices, action.nargs != 0, is_many)


def _keys(parameters: tuple[Parameter, ...], above: tuple[str, ...]) -> Iterator[Key]:
    for parameter in parameters:
        path = (*above, parameter.key)
        has_more = bool(parameter.inner) or parameter.type.startswith("map")
        yield Key(path, parameter.sentence, parameter.choices, has_more)
        yield from _keys(parameter.inner, (*path, ANY) if parameter.is_keyed else path)


__all__ = ["ANY", "Index", "Key", "Word", "index_of"]
