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
        "rule",
        params=f"{_HERE}.rule:RuleParams",
        make=f"{_HERE}.rule:Rule",
        sentence="A condition over the columns of a row holds in every row.",
        libraries=("numpy",),
        by_key="rule",
    ),
    Component(
        "checks",
        "in_order",
        params=f"{_HERE}.in_order:InOrderParams",
        make=f"{_HERE}.in_order:InOrder",
        sentence="Moments of a row come in their order: no outcome before its event.",
        by_key="in_order",
    ),
    Component(
        "checks",
        "monotone",
        params=f"{_HERE}.monotone:MonotoneParams",
        make=f"{_HERE}.monotone:Monotone",
        sentence="A column does not fall from row to row, as ids and meters do not.",
        libraries=("pandas",),
        by_key="monotone",
    ),
    Component(
        "checks",
        "freshness",
        params=f"{_HERE}.freshness:FreshnessParams",
        make=f"{_HERE}.freshness:Freshness",
        sentence="The newest row is not too old, and none lies in the future.",
        by_key="max_age",
        watched=True,
    ),
    Component(
        "checks",
        "references",
        params=f"{_HERE}.references:ReferencesParams",
        make=f"{_HERE}.references:References",
        sentence="Values exist in a side table, whose key names one row.",
        libraries=("pandas",),
        by_key="references",
    ),
    Component(
        "checks",
        "statistics",
        params=f"{_HERE}.statistics:StatisticsParams",
        make=f"{_HERE}.statistics:Statistics",
        sentence="Columns as a whole: share of nulls, number of values, mean.",
        by_key="statistics",
    ),
    Component(
        "checks",
        "pandera",
        params=f"{_HERE}.pandera:PanderaParams",
        make=f"{_HERE}.pandera:Pandera",
        sentence="Pandera's own checks by name: texts by length, beginning and content, values that must not be.",
        libraries=("pandera",),
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
