"""Predict: score validation and test rows by the one scoring path."""

from __future__ import annotations

from upshot.contracts.records import Features, Folds, Predictions, Predictor
from upshot.contracts.tables import Map, Table
from upshot.stages.scoring import calibrated, live_model, predict_raw
from upshot.stages.train import examples


def predict(predictor: Predictor, folds: Folds, features: Features) -> Predictions:
    """Predict every scored part of every fold, out of sample."""
    frames: dict[str, Table] = {}
    for fold in folds.folds:
        for part in folds.scored(fold.name):
            model = live_model(predictor.model(fold.name, part))
            if part == "validation" and fold.name in predictor.raw:
                raw = predictor.raw[fold.name].frame
            else:
                raw = predict_raw(model, examples(folds, features, model, fold.name, part), folds.history(fold.name, part))
            frame = calibrated(predictor.calibrators[fold.name].live, raw, model.gives, fold.parts[part])
            frames[f"{fold.name}/{part}"] = Table.of(frame)
    first = next(iter(frames.values()))
    kind = predictor.signature.gives
    levels = tuple(float(name[1:]) for name in first.columns if name.startswith("q")) if kind == "quantiles" else ()
    return Predictions(kind, Map(frames), levels)
