"""Predict: score validation and test rows by the one scoring path."""

from __future__ import annotations

from upshot.contracts.records import Features, Folds, Predictions, Predictor
from upshot.contracts.tables import Map, Table
from upshot.stages.scoring import live_model, predict_encoded
from upshot.stages.train import examples


def predict(predictor: Predictor, folds: Folds, features: Features) -> Predictions:
    """Predict every scored part of every fold, out of sample."""
    frames: dict[str, Table] = {}
    for fold in folds.folds:
        for part in folds.scored(fold.name):
            model = live_model(predictor.model(fold.name, part))
            rows = examples(folds, features, model, fold.name, part)
            frame = predict_encoded(model, predictor.calibrators[fold.name].live, rows, folds.history(fold.name, part))
            frames[f"{fold.name}/{part}"] = Table.of(frame)
    first = next(iter(frames.values()))
    kind = predictor.signature.gives
    levels = tuple(float(name[1:]) for name in first.columns if name.startswith("q")) if kind == "quantiles" else ()
    return Predictions(kind, Map(frames), levels)
