"""Train: fit one model a fold on its training rows, with the recorded seed and thread count."""

from __future__ import annotations

from copy import copy

from upshot.contracts.components import Compute, Examples, Model
from upshot.contracts.records import Features, Fitted, FittedModels, Folds, Part, Seed, Threads
from upshot.contracts.tables import Map


def train(folds: Folds, features: Features, model: Model, seed: Seed, threads: Threads) -> FittedModels:
    """Fit the model.

    Raises:
        DataError: The training rows do not fit the model, such as one class only.
    """
    compute = Compute(seed, threads)
    fitted: dict[str, Fitted] = {}
    for fold in folds.folds:
        fresh = copy(model)
        validation = examples(folds, features, model, fold.name, "validation") if fold.parts.get("validation", 0) else None
        fresh.fit(examples(folds, features, model, fold.name, "train"), validation, folds.history(fold.name, "train"), compute)
        fitted[fold.name] = Fitted(model.spec, live=fresh)
    return FittedModels(Map(fitted), folds.folds[-1].name, model.gives, seed, threads)


def examples(folds: Folds, features: Features, model: Model, fold: str, part: Part) -> Examples:
    """The cases of a part with their encoded columns; X is empty for a model that does not use features."""
    cases = folds.part(fold, part)
    X = features.frame(fold, part).frame
    return Examples(cases, X if "features" in model.uses else X.iloc[:, :0])
