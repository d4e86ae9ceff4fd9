"""Leaks between the parts of a split: what a test row shares with the rows that a model learned from.

A split states what it promises (`Folds.apart`, `Folds.in_time`), and the promise is proved here on its answer, so a plugin's split
is held to it as a built-in one. Copies are looked for where the split is not by time: there a copy carries its own later moment,
and an equal payment next week is another payment.

Equal rows are copies only if chance does not explain them. Rows of a few small columns are equal all the time, and then rows that
differ in exactly one column are as common; among copies such neighbours are missing. For near copies the measure is the distance
to the nearest training row as a share of the distance to the second nearest: below 0.05, where chance gives 0.05 to the power of
the number of columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from upshot.components.faults import column_of, counted, shorten
from upshot.components.times import is_clock, moment_text, ticks
from upshot.contracts.records import PARTS, Folds, Leak, Part
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

Look = Callable[[Folds, str], list[Problem]]

USED: tuple[Part, ...] = ("train", "validation", "test")
SHARE = 0.01
"""Share of scored rows from which on copies refuse a split."""
FEWEST_COPIES = 3
FEWEST_COLUMNS = 3
NEAR = 0.05
MOST_SCORED, MOST_TRAIN = 1_000, 100_000
"""Rows compared by distance; drawn evenly where there are more."""
FEW_TRAIN = 500
"""Training rows by which the distance to the second nearest is bounded before any is searched for."""


def refuse_leaks(folds: Folds) -> None:
    """Refuse a split whose parts share what they must not.

    Raises:
        DataError: They do; every leak with column, share and examples.
    """
    looks: dict[Leak, Look] = {
        "shared_entity": _shared_entities,
        "test_before_train": _out_of_order,
        "own_future": _own_future,
        "duplicates": _copies,
        "near_duplicates": _near_copies,
    }
    refuse(folds, looks, "the split would leak from training to test")


def refuse(folds: Folds, looks: dict[Leak, Look], headline: str) -> None:
    """Look for each leak that is not allowed in each fold; a leak of several folds is told once.

    Raises:
        DataError: One was found.
    """
    problems: dict[tuple[str, str], Problem] = {}
    for leak, look in looks.items():
        if leak not in folds.allowed:
            for fold in folds.folds:
                for problem in look(folds, fold.name):
                    problems.setdefault((problem.where, problem.rule), problem)
    if problems:
        raise DataError(headline, problems.values())


def switch(leak: Leak, remedy: str) -> str:
    """The hint of a leak: how to mend it, and how to overlook it."""
    return f"{remedy}, or say why not under split.allow.{leak}"


def share_text(number: int, of: int, noun: str = "row") -> str:
    """A count with its share.

    Example:
        >>> share_text(3, 200)
        '3 rows of 200 (1.5%)'
    """
    return f"{counted(number, noun)} of {of:,} ({100 * number / of:.3g}%)"


def _shared_entities(folds: Folds, fold: str) -> list[Problem]:
    import numpy as np
    import pandas as pd

    if not folds.apart:
        return []
    rows = folds.cases.rows.frame
    used = folds.positions(fold, *USED)
    codes = folds.assignment.frame[fold].to_numpy()[used]
    problems = []
    for name in _kept_apart(folds, rows, used):
        pairs = pd.DataFrame({"entity": column_of(rows, name, "data.roles.entities").to_numpy()[used], "part": codes}).drop_duplicates()
        often = pairs["entity"].value_counts()
        shared = sorted(often.index[often > 1])
        if shared:
            share = share_text(len(shared), len(often), "value")
            hint = switch("shared_entity", f"split by_entity on {name!r} or by_time, or leave the column out of data.roles.entities")
            problems.append(Problem(name, "must not have rows in two parts", f"{share}, such as {_some(np.array(shared, object))}", hint))
    return problems


def _kept_apart(folds: Folds, rows: pd.DataFrame, used: np.ndarray) -> list[str]:
    """The columns of the promise, and the entities that own them: a split by account must keep an owner's accounts together."""
    names = list(folds.apart)
    for owner in folds.cases.roles.entities:
        for name in folds.apart:
            if owner not in names and {owner, name} <= set(rows.columns):
                pairs = rows.iloc[used][[name, owner]].drop_duplicates()
                if not pairs[name].duplicated().any() and pairs[owner].nunique() > 1:
                    names.append(owner)
    return names


