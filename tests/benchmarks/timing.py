"""Whole processes timed in pairs: A B A B ..., so that a busy machine hurts both alike. Ratios are medians of pairs."""

from __future__ import annotations

import compileall
import importlib.util
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import upshot


@dataclass(frozen=True)
class Spent:
    """Wall seconds, peak resident memory (MB) and CPU seconds (user and system) of one process."""

    seconds: float
    megabytes: float
    processor: float = 0.0


def spend(command: Sequence[str], folder: Path, *, expect: int = 0, output: Path | None = None) -> Spent:
    """Run a process and measure it; its output goes to a file, or is thrown away."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    started = time.monotonic()
    with (output or Path(os.devnull)).open("w") as target:
        actions = [(os.POSIX_SPAWN_DUP2, target.fileno(), 1)]
        os.chdir(folder)
        child = os.posix_spawn(command[0], list(command), environment, file_actions=actions)
        _, status, usage = os.wait4(child, 0)
    code = os.waitstatus_to_exitcode(status)
    if code != expect:
        raise SystemExit(f"{' '.join(command)}: exit code {code}")
    return Spent(time.monotonic() - started, usage.ru_maxrss / 1024, usage.ru_utime + usage.ru_stime)


def ratio(name: str, ours: Callable[[], Spent], theirs: Callable[[], Spent], *, pairs: int, by: str = "seconds") -> str:
    """One line: ours against theirs, in time (wall, or CPU with `by="processor"` where the machine is busy) and memory."""
    ours(), theirs()
    measured = [(ours(), theirs()) for _ in range(pairs)]
    times = [getattr(a, by) / getattr(b, by) for a, b in measured]
    memory = statistics.median(a.megabytes / b.megabytes for a, b in measured)
    seconds = statistics.median(getattr(a, by) for a, _ in measured)
    return f"{name:<28}{statistics.median(times):6.2f} x  ({min(times):.2f} to {max(times):.2f})   {seconds:6.2f} s   memory {memory:.2f} x"


def refuse_without_bytecode() -> None:
    """Start-up is decided by compiled bytecode: without it a measurement says nothing.

    Our own package, which an editable install leaves uncompiled, is compiled here; the environment must have been.
    """
    compileall.compile_dir(str(Path(upshot.__file__).parent), quiet=2)
    for package, module in (("upshot", "cli/main.py"), ("sklearn", "base.py"), ("pandas", "core/frame.py")):
        spec = importlib.util.find_spec(package)  # of a submodule it would import the package, and a child's peak counts its parent's
        assert spec is not None
        assert spec.origin is not None
        source = Path(spec.origin).parent / module
        if not Path(importlib.util.cache_from_source(str(source))).exists():
            raise SystemExit(f"{source} is not compiled: run `python -m compileall` on the environment, or uv sync --compile-bytecode")


PYTHON = sys.executable
