"""A stage that needs more memory than there is ends in a sentence, whichever library says so.

There is no limit of our own: under one, threads of the snapshot library that get no memory wait for ever, which is worse than an end.
"""

from __future__ import annotations

from upshot.errors import Problem, StorageError, UpshotError

_PHRASES = ("bad_alloc", "bad allocation", "cannot allocate memory", "out of memory")
"""How C++ libraries say it."""


def shortage(error: BaseException) -> StorageError | None:
    """The error to tell in place of one that says that memory is not enough; None for any other.

    Example:
        >>> shortage(ValueError("no")) is None, shortage(MemoryError("no 8 TB")).problems[0].where
        (True, 'memory')
    """
    said = str(error)
    if isinstance(error, UpshotError) or not (isinstance(error, MemoryError) or any(phrase in said.lower() for phrase in _PHRASES)):
        return None
    hint = "take fewer rows or columns, or a machine with more memory"
    return StorageError("memory is not enough", [Problem("memory", "must hold what the stage works on", said or None, hint)])


__all__ = ["shortage"]
