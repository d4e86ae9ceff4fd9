"""The version of the recipe language: which one a file is written in, how an older one is read, and how its text is rewritten.

A file says `upshot: 1` on top, or nothing, which means 1 for ever. A newer version is refused before anything else of the file is looked
at. An older one is read by the renames below; the same renames rewrite its text, at the marks of the YAML parser and nowhere else,
because a file that is dumped anew loses its comments, quotes and order. Version 0 is the dialect of the drafts before the first release.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import yaml

from upshot.errors import Problem, RecipeError
from upshot.recipe.reading import Document, KeyPath, read_text

LANGUAGE: Final = 1
KEY = "upshot"
RENAMES: Mapping[int, Mapping[str, str]] = {
    0: {"target_kpi": "objective", "random_seed": "seed", "plugins": "use_plugins", "use_case.task": "use_case.problem"},
}
"""Version -> what the next one calls otherwise: the dotted key there -> the same here. Only a key's last part changes."""


@dataclass(frozen=True)
class Change:
    """One edit of a file's text, at a line (1-based)."""

    line: int
    before: str
    after: str


@dataclass(frozen=True)
class _Edit:
    start: int
    end: int
    change: Change


def upgraded(document: Document) -> Document:
    """A recipe's file as the current version of the language says it; one of a newer version keeps that as its only problem."""
    if document.problems or KEY not in document.data:
        return document
    version = document.data[KEY]
    problem = _version_problem(version, document)
    if problem is not None:
        return replace(document, data={}, problems=[problem])
    for older in range(version, LANGUAGE):
        document = _renamed(document, RENAMES[older])
    return document


def rewritten(document: Document, text: str) -> tuple[str, tuple[Change, ...]]:
    """The text of a recipe in the current version of the language; every other byte stays.

    Args:
        document: The file as it was read, not upgraded, without problems.
        text: The same file's text.

    Returns:
        The new text, and what was changed; the same text and nothing for a file of the current version.

    Raises:
        RecipeError: A newer version wrote it, or its text cannot be mended at single places.
    """
    wanted = upgraded(document)
    _refuse(document.label, wanted.problems)
    edits = list(_edits(text, document.data.get(KEY, LANGUAGE)))
    for edit in sorted(edits, key=lambda edit: edit.start, reverse=True):
        text = text[: edit.start] + edit.change.after + text[edit.end :]
    if upgraded(read_text(text, document.label, document.layer)).data != wanted.data:
        rule = "has older keys where they cannot be renamed one by one"
        _refuse(
            document.label, [Problem(document.label, rule, None, "write out what its anchors and merge keys stand for, then migrate it")]
        )
    return text, tuple(edit.change for edit in edits)


def older_name(key: str) -> str | None:
    """What to say of a key that an older version of the language knew; None of others.

    Example:
        >>> older_name("random_seed")
        "version 0 of the recipe language called 'seed' so: write seed, or upshot: 0 on top and run upshot migrate"
    """
    for version in range(LANGUAGE):
        if key in RENAMES[version]:
            now = dict(_joined(version))[key]
            return f"version {version} of the recipe language called {now!r} so: write {now}, or {KEY}: {version} on top and run upshot migrate"
    return None


def _refuse(label: str, problems: list[Problem]) -> None:
    if problems:
        raise RecipeError(f"{label} cannot be migrated (nothing was written)", problems)


def _version_problem(version: Any, document: Document) -> Problem | None:
    place = document.place((KEY,))
    if not isinstance(version, int) or isinstance(version, bool) or version < min(RENAMES):
        return Problem(
            KEY, "must be the version of the recipe language that the file is written in", repr(version), f"write {KEY}: {LANGUAGE}", place
        )
    if version > LANGUAGE:
        from importlib.metadata import version as installed

        rule = f"is written for version {version} of the recipe language; Upshot {installed('upshot')} reads versions up to {LANGUAGE}"
        return Problem(KEY, rule, None, "a newer Upshot reads it: pip install --upgrade upshot", place)
    return None


