"""What each sweep set out to do, and what came of each point: small files in a folder a sweep.

The launch is written before the first point runs and holds the composed recipes, so that a file edited later changes no point, and a
sweep that was stopped can go on as it began. Each point's outcome is a file of its own, because points may run in many processes.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from upshot.ledger._files import seal, storage_faults, unseal, write_whole

_LAUNCH = "launch.json"


def new_sweep_id() -> str:
    """A random id that sorts by time: `s20261124T021530-7f3a9c`."""
    return f"s{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"


class Sweeps:
    """Sweeps under one folder: `<id>/launch.json` and `<id>/<point>.json`.

    Args:
        root: The folder; made when something is first written.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, sweep: str) -> Path:
        """The folder of one sweep."""
        return self.root / sweep

    def begin(self, sweep: str, launch: Mapping[str, Any]) -> None:
        """Write down what a sweep sets out to do, for good."""
        write_whole(self.folder(sweep) / _LAUNCH, seal(launch), sync=True)

    def launch(self, sweep: str) -> dict[str, Any] | None:
        """What a sweep set out to do; None when it is not there or not whole."""
        return _read(self.folder(sweep) / _LAUNCH)

    def newest_first(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Every sweep whose launch is whole: id and launch."""
        found = sorted((path.parent.name for path in self.root.glob(f"s*/{_LAUNCH}")), reverse=True)
        for sweep in found:
            launch = self.launch(sweep)
            if launch is not None:
                yield sweep, launch

    def keep(self, sweep: str, point: int, outcome: Mapping[str, Any]) -> None:
        """Write what came of a point."""
        write_whole(self.folder(sweep) / f"{point}.json", seal(outcome))

    def outcome(self, sweep: str, point: int) -> dict[str, Any] | None:
        """What came of a point; None while it has no outcome."""
        return _read(self.folder(sweep) / f"{point}.json")

    def forget(self, sweep: str) -> None:
        """Take all outcomes away, before the points run again."""
        for path in self.folder(sweep).glob("[0-9]*.json"):
            with storage_faults(path):
                path.unlink(missing_ok=True)


def _read(path: Path) -> dict[str, Any] | None:
    try:
        return unseal(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
