"""What environments serve, read from the ledger's file by the standard library: a plan asks it every time, and should not wait for SQLAlchemy.

It only ever reads. What it cannot read is left to the ledger itself, which says what is wrong.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from upshot.contracts.tables import Map
from upshot.ledger._sqlite import SqliteFile
from upshot.ledger.environments import PromotionRow, ServedRow

_PATIENCE = 30.0
"""Seconds to wait for a writer."""
_TABLE = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'environments'"
_QUERY = "SELECT p.* FROM promotions p JOIN environments e ON e.promotion = p.seq WHERE e.name = ? ORDER BY p.seq"
_JSON = ("person", "terms")


def served_in(file: Path, name: str) -> tuple[ServedRow, ...] | None:
    """What each environment serves of a use case.

    Args:
        file: A ledger that is there.
        name: The use case.

    Returns:
        The same as `Environments.served`; nothing for a ledger of before there were environments; None where it cannot be read so.

    Raises:
        StorageError: The file is no database.
    """
    SqliteFile(file, _PATIENCE).prepare()
    try:
        with closing(sqlite3.connect(file, timeout=_PATIENCE)) as connection:
            connection.row_factory = sqlite3.Row
            if connection.execute(_TABLE).fetchone() is None:
                return ()
            return tuple(_served(row) for row in connection.execute(_QUERY, (name,)))
    except (sqlite3.Error, KeyError, TypeError, ValueError):
        return None


def registered_in(file: Path) -> tuple[str, ...]:
    """Registered versions as people name them, the newest first; for whoever types, so what cannot be read is left out."""
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=1.0)) as connection:
            rows = connection.execute("SELECT name, number FROM versions WHERE record IS NOT NULL ORDER BY created_at DESC, number DESC")
            return tuple(f"{name}@{number}" for name, number in rows)
    except sqlite3.Error:
        return ()


def _served(row: sqlite3.Row) -> ServedRow:
    values: dict[str, Any] = {key: Map(json.loads(row[key])) if key in _JSON else row[key] for key in row.keys()}  # noqa: SIM118 - of a row, not of a map
    promotion = PromotionRow(**values)
    return ServedRow(promotion.environment, promotion)


__all__ = ["registered_in", "served_in"]
