"""What a KPI is made of, term by term: of one row, of several, or of all that a run was tested on.

The same expressions as in the valuation, cut at their top-level pluses and minuses; the terms add up to the KPI, or, for a ratio, to its
numerator.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from upshot.contracts.records import Kpi
from upshot.contracts.tables import Map
from upshot.value.expressions import Expression
from upshot.value.money import per_rows, rows_of

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


@dataclass(frozen=True)
class Account:
    """What the rows of one subject add up to.

    Attributes:
        rows: How many rows they are.
        flows: Flow that the KPI reads -> its sum.
        terms: Top-level term -> its sum, in the unit of the KPI, for a ratio in that of its numerator.
        total: Sum of the terms.
        per: The denominator's sum; None where the KPI is no ratio.
    """

    rows: int
    flows: Map[float]
    terms: Map[float]
    total: float
    per: float | None

    @property
    def worth(self) -> float:
        """The KPI of these rows; NaN for a ratio over nothing."""
        if self.per is None:
            return self.total
        return self.total / self.per if self.per != 0 else float("nan")


def account(kpi: Kpi, flows: pd.DataFrame) -> Account:
    """What these rows of flows add up to.

    Raises:
        DataError: A row has no value, or a flow is missing.

    Example:
        >>> import pandas as pd
        >>> kpi = Kpi("saved", "blocked - 5 * reviewed", "EUR", "maximize", "risk_mitigation")
        >>> found = account(kpi, pd.DataFrame({"blocked": [100.0, 0.0], "reviewed": [1, 1]}))
        >>> dict(found.terms), found.total
        ({'blocked': 100.0, '-5 * reviewed': -10.0}, 90.0)
    """
    terms = {label: float(rows.sum()) for label, rows in term_rows(kpi, flows).items()}
    read = {name for text in (kpi.expression, kpi.per) if text is not None for name in Expression.parse(text).names}
    sums = {str(name): float(flows[name].sum()) for name in flows.columns if name in read}
    per = per_rows(kpi, flows)
    return Account(len(flows), Map(sums), Map(terms), sum(terms.values()), None if per is None else float(per.sum()))


def term_rows(kpi: Kpi, flows: pd.DataFrame) -> dict[str, np.ndarray]:
    """Top-level term of the KPI's expression -> its value in each row, shape (n,); a term that is written twice counts twice."""
    terms: dict[str, np.ndarray] = {}
    for label, term in Expression.parse(kpi.expression).terms():
        rows = rows_of(term, kpi, flows, f"kpi.{kpi.name}.expression")
        terms[label] = terms[label] + rows if label in terms else rows
    return terms