def _out_of_order(folds: Folds, fold: str) -> list[Problem]:
    labels = folds.cases.labels
    if not folds.in_time or "as_of" not in labels.columns:
        return []
    moments = labels.frame["as_of"]
    now, clock = ticks(moments), is_clock(moments)
    train, test = folds.positions(fold, "train"), folds.positions(fold, "test")
    if not len(train) or not len(test):
        return []
    where, last = folds.cases.roles.time or "as_of", int(now[train].max())
    early = test[now[test] <= last]
    if len(early):
        examples = ", ".join(f"row {row}: {moment_text(int(now[row]), clock)}" for row in early[:5])
        rule = f"test rows must be later than the last training row ({moment_text(last, clock)})"
        hint = switch("test_before_train", "mend the split")
        return [Problem(where, rule, f"{share_text(len(early), len(test))}: {examples}", hint)]
    return []


def _own_future(folds: Folds, fold: str) -> list[Problem]:
    """Scored rows whose own entity has a later row among the parts that came before them."""
    import numpy as np

    labels = folds.cases.labels
    if not folds.in_order or "as_of" not in labels.columns:
        return []
    now, clock = ticks(labels.frame["as_of"]), is_clock(labels.frame["as_of"])
    problems = []
    for name in folds.in_order:
        codes, values = column_of(folds.cases.rows.frame, name, "data.roles.entities").factorize()
        for part in folds.scored(fold):
            before = folds.positions(fold, *PARTS[: PARTS.index(part)])
            latest = np.full(len(values) + 1, np.iinfo(np.int64).min)  # the last one is for rows without a value
            np.maximum.at(latest, codes[before], now[before])
            rows = folds.positions(fold, part)
            broken = rows[(codes[rows] >= 0) & (latest[codes[rows]] > now[rows])]
            if len(broken):
                examples = ", ".join(
                    f"row {row}: {shorten(values[codes[row]])} at {moment_text(int(now[row]), clock)}, "
                    f"and another at {moment_text(int(latest[codes[row]]), clock)}"
                    for row in broken[:3]
                )
                rule = f"no {part} row may have a later row of its own {name!r} in the parts before it"
                hint = switch("own_future", "mend the split, so that what is learnt from lies before what is predicted")
                problems.append(Problem(name, rule, f"{share_text(len(broken), len(rows))}: {examples}", hint))
    return problems


def _copies(folds: Folds, fold: str) -> list[Problem]:
    import numpy as np

    columns = _content(folds)
    if len(columns) < FEWEST_COLUMNS:
        return []
    train, scored = folds.positions(fold, "train"), folds.positions(fold, "validation", "test")
    hashes = {name: _hash(folds.cases.rows.frame[name], place) for place, name in enumerate(columns)}
    whole = np.add.reduce(list(hashes.values()))
    copied = np.isin(whole[scored], whole[train]) | _in_earlier_scored(folds, fold, whole, scored)
    count = int(copied.sum())
    if not _is_many(count, len(scored)) or _is_chance(hashes, whole, train, scored[~copied], count / len(scored)):
        return []
    return [_copy_problem(folds, "duplicates", "copies of earlier parts' rows in every column but the key", scored, copied)]


def _in_earlier_scored(folds: Folds, fold: str, whole: np.ndarray, scored: np.ndarray) -> np.ndarray:
    """True for test rows that are equal to a validation row, shape (len(scored),)."""
    import numpy as np

    test, validation = folds.positions(fold, "test"), folds.positions(fold, "validation")
    equal: np.ndarray = np.isin(scored, test) & np.isin(whole[scored], whole[validation])
    return equal


def _is_chance(hashes: dict[str, np.ndarray], whole: np.ndarray, train: np.ndarray, others: np.ndarray, share: float) -> bool:
    """Whether rows that differ in exactly one column are as common as half the copies; without other rows, whether training repeats."""
    import numpy as np

    if len(others) < FEWEST_COPIES:
        return len(np.unique(whole[train])) < 0.9 * len(train)
    neighbours = np.zeros(len(others), dtype=bool)
    for hashed in hashes.values():
        rest = whole - hashed
        neighbours |= np.isin(rest[others], rest[train])
    return float(neighbours.mean()) >= share / 2


def _near_copies(folds: Folds, fold: str) -> list[Problem]:
    import numpy as np

    names = _measured(folds)
    if len(names) < FEWEST_COLUMNS:
        return []
    train = thin(folds.positions(fold, "train"), MOST_TRAIN)
    scored = thin(folds.positions(fold, "validation", "test"), MOST_SCORED)
    if len(train) < 2 or not len(scored):
        return []
    X = folds.cases.rows.frame[names].to_numpy(dtype=float, na_value=np.nan)
    near, equal = _nearer(X[train], X[scored])
    if not _is_many(int((near & ~equal).sum()), len(scored)):
        return []
    return [_copy_problem(folds, "near_duplicates", f"nearly equal to a training row in {', '.join(names[:8])}", scored, near & ~equal)]


