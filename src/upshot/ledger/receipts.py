"""What each stage gave for which key: one small file a receipt, so that a repeat finds its answer without a database.

A receipt says under which key a stage ran, what the key was made of, and the digest of the value. It carries the hash of its own
body: one that is cut off or changed counts as absent, and the stage runs again. This module imports nothing heavy.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from upshot.contracts.tables import Map
from upshot.ledger._files import seal, unseal, write_whole


@dataclass(frozen=True)
class Receipt:
    """One stage that ran.

    Attributes:
        key: Hash of everything that the stage saw; the receipt's name.
        stage: Its name.
        value: Digest of what it gave, see `Codec.load`.
        inputs: What the key is made of: name -> digest. Two receipts of one stage differ where these differ.
        run: The run in which it ran.
        seconds: How long it took, by the monotonic clock.
        made_at: When, UTC, ISO 8601.
        note: What else to show of it, in words.
    """

    key: str
    stage: str
    value: str
    inputs: Map[str]
    run: str
    seconds: float
    made_at: str
    note: Map[str] = field(default_factory=Map)

    def changed(self, inputs: Mapping[str, str]) -> tuple[str, ...]:
        """Names of the inputs that differ from this receipt's, new and dropped ones included, sorted.

        Example:
            >>> Receipt("k", "train", "v", Map({"seed": "a", "model": "b"}), "r1", 0.1, "2026-11-24T02:15:30Z").changed({"seed": "z", "model": "b"})
            ('seed',)
        """
        return tuple(sorted(name for name in {*self.inputs, *inputs} if self.inputs.get(name) != inputs.get(name)))


class Receipts:
    """Receipts under one folder: `ab/<key>.json`, `latest/<recipe>.<stage>.json`, `answers/<plan digest>.json`.

    Args:
        root: The folder; made when something is first written.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def find(self, key: str) -> Receipt | None:
        """The receipt of a key; None when there is none that is whole."""
        found = _receipt(_read(self._of_key(key)))
        return found if found is not None and found.key == key else None

    def keep(self, receipt: Receipt, recipe: str) -> None:
        """Write a receipt, and make it the latest of its stage in this recipe.

        Raises:
            StorageError: The disk does not take it.
        """
        body = asdict(receipt) | {"inputs": dict(receipt.inputs), "note": dict(receipt.note)}
        write_whole(self._of_key(receipt.key), seal(body))
        self.point(recipe, receipt.stage, receipt.key)

    def point(self, recipe: str, stage: str, key: str) -> None:
        """Say that a recipe's stage was last answered by this key, as when a receipt of another recipe serves it."""
        pointer = self._of_stage(recipe, stage)
        if _read(pointer) != {"key": key}:
            write_whole(pointer, seal({"key": key}))

    def latest(self, recipe: str, stage: str) -> Receipt | None:
        """The receipt that last answered a recipe's stage: what a plan compares with, and whose seconds it estimates by."""
        key = (_read(self._of_stage(recipe, stage)) or {}).get("key")
        return self.find(key) if isinstance(key, str) else None

    def touch(self, key: str) -> None:
        """Note that a receipt was used just now: cleaning takes the least recently used first."""
        with suppress(FileNotFoundError):
            os.utime(self._of_key(key))

    def every(self) -> Iterator[tuple[float, Receipt]]:
        """All receipts that are whole, with the time of their last use (seconds since the epoch)."""
        for path in self._paths():
            receipt = _receipt(_read(path))
            if receipt is not None:
                yield path.stat().st_mtime, receipt

    def broken(self) -> Iterator[Path]:
        """Files that should be receipts and cannot be read as such; they count as absent."""
        return (path for path in self._paths() if _receipt(_read(path)) is None)

    def drop(self, key: str) -> None:
        """Forget a receipt: its stage will run again."""
        self._of_key(key).unlink(missing_ok=True)

    def _paths(self) -> list[Path]:
        return sorted(path for path in self.root.glob("*/*.json") if path.parent.name not in ("latest", "answers"))

    def keep_answer(self, digest: str, answer: Mapping[str, Any]) -> None:
        """Keep the closing record of a run under the digest of its plan, as JSON data."""
        write_whole(self._of_answer(digest), seal({"plan": digest, "answer": dict(answer)}))

    def answer(self, digest: str) -> dict[str, Any] | None:
        """The record that already answers this plan; None when there is none that is whole."""
        body = _read(self._of_answer(digest)) or {}
        found = body.get("answer")
        return found if isinstance(found, dict) and body.get("plan") == digest else None

    def _of_key(self, key: str) -> Path:
        return self.root / _safe(key[:2]) / f"{_safe(key)}.json"

    def _of_stage(self, recipe: str, stage: str) -> Path:
        return self.root / "latest" / f"{_safe(recipe)}.{_safe(stage)}.json"

    def _of_answer(self, digest: str) -> Path:
        return self.root / "answers" / f"{_safe(digest)}.json"


def _safe(name: str) -> str:
    return quote(name, safe="").replace(".", "%2E")


def _read(path: Path) -> dict[str, Any] | None:
    try:
        return unseal(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None


def _receipt(body: dict[str, Any] | None) -> Receipt | None:
    if body is None or set(body) != set(Receipt.__dataclass_fields__):
        return None
    return Receipt(**{**body, "inputs": Map(body["inputs"]), "note": Map(body["note"])})
