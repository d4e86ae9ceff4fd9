"""Which training rows a detector takes as healthy: it learns from no failure, so it serves assets that have none on record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from upshot.components.lives import ages, fails, remaining
from upshot.contracts.components import Examples
from upshot.contracts.params import Params
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np


class HealthyParams(Params):
    """What every detector is asked: which rows are healthy."""

    healthy_age: float | None = Field(
        None, gt=0, description="Rows of units up to this age, in steps or days, are taken as healthy; none for any age."
    )
    healthy_from: float | None = Field(
        None,
        gt=0,
        description="Of units that were seen to fail, only rows with so much life left are taken as healthy; none to ignore failures.",
    )


def healthy_rows(train: Examples, params: HealthyParams, asker: str) -> np.ndarray:
    """Positions of the training rows that are taken as healthy, ascending.

    Raises:
        DataError: There are fewer than ten.
    """
    import numpy as np

    cases = train.cases
    healthy = np.ones(cases.size, dtype=bool)
    if params.healthy_age is not None:
        healthy &= ages(cases, asker) <= params.healthy_age
    if params.healthy_from is not None:
        healthy &= ~fails(cases) | (remaining(cases, asker) >= params.healthy_from)
    found = np.flatnonzero(healthy)
    if len(found) < 10:
        got = f"{len(found)} of {cases.size:,} training rows"
        hint = "raise healthy_age, or lower healthy_from"
        raise DataError("there is nothing to compare with", [Problem("model", "at least 10 rows must count as healthy", got, hint)])
    return found
