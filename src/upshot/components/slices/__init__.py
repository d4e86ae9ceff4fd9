"""Built-in components of kind `slices`: parts of the test cases, looked at by themselves."""

from __future__ import annotations

from upshot.contracts.components import Component

_HERE = "upshot.components.slices"

ENTRIES: tuple[Component, ...] = (
    Component(
        "slices",
        "where",
        params=f"{_HERE}.where:WhereParams",
        make=f"{_HERE}.where:Where",
        sentence="The cases for which a condition on their columns holds.",
        by_key="when",
    ),
    Component(
        "slices",
        "groups",
        params=f"{_HERE}.groups:GroupsParams",
        make=f"{_HERE}.groups:Groups",
        sentence="The cases by the values of one column or two; numbers by ranges.",
        by_key="by",
    ),
    Component(
        "slices",
        "fairness",
        params=f"{_HERE}.fairness:FairnessParams",
        make=f"{_HERE}.fairness:Fairness",
        sentence="How decisions fall on the groups of a protected attribute: demographic parity, equal opportunity, equalised odds.",
        by_key="protected",
    ),
    Component(
        "slices",
        "worst",
        params=f"{_HERE}.worst:WorstParams",
        make=f"{_HERE}.worst:Worst",
        sentence="Where the money or the predictions are worst: found on half of the test blocks, measured on the others.",
    ),
)
