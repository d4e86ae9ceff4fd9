"""Expressions over the raw columns of cases, as rules, costs and amounts write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from upshot.contracts.records import Cases
from upshot.errors import DataError, Problem, did_you_mean

if TYPE_CHECKING:
    import numpy as np


def evaluated(text: str, cases: Cases, where: str, headline: str = "an expression cannot be applied") -> np.ndarray:
    """Value of an expression in each case, shape (n,): bool for a condition, else float64.

    Raises:
        DataError: It names a column that the cases do not have or that is only known afterwards, or a row has no value.
    """
    from upshot.value.expressions import Expression

    expression = Expression.parse(text)
    roles = cases.roles
    known = [name for name in cases.rows.columns if name not in (roles.target, roles.label_time, roles.censored)]
    unknown = expression.unknown(known)
    if unknown:
        rule = "must name columns of the data that are known before the outcome"
        raise DataError(headline, [Problem(where, rule, repr(n), did_you_mean(n, known)) for n in unknown])
    return expression.evaluate({name: cases.rows.frame[name] for name in expression.names}, rows=cases.size, what=where)
