"""The tables of the ledger, for SQLite and any other database that SQLAlchemy knows.

Rows are ordered by sequence numbers; times are labels. JSON columns hold plain data. `NUMBER` is the number of this layout: a
database with a higher one was written by a newer Upshot and is refused, never half-read.
"""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Boolean, Column, Float, ForeignKey, Index, Integer, MetaData, String, Table, UniqueConstraint

NUMBER = 3
"""Number of the layout below. Each change of it needs a migration, a module of its own in `migrations`."""

BIG = BigInteger().with_variant(Integer, "sqlite")
"""A whole number of 64 bits, as every INTEGER of SQLite is."""

METADATA = MetaData()

SCHEMA = Table("schema", METADATA, Column("number", Integer, primary_key=True))

RUNS = Table(
    "runs",
    METADATA,
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
    Column("person", JSON),
    Index("ix_runs_status_recipe", "status", "recipe"),
)

STAGES = Table(
    "stages",
    METADATA,
    Column("run", String(40), ForeignKey("runs.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("stage", String(100), nullable=False),
    Column("key", String(64), nullable=False),
    Column("digest", String(64)),
    Column("cached", Boolean, nullable=False),
    Column("seconds", Float),
)

VERSIONS = Table(
    "versions",
    METADATA,
    Column("name", String(200), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("stage_key", String(64), nullable=False),
    Column("run", String(40), nullable=False),
    Column("manifest", JSON),
    Column("record", String(64)),
    Column("created_at", String(40), nullable=False),
    UniqueConstraint("name", "stage_key"),
)

SNAPSHOTS = Table(
    "snapshots",
    METADATA,
    Column("table", String(100), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("rows", BIG, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("schema", JSON, nullable=False),
    Column("created_at", String(40), nullable=False),
)

JOURNAL = Table(
    "journal",
    METADATA,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", String(40), nullable=False),
    Column("kind", String(60), nullable=False),
    Column("subject", String(300), nullable=False),
    Column("body", JSON, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)

LEASES = Table(
    "leases",
    METADATA,
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

ENVIRONMENTS = Table(
    "environments",
    METADATA,
    Column("name", String(200), primary_key=True),
    Column("environment", String(63), primary_key=True),
    Column("number", Integer, nullable=False),
    Column("promotion", Integer, nullable=False),
)
"""What each environment serves, and since which promotion."""

PROMOTIONS = Table(
    "promotions",
    METADATA,
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
    Index("ix_promotions_name_environment", "name", "environment"),
)

APPROVALS = Table(
    "approvals",
    METADATA,
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
    Index("ix_approvals_name_number", "name", "number"),
)

WAIVERS = Table(
    "waivers",
    METADATA,
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
    Index("ix_waivers_name_number", "name", "number"),
)
