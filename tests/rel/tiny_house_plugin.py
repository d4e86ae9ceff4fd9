"""A plugin that does what a script of this folder has put here, before a stage."""

from __future__ import annotations

from collections.abc import Callable

from upshot.hookspecs import RunInfo, StageInfo, hookimpl

BEFORE: tuple[str, Callable[[], None]] | None = None


@hookimpl
def before_stage(run: RunInfo, stage: StageInfo) -> None:
    if BEFORE is not None and BEFORE[0] == stage.name:
        BEFORE[1]()
