"""Columns that give the outcome away: what no honest column, known when the decision falls, can tell; and numbers that training never saw move.

Looked at on training rows, up to 20,000 of each class, 5,000 where rows are ranked. Rules for classes need twenty rows of each, because five rows are told apart
by chance.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from upshot.components.faults import shorten
from upshot.components.times import is_clock, ticks
from upshot.contracts.components import Feature
from upshot.contracts.records import Features, Folds, Leak
from upshot.contracts.tables import Map
from upshot.errors import Problem
from upshot.stages.leaks import SHARE, Look, refuse, share_text, switch, thin

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

MOST_AUC = 0.98
MOST_CORRELATION = 0.9999
RECOVERED = 0.995
"""Share of every class that a column's values must tell for it to be the label in another coding."""
FEWEST_OF_A_CLASS = 20
FEWEST_CHANGES = 3
RARE = 0.2
"""Share of a label up to which a value that comes with it alone is no chance."""
MOST_CLASSES = 20
_A_CLASS, _ALL, _RANKED = 20_000, 50_000, 5_000


def refuse_proxies(folds: Folds, features: Mapping[str, Feature], encoded: Features) -> None:
    """Refuse features that tell the outcome, or that change only where the model is asked.

    Raises:
        DataError: There are such; each with column, share and examples.
    """
    readers = Map({column: name for name, feature in features.items() for column in feature.inputs(folds.cases.roles)})
    refuse(
        folds,
        {
            "target_proxy": lambda folds, fold: _codings(folds, fold, readers),
            "made_after_label": lambda folds, fold: [*_null_patterns(folds, fold, readers), *_later_moments(folds, fold, readers)],
            "value_of_one_label": lambda folds, fold: _values_of_one_label(folds, fold, readers),
            "single_feature_auc": lambda folds, fold: _tell_alone(folds, fold, encoded),
        },
        "the features give the outcome away",
    )
    changes: dict[Leak, Look] = {"constant_in_training": lambda folds, fold: _constant_in_training(folds, fold, readers)}
    refuse(folds, changes, "the features say what training could not teach")


def _codings(folds: Folds, fold: str, readers: Mapping[str, str]) -> list[Problem]:
    rows, labels, classes = _looked_at(folds, fold)
    problems = []
    for column, feature in readers.items():
        values = folds.cases.rows.frame[column].iloc[rows].reset_index(drop=True)
        found = _recoded(values, labels, classes) if classes else _rescaled(values, labels)
        if found is not None:
            hint = switch("target_proxy", f"leave it out of features.{feature}")
            problems.append(Problem(column, "must not be the label in another coding", found, hint))
    return problems


def _recoded(values: pd.Series, labels: np.ndarray, classes: tuple[object, ...]) -> str | None:
    """How the values of a column stand for the classes, None if they do not.

    Example:
        >>> import numpy as np, pandas as pd
        >>> _recoded(pd.Series(["n", "y"] * 30), np.array([0, 1] * 30), (0, 1))
        "60 rows of 60 (100%): 'n' is 0, 'y' is 1"
    """
    import pandas as pd

    codes, seen = values.factorize(use_na_sentinel=False)
    if not 1 < len(seen) <= 5 * len(classes):
        return None
    counts = pd.crosstab(codes, labels)
    best = counts.idxmax(axis=1)
    told = best.loc[codes].to_numpy() == labels
    if any(told[labels == one].mean() < RECOVERED for one in classes):
        return None
    coding = ", ".join(f"{shorten(value)} is {best.loc[code]}" for code, value in enumerate(seen[:5]))
    return f"{share_text(int(told.sum()), len(labels))}: {coding}"


def _rescaled(values: pd.Series, labels: np.ndarray) -> str | None:
    """How near a number is to a straight line of the outcome, None if it is not."""
    import numpy as np

    if values.dtype.kind not in "iuf" or labels.dtype.kind not in "iuf" or len(labels) < FEWEST_OF_A_CLASS:
        return None
    x, y = values.to_numpy(dtype=float), labels.astype(float)
    known = np.isfinite(x) & np.isfinite(y)
    x, y = x[known], y[known]
    if len(x) < max(FEWEST_OF_A_CLASS, len(labels) / 2) or x.std() == 0 or y.std() == 0:
        return None
    correlation = float(np.corrcoef(x, y)[0, 1])
    if abs(correlation) <= MOST_CORRELATION:
        return None
    pairs = ", ".join(f"{x[row]:g} is {y[row]:g}" for row in range(3))
    return f"correlation {correlation:.6f} over {share_text(len(x), len(labels))}: {pairs}"


