"""The outcome column as numbers: 0/1 as int64, anything else as float64, and nothing guessed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from upshot.components.faults import column_of, counted, rows_problem, shorten
from upshot.contracts.records import Roles
from upshot.errors import Problem

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

Scalar = str | int | float | bool


def outcome(values: pd.Series, positive: Scalar | None, censored: np.ndarray, problems: list[Problem]) -> np.ndarray:
    """The outcome of each row, shape (n,): int64 for 0/1 without nulls, else float64 with NaN where censored.

    Args:
        values: The outcome column.
        positive: The value that counts as 1; None to read 0/1, booleans or a number.
        censored: True where a null is allowed, shape (n,).
        problems: Takes what is wrong; the result is meaningless when something was added.
    """
    import numpy as np

    null = values.isna().to_numpy()
    if (null & ~censored).any():
        problems.append(rows_problem(str(values.name), "the outcome must not be null", null & ~censored, values))
    numbers = _numbers(values, positive, problems)
    infinite = ~np.isfinite(numbers) & ~null
    if infinite.any():
        problems.append(rows_problem(str(values.name), "the outcome must be finite", infinite, values))
    seen = numbers[~null]
    if not np.isin(seen, (0.0, 1.0)).all():
        return numbers
    if not problems:
        _need_two_classes(values, seen, positive, problems)
    return numbers if null.any() else numbers.astype(np.int64)


def censored_rows(frame: pd.DataFrame, roles: Roles, problems: list[Problem]) -> np.ndarray:
    """True where the role `censored` says that the outcome was not seen to its end, shape (n,); all False without the role."""
    import numpy as np
    import pandas as pd

    if roles.censored is None:
        return np.zeros(len(frame), dtype=bool)
    values = column_of(frame, roles.censored, "data.roles.censored")
    flags: np.ndarray = pd.to_numeric(values, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    broken = ~np.isin(flags, (0.0, 1.0))
    if broken.any():
        problems.append(rows_problem(roles.censored, "must be true or false", broken, values))
    censored: np.ndarray = flags == 1.0
    return censored


def _numbers(values: pd.Series, positive: Scalar | None, problems: list[Problem]) -> np.ndarray:
    import numpy as np
    import pandas as pd

    null = values.isna().to_numpy()
    if positive is not None:
        numbers = values.eq(positive).fillna(False).to_numpy(dtype=float)
        numbers[null] = np.nan
        return numbers
    if pd.api.types.is_numeric_dtype(values.dtype) or pd.api.types.is_bool_dtype(values.dtype):
        return values.to_numpy(dtype=float, na_value=np.nan)
    rule = "the outcome must be a number, or labels.positive must say which value counts as 1"
    problems.append(Problem(str(values.name), rule, _seen(values)))
    return np.zeros(len(values))


def _need_two_classes(values: pd.Series, seen: np.ndarray, positive: Scalar | None, problems: list[Problem]) -> None:
    if len(seen) and seen.min() != seen.max():
        return
    if positive is None:
        rule, hint = "the outcome must have two classes", "a model cannot learn from one; take a longer period, or another target"
    else:
        rule, hint = f"the outcome must have rows with and without {positive!r}", "see labels.positive"
    problems.append(Problem(str(values.name), rule, f"{_seen(values)} in {counted(len(seen), 'row')}", hint))


def _seen(values: pd.Series) -> str:
    distinct = values.dropna().unique()
    shown = ", ".join(shorten(value) for value in distinct[:5])
    return f"only {shown}" if len(distinct) <= 5 else f"{shown}, ... ({len(distinct)} values)"
