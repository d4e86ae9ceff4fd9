"""Featurize: fit each feature on training rows alone, then encode every row that is fitted on or scored."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import TYPE_CHECKING

from upshot.contracts.components import CrossFitted, Feature
from upshot.contracts.records import Cases, Features, Fitted, Folds, Part
from upshot.contracts.tables import Map, Table, rows_at
from upshot.errors import DataError, Problem, did_you_mean
from upshot.stages.proxies import refuse_proxies
from upshot.stages.scoring import encode

if TYPE_CHECKING:
    import pandas as pd


def featurize(folds: Folds, features: Mapping[str, Feature]) -> Features:
    """Encode the cases, fold by fold.

    Raises:
        DataError: A feature reads a column that the data does not have, or one that is only known afterwards or tells the outcome.
    """
    _check_inputs(folds, features)
    encoders: dict[str, Map[Fitted]] = {}
    frames: dict[str, Table] = {}
    columns: tuple[str, ...] = ()
    for fold in folds.folds:
        if fold.fitted_by is None:
            fitted = {name: deepcopy(feature) for name, feature in features.items()}
            train, before = folds.part(fold.name, "train"), folds.history(fold.name, "train")
            for feature in fitted.values():
                feature.fit(train, before)
            encoders[fold.name] = Map({name: Fitted(feature.spec, live=feature) for name, feature in fitted.items()})
        else:
            encoders[fold.name] = encoders[fold.fitted_by]
        own = {name: encoder.live for name, encoder in encoders[fold.name].items()}
        trained: tuple[Part, ...] = ("train",) if fold.fitted_by is None else ()
        parts = trained + folds.scored(fold.name)
        for part, table in _encode_parts(folds, fold.name, parts, own).items():
            frames[f"{fold.name}/{part}"] = table
            columns = table.columns
    encoded = Features(columns, Map(encoders), Map(frames))
    refuse_proxies(folds, features, encoded)
    return encoded


def encode_part(folds: Folds, fold: str, part: Part, features: Mapping[str, Feature]) -> pd.DataFrame:
    """The rows of one part by fitted features, as `featurize` would encode them."""
    return encode(features, folds.part(fold, part).blind(), known_to(folds, fold, (part,)))


def _encode_parts(folds: Folds, fold: str, parts: tuple[Part, ...], features: Mapping[str, Feature]) -> dict[Part, Table]:
    """All parts in one pass, because history features sort the whole history once a call; at a cutoff each with what was known there."""
    import numpy as np

    if folds.at_cutoff and len(parts) > 1:
        return {part: encoded for one in parts for part, encoded in _encode_parts(folds, fold, (one,), features).items()}
    positions = folds.positions(fold, *parts)
    encoded = encode(features, folds.cases.take(positions).blind(), known_to(folds, fold, parts))
    crossed = [feature for feature in features.values() if isinstance(feature, CrossFitted)]
    if crossed:
        in_train = np.isin(positions, folds.positions(fold, "train"))
        for feature in crossed:
            own = feature.cross_fit(folds.part(fold, "train"))
            encoded.loc[in_train, own.columns] = own.to_numpy()
    if len(parts) == 1:
        return {parts[0]: Table.of(encoded)}
    return {part: Table.of(rows_at(encoded, np.searchsorted(positions, folds.positions(fold, part)))) for part in parts}


def known_to(folds: Folds, fold: str, parts: tuple[Part, ...]) -> Cases:
    """What features of these parts may look back at: all rows, of which they use what was known at each case; at a cutoff no scored row at all."""
    if not folds.at_cutoff:
        return folds.cases
    return folds.history(fold, "validation" if parts == ("train",) else parts[0])


def _check_inputs(folds: Folds, features: Mapping[str, Feature]) -> None:
    cases, roles = folds.cases, folds.cases.roles
    afterwards = set(roles.known_after)
    known = set(cases.rows.columns)
    ahead = {*roles.key, roles.time, *roles.entities, *roles.static, *roles.known_ahead}
    unknown = known - ahead - afterwards if folds.at_cutoff else set()
    problems = []
    for name, feature in features.items():
        for column in feature.inputs(roles):
            if column not in known:
                problems.append(Problem(f"features.{name}", "no such column in the data", repr(column), did_you_mean(column, known)))
            elif column in unknown:
                hint = "name it under data.roles.known_ahead if it is, or leave it out"
                problems.append(
                    Problem(f"features.{name}", "reads a column that nobody knows when the part is decided on", repr(column), hint)
                )
            elif column in afterwards:
                problems.append(Problem(f"features.{name}", "reads a column that is only known after the decision", repr(column)))
            elif not cases.rows.frame[column].notna().any():
                hint = "leave it out, or mend the source"
                problems.append(Problem(f"features.{name}", "reads a column without a single value", repr(column), hint))
    if problems:
        raise DataError("the features do not fit the data", problems)
