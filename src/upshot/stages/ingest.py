"""Ingest: read the source and its side tables, and pin what was read."""

from __future__ import annotations

from dataclasses import replace

from upshot.contracts.components import GrowingSource, Lake, Source
from upshot.contracts.records import Snapshot
from upshot.contracts.tables import Map
from upshot.errors import DataError, Problem, did_you_mean


def ingest(source: Source, lake: Lake) -> Snapshot:
    """Read the source and find or write its snapshot.

    Raises:
        DataError: The source cannot be read exactly, has no rows, or lacks a column that a role names.
    """
    return replace(_pinned(source, lake), tables=Map({name: _pinned(table, lake) for name, table in source.tables.items()}))


def _pinned(source: Source, lake: Lake) -> Snapshot:
    if isinstance(source, GrowingSource) and source.append_only:
        snapshot = lake.grow(source)
    else:
        snapshot = lake.pin(source.table, source.read(), source.roles)
    problems = [
        Problem(f"data.roles.{role}", "no such column in the data", repr(name), did_you_mean(name, snapshot.columns))
        for role, names in source.roles.columns().items()
        for name in names
        if name not in snapshot.columns
    ]
    if not snapshot.rows:
        problems.append(Problem(f"data {source.table}", "must have rows", "none"))
    if problems:
        raise DataError(f"the data of table {source.table!r} does not fit the recipe", problems)
    return snapshot
