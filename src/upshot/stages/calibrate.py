"""Calibrate: fit the calibrator on validation rows, and close the scoring path with signature and golden rows."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import TYPE_CHECKING

from upshot.contracts.components import Calibrator
from upshot.contracts.records import Cases, Features, Fitted, FittedModels, Folds, Golden, PredictionKind, Predictor, Signature, Snapshot
from upshot.contracts.tables import Map, Table
from upshot.stages.scoring import live_model, predict_raw, score
from upshot.stages.train import examples

if TYPE_CHECKING:
    import pandas as pd

GOLDEN_CASES = 20
GOLDEN_HISTORY = 2_000


def calibrate(fitted: FittedModels, folds: Folds, features: Features, calibrator: Calibrator, snapshot: Snapshot) -> Predictor:
    """Make the predictor.

    Raises:
        DataError: The validation rows cannot carry the calibration, such as too few positives.
    """
    by_windows: dict[tuple[str, ...], Fitted] = {}
    raw: dict[str, pd.DataFrame] = {}
    for fold in folds.folds:
        if fold.tunes_on not in by_windows:
            fresh = deepcopy(calibrator)
            if calibrator.fits:
                raw |= {name: _raw(fitted, folds, features, name) for name in fold.tunes_on if name not in raw}
                fresh.fit(*_validation(folds, fold.tunes_on, raw))
            by_windows[fold.tunes_on] = Fitted(calibrator.spec, live=fresh)
    predictor = Predictor(
        features.encoders,
        fitted.models,
        Map({fold.name: by_windows[fold.tunes_on] for fold in folds.folds}),
        fitted.final,
        _signature(fitted, features, snapshot, calibrator.gives or fitted.gives),
        _no_golden(folds),
        fitted.refitted,
        Map({name: Table.of(frame) for name, frame in raw.items() if _all_seen(folds, name)}),
    )
    return _with_golden(predictor, folds)


def _raw(fitted: FittedModels, folds: Folds, features: Features, name: str) -> pd.DataFrame:
    """Raw predictions of a fold's validation rows by its own model; without censored ones."""
    model = live_model(fitted.models[name])
    return predict_raw(model, examples(folds, features, model, name, "validation").seen(), folds.history(name, "validation"))


def _validation(folds: Folds, windows: tuple[str, ...], raw: Mapping[str, pd.DataFrame]) -> tuple[pd.DataFrame, Cases]:
    """The raw predictions of several folds below each other, and their cases."""
    import numpy as np
    import pandas as pd

    frames, positions, before = [], [], 0
    for name in windows:
        frames.append(raw[name].assign(case=raw[name]["case"] + before))
        positions.append(folds.positions(name, "validation")[folds.part(name, "validation").seen()])
        before += len(positions[-1])
    return pd.concat(frames, ignore_index=True), folds.cases.take(np.concatenate(positions))


def _all_seen(folds: Folds, name: str) -> bool:
    return len(folds.part(name, "validation").seen()) == folds.fold(name).parts["validation"]


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
    history = _golden_history(folds.history(predictor.final, part), cases)
    expected = Table.of(score(predictor, cases, history))
    return replace(predictor, golden=Golden(cases, history, expected))


def _golden_history(history: Cases, cases: Cases) -> Cases:
    """The last rows, of the golden cases' own first entity where there is one: a model may have nothing to say without them."""
    import numpy as np

    positions = np.arange(history.size)
    if history.roles.entities:
        name = history.roles.entities[0]
        own = history.rows.frame[name].isin(cases.rows.frame[name]).to_numpy()
        positions = np.flatnonzero(own) if own.any() else positions
    return history.take(positions[-GOLDEN_HISTORY:])
