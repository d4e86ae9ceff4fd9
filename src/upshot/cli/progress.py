"""Live progress: a bar with the remaining time on a terminal, one line a stage elsewhere."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Self

from upshot.cli.text import duration
from upshot.engine.plan import Plan, PlannedStage
from upshot.hookspecs import StageInfo

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class Quiet:
    """Shows nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Nothing to close."""

    def stage_begins(self, planned: PlannedStage) -> None:
        """A stage starts to run."""

    def stage_ends(self, stage: StageInfo) -> None:
        """A stage has its value."""


class Lines(Quiet):
    """One line a stage, for logs and pipes."""

    def stage_ends(self, stage: StageInfo) -> None:
        """Say how it came to its value."""
        print(_line(stage), flush=True)


class Live(Lines):
    """A bar over the stages that must run, with the time they took last time."""

    def __init__(self, plan: Plan) -> None:
        self._seconds = {planned.stage.name: planned.seconds for planned in plan.to_run}
        self._left = list(self._seconds)

    def __enter__(self) -> Self:
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        bar = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
        )
        self._progress: Progress = Progress(*bar, transient=True)
        self._task: TaskID = self._progress.add_task("", total=len(self._left), left="")
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Clear the bar."""
        self._progress.stop()

    def stage_begins(self, planned: PlannedStage) -> None:
        """Name the running stage, and how long the rest took last time."""
        known = [seconds for name in self._left if (seconds := self._seconds[name]) is not None]
        left = f"about {duration(sum(known))} left" if known else ""
        self._progress.update(self._task, description=planned.stage.name, left=left)

    def stage_ends(self, stage: StageInfo) -> None:
        """Write its line above the bar."""
        if stage.name in self._left:
            self._left.remove(stage.name)
            self._progress.advance(self._task)
        self._progress.console.print(_line(stage), highlight=False, markup=False)


def _line(stage: StageInfo) -> str:
    return f"{stage.name:<10}{'cached' if stage.cached else duration(stage.seconds)}"


def watching(plan: Plan) -> Quiet:
    """The right way to show this plan's progress on this output."""
    if not plan.to_run:
        return Quiet()
    return Live(plan) if sys.stdout.isatty() else Lines()
