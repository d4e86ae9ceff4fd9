"""The way of a stored ledger to the layout of today: one module a schema number, written with Alembic's operations.

The numbers are one line without branches, and the `schema` table holds the one that is reached, so Alembic's own table of revisions is
not used. A module says what its release did and never imports today's layout. A new ledger is made from today's layout at once; a test
holds that both ways end in the same tables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING

from upshot.ledger.schema import NUMBER

if TYPE_CHECKING:
    from alembic.operations import Operations
    from sqlalchemy import Connection

Step = Callable[["Operations"], None]
"""Brings a database from the number before to its own."""


def released() -> Mapping[int, Step]:
    """The step to each schema number; Alembic is imported here."""
    return {number: import_module(f"{__name__}.schema_{number}").upgrade for number in range(1, NUMBER + 1)}


def climb(connection: Connection, found: int, steps: Mapping[int, Step]) -> None:
    """Bring the tables from a number to the highest, in the caller's transaction.

    Args:
        connection: In a transaction that holds the write lock.
        found: The number that the tables have; 0 for none.
        steps: The step to each number.
    """
    from alembic.migration import MigrationContext
    from alembic.operations import Operations

    from upshot.ledger.schema import SCHEMA

    with Operations.context(MigrationContext.configure(connection)) as operations:
        for number in range(found + 1, max(steps) + 1):
            steps[number](operations)
    connection.execute(SCHEMA.delete())
    connection.execute(SCHEMA.insert().values(number=max(steps)))
