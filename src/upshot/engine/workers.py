"""Points of a sweep side by side, in processes of our own on this machine.

The processes are forked from one that has imported the libraries already and has done nothing else, so that each is ready in milliseconds
and no thread of a library is torn by the fork. It imports while the sweep still composes and runs what its points share. A point travels
as its number; what came of it is on the disk when its worker answers, so a worker that dies takes one point with it and a new one goes on.
"""

from __future__ import annotations

import gc
import signal
import sys
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from types import ModuleType
from typing import Any, NoReturn

from upshot.contracts.components import Component
from upshot.engine.frames import with_room
from upshot.engine.interrupts import hearing_all

Task = Callable[[Mapping[str, Any]], object]
"""What a worker calls for a point: importable by name; it is given the settings and "point"."""

ALWAYS = ("upshot.engine.sweep", "upshot.ledger.schema", "pandas", "pyarrow.parquet", "sqlalchemy.dialects.sqlite")
"""What every run imports."""
_IMPORTED_AS = {"scikit-learn": "sklearn.ensemble"}
"""What brings most of a distribution, where its name says nothing of it."""
PATIENCE_SECONDS = 10.0
"""How long a worker that is told to stop may take to close its run."""


class Workers:
    """So many processes that each run one point at a time.

    Args:
        jobs: Points that run at a time.
    """

    def __init__(self, jobs: int) -> None:
        self.jobs = jobs
        self._context = get_context("forkserver")
        self._is_prepared = False

    def prepare(self, components: Collection[Component]) -> None:
        """Let the process that workers are forked from import what they will need; it does so while we go on.

        Only the first call does anything. What a worker needs beyond this it imports itself.

        Args:
            components: What the points compute with.
        """
        from multiprocessing.forkserver import ensure_running

        if self._is_prepared:
            return
        self._is_prepared = True
        own = {path.partition(":")[0] for component in components for path in (component.params, component.make)}
        libraries = {name for component in components for name in component.libraries}
        brought = {_IMPORTED_AS.get(name, name.replace("-", "_")) for name in libraries}
        self._context.set_forkserver_preload([*ALWAYS, *sorted(own), *sorted(brought)])
        ensure_running()

    def launch(self, task: Task, settings: Mapping[str, Any], points: Sequence[tuple[str, ...]]) -> list[Exception | None]:
        """Run all points, and wait; for each what its process raised, or how it ended.

        Args:
            task: Called once a point, with `settings` and the point's number, counted from 1, under "point".
            settings: Plain values that every point gets.
            points: The overrides of each point.
        """
        waiting = deque(range(1, len(points) + 1))
        raised: list[Exception | None] = [None] * len(points)
        busy: dict[Connection, tuple[Any, int]] = {}
        try:
            while waiting or busy:
                while waiting and len(busy) < self.jobs:
                    ours, process = self._hire(task, settings)
                    busy[ours] = (process, waiting.popleft())
                    ours.send(busy[ours][1])
                answered = wait(list(busy))
                for ours in [connection for connection in busy if connection in answered]:
                    process, number = busy.pop(ours)
                    try:
                        raised[number - 1] = ours.recv()
                    except EOFError:
                        process.join()
                        raised[number - 1] = ChildProcessError(_how_it_ended(process.exitcode))
                        continue
                    if waiting:
                        busy[ours] = (process, waiting.popleft())
                        ours.send(busy[ours][1])
                    else:
                        ours.close()
                        process.join()
        finally:
            for process, _ in busy.values():
                process.terminate()
            for process, _ in busy.values():
                process.join(PATIENCE_SECONDS)
                process.kill()
        return raised

    def _hire(self, task: Task, settings: Mapping[str, Any]) -> tuple[Connection, Any]:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_work, args=(theirs, task, dict(settings)))
        with _nobody_is_main():
            process.start()
        theirs.close()
        return ours, process


@contextmanager
def _nobody_is_main() -> Iterator[None]:
    """Without a script to import again: a child would run one that does not expect it, and the command's own tells it nothing."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _work(orders: Connection, task: Task, settings: Mapping[str, Any]) -> None:
    """Run points until nobody sends any more. Ctrl-C is the parent's matter, which says SIGTERM to us."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _stop)
    gc.freeze()  # what was imported before the fork stays, shared with the other workers
    with suppress(EOFError, KeyboardInterrupt, BrokenPipeError), hearing_all():
        while True:
            number = orders.recv()
            try:
                with_room(partial(task, {**settings, "point": number}))
            except Exception as error:  # noqa: BLE001 - the edge of this process: the parent tells it
                orders.send(RuntimeError(f"{type(error).__name__}: {error}"))
            else:
                orders.send(None)


def _stop(_signal: int, _frame: object) -> NoReturn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


def _how_it_ended(code: int | None) -> str:
    """The words for an exit code of a process.

    Example:
        >>> _how_it_ended(-9), _how_it_ended(3)
        ('killed by SIGKILL', 'exit code 3')
    """
    return f"killed by {signal.Signals(-code).name}" if code is not None and code < 0 else f"exit code {code}"


__all__ = ["Workers"]
