"""Train: fit one model a fold on its training rows, with the recorded seed, thread count and device; then again, where the split asks for it."""

from __future__ import annotations

from copy import copy, deepcopy

from upshot.contracts.components import CensoredModel, Compute, Examples, Model, Refittable
from upshot.contracts.records import Device, Features, Fitted, FittedModels, Folds, Part, Seed, Threads
from upshot.contracts.tables import Map
from upshot.errors import DataError, Problem


def train(folds: Folds, features: Features, model: Model, seed: Seed, threads: Threads, device: Device) -> FittedModels:
    """Fit the model.

    Raises:
        DataError: The training rows do not fit the model, such as one class only.
    """
    compute = Compute(seed, threads, device)
    fitted: dict[str, Fitted] = {}
    refitted: dict[str, Fitted] = {}
    for fold in folds.folds:
        if fold.fitted_by is not None:
            fitted[fold.name] = fitted[fold.fitted_by]
            continue
        fresh = deepcopy(model)  # with its parts: a part that two folds share would know in one what it learnt in the other
        has_validation = fold.parts.get("validation", 0) > 0
        validation = learnt_from(folds, features, model, fold.name, "validation") if has_validation else None
        before = folds.history(fold.name, "train")
        train_rows, window = learnt_from(folds, features, model, fold.name, "train"), fitted.get(fold.tunes_on[-1])
        if isinstance(fresh, Refittable) and window is not None and not has_validation:
            fresh = copy(window.live)  # with what it chose on the last backtest window
            fresh.refit(train_rows, before, compute)
        else:
            fresh.fit(train_rows, validation, before, compute)
        fitted[fold.name] = Fitted(model.spec, live=fresh)
        if folds.refit and has_validation:
            again = copy(fresh) if isinstance(fresh, Refittable) else deepcopy(model)
            both = learnt_from(folds, features, model, fold.name, "train", "validation")
            if isinstance(again, Refittable):
                again.refit(both, before, compute)
            else:
                again.fit(both, None, before, compute)
            refitted[fold.name] = Fitted(model.spec, live=again)
    return FittedModels(Map(fitted), folds.folds[-1].name, model.gives, seed, threads, Map(refitted), device)


def learnt_from(folds: Folds, features: Features, model: Model, fold: str, *parts: Part) -> Examples:
    """The cases of parts that a model may learn from: censored ones only where it says that it takes them.

    Raises:
        DataError: All are censored.
    """
    rows = examples(folds, features, model, fold, *parts)
    if isinstance(model, CensoredModel) and model.takes_censored:
        return rows
    seen = rows.seen()
    if "train" in parts and rows.cases.size and not seen.cases.size:
        rule = f"must hold the outcome of some training row: {model.spec.use} does not learn from censored ones"
        hint = "train on rows whose outcome was seen, or take a model that learns from censored ones too: upshot describe model"
        raise DataError("there is nothing to learn from", [Problem("labels", rule, f"all {rows.cases.size:,} rows are censored", hint)])
    return seen


def examples(folds: Folds, features: Features, model: Model, fold: str, *parts: Part) -> Examples:
    """The cases of parts with their encoded columns, in the order of the rows; X is empty for a model that does not use features."""
    import numpy as np
    import pandas as pd

    positions = folds.positions(fold, *parts)
    frames = [features.frame(fold, part).frame for part in parts]
    X = frames[0]
    if len(frames) > 1:
        where = np.concatenate([folds.positions(fold, part) for part in parts])
        X = pd.concat(frames, ignore_index=True).iloc[np.argsort(where)].reset_index(drop=True)
    return Examples(folds.cases.take(positions), X if "features" in model.uses else X.iloc[:, :0])
