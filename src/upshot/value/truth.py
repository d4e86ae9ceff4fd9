"""Three-valued truth, and values as the kind that an operation needs.

What is not known is carried along rather than decided: NaN in numbers, `unknown` in conditions.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from upshot.errors import DataError, Problem
from upshot.value.grammar import fragment_of

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Truth:
    """Yes or no per row, and where it is not known (None: known everywhere)."""

    yes: np.ndarray
    unknown: np.ndarray | None = None

    def settled(self, wanted: bool) -> np.ndarray:
        """Where it is known to be so."""
        hits = self.yes if wanted else ~self.yes
        return hits if self.unknown is None else hits & ~self.unknown


def both(left: Truth, right: Truth) -> Truth:
    """Three-valued and: no where either is known to be no (Kleene 1952)."""
    if left.unknown is None and right.unknown is None:
        return Truth(left.yes & right.yes)
    yes, no = left.settled(True) & right.settled(True), left.settled(False) | right.settled(False)
    return Truth(yes, ~(yes | no))


def either(left: Truth, right: Truth) -> Truth:
    """Three-valued or: yes where either is known to be yes."""
    return negation(both(negation(left), negation(right)))


def negation(truth: Truth) -> Truth:
    """Three-valued not: what is unknown stays so."""
    return Truth(~truth.yes, truth.unknown)


def unknown_in(value: np.ndarray | Truth) -> np.ndarray:
    """Where a value is not known."""
    import numpy as np
    import pandas as pd

    if isinstance(value, Truth):
        return np.zeros(value.yes.shape, dtype=bool) if value.unknown is None else value.unknown
    if value.dtype.kind == "O":
        return np.asarray(pd.isna(value) if value.ndim else False)
    return ~np.isfinite(value) if value.dtype.kind == "f" else np.zeros(value.shape, dtype=bool)


def without_infinities(number: np.ndarray) -> np.ndarray:
    """Infinities as NaN, before an operation that could swallow them (min(inf, 3), 1 / inf)."""
    import numpy as np

    finite = np.isfinite(number)
    return number if finite.all() else np.where(finite, number, np.nan)


def as_number(node: ast.expr, value: np.ndarray | Truth) -> np.ndarray:
    """A value as float64, NaN where it is not known; yes counts as 1."""
    import numpy as np

    if isinstance(value, Truth):
        number = value.yes.astype(np.float64)
        return number if value.unknown is None else np.where(value.unknown, np.nan, number)
    if value.dtype.kind == "O":
        if not unknown_in(value).all():
            raise DataError("a column does not fit an expression", [Problem(fragment_of(node), "a number is needed", "texts")])
        return np.full(value.shape, np.nan)
    return value.astype(np.float64, copy=False)


def as_truth(node: ast.expr, value: np.ndarray | Truth) -> Truth:
    """A value as a condition: a number is true where it is not 0."""
    if isinstance(value, Truth):
        return value
    if value.dtype.kind == "b":
        return Truth(value)
    number = as_number(node, value)
    unknown = unknown_in(number)
    return Truth(number != 0, unknown if unknown.any() else None)


def as_text(node: ast.expr, value: np.ndarray | Truth) -> np.ndarray:
    """A value as texts with nulls."""
    if isinstance(value, Truth) or value.dtype.kind != "O":
        raise DataError("a column does not fit an expression", [Problem(fragment_of(node), "a text is needed", "numbers")])
    return value
