"""Schema 2: leases, by which of two runs of one recipe only one works, and a way to the runs that are open."""

from __future__ import annotations

from alembic.operations import Operations
from sqlalchemy import BigInteger, Column, Integer, String

BIG = BigInteger().with_variant(Integer, "sqlite")


def upgrade(operations: Operations) -> None:
    """From schema 1."""
    operations.create_index("ix_runs_status_recipe", "runs", ["status", "recipe"])
    operations.create_table(
        "leases",
        Column("name", String(300), primary_key=True),
        Column("holder", String(300), nullable=False),
        Column("pid", BIG, nullable=False),
        Column("host", String(255), nullable=False),
        Column("machine", String(120), nullable=False),
        Column("born", String(40), nullable=False),
        Column("acquired_at", String(40), nullable=False),
        Column("beat", BIG, nullable=False),
        Column("beat_at", String(40), nullable=False),
        Column("token", String(32), nullable=False),
    )