def _null_patterns(folds: Folds, fold: str, readers: Mapping[str, str]) -> list[Problem]:
    rows, labels, classes = _looked_at(folds, fold)
    problems = []
    for column, feature in readers.items():
        null = folds.cases.rows.frame[column].iloc[rows].isna().to_numpy()
        for one in classes if null.any() and not null.all() else ():
            of_it = labels == one
            if null[of_it].mean() >= RECOVERED and (~null[~of_it]).mean() >= RECOVERED:
                got = f"null in {share_text(int((null & of_it).sum()), int(of_it.sum()))} of label {one}, else nowhere or nearly so"
                hint = switch("made_after_label", f"leave it out of features.{feature}")
                problems.append(
                    Problem(column, "must not be null exactly for one label: it was filled in when the label was known", got, hint)
                )
                break
    return problems


def _values_of_one_label(folds: Folds, fold: str, readers: Mapping[str, str]) -> list[Problem]:
    """Values that come with the rarer label alone, such as the mode of a failure: they were written down when the label was known.

    Looked for in columns of few values, on all training rows, where the label is rare enough for so many rows not to agree by chance.
    """
    import numpy as np

    if len(_looked_at(folds, fold)[2]) != 2:
        return []
    train = folds.positions(fold, "train")
    train = train[folds.cases.take(train).seen()]
    labels = folds.cases.labels.frame["label"].to_numpy()[train]
    classes, counts = np.unique(labels, return_counts=True)
    rare, share = classes[counts.argmin()], float(counts.min() / len(labels))
    if share > RARE:
        return []
    problems = []
    for column, feature in readers.items():
        codes, seen = folds.cases.rows.frame[column].iloc[train].factorize()
        if not 1 < len(seen) <= MOST_CLASSES:
            continue
        there = codes >= 0
        rows = np.bincount(codes[there], minlength=len(seen))
        of_rare = np.bincount(codes[there], weights=(labels == rare)[there], minlength=len(seen))
        telling = np.flatnonzero((rows >= FEWEST_OF_A_CLASS) & (of_rare >= RECOVERED * rows))
        if len(telling):
            got = ", ".join(f"{shorten(seen[code])} in {rows[code]:,} rows" for code in telling[:3])
            rule = f"must not have a value that comes with label {rare} alone, which is that of {100 * share:.3g}% of the rows"
            hint = switch("value_of_one_label", f"leave it out of features.{feature}, or name it in data.roles.afterwards")
            problems.append(Problem(column, rule, got, hint))
    return problems


def _constant_in_training(folds: Folds, fold: str, readers: Mapping[str, str]) -> list[Problem]:
    """Numbers that never change in training and do in rows that are scored: a model cannot know what they mean."""
    import numpy as np

    train, scored = folds.positions(fold, "train"), folds.positions(fold, "validation", "test")
    problems = []
    for column, feature in readers.items():
        values = folds.cases.rows.frame[column]
        if values.dtype.kind not in "iuf":
            continue
        numbers = values.to_numpy(dtype=float)
        learnt = numbers[train][~np.isnan(numbers[train])]
        if len(learnt) < FEWEST_OF_A_CLASS or learnt.min() != learnt.max():
            continue
        other = scored[~np.isnan(numbers[scored]) & (numbers[scored] != learnt[0])]
        if len(other) >= max(FEWEST_CHANGES, SHARE * len(scored)):
            examples = ", ".join(f"row {row}: {numbers[row]:g}" for row in other[:3])
            got = f"{learnt[0]:g} in all training rows, and others in {share_text(len(other), len(scored))}: {examples}"
            hint = switch("constant_in_training", f"leave it out of features.{feature}, or train on rows in which it changes")
            problems.append(Problem(column, "must change in training if it changes in validation or test", got, hint))
    return problems


