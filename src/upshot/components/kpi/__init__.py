"""Built-in components of kind `kpi`: ways to write down what the business pays for."""

from __future__ import annotations

from upshot.contracts.components import Component

ENTRIES: tuple[Component, ...] = (
    Component(
        "kpi",
        "expression",
        params="upshot.components.kpi.expression:ExpressionKpiParams",
        make="upshot.components.kpi.expression:expression_kpi",
        sentence="A formula over flows and money parameters; with `per`, a ratio of sums.",
        by_key="expression",
    ),
    Component(
        "kpi",
        "cells",
        params="upshot.components.kpi.cells:CellsKpiParams",
        make="upshot.components.kpi.cells:cells_kpi",
        sentence="What one true or false positive or negative is worth.",
        by_key="cells",
    ),
)
