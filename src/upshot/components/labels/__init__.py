"""Built-in components of kind `labels`: what is decided on, with which outcome, known when."""

from __future__ import annotations

from upshot.contracts.components import Component

ENTRIES: tuple[Component, ...] = (
    Component(
        "labels",
        "column",
        params="upshot.components.labels.column:ColumnParams",
        make="upshot.components.labels.column:Column",
        sentence="The outcome stands in a column of the data; one case a row.",
    ),
    Component(
        "labels",
        "panel",
        params="upshot.components.labels.panel:PanelParams",
        make="upshot.components.labels.panel:Panel",
        sentence="Series on a calendar of even steps; says what missing, doubled and negative rows mean.",
        libraries=("pandas",),
    ),
    Component(
        "labels",
        "remaining_life",
        params="upshot.components.labels.remaining_life:RemainingLifeParams",
        make="upshot.components.labels.remaining_life:RemainingLife",
        sentence="The outcome is how long a unit still lived after the row, capped or not, with censoring.",
    ),
    Component(
        "labels",
        "failure_within",
        params="upshot.components.labels.failure_within:FailureWithinParams",
        make="upshot.components.labels.failure_within:FailureWithin",
        sentence="The outcome is whether a unit fails within a horizon after the row, with censoring.",
    ),
    Component(
        "labels",
        "value_ahead",
        params="upshot.components.labels.value_ahead:ValueAheadParams",
        make="upshot.components.labels.value_ahead:ValueAhead",
        sentence="The outcome is what a column of the same unit says some time after the row.",
    ),
)
