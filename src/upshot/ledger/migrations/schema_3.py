"""Schema 3: what environments serve, with promotions, approvals and waivers; and who ran a run."""

from __future__ import annotations

from alembic.operations import Operations
from sqlalchemy import JSON, Column, Integer, String


def upgrade(operations: Operations) -> None:
    """From schema 2."""
    operations.add_column("runs", Column("person", JSON))
    operations.create_table(
        "environments",
        Column("name", String(200), primary_key=True),
        Column("environment", String(63), primary_key=True),
        Column("number", Integer, nullable=False),
        Column("promotion", Integer, nullable=False),
    )
    operations.create_table(
        "promotions",
        Column("seq", Integer, primary_key=True, autoincrement=True),
        Column("name", String(200), nullable=False),
        Column("environment", String(63), nullable=False),
        Column("kind", String(20), nullable=False),
        Column("number", Integer, nullable=False),
        Column("previous", Integer),
        Column("record", String(64), nullable=False),
        Column("at", String(40), nullable=False),
        Column("person", JSON, nullable=False),
        Column("reason", String),
        Column("terms", JSON, nullable=False),
        Column("entry", Integer, nullable=False, unique=True),
    )
    operations.create_table(
        "approvals",
        Column("seq", Integer, primary_key=True, autoincrement=True),
        Column("name", String(200), nullable=False),
        Column("number", Integer, nullable=False),
        Column("environment", String(63), nullable=False),
        Column("role", String(63), nullable=False),
        Column("record", String(64), nullable=False),
        Column("terms", String(64), nullable=False),
        Column("at", String(40), nullable=False),
        Column("person", JSON, nullable=False),
        Column("reason", String),
        Column("entry", Integer, nullable=False, unique=True),
        Column("withdrawn", Integer),
    )
    operations.create_table(
        "waivers",
        Column("seq", Integer, primary_key=True, autoincrement=True),
        Column("name", String(200), nullable=False),
        Column("number", Integer, nullable=False),
        Column("environment", String(63), nullable=False),
        Column("gate", String(63), nullable=False),
        Column("role", String(63), nullable=False),
        Column("record", String(64), nullable=False),
        Column("terms", String(64), nullable=False),
        Column("until", String(10), nullable=False),
        Column("at", String(40), nullable=False),
        Column("person", JSON, nullable=False),
        Column("reason", String, nullable=False),
        Column("entry", Integer, nullable=False, unique=True),
        Column("withdrawn", Integer),
    )
    operations.create_index("ix_promotions_name_environment", "promotions", ["name", "environment"])
    operations.create_index("ix_approvals_name_number", "approvals", ["name", "number"])
    operations.create_index("ix_waivers_name_number", "waivers", ["name", "number"])
