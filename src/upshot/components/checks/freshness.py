"""The data must be of today: the newest row not too old, and none from the future.

What "now" is changes what the check says, so a plan asks the check for it: a result of yesterday is not taken for one of today. With `as_of` the
clock stands, as in a test or a backtest.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pydantic import Field, model_validator

from upshot.components.checks._rows import ACTION, Action, examples, require_columns, rows_of
from upshot.components.durations import Duration, Moment
from upshot.components.times import DAY, is_clock, moment_of, moment_text, span_of, ticks, times
from upshot.contracts.params import Params
from upshot.contracts.records import Finding, Roles, Spec
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


class FreshnessParams(Params):
    """How old the newest row may be, and whether rows may lie in the future."""

    max_age: Duration | None = Field(None, description="Age that the newest row may have, such as '2 days' or '12h'; any when left out.")
    column: str | None = Field(None, description="Column of moments; the role time when left out.")
    future: bool = Field(False, description="Whether rows may lie after now.")
    as_of: Moment | None = Field(None, description="The moment that is now (UTC where it names no zone); the clock when left out.")
    action: Action = Field("refuse", description=f"{ACTION} Of rows from the future; data that is too old is refused, or warned of.")

    @model_validator(mode="after")
    def _is_a_clock(self) -> FreshnessParams:
        if self.max_age is not None and not span_of(self.max_age).is_clock:
            raise ValueError("max_age must be a time, such as '2 days'")
        if isinstance(self.as_of, int):
            raise ValueError("as_of must be a moment, such as '2026-12-31'")
        return self


class Freshness:
    """Checks a column of moments against now.

    Args:
        params: Age and column.
    """

    spec: Spec

    def __init__(self, params: FreshnessParams) -> None:
        self.params = params
        self.action = params.action

    def fingerprint(self) -> str:
        """What the check calls now, no finer than it needs: the hour for ages below two days, else the day."""
        if self.params.as_of is not None:
            return str(self.params.as_of)
        grain = DAY if self.params.max_age is None or span_of(self.params.max_age).ticks >= 2 * DAY else DAY // 24
        return moment_text(self._now() // grain * grain, clock=True)

    def check(self, frame: pd.DataFrame, roles: Roles) -> tuple[Finding, np.ndarray]:
        """Rows from the future, counted from 0; all rows where the newest is too old.

        Raises:
            DataError: The column does not exist or holds no moments; or the newest row is too old and that is not to be warned of only.
        """
        import numpy as np

        name = self.params.column or roles.time
        if name is None:
            raise DataError("a check has nothing to look at", [Problem("column", "must be named", None, "or the role time of the data")])
        require_columns(frame, [name])
        moments = times(frame[name].dropna(), f"column {name!r}")
        if not is_clock(moments):
            raise DataError("a check does not suit its column", [Problem(f"column {name!r}", "must hold moments", str(moments.dtype))])
        now, there = self._now(), frame[name].notna().to_numpy()
        found = np.full(len(frame), np.iinfo(np.int64).min)
        found[there] = ticks(moments)
        late = found > now
        newest = int(found.max(initial=np.iinfo(np.int64).min))
        stale = self._stale(newest, now, name) if self.params.max_age is not None else None
        if stale is not None:
            return Finding("freshness", name, stale, len(frame), ()), np.ones(len(frame), dtype=bool)
        count = 0 if self.params.future else int(late.sum())
        shown = examples(frame[name], late, hidden=False) if count else ()
        told = (
            f"{name} must not lie after {moment_text(now, clock=True)}: {rows_of(count, len(frame))} do"
            if count
            else _is_fresh(name, newest)
        )
        return Finding("freshness", name, told, count, shown), late if count else np.zeros(len(frame), dtype=bool)

    def _stale(self, newest: int, now: int, name: str) -> str | None:
        age = now - newest
        if age <= span_of(self.params.max_age or "").ticks:
            return None
        text = f"the newest {name} must be at most {self.params.max_age} old at {moment_text(now, clock=True)}; it is {moment_text(newest, clock=True)}"
        if self.action == "quarantine":  # no row is at fault
            raise DataError("the data is too old", [Problem("max_age", text)])
        return text

    def _now(self) -> int:
        if self.params.as_of is not None:
            return moment_of(self.params.as_of)
        return int(datetime.now(UTC).timestamp() * 1_000_000)


def _is_fresh(name: str, newest: int) -> str:
    return f"the newest {name} is {moment_text(newest, clock=True)}"
