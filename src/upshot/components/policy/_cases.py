"""The calendar day, week or month of a decision, for policies that decide by period."""

from __future__ import annotations

from typing import TYPE_CHECKING

from upshot.components.lives import moments
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np

    from upshot.contracts.records import Cases


def period_codes(cases: Cases, period: str, policy: str) -> np.ndarray:
    """The calendar day, week (from Monday) or month of each case, coded 0, 1, ... in time order, shape (n,).

    Raises:
        DataError: The cases have no clock.
    """
    import numpy as np
    import pandas as pd

    at = moments(cases, f"policy {policy}")
    if not pd.api.types.is_datetime64_any_dtype(at):
        rule = f"policy {policy} decides per {period}, so the time of a case must be a timestamp"
        raise DataError("the cases have no calendar", [Problem(cases.roles.time or "roles.time", rule, str(at.dtype))])
    codes, _ = pd.factorize(at.dt.to_period({"day": "D", "week": "W-SUN", "month": "M"}[period]), sort=True)
    return np.asarray(codes)
