"""Moments of a row that cannot come in another order: an outcome is not known before the event, nothing is delivered before it is sent."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from pydantic import Field, model_validator

from upshot.components.checks._rows import ACTION, MOST_EXAMPLES, Action, require_columns, rows_of
from upshot.contracts.params import Names, Params
from upshot.contracts.records import Finding, Roles, Spec
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


class InOrderParams(Params):
    """Columns whose values must not fall from one to the next."""

    in_order: Names = Field(
        (),
        description="Columns of moments or numbers, the earliest first; the roles time and label_time when left out. Nulls are passed over.",
    )
    action: Action = Field("refuse", description=ACTION)

    @model_validator(mode="after")
    def _are_several(self) -> InOrderParams:
        if len(self.in_order) == 1:
            raise ValueError("in_order must name two columns at least")
        return self


class InOrder:
    """Checks the order within each row.

    Args:
        params: The columns.
    """

    spec: Spec

    def __init__(self, params: InOrderParams) -> None:
        self.params = params
        self.action = params.action

    def check(self, frame: pd.DataFrame, roles: Roles) -> tuple[Finding, np.ndarray]:
        """Rows in which a later column has an earlier value, counted from 0.

        Raises:
            DataError: A column does not exist, two cannot be compared, or the roles name none.
        """
        import numpy as np

        names = list(self.params.in_order) or [name for name in (roles.time, roles.label_time) if name]
        if len(names) < 2:
            hint = "name the columns, or the roles time and label_time of the data"
            raise DataError("a check has nothing to look at", [Problem("in_order", "needs two columns", ", ".join(names) or None, hint)])
        require_columns(frame, names)
        broken, shown = np.zeros(len(frame), dtype=bool), list[str]()
        for first, second in pairwise(names):
            late = _later(frame[first], frame[second], first, second)
            shown += [
                f"row {row}: {first} {frame[first].iloc[row]}, {second} {frame[second].iloc[row]}"
                for row in late.nonzero()[0][:MOST_EXAMPLES]
            ]
            broken |= late
        count, order = int(broken.sum()), " <= ".join(names)
        told = f"{order} must hold: {rows_of(count, len(frame))} break it" if count else f"{order} holds in {len(frame):,} rows"
        return Finding("in_order", None, told, count, tuple(shown[:MOST_EXAMPLES])), broken


def _later(first: pd.Series, second: pd.Series, one: str, other: str) -> np.ndarray:
    """Where the first lies after the second; never where either is null."""
    try:
        found: np.ndarray = (first > second).fillna(False).to_numpy(dtype=bool)
    except TypeError as error:
        got = f"{first.dtype} and {second.dtype}"
        raise DataError(
            "a check does not suit its columns", [Problem(f"columns {one!r} and {other!r}", "must be comparable", got)]
        ) from error
    return found
