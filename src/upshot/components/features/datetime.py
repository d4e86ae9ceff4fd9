"""Parts of a timestamp as features: when in the day, the week, the year."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from upshot.components.features._columns import raw
from upshot.components.times import DAY, is_clock, ticks, times
from upshot.contracts.params import Params
from upshot.contracts.records import Cases, Roles, Spec
from upshot.errors import DataError, Problem, RecipeError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

DatePart = Literal["hour", "day_of_week", "is_weekend", "is_night", "day", "month", "time_of_day", "time_of_week", "time_of_year"]
ROUNDS = {"time_of_day": 1.0, "time_of_week": 7.0, "time_of_year": 365.25}
"""Parts on a circle, and the days of one round; a week begins on Monday, a year is counted from 1970-01-01."""
LAST_NIGHT_HOUR = 6


class DatetimeParams(Params):
    """Parts of one timestamp column, in UTC."""

    column: str | None = Field(None, description="Column to read; none for data.roles.time.")
    parts: Annotated[tuple[DatePart, ...], Field(strict=False, min_length=1)] = Field(
        ("hour", "day_of_week", "is_weekend", "is_night"),
        description="hour 0-23, day_of_week 0 (Monday) to 6, is_weekend, is_night (hour <= 6), day 1-31, month 1-12; time_of_day, time_of_week and "
        "time_of_year are points on a circle, a `_sin` and a `_cos` column each, so that 23:59 is near 00:00.",
    )


class Datetime:
    """One float64 column a part (two for a point on a circle), named `<column>_<part>`. Nothing is learned.

    Source:
        is_weekend and is_night as in the Fraud Detection Handbook, chapter 3.3.
    """

    spec: Spec
    needs_history = False

    def __init__(self, params: DatetimeParams) -> None:
        self.params = params

    def inputs(self, roles: Roles) -> tuple[str, ...]:
        """Raw columns that it reads."""
        return (_column(self.params, roles),)

    def fit(self, train: Cases, history: Cases) -> None:
        """Learn nothing."""

    def transform(self, cases: Cases, history: Cases) -> pd.DataFrame:
        """The parts, index 0..n-1.

        Raises:
            DataError: The column is no timestamp, or null.
        """
        import pandas as pd

        name = _column(self.params, cases.roles)
        moments = times(raw(cases, name), name)
        if not is_clock(moments):
            raise DataError("a feature cannot be read", [Problem(name, "must hold timestamps", str(moments.dtype))])
        frame: dict[str, np.ndarray] = {}
        for part in self.params.parts:
            if part in ROUNDS:
                frame |= {f"{name}_{part}_{side}": values for side, values in _on_circle(moments, ROUNDS[part]).items()}
            else:
                frame[f"{name}_{part}"] = _part(moments, part).astype(float)
        return pd.DataFrame(frame)

    def state(self) -> Mapping[str, bytes]:
        """Nothing was learned."""
        return {}

    def restore(self, files: Mapping[str, bytes]) -> None:
        """There is nothing to take back."""


def _column(params: DatetimeParams, roles: Roles) -> str:
    name = params.column or roles.time
    if name is None:
        raise RecipeError("a feature needs a time", [Problem("features.*.column", "must name a column", hint="or data.roles.time")])
    return name


def _on_circle(moments: pd.Series, days: float) -> dict[str, np.ndarray]:
    """Sine and cosine of the share of a round that has passed; 1970-01-05 was a Monday."""
    import numpy as np

    first = 4 * DAY if days == ROUNDS["time_of_week"] else 0
    angle = 2 * np.pi * ((ticks(moments) - first) / (days * DAY) % 1.0)
    return {"sin": np.sin(angle), "cos": np.cos(angle)}


def _part(moments: pd.Series, part: DatePart) -> np.ndarray:
    if part == "is_weekend":
        weekend: np.ndarray = (moments.dt.day_of_week >= 5).to_numpy()
        return weekend
    if part == "is_night":
        night: np.ndarray = (moments.dt.hour <= LAST_NIGHT_HOUR).to_numpy()
        return night
    values: np.ndarray = getattr(moments.dt, part).to_numpy()
    return values
