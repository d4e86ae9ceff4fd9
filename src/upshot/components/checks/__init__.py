"""Built-in components of kind `checks`."""

from __future__ import annotations

from upshot.contracts.components import Component

_HERE = "upshot.components.checks"

ENTRIES: tuple[Component, ...] = (
    Component(
        "checks",
        "columns",
        params=f"{_HERE}.columns:ColumnsParams",
        make=f"{_HERE}.columns:Columns",
        sentence="Each column's type, nulls, range, allowed values and pattern.",
        libraries=("pandas",),
        by_key="columns",
    ),
    Component(
        "checks",
        "unique",
        params=f"{_HERE}.unique:UniqueParams",
        make=f"{_HERE}.unique:Unique",
        sentence="No two rows agree in the named columns.",
        libraries=("pandas",),
        by_key="unique",
    ),
    Component(
        "checks",
        "row_count",
        params=f"{_HERE}.row_count:RowCountParams",
        make=f"{_HERE}.row_count:RowCount",
        sentence="There are neither too few rows nor too many.",
    ),
    Component(
        "checks",
        "unit_order",
        params=f"{_HERE}.unit_order:UnitOrderParams",
        make=f"{_HERE}.unit_order:UnitOrder",
        sentence="The rows of a unit go forward in time, each moment once.",
        libraries=("pandas",),
    ),
)
