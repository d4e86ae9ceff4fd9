"""The day of a decision, for policies that decide per day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from upshot.components.lives import moments
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np

    from upshot.contracts.records import Cases


def day_codes(cases: Cases, policy: str) -> np.ndarray:
    """The calendar day of each case, coded 0, 1, ... in time order, shape (n,).

    Raises:
        DataError: The cases have no clock.
    """
    import numpy as np
    import pandas as pd

    at = moments(cases, f"policy {policy}")
    if not pd.api.types.is_datetime64_any_dtype(at):
        rule = f"policy {policy} decides per day, so the time of a case must be a timestamp"
        raise DataError("the cases have no days", [Problem(cases.roles.time or "roles.time", rule, str(at.dtype))])
    codes, _ = pd.factorize(at.dt.normalize(), sort=True)
    return np.asarray(codes)
