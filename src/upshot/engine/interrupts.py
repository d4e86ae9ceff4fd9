"""Ctrl-C that comes where Python swallows whatever is raised, or makes another error of it, is heard all the same."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

AGAIN_SECONDS = 0.02


@contextmanager
def hearing_all() -> Iterator[None]:
    """Raise KeyboardInterrupt, or a kind of it, again where it was swallowed: in the finaliser of an object or a callback.

    Of sixty interrupts while a run imported its libraries one was lost so, and the run went on. SIGALRM is ours as long as the block lasts.
    """
    if not hasattr(signal, "setitimer"):
        yield
        return
    swallowed: type[BaseException] = KeyboardInterrupt

    def again(_signal: int, _frame: object) -> None:
        raise swallowed

    def unraisable(told: sys.UnraisableHookArgs) -> None:
        nonlocal swallowed
        if issubclass(told.exc_type, KeyboardInterrupt):
            swallowed = told.exc_type
            signal.setitimer(signal.ITIMER_REAL, AGAIN_SECONDS)
        else:
            hook(told)

    before, hook = signal.signal(signal.SIGALRM, again), sys.unraisablehook
    sys.unraisablehook = unraisable
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        sys.unraisablehook = hook
        signal.signal(signal.SIGALRM, before)


def interrupt_in(error: BaseException | None) -> KeyboardInterrupt | None:
    """The interrupt that an error was made of, as Python does while a class is made; None where it was none.

    It is one of the same kind, or the error itself, so that it can be raised from the error.

    Example:
        >>> try:
        ...     raise RuntimeError("Error calling __set_name__") from KeyboardInterrupt()
        ... except RuntimeError as error:
        ...     interrupt_in(error)
        KeyboardInterrupt()
    """
    found = error
    while found is not None and not isinstance(found, KeyboardInterrupt):
        found = found.__cause__
    return found if found is None or found is error else type(found)()


__all__ = ["hearing_all", "interrupt_in"]
