"""What several policies ask of the cases: the day of a decision, a unit's code, its age. Each refuses in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from upshot.contracts.records import Cases


def day_codes(cases: Cases, policy: str) -> np.ndarray:
    """The calendar day of each case, coded 0, 1, ... in time order, shape (n,).

    Raises:
        DataError: The cases have no clock.
    """
    import numpy as np
    import pandas as pd

    moments = _as_of(cases, policy)
    if not pd.api.types.is_datetime64_any_dtype(moments):
        rule = f"policy {policy} decides per day, so the time of a case must be a timestamp"
        raise DataError("the cases have no days", [Problem(cases.roles.time or "roles.time", rule, str(moments.dtype))])
    codes, _ = pd.factorize(moments.dt.normalize(), sort=True)
    return np.asarray(codes)


def ages(cases: Cases, policy: str) -> np.ndarray:
    """The age of each case's unit, in cycles, float64, shape (n,).

    Raises:
        DataError: The time of the cases is not a number of cycles.
    """
    import pandas as pd

    moments = _as_of(cases, policy)
    if not pd.api.types.is_numeric_dtype(moments):
        rule = f"policy {policy} counts cycles, so the time of a case must be a number"
        raise DataError("the cases have no age", [Problem(cases.roles.time or "roles.time", rule, str(moments.dtype))])
    return moments.to_numpy(dtype="float64")


def unit_codes(cases: Cases, policy: str) -> np.ndarray:
    """The unit of each case (the first entity role), coded by first appearance, shape (n,).

    Raises:
        DataError: No column plays the role of an entity.
    """
    import numpy as np
    import pandas as pd

    if not cases.roles.entities:
        rule = f"policy {policy} needs to know whom a case belongs to: name the column under data.roles.entities"
        raise DataError("the cases have no units", [Problem("data.roles.entities", rule)])
    codes, _ = pd.factorize(cases.rows.frame[cases.roles.entities[0]])
    return np.asarray(codes)


def _as_of(cases: Cases, policy: str) -> pd.Series:
    if "as_of" not in cases.labels.columns:
        rule = f"policy {policy} needs the time of each case: name the column under data.roles.time"
        raise DataError("the cases have no time", [Problem("data.roles.time", rule)])
    return cases.labels.frame["as_of"]
