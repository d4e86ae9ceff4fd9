"""Who set each value: every write is noted while the layers are merged, so losers are kept beside the winner.

A list is one value, as it is to OmegaConf: it is replaced, never merged.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from upshot.contracts.tables import Map
from upshot.recipe.reading import Document, KeyPath, Mark
from upshot.recipe.recipe import DEFAULT_LAYER, Origin, Place

COMMAND_LAYER = "command line"


@dataclass(frozen=True)
class Write:
    """Somebody's value for a key. `lost` says why it does not count; None for the one that does."""

    place: Place
    lost: str | None = None


@dataclass(frozen=True)
class _Note:
    """A write. One that `removes` deletes the key; one that `covers` is no map, so that nothing written below it before still counts."""

    order: int
    place: Place
    removes: bool = False
    covers: bool = True
    lost: str | None = None


class Provenance:
    """Writes to keys, in the order in which they were made."""

    def __init__(self) -> None:
        self._writes: dict[KeyPath, list[_Note]] = {}
        self._touched: dict[KeyPath, tuple[int, Place]] = {}
        self._count = 0

    def document(self, document: Document, package: tuple[str, ...]) -> None:
        """Note everything that a file sets under a package."""
        for index in range(1, len(package) + 1):
            self._touch(package[:index], Place(document.layer, f"{document.label}:1", ""))
        for key, value in document.data.items():
            if key != "defaults":
                self._file_value(document, package, (key,), value, Mark(1, ""))

    def loser(self, document: Document, package: tuple[str, ...], why: str) -> None:
        """Note what a file would have set, had it been used; called before the files that are."""
        for path, value in _values({key: value for key, value in document.data.items() if key != "defaults"}):
            mark = next((document.marks[path[:n]] for n in range(len(path), 0, -1) if path[:n] in document.marks), Mark(1, ""))
            text = mark.text if path in document.marks and not isinstance(value, (dict, list)) else _text(value)
            place = Place(document.layer, f"{document.label}:{mark.line}", text)
            self._writes.setdefault((*package, *path), []).append(_Note(0, place, lost=why))

    def _file_value(self, document: Document, package: tuple[str, ...], path: KeyPath, value: Any, above: Mark) -> None:
        """Note one value of a file; what came through an alias stands where the alias stands."""
        mark = document.marks.get(path, above)
        text = mark.text if path in document.marks and not isinstance(value, (dict, list)) else _text(value)
        self._note((*package, *path), value, Place(document.layer, f"{document.label}:{mark.line}", text))
        if isinstance(value, dict):
            for key, item in value.items():
                self._file_value(document, package, (*path, key), item, mark)
        elif isinstance(value, list):
            self._items(document, package, path, mark)

    def _items(self, document: Document, package: tuple[str, ...], path: KeyPath, above: Mark) -> None:
        """Where each item of a list stands, for errors; what stood in a list that this one replaces is forgotten."""
        here = (*package, *path)
        for stale in [other for other in self._touched if len(other) > len(here) and other[: len(here)] == here]:
            del self._touched[stale]
        for inner, mark in document.marks.items():
            if len(inner) > len(path) and inner[: len(path)] == path:
                self._touch((*package, *inner), Place(document.layer, f"{document.label}:{mark.line}", mark.text or above.text))

    def laid_over(self, above: KeyPath, path: KeyPath, value: Any, layer: str) -> None:
        """Note that what stands below one key was laid over another, by a layer of that name; it is where it was written."""
        written = self.last(above)
        place = Place(layer, written.where if written else layer, written.text if written else _text(value))
        self._note(path, value, place)
        if isinstance(value, dict):
            for key, item in value.items():
                self.laid_over((*above, key), (*path, key), item, layer)
        else:
            for stale in [other for other in self._touched if len(other) > len(path) and other[: len(path)] == path]:
                del self._touched[stale]

    def argument(self, number: int, path: KeyPath, value: Any, text: str, *, deletes: bool = False) -> None:
        """Note what an override sets, or deletes."""
        place = Place(COMMAND_LAYER, f"argument {number}", text)
        for index in range(1, len(path)):
            if path[:index] not in self._touched:
                self._touch(path[:index], place)
        if deletes:
            self._touch(path, place)
            self._writes.setdefault(path, []).append(_Note(self._count, place, removes=True))
        else:
            self._spread(path, value, place)

    def default(self, path: KeyPath, value: Any, where: str) -> None:
        """Note a component's default; it is the lowest layer, whenever it is noted."""
        if isinstance(value, dict) and value:
            for key, item in value.items():
                self.default((*path, key), item, where)
            return
        self._writes.setdefault(path, []).insert(0, _Note(-1, Place(DEFAULT_LAYER, where, _text(value))))

    def last(self, path: KeyPath) -> Place | None:
        """Who wrote last at or below a key, or at the nearest key above it; None for pure defaults."""
        inside = [touch for other, touch in self._touched.items() if other[: len(path)] == path]
        if inside:
            return max(inside, key=lambda touch: touch[0])[1]
        return next((self._touched[path[:length]][1] for length in range(len(path) - 1, 0, -1) if path[:length] in self._touched), None)

    def place(self, path: KeyPath) -> str | None:
        """The same as an error shows it."""
        found = self.last(path)
        return str(found) if found else None

    def origins(self, tree: dict[str, Any]) -> Map[Origin]:
        """The origin of every value of the final recipe, by dotted key."""
        return Map({".".join(map(str, path)): Origin(_text(value), self._chain(path)) for path, value in _values(tree)})

    def _chain(self, path: KeyPath) -> tuple[Place, ...]:
        notes = [note for length in range(1, len(path) + 1) for note in self._writes.get(path[:length], ()) if note.lost is None]
        return tuple(note.place for note in sorted(notes, key=lambda note: note.order))

    def writes(self, path: KeyPath) -> tuple[Write, ...]:
        """Everybody who set a key, lowest layer first: the one that counts, and why the others do not."""
        own = self._writes.get(path, [])
        above = [note for length in range(1, len(path)) for note in self._writes.get(path[:length], ()) if note.order > 0 and note.covers]
        cuts = sorted([*above, *(note for note in own if note.removes)], key=lambda note: note.order)
        last = cuts[-1].order if cuts else 0
        alive = [note for note in own if note.lost is None and not note.removes and (note.order > last or note.order < 0)]
        winner = max(alive, key=lambda note: note.order, default=None)
        return tuple(
            Write(note.place, None if note is winner else _why_lost(note, cuts))
            for note in sorted({*own, *cuts}, key=lambda note: note.order)
        )

    def traces(self, path: KeyPath) -> tuple[Write, ...]:
        """What was written at or below a key that the recipe does not have: the last one took it out."""
        found = [note for other, notes in self._writes.items() if other[: len(path)] == path for note in notes if note.order >= 0]
        found += [note for n in range(1, len(path)) for note in self._writes.get(path[:n], ()) if note.order > 0 and note.covers]
        found.sort(key=lambda note: note.order)
        return tuple(Write(note.place, _why_lost(note, found[-1:])) for note in found)

    def _spread(self, path: KeyPath, value: Any, place: Place) -> None:
        self._note(path, value, place)
        if isinstance(value, dict):
            for key, item in value.items():
                self._spread((*path, str(key)), item, place)

    def _note(self, path: KeyPath, value: Any, place: Place) -> None:
        self._touch(path, place)
        if not isinstance(value, dict) or not value:
            self._writes.setdefault(path, []).append(_Note(self._count, place, covers=not isinstance(value, dict)))

    def _touch(self, path: KeyPath, place: Place) -> None:
        self._count += 1
        self._touched[path] = (self._count, place)


def _why_lost(note: _Note, cuts: list[_Note]) -> str:
    if note.lost is not None:
        return note.lost
    if note in cuts:
        return "takes out what stands above"
    cut = next((cut for cut in cuts if cut.order > note.order >= 0), None)
    return f"taken out by {cut.place.where}" if cut else "overridden"


def _values(value: Any, path: KeyPath = ()) -> list[tuple[KeyPath, Any]]:
    if isinstance(value, dict) and value:
        return [found for key, item in value.items() for found in _values(item, (*path, key))]
    return [(path, value)]


_encode = json.JSONEncoder(ensure_ascii=False).encode  # made once: there are hundreds of values in a recipe


def _text(value: Any) -> str:
    return _encode(value)
