"""The start of a run on two cores: a child composes the recipe while this process loads what the run computes with.

Neither needs anything of the other, and each takes a tenth of a second or two of one core. The child leaves what it found where a
repeat would find it too, in the composition cache, so that nothing new passes between the two: a recipe that is not there afterwards,
because it is wrong or the child was killed, is composed here, and tells here what is wrong with it.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import NoReturn


def beside(work: Callable[[], object], libraries: Sequence[str]) -> None:
    """Do some work in a child, for what it leaves on disk, and load libraries here until it is done.

    Nothing is done where it would gain nothing or could harm: on one core, on a system that cannot fork, beside other threads, and
    where the libraries are loaded already.

    Args:
        work: What the child does. What it prints or raises is heard by nobody.
        libraries: Names of modules, in the order in which they are loaded. After each the child is asked whether it has finished.
    """
    if not _worth_it(libraries):
        return
    try:
        child = os.fork()
    except OSError:  # no more processes are allowed, or there is no memory for one
        return
    if child == 0:
        _work_unheard(work)
    for name in libraries:
        import_module(name)
        if os.waitpid(child, os.WNOHANG)[0]:
            return
    os.waitpid(child, 0)


def _worth_it(libraries: Sequence[str]) -> bool:
    can_fork = hasattr(os, "fork") and threading.active_count() == 1
    return can_fork and cores() > 1 and not all(name in sys.modules for name in libraries)


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _work_unheard(work: Callable[[], object]) -> NoReturn:
    """The child: it ends here, whatever happens, without what a process does for its parent when it ends."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        work()
    finally:
        os._exit(0)


__all__ = ["beside", "cores"]
