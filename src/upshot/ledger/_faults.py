"""What a database complains about, told in a sentence: held by another, or damaged, full and out of reach."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from upshot.errors import BusyError, Problem, StorageError
from upshot.ledger._files import free_space

_BUSY_STATES = ("55P03", "40001", "40P01")
"""PostgreSQL: lock not available in time, cannot be serialised, deadlock."""


@contextmanager
def database_faults(name: str, file: Path | None = None) -> Iterator[None]:
    """Turn faults of the database into ours.

    Args:
        name: Its place as it may be shown.
        file: Its file, where it is one.

    Raises:
        BusyError: Another process holds it.
        StorageError: It is damaged, full or out of reach.
    """
    from sqlalchemy.exc import DBAPIError, IntegrityError

    try:
        yield
    except IntegrityError:
        raise  # a broken rule between rows is the caller's matter
    except DBAPIError as error:
        said = " ".join(str(error.orig).split())
        if "database is locked" in said or getattr(error.orig, "sqlstate", None) in _BUSY_STATES:
            raise BusyError("the ledger is in use", [Problem(name, said, hint="try again")]) from error
        raise StorageError("the ledger cannot be used", [Problem(name, said, None if file is None else free_space(file))]) from error
