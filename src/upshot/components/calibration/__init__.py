"""Built-in components of kind `calibration`."""

from __future__ import annotations

from upshot.contracts.components import Component

ENTRIES: tuple[Component, ...] = (
    Component(
        kind="calibration",
        name="none",
        params="upshot.components.calibration.none:NoneParams",
        make="upshot.components.calibration.none:NoCalibration",
        sentence="Leaves predictions of any kind as they are.",
    ),
    Component(
        kind="calibration",
        name="sigmoid",
        params="upshot.components.calibration.sigmoid:SigmoidParams",
        make="upshot.components.calibration.sigmoid:Sigmoid",
        sentence="Platt scaling: a logistic curve over the log-odds, fitted on validation.",
        libraries=("scikit-learn",),
    ),
    Component(
        kind="calibration",
        name="isotonic",
        params="upshot.components.calibration.isotonic:IsotonicParams",
        make="upshot.components.calibration.isotonic:Isotonic",
        sentence="Isotonic regression: a rising curve of steps and slopes, fitted on validation.",
        libraries=("scikit-learn",),
    ),
)