def _later_moments(folds: Folds, fold: str, readers: Mapping[str, str]) -> list[Problem]:
    import pandas as pd

    labels, roles = folds.cases.labels, folds.cases.roles
    if "as_of" not in labels.columns or not is_clock(labels.frame["as_of"]):
        return []
    rows = thin(folds.positions(fold, "train"), _ALL)
    now = ticks(labels.frame["as_of"])[rows]
    problems = []
    for column, feature in readers.items():
        values = folds.cases.rows.frame[column].iloc[rows]
        if column in (roles.time, *roles.known_ahead) or not pd.api.types.is_datetime64_any_dtype(values.dtype):
            continue
        stated = values.notna().to_numpy()
        if not stated.any():
            continue
        later = ticks(values[stated]) > now[stated]
        if later.mean() >= SHARE:
            examples = ", ".join(f"row {row}: {values[row]}" for row in rows[stated][later][:3])
            got = f"{share_text(int(later.sum()), len(later))}: {examples}"
            hint = switch("made_after_label", f"leave it out of features.{feature}, or name it in data.roles.known_ahead")
            problems.append(Problem(column, "must not lie after the decision", got, hint))
    return problems


def _tell_alone(folds: Folds, fold: str, encoded: Features) -> list[Problem]:
    import numpy as np

    rows, labels, classes = _looked_at(folds, fold, _RANKED)
    if len(classes) != 2 or folds.fold(fold).fitted_by is not None:  # looked at in the fold that it was fitted in
        return []
    frame = encoded.frame(fold, "train").frame
    places = np.searchsorted(folds.positions(fold, "train"), rows)
    problems = []
    for column in frame.columns:
        values = frame[column]
        if values.dtype.kind in "biuf":
            auc = _auc(values.to_numpy(dtype=float)[places], labels == classes[1])
            if max(auc, 1 - auc) > MOST_AUC:
                middle = [float(values.iloc[places[labels == one]].median()) for one in classes]
                got = (
                    f"{auc:.4f} on {len(rows):,} training rows; median {middle[0]:g} for label {classes[0]}, {middle[1]:g} for {classes[1]}"
                )
                hint = switch("single_feature_auc", "leave it out if it is only known afterwards")
                problems.append(
                    Problem(str(column), f"no feature alone may have an AUC above {MOST_AUC} (or below {1 - MOST_AUC:.2f})", got, hint)
                )
    return problems


def _auc(values: np.ndarray, positive: np.ndarray) -> float:
    """Chance that a positive row has the higher value, ties half; null counts as lower than all.

    Example:
        >>> import numpy as np
        >>> _auc(np.array([1.0, 2.0, 2.0, 3.0]), np.array([False, False, True, True]))
        0.875
    """
    import numpy as np

    _, place, counts = np.unique(np.where(np.isnan(values), -np.inf, values), return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    ones, zeros = int(positive.sum()), int((~positive).sum())
    return float((ranks[positive].sum() - ones * (ones + 1) / 2) / (ones * zeros))


def _looked_at(folds: Folds, fold: str, of_a_class: int = _A_CLASS) -> tuple[np.ndarray, np.ndarray, tuple[object, ...]]:
    """Positions of the training rows looked at, ascending, their labels, and the classes; none for numbers or too few rows."""
    import numpy as np

    train = folds.positions(fold, "train")
    if "label" not in folds.cases.labels.columns:
        return train[:0], train[:0], ()
    train = train[folds.cases.take(train).seen()]
    labels = folds.cases.labels.frame["label"].to_numpy()[train]
    known = np.flatnonzero(~folds.cases.labels.frame["label"].isna().to_numpy()[train])
    train, labels = train[known], labels[known]
    classes = np.unique(labels) if labels.dtype.kind in "biu" else np.array([])
    if not 1 < len(classes) <= MOST_CLASSES:
        chosen = thin(np.arange(len(train)), _ALL)
        return train[chosen], labels[chosen], ()
    groups = [np.flatnonzero(labels == one) for one in classes]
    if min(map(len, groups)) < FEWEST_OF_A_CLASS:
        return train[:0], labels[:0], ()
    chosen = np.sort(np.concatenate([thin(group, of_a_class) for group in groups]))
    return train[chosen], labels[chosen], tuple(classes.tolist())
