"""The log of a run: one line an event, written as it happens, so that it tells how far a killed run came.

Also what libraries say goes here: their warnings and log records, as long as the run lasts. They are passed on to whoever listened before.
A line is hidden from secrets, and control characters in it are written out.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from upshot.errors import UpshotError, printable
from upshot.ledger._clock import stamp, wall
from upshot.ledger._files import private_folder, storage_faults

_LINE = 500


def log_of(state: Path, run: str) -> Path:
    """The log of a run in a state folder."""
    return state / "logs" / f"{run}.log"


def logged_runs(state: Path, prefix: str = "", limit: int = 50) -> Iterator[tuple[str, str]]:
    """Runs that have a log and whose id begins so, the newest first: id, and what its first line says of it.

    A listing of file names, without a database: for whoever types, not for whoever decides.
    """
    folder = log_of(state, "").parent
    ids = sorted((path.stem for path in folder.glob("r*.log") if path.stem.startswith(prefix)), reverse=True)
    for run in ids[:limit]:
        try:
            with log_of(state, run).open(encoding="utf-8", errors="replace") as file:
                first = file.readline(_LINE)
        except OSError:
            continue  # it was deleted meanwhile
        at, _, said = first.strip().partition("  ")
        yield run, f"{said.partition(' of ')[2].partition(' begins')[0]} of {at[:19].replace('T', ' ')}".strip()


class RunLog:
    """Writes the log of one run, and listens to libraries inside its block.

    Args:
        path: The file; made, for its owner alone, with the first line.
        hide: Takes secrets out of a text.
    """

    def __init__(self, path: Path, hide: Callable[[str], str]) -> None:
        self.path = path
        self._hide = hide
        self._file: int | None = None
        self._listener = _Listener(self)

    def write(self, what: str, text: str) -> None:
        """Add a line.

        Raises:
            StorageError: The disk does not take it.
        """
        line = f"{stamp(wall())}  {what:<9}  {printable(self._hide(text))}\n".encode("utf-8", "backslashreplace")
        private_folder(self.path.parent)
        with storage_faults(self.path):
            if self._file is None:
                self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            while line:
                line = line[os.write(self._file, line) :]

    def fails(self, what: str, error: BaseException) -> None:
        """Add an error in one line: a refusal in its own words, with all its problems."""
        told = error.headline if isinstance(error, UpshotError) else str(error)
        problems = [f"{p.where}: {p.sentence()}" for p in error.problems] if isinstance(error, UpshotError) else []
        self.write(what, "; ".join([f"fails: {type(error).__name__}: {told}", *problems]))

    def __enter__(self) -> RunLog:
        self._shown = warnings.showwarning
        self._ours = self._warned
        warnings.showwarning = self._ours
        logging.getLogger().addHandler(self._listener)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        logging.getLogger().removeHandler(self._listener)
        if warnings.showwarning is self._ours:
            warnings.showwarning = self._shown
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _warned(
        self,
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        self.write("warning", f"{category.__name__}: {message} ({Path(filename).name}:{lineno})")
        self._shown(message, category, filename, lineno, file, line)


class _Listener(logging.Handler):
    """Takes log records of libraries from WARNING on; where nobody else listens, they are still printed as Python does."""

    def __init__(self, log: RunLog) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: Any) -> None:
        self._log.write(record.levelname.lower(), f"{record.name}: {record.getMessage()}")
        if logging.getLogger().handlers == [self] and logging.lastResort is not None:
            logging.lastResort.handle(record)


__all__ = ["RunLog", "log_of"]
