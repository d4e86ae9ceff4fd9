"""Expressions over the raw columns of cases, as rules, costs, amounts, slices and checks write them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator

from upshot.contracts.records import Cases
from upshot.errors import DataError, Problem, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import pandas as pd


def _is_an_expression(text: str) -> str:
    from upshot.value.expressions import Expression

    Expression.parse(text)
    return text


ExpressionText = Annotated[str, AfterValidator(_is_an_expression)]
"""A formula over raw columns, read when the recipe is checked."""


def evaluated(text: str, cases: Cases, where: str, headline: str = "an expression cannot be applied") -> np.ndarray:
    """Value of an expression in each case, shape (n,): bool for a condition, else float64.

    Raises:
        DataError: It names a column that the cases do not have or that is only known afterwards, or a row has no value.
    """
    known = [name for name in cases.rows.columns if name not in cases.roles.known_after]
    return _evaluated(text, cases.rows.frame, known, where, headline, "must name columns of the data that are known before the outcome")


def condition(text: str, rows: pd.DataFrame, where: str, headline: str) -> np.ndarray:
    """Where a condition on any column holds, the outcome included; bool of shape (n,).

    Raises:
        DataError: It names a column that is not there, a row has no value, or it is a number and no condition.
    """
    holds = _evaluated(text, rows, [str(name) for name in rows.columns], where, headline, "must name columns of the data")
    if holds.dtype != bool:
        raise DataError(headline, [Problem(where, "must be a condition, such as amount > 220", repr(text))])
    return holds


def _evaluated(text: str, rows: pd.DataFrame, known: Sequence[str], where: str, headline: str, rule: str) -> np.ndarray:
    from upshot.value.expressions import Expression

    expression = Expression.parse(text)
    unknown = expression.unknown(known)
    if unknown:
        raise DataError(headline, [Problem(where, rule, repr(n), did_you_mean(n, known)) for n in unknown])
    return expression.evaluate({name: rows[name] for name in expression.names}, rows=len(rows), what=where)


__all__ = ["ExpressionText", "condition", "evaluated"]
