"""Rows of the database as frozen records, and records as the database takes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar

from upshot.contracts.tables import Map

if TYPE_CHECKING:
    from sqlalchemy import RowMapping

R = TypeVar("R")


def fields_of(row: object) -> dict[str, Any]:
    """A record's fields by name."""
    return {f.name: getattr(row, f.name) for f in fields(row)}  # type: ignore[arg-type]


def plain(row: object) -> dict[str, Any]:
    """A record as the database takes it."""
    return {name: data(value) for name, value in fields_of(row).items()}


def data(value: Any) -> Any:
    """Maps and tuples as JSON has them."""
    if isinstance(value, Mapping):
        return {key: data(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [data(item) for item in value]
    return value


def record(cls: type[R], found: RowMapping) -> R:
    """A database row as a frozen record."""
    wanted = {f.name: f.type for f in fields(cls)}  # type: ignore[arg-type]
    values = {name: found[name] for name in wanted}
    return cls(**{name: Map(value or {}) if str(wanted[name]).startswith("Map") else value for name, value in values.items()})
