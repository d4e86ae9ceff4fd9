"""The rows of a unit go forward in time from one to the next, each moment once.

A counter that jumps back has been reset, or two machines share a name: either way lives, windows and trends would be counted wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from upshot.components.checks._rows import ACTION, MOST_EXAMPLES, Action, highest_before, require_columns, rows_of, told
from upshot.contracts.params import Params
from upshot.contracts.records import Finding, Roles, Spec
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


REMEDY = (
    "drop copies, sort rows that are only in disorder; where a counter was reset, each life needs a unit of its own; "
    "action: quarantine sets such rows aside"
)


class UnitOrderParams(Params):
    """Rows of a unit go forward in time, each moment once."""

    unit: str | None = Field(None, description="Column of the unit; none for the first of data.roles.entities.")
    time: str | None = Field(None, description="Column of the time; none for data.roles.time.")
    action: Action = Field("refuse", description=ACTION)


class UnitOrder:
    """Checks each row against the latest before it of the same unit. Quarantine sets the rows aside that go back or repeat."""

    spec: Spec

    def __init__(self, params: UnitOrderParams) -> None:
        self.params = params
        self.action = params.action

    def check(self, frame: pd.DataFrame, roles: Roles) -> tuple[Finding, np.ndarray]:
        """Rows that are not later than all rows before them of the same unit, in the order of the table.

        Raises:
            DataError: A column does not exist, or no role names it.
        """
        unit, time = self.params.unit or next(iter(roles.entities), None), self.params.time or roles.time
        if unit is None or time is None:
            problem = Problem("unit_order", "needs the unit and its time", None, "name them, or data.roles.entities and data.roles.time")
            raise DataError("a check has nothing to look at", [problem])
        require_columns(frame, (unit, time))
        at, units = frame[time], frame[unit]
        latest = highest_before(at, [units])
        broken = (at <= latest).fillna(False).to_numpy(dtype=bool)
        count = int(broken.sum())
        rule = f"{time} must go forward within each {unit}"
        rule = f"{rule}: {rows_of(count, len(frame))} go back or repeat" if count else f"{rule}: so it does in {len(frame):,} rows"
        few = broken.nonzero()[0][:MOST_EXAMPLES]
        if unit in roles.protected or time in roles.protected:
            examples = tuple(f"row {row}: (hidden)" for row in few)
        else:
            before = latest.iloc[few].astype(at.dtype)  # shifted integers had become floats
            examples = tuple(
                f"row {row}: {told(at.iloc[row])} of {told(units.iloc[row])} after {told(b)}" for row, b in zip(few, before, strict=True)
            )
        return Finding("unit_order", time, rule, count, examples, remedy=REMEDY if count else ""), broken
