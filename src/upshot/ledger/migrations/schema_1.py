"""Schema 1: runs, stages, versions, snapshots and the journal."""

from __future__ import annotations

from alembic.operations import Operations
from sqlalchemy import JSON, BigInteger, Boolean, Column, Float, ForeignKey, Integer, String, UniqueConstraint

BIG = BigInteger().with_variant(Integer, "sqlite")


def upgrade(operations: Operations) -> None:
    """From nothing."""
    operations.create_table("schema", Column("number", Integer, primary_key=True))
    operations.create_table(
        "runs",
        Column("seq", Integer, primary_key=True, autoincrement=True),
        Column("id", String(40), nullable=False, unique=True),
        Column("recipe", String(200), nullable=False, index=True),
        Column("recipe_digest", String(64), nullable=False),
        Column("status", String(20), nullable=False),
        Column("started_at", String(40), nullable=False),
        Column("finished_at", String(40)),
        Column("project_version", String(40), nullable=False),
        Column("seed", BIG, nullable=False),
        Column("threads", Integer, nullable=False),
        Column("config", JSON, nullable=False),
        Column("summary", JSON, nullable=False),
        Column("error", String),
    )
    operations.create_table(
        "stages",
        Column("run", String(40), ForeignKey("runs.id"), primary_key=True),
        Column("position", Integer, primary_key=True),
        Column("stage", String(100), nullable=False),
        Column("key", String(64), nullable=False),
        Column("digest", String(64)),
        Column("cached", Boolean, nullable=False),
        Column("seconds", Float),
    )
    operations.create_table(
        "versions",
        Column("name", String(200), primary_key=True),
        Column("number", Integer, primary_key=True),
        Column("stage_key", String(64), nullable=False),
        Column("run", String(40), nullable=False),
        Column("manifest", JSON),
        Column("record", String(64)),
        Column("created_at", String(40), nullable=False),
        UniqueConstraint("name", "stage_key"),
    )
    operations.create_table(
        "snapshots",
        Column("table", String(100), primary_key=True),
        Column("version", Integer, primary_key=True),
        Column("rows", BIG, nullable=False),
        Column("digest", String(64), nullable=False),
        Column("schema", JSON, nullable=False),
        Column("created_at", String(40), nullable=False),
    )
    operations.create_table(
        "journal",
        Column("seq", Integer, primary_key=True, autoincrement=False),
        Column("at", String(40), nullable=False),
        Column("kind", String(60), nullable=False),
        Column("subject", String(300), nullable=False),
        Column("body", JSON, nullable=False),
        Column("previous", String(64), nullable=False),
        Column("hash", String(64), nullable=False),
    )
