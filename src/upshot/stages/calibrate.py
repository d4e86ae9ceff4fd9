"""Calibrate: fit the calibrator on validation rows, and close the scoring path with signature and golden rows."""

from __future__ import annotations

from copy import copy

from upshot.contracts.components import Calibrator
from upshot.contracts.records import Features, Fitted, FittedModels, Folds, Golden, PredictionKind, Predictor, Signature, Snapshot
from upshot.contracts.tables import Map, Table
from upshot.stages.scoring import live_model, score, with_case
from upshot.stages.train import examples

GOLDEN_CASES = 20
GOLDEN_HISTORY = 200


def calibrate(fitted: FittedModels, folds: Folds, features: Features, calibrator: Calibrator, snapshot: Snapshot) -> Predictor:
    """Make the predictor.

    Raises:
        DataError: The validation rows cannot carry the calibration, such as too few positives.
    """
    calibrators: dict[str, Fitted] = {}
    for fold in folds.folds:
        fresh = copy(calibrator)
        if calibrator.fits:
            model = live_model(fitted.models[fold.name])
            rows = examples(folds, features, model, fold.name, "validation")
            raw = model.predict(type(rows)(rows.cases.blind(), rows.X), folds.history(fold.name, "validation"))
            fresh.fit(with_case(raw, model.gives, model.spec, rows.cases.size), rows.cases)
        calibrators[fold.name] = Fitted(calibrator.spec, live=fresh)
    predictor = Predictor(
        features.encoders,
        fitted.models,
        Map(calibrators),
        fitted.final,
        _signature(fitted, features, snapshot, calibrator.gives or fitted.gives),
        _no_golden(folds),
        fitted.refitted,
    )
    return _with_golden(predictor, folds)


def _signature(fitted: FittedModels, features: Features, snapshot: Snapshot, gives: PredictionKind) -> Signature:
    roles = snapshot.roles
    read = [column for encoder in features.encoders[fitted.final].values() for column in encoder.live.inputs(roles)]
    asked = [*roles.key, *(n for n in (roles.time, roles.item, roles.amount) if n), *roles.entities, *read]
    known = dict.fromkeys(column for column in asked if column in snapshot.columns and column not in roles.known_after)
    return Signature(Map({column: snapshot.columns[column] for column in known}), features.columns, gives)


def _no_golden(folds: Folds) -> Golden:
    import numpy as np
    import pandas as pd

    nothing = folds.cases.take(np.array([], dtype=np.int64))
    return Golden(nothing, nothing, Table.of(pd.DataFrame()))


def _with_golden(predictor: Predictor, folds: Folds) -> Predictor:
    """The same predictor with the first scored cases of its final fold and its own answers to them."""
    from dataclasses import replace

    import numpy as np

    part = folds.scored(predictor.final)[-1]
    cases = folds.part(predictor.final, part)
    cases = cases.take(np.arange(min(GOLDEN_CASES, cases.size))).blind()
    history = folds.history(predictor.final, part)
    history = history.take(np.arange(max(0, history.size - GOLDEN_HISTORY), history.size))
    expected = Table.of(score(predictor, cases, history))
    return replace(predictor, golden=Golden(cases, history, expected))
