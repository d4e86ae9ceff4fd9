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
    Component(
        kind="calibration",
        name="venn_abers",
        params="upshot.components.calibration.venn_abers:VennAbersParams",
        make="upshot.components.calibration.venn_abers:VennAbers",
        sentence="Venn-Abers: isotonic regression that keeps away from 0 and 1 where validation is small.",
    ),
    Component(
        kind="calibration",
        name="conformal",
        params="upshot.components.calibration.conformal:ConformalParams",
        make="upshot.components.calibration.conformal:Conformal",
        sentence="Split-conformal intervals: a point becomes quantiles, by the residuals of validation.",
    ),
)
