"""Built-in components of kind `sections`: parts of the report, as typed tables, charts and text."""

from __future__ import annotations

from upshot.contracts.components import Component

_HERE = "upshot.components.sections"

ENTRIES: tuple[Component, ...] = (
    Component(
        "sections",
        "tuning_curve",
        params=f"{_HERE}.tuning_curve:TuningCurveParams",
        make=f"{_HERE}.tuning_curve:TuningCurve",
        sentence="What the policy was chosen from: money on validation rows by what it could have chosen.",
    ),
)