def _renamed(document: Document, renames: Mapping[str, str]) -> Document:
    clashes: list[Problem] = []

    def change(value: Any, path: KeyPath) -> Any:
        if isinstance(value, dict):
            clashes.extend(_clashes(value, path, renames, document))
            return {_now(key, path, renames): change(item, (*path, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [change(item, (*path, index)) for index, item in enumerate(value)]
        return _pointed(value, renames) if isinstance(value, str) else value

    data = change(document.data, ()) | {KEY: LANGUAGE}
    marks = {_path(path, renames): replace(mark, text=_pointed(mark.text, renames)) for path, mark in document.marks.items()}
    return replace(document, data={} if clashes else data, marks=marks, problems=clashes)


def _clashes(value: dict[str, Any], path: KeyPath, renames: Mapping[str, str], document: Document) -> Iterator[Problem]:
    for key in value:
        now = _now(key, path, renames)
        if now != key and now in value:
            both = f"lines {document.marks[(*path, key)].line} and {document.marks[(*path, now)].line}"
            where = ".".join(map(str, (*path, key)))
            yield Problem(
                where, f"is the older name of {now!r}, and both are there", both, "take one of them out", document.place((*path, key))
            )


def _now(key: str, path: KeyPath, renames: Mapping[str, str]) -> str:
    return renames.get(".".join(map(str, (*path, key))), key).rpartition(".")[2]


def _path(path: KeyPath, renames: Mapping[str, str]) -> KeyPath:
    return tuple(_now(part, path[:index], renames) if isinstance(part, str) else part for index, part in enumerate(path))


def _pointed(text: str, renames: Mapping[str, str]) -> str:
    """A text whose `${...}` point at the new names; those relative to their own place (`${.key}`) are left."""
    for old, new in renames.items():
        text = re.sub(rf"(\$\{{\s*){re.escape(old)}(?=\s*[.\[}}])", lambda found, new=new: found[1] + new, text)  # type: ignore[misc]
    return text


def _edits(text: str, version: int) -> Iterator[_Edit]:
    """What to change, top to bottom. Every scalar is visited once, wherever aliases lead."""
    renames = dict(_joined(version))
    seen: set[int] = set()
    root = yaml.compose(text, Loader=yaml.SafeLoader)  # its marks count characters; the limits held when the file was read
    for node, path, is_key in _scalars(root, ()):
        raw = text[node.start_mark.index : node.end_mark.index]
        if is_key:
            after = _in_raw(raw, node.value, _now(str(node.value), path, renames))
        elif path == (KEY,):
            after = _in_raw(raw, node.value, str(LANGUAGE))
        else:
            after = _pointed(raw, renames)
        if after != raw and node.start_mark.index not in seen:
            seen.add(node.start_mark.index)
            yield _Edit(node.start_mark.index, node.end_mark.index, Change(node.start_mark.line + 1, raw, after))


def _joined(version: int) -> Iterator[tuple[str, str]]:
    """The renames from a version to the current one, each followed to its end."""
    for older in range(version, LANGUAGE):
        for old, new in RENAMES[older].items():
            for later in range(older + 1, LANGUAGE):
                new = RENAMES[later].get(new, new)
            yield old, new


def _in_raw(raw: str, value: str, new: str) -> str:
    """A scalar as it is written, with another value: quotes and anchor stay."""
    before, found, after = raw.rpartition(value)
    return raw if new == value else f"{before}{new}{after}" if found else new


def _scalars(node: Any, path: KeyPath) -> Iterator[tuple[Any, KeyPath, bool]]:
    """Every scalar with its path; a key's is that of its map."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield key, path, True
            yield from _scalars(value, (*path, str(key.value)))
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _scalars(item, (*path, index))
    elif node is not None:
        yield node, path, False


__all__ = ["KEY", "LANGUAGE", "RENAMES", "Change", "older_name", "rewritten", "upgraded"]
