"""Who set each value: every write is noted while the layers are merged, so losers are kept beside the winner.

A list is one value, as it is to OmegaConf: it is replaced, never merged.
"""

from __future__ import annotations

import json
from typing import Any

from upshot.contracts.tables import Map
from upshot.recipe.reading import Document, KeyPath, Mark
from upshot.recipe.recipe import Origin, Place

DEFAULT_LAYER = "component default"
COMMAND_LAYER = "command line"


class Provenance:
    """Writes to keys, in the order in which they were made."""

    def __init__(self) -> None:
        self._writes: dict[KeyPath, list[tuple[int, Place]]] = {}
        self._touched: dict[KeyPath, tuple[int, Place]] = {}
        self._count = 0

    def document(self, document: Document, package: tuple[str, ...]) -> None:
        """Note everything that a file sets under a package."""
        for index in range(1, len(package) + 1):
            self._touch(package[:index], Place(document.layer, f"{document.label}:1", ""))
        for key, value in document.data.items():
            if key != "defaults":
                self._file_value(document, package, (key,), value, Mark(1, ""))

    def _file_value(self, document: Document, package: tuple[str, ...], path: KeyPath, value: Any, above: Mark) -> None:
        """Note one value of a file; what came through an alias stands where the alias stands."""
        mark = document.marks.get(path, above)
        text = mark.text if path in document.marks and not isinstance(value, (dict, list)) else _text(value)
        self._note((*package, *path), value, Place(document.layer, f"{document.label}:{mark.line}", text))
        if isinstance(value, dict):
            for key, item in value.items():
                self._file_value(document, package, (*path, key), item, mark)

    def argument(self, number: int, path: KeyPath, value: Any, text: str) -> None:
        """Note what an override sets, or deletes."""
        place = Place(COMMAND_LAYER, f"argument {number}", text)
        for index in range(1, len(path)):
            if path[:index] not in self._touched:
                self._touch(path[:index], place)
        self._spread(path, value, place)

    def default(self, path: KeyPath, value: Any, where: str) -> None:
        """Note a component's default; it is the lowest layer, whenever it is noted."""
        if isinstance(value, dict) and value:
            for key, item in value.items():
                self.default((*path, key), item, where)
            return
        self._writes.setdefault(path, []).insert(0, (-1, Place(DEFAULT_LAYER, where, _text(value))))

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
        writes = [write for length in range(1, len(path) + 1) for write in self._writes.get(path[:length], ())]
        return tuple(place for _, place in sorted(writes, key=lambda write: write[0]))

    def _spread(self, path: KeyPath, value: Any, place: Place) -> None:
        self._note(path, value, place)
        if isinstance(value, dict):
            for key, item in value.items():
                self._spread((*path, str(key)), item, place)

    def _note(self, path: KeyPath, value: Any, place: Place) -> None:
        self._touch(path, place)
        if not isinstance(value, dict) or not value:
            self._writes.setdefault(path, []).append((self._count, place))

    def _touch(self, path: KeyPath, place: Place) -> None:
        self._count += 1
        self._touched[path] = (self._count, place)


def _values(value: Any, path: KeyPath = ()) -> list[tuple[KeyPath, Any]]:
    if isinstance(value, dict) and value:
        return [found for key, item in value.items() for found in _values(item, (*path, key))]
    return [(path, value)]


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
