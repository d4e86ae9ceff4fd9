"""What a column of the same unit will say some time after the row: the capacity of a cell in twenty cycles, a temperature tomorrow.

The value is that of the unit's first row at that time or later, within a tolerance; where watching ended before, it is not known and the
row is censored. Lives are read beside it, so that a policy can serve a unit before its condition is past a limit.
"""

from __future__ import annotations

from pydantic import Field

from upshot.components.durations import Duration
from upshot.components.faults import column_of
from upshot.components.labels._lives import LifeParams, Lives
from upshot.components.times import is_clock, span_ticks, ticks
from upshot.contracts.records import Cases, Checked, Spec
from upshot.errors import DataError, Problem


class ValueAheadParams(LifeParams):
    """The outcome is a column of the same unit, later."""

    column: str = Field(description="Column whose later value is the outcome.")
    ahead: Duration = Field(description="How much later ('20 steps', '7 days').")
    tolerance: Duration | None = Field(
        None, description="How much later than that a reading may come and still count; none for the tenth part of it."
    )


class ValueAhead:
    """Cases with a column's value `ahead` of the row; float64, known when it is read, censored where it never was."""

    spec: Spec

    def __init__(self, params: ValueAheadParams) -> None:
        self.params = params

    def label(self, checked: Checked) -> Cases:
        """Make one case a row, in blocks of units.

        Raises:
            RecipeError: No role names the unit or its time.
            DataError: As for lives; or the column holds no numbers, or no row has an outcome.
        """
        import numpy as np
        import pandas as pd

        lives = Lives.of(checked, self.params)
        roles, whole = checked.snapshot.roles, checked.data.frame
        clock = is_clock(lives.as_of)
        ahead = span_ticks(self.params.ahead, clock, "labels.ahead")
        late = ahead // 10 if self.params.tolerance is None else span_ticks(self.params.tolerance, clock, "labels.tolerance")
        values = column_of(whole, self.params.column, "labels.column")
        if not pd.api.types.is_numeric_dtype(values.dtype):
            raise DataError("the outcome cannot be read", [Problem("labels.column", "must hold numbers", str(values.dtype))])
        assert roles.time is not None
        unit = roles.entities[0]
        asked = pd.DataFrame({"unit": lives.rows.frame[unit], "tick": ticks(lives.as_of) + ahead, "row": range(len(lives.as_of))})
        from upshot.components.times import times

        there = pd.DataFrame({"unit": whole[unit], "tick": ticks(times(whole[roles.time], roles.time)), "value": values.astype("float64")})
        there = there.assign(read_at=there["tick"]).dropna(subset="value").sort_values("tick", kind="stable")
        found = pd.merge_asof(
            asked.sort_values("tick", kind="stable"), there, on="tick", by="unit", direction="forward", tolerance=late
        ).sort_values("row", ignore_index=True)
        censored = found["value"].isna().to_numpy()
        if censored.all():
            rule = "some row must have a reading so much later"
            raise DataError(
                "there is no outcome", [Problem("labels.ahead", rule, self.params.ahead, "look less far ahead, or raise labels.tolerance")]
            )
        known = np.where(censored, ticks(lives.end), found["read_at"].to_numpy(dtype=np.float64, na_value=0)).astype(np.int64)
        known_at = pd.Series(known.astype("datetime64[us]") if clock else known)
        return lives.cases(roles, self.params, found["value"].fillna(0.0).to_numpy(), known_at, censored)
