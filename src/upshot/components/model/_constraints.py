"""What an expert knows of the columns: which way a prediction may move, and which columns may act together.

A recipe names columns; libraries take positions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import Field

from upshot.components.model._columns import Columns
from upshot.contracts.params import Names
from upshot.errors import DataError, Problem, did_you_mean

Monotone = dict[str, Literal[-1, 0, 1]]
Groups = Annotated[tuple[Names, ...], Field(strict=False)]

MONOTONE_SENTENCE = "By feature column: 1, the prediction never falls when the column rises; -1, it never rises."
GROUPS_SENTENCE = "Groups of feature columns that may act together in one branch; columns in no group form one of their own."


def directions(columns: Columns, constraints: Monotone, key: str) -> list[int] | None:
    """-1, 0 or 1 for each column in order; None without constraints.

    Raises:
        DataError: A name is no column, or the column is a category.
    """
    if not constraints:
        return None
    problems = _unknown(columns, constraints, key)
    problems += [
        Problem(f"model.{key}", "a category has no order to be monotone in", name) for name in constraints if name in columns.categories
    ]
    if problems:
        raise DataError("constraints do not fit the columns", problems)
    return [constraints.get(name, 0) for name in columns.names]


def groups(columns: Columns, constraints: Sequence[Sequence[str]], key: str) -> list[list[int]] | None:
    """Positions by group, and one group of all that stand in none; None without constraints.

    Raises:
        DataError: A name is no column.
    """
    if not constraints:
        return None
    named = [name for group in constraints for name in group]
    problems = _unknown(columns, dict.fromkeys(named), key)
    if problems:
        raise DataError("constraints do not fit the columns", problems)
    place = {name: position for position, name in enumerate(columns.names)}
    rest = [position for name, position in place.items() if name not in named]
    return [[place[name] for name in group] for group in constraints] + ([rest] if rest else [])


def _unknown(columns: Columns, names: Mapping[str, object], key: str) -> list[Problem]:
    return [
        Problem(f"model.{key}", "names a column that is not among the features", repr(name), did_you_mean(name, columns.names))
        for name in names
        if name not in columns.names
    ]