def _nearer(train: np.ndarray, scored: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Whether the nearest training row lies far nearer than the second, and whether it is equal; shape (len(scored),) each.

    A row that is far nearer lies within `NEAR` of the largest second distance, so only that small ball is searched; in many columns a
    search for the two nearest of all would look at nearly every training row.
    """
    import numpy as np
    from scipy.spatial import cKDTree

    stated = ~np.isnan(train).all(axis=0)
    train, scored = train[:, stated], scored[:, stated]
    middle = np.nanmedian(train, axis=0)
    train, scored = (np.where(np.isnan(X), middle, X) for X in (train, scored))
    spread = train.std(axis=0)
    varying = spread > 0
    train, scored = train[:, varying] / spread[varying], scored[:, varying] / spread[varying]
    if train.shape[1] < FEWEST_COLUMNS:
        return np.zeros(len(scored), dtype=bool), np.zeros(len(scored), dtype=bool)
    near, equal = (np.zeros(len(scored), dtype=bool) for _ in range(2))
    tree = cKDTree(train, balanced_tree=False, compact_nodes=False)
    nearest, _ = tree.query(scored, k=1, distance_upper_bound=NEAR * _second_at_most(train, scored))
    candidates = np.flatnonzero(np.isfinite(nearest))
    distances, _ = tree.query(scored[candidates], k=2)
    near[candidates] = distances[:, 0] < NEAR * distances[:, 1]
    equal[candidates] = distances[:, 0] == 0
    return near, equal


def _second_at_most(train: np.ndarray, scored: np.ndarray) -> float:
    """What no scored row's distance to its second nearest training row exceeds: measured to a few training rows only."""
    import numpy as np
    from scipy.spatial.distance import cdist

    few = cdist(scored, train[thin(np.arange(len(train)), FEW_TRAIN)])
    return float(np.partition(few, 1, axis=1)[:, 1].max())


def _content(folds: Folds) -> list[str]:
    """Columns in which copies are equal: all but a number of the row and what the split keeps apart; none for a split by time."""
    if folds.in_time:
        return []
    key = folds.cases.roles.key
    left_out = {*(key if len(key) == 1 else ()), *folds.apart}
    frame = folds.cases.rows.frame
    return [name for name in folds.cases.rows.columns if name not in left_out and not _is_nested(frame[name])]


def _is_nested(values: pd.Series) -> bool:
    first = values.iloc[0] if len(values) else None
    return hasattr(first, "__len__") and not isinstance(first, (str, bytes))


def _measured(folds: Folds) -> list[str]:
    """Columns of measurements: floats with fractions, beside the outcome and what the recipe gives another role."""
    import numpy as np

    roles = folds.cases.roles
    taken = {roles.target, roles.time, roles.label_time, roles.censored, roles.weight, *roles.entities}
    found = []
    for name in _content(folds):
        values = folds.cases.rows.frame[name]
        if name not in taken and values.dtype.kind == "f":
            numbers = values.to_numpy()
            if np.isfinite(numbers).any() and not np.isinf(numbers).any() and (np.nan_to_num(numbers) % 1 != 0).any():
                found.append(name)
    return found


def _hash(values: pd.Series, place: int) -> np.ndarray:
    """A column as uint64, so that sums over columns can leave one out."""
    import numpy as np
    import pandas as pd

    hashed: np.ndarray = pd.util.hash_pandas_object(values, index=False).to_numpy() * np.uint64(2 * place + 3)
    return hashed


def _is_many(count: int, of: int) -> bool:
    return count >= max(FEWEST_COPIES, SHARE * of)


def _copy_problem(folds: Folds, leak: Leak, what: str, scored: np.ndarray, broken: np.ndarray) -> Problem:
    rows = scored[broken]
    key = folds.cases.roles.key
    names = folds.cases.rows.frame[key[0]].to_numpy()[rows] if len(key) == 1 else rows
    hint = switch(leak, "drop the copies, or split by the entity or time that they share")
    got = f"{share_text(len(rows), len(scored))}, such as {_some(names)}"
    return Problem(", ".join(key) or "rows", f"validation and test rows must not be {what}", got, hint)


def _some(values: Iterable[object]) -> str:
    return ", ".join(shorten(value) for value in list(values)[:5])


def thin(positions: np.ndarray, most: int) -> np.ndarray:
    """At most so many of them, evenly spaced.

    Example:
        >>> import numpy as np
        >>> thin(np.arange(10), 4).tolist()
        [0, 2, 5, 7]
    """
    import numpy as np

    if len(positions) <= most:
        return positions
    return positions[(np.arange(most) * (len(positions) / most)).astype(np.int64)]
