"""What is known of things that wear out: how old each row's unit is, how long it was still seen, and whether that end was a failure.

A unit is observed from its first row to its end. The end is its last row, or stands in a column (`data.roles.label_time`), so that
sensors may be read irregularly and a failure may fall between two readings. Where watching ended before the unit failed
(`data.roles.censored`), it lived at least so long. Every label is a rule on these facts, so none can look further ahead than its rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pydantic import Field, field_validator

from upshot.components.faults import column_of, rows_problem
from upshot.components.labels._outcome import censored_rows
from upshot.components.times import DAY, is_clock, ticks, times
from upshot.contracts.params import Params
from upshot.contracts.records import Cases, Checked, Roles
from upshot.contracts.tables import Table
from upshot.errors import DataError, Problem, RecipeError, did_you_mean

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


class LifeParams(Params):
    """How the lives of units are read."""

    age: str | None = Field(
        None, description="Column with the unit's age; none for the counter itself, or on a clock for the days since its first row."
    )
    fails_when: str | None = Field(
        None,
        description="Condition at which a unit counts as failed, such as 'capacity < 1.4': its life ends at the first such row, and later ones are no cases; none where the data tell how lives end.",
    )
    without_failure: Literal["censor", "refuse"] = Field(
        "censor", description="Units that were not seen to fail: kept, as having lived at least so long, or refused."
    )
    block: str | None = Field(
        None, description="Column whose values intervals resample, such as the machine of several lives; none for the unit."
    )

    @field_validator("fails_when")
    @classmethod
    def _is_an_expression(cls, text: str | None) -> str | None:
        from upshot.value.expressions import Expression

        if text is not None:
            Expression.parse(text)
        return text


@dataclass(frozen=True)
class Lives:
    """The facts of each row, shape (n,).

    Attributes:
        rows: The rows; those after the end of their unit are left out.
        as_of: Time of the row: datetime64[us], or int64 of a counter.
        end: When the unit was seen for the last time, likewise.
        age: Age of the unit, float64, in steps of the counter, or in days.
        remaining: From the row to the end, float64, likewise.
        fails: True where the end is a failure.
        scale: Ticks of the time column in a step, or in a day.
    """

    rows: Table
    as_of: pd.Series
    end: pd.Series
    age: np.ndarray
    remaining: np.ndarray
    fails: np.ndarray
    scale: int

    @classmethod
    def of(cls, checked: Checked, params: LifeParams) -> Lives:
        """Read them from the rows.

        Raises:
            RecipeError: No role names the unit or its time, or both a column and a condition say how lives end.
            DataError: A unit has one moment twice, two ends, or an end before a row; or it did not fail where it must.
        """
        import numpy as np

        roles, frame = checked.snapshot.roles, checked.data.frame
        unit, time = _roles(roles)
        problems: list[Problem] = []
        as_of = times(column_of(frame, time, "data.roles.time"), time)
        units = column_of(frame, unit, "data.roles.entities")
        _check_units(units, as_of, problems)
        if params.fails_when is None:
            end = _ends(frame, roles, units, as_of, problems)
            fails = ~_whole_units(units, censored_rows(frame, roles, problems), problems, roles.censored)
        else:
            end, fails = _first_failing(frame, roles, params.fails_when, units, as_of)
        if params.without_failure == "refuse" and not fails.all():
            problems.append(_no_failure(units, fails))
        age = _ages(frame, params, units, as_of, problems)
        if problems:
            raise DataError("the cases cannot be made", problems)
        scale = DAY if is_clock(as_of) else 1
        kept = np.flatnonzero((as_of <= end).to_numpy())
        as_of, end = (moments.iloc[kept].reset_index(drop=True) for moments in (as_of, end))
        rows = checked.data if len(kept) == len(frame) else checked.data.take(kept)
        return cls(rows, as_of, end, age[kept], (ticks(end) - ticks(as_of)) / scale, fails[kept], scale)

    def cases(self, roles: Roles, params: LifeParams, label: np.ndarray, known_at: pd.Series, censored: np.ndarray) -> Cases:
        """One case a row, in blocks of units.

        Args:
            roles: Of the rows.
            params: Which column is the block.
            label: The outcome, shape (n,).
            known_at: When it was known, in the type of `as_of`.
            censored: Where it was not seen to its end, bool, shape (n,).
        """
        import numpy as np
        import pandas as pd

        of_block = column_of(self.rows.frame, params.block or roles.entities[0], "labels.block")
        columns: dict[str, object] = {"label": label, "as_of": self.as_of, "label_known_at": known_at}
        if censored.any():
            columns["censored"] = censored
        columns |= {"age": self.age, "remaining": self.remaining, "fails": self.fails}
        columns["block"] = pd.factorize(of_block)[0].astype(np.int64)
        return Cases(self.rows, Table.of(pd.DataFrame(columns)), roles, "entity")

    def after(self, span: float) -> pd.Series:
        """The moment so much later than each row, but no later than its unit's end; `span` in steps or days."""
        import numpy as np
        import pandas as pd

        ahead = np.minimum(np.floor(span * self.scale), ticks(self.end) - ticks(self.as_of)).astype(np.int64)
        later = self.as_of + (ahead.astype("timedelta64[us]") if is_clock(self.as_of) else ahead)
        return pd.Series(later, index=self.as_of.index)


def _roles(roles: Roles) -> tuple[str, str]:
    problems = [
        Problem(f"data.roles.{role}", f"must name {what}")
        for role, what, given in (("entities", "the unit", roles.entities), ("time", "the unit's age", roles.time))
        if not given
    ]
    if problems:
        raise RecipeError("the remaining life cannot be counted", problems)
    assert roles.time is not None
    return roles.entities[0], roles.time


def _check_units(units: pd.Series, as_of: pd.Series, problems: list[Problem]) -> None:
    import pandas as pd

    name = str(units.name)
    if units.isna().any():
        problems.append(rows_problem(name, "the unit must not be null", units.isna().to_numpy(), units))
    again = pd.DataFrame({"unit": units, "as_of": as_of}).duplicated().to_numpy()
    if again.any():
        hint = "drop the copies, or name another time or unit"
        problems.append(rows_problem(str(as_of.name), f"must not repeat within {name!r}", again, as_of.astype("str"), hint))


def _ends(frame: pd.DataFrame, roles: Roles, units: pd.Series, as_of: pd.Series, problems: list[Problem]) -> pd.Series:
    """When each row's unit was seen for the last time."""
    if roles.label_time is None:
        return as_of.groupby(units).transform("max")
    end = times(column_of(frame, roles.label_time, "data.roles.label_time"), roles.label_time)
    if is_clock(end) != is_clock(as_of):
        problems.append(Problem(roles.label_time, f"must be of the type of {roles.time!r}", str(end.dtype)))
        return as_of
    by_unit = end.groupby(units)
    several = (by_unit.transform("max") != by_unit.transform("min")).to_numpy()
    if several.any():
        hint = "a unit has one end; give each life of a machine its own unit"
        problems.append(rows_problem(roles.label_time, f"must be equal in all rows of one {units.name!r}", several, units, hint))
    early = (end < as_of).to_numpy()
    if early.any():
        problems.append(rows_problem(roles.label_time, f"must not lie before {roles.time!r}", early, end.astype("str")))
    return end


def _first_failing(frame: pd.DataFrame, roles: Roles, condition: str, units: pd.Series, as_of: pd.Series) -> tuple[pd.Series, np.ndarray]:
    """When each row's unit met the condition for the first time, or was seen last, and whether it did.

    Raises:
        RecipeError: A column says how lives end too.
        DataError: The condition names no column, is none, or has no value in a row.
    """
    from upshot.value.expressions import Expression

    said = [f"data.roles.{role}" for role, name in (("label_time", roles.label_time), ("censored", roles.censored)) if name]
    if said:
        rule = "must be left out where columns say how lives end"
        raise RecipeError("two things say how lives end", [Problem("labels.fails_when", rule, ", ".join(said))])
    expression, where = Expression.parse(condition), "labels.fails_when"
    unknown = expression.unknown(frame.columns)
    if unknown:
        problems = [Problem(where, "no such column in the data", repr(name), did_you_mean(name, frame.columns)) for name in unknown]
        raise DataError("the ends of the lives are not known", problems)
    failed = expression.evaluate({name: frame[name] for name in expression.names}, rows=len(frame), what=where)
    if failed.dtype != bool:
        raise DataError("the ends of the lives are not known", [Problem(where, "must be a condition, such as capacity < 1.4", condition)])
    first = as_of.where(failed).groupby(units).transform("min")
    fails = first.notna().to_numpy()
    last = as_of.groupby(units).transform("max")
    return first.where(fails, last).astype(as_of.dtype), fails


def _whole_units(units: pd.Series, censored: np.ndarray, problems: list[Problem], name: str | None) -> np.ndarray:
    import pandas as pd

    flags = pd.Series(censored, index=units.index).groupby(units)
    mixed = (flags.transform("max") != flags.transform("min")).to_numpy()
    if name is not None and mixed.any():
        problems.append(rows_problem(name, f"must be equal in all rows of one {units.name!r}", mixed, units))
    return censored


def _no_failure(units: pd.Series, fails: np.ndarray) -> Problem:
    """The units that did not fail, each by its first row."""
    first = ~fails & ~units.duplicated().to_numpy()
    hint = "leave these units out, or keep what is known of them: labels.without_failure=censor"
    return rows_problem(str(units.name), "every unit must have been seen to fail", first, units, hint)


def _ages(frame: pd.DataFrame, params: LifeParams, units: pd.Series, as_of: pd.Series, problems: list[Problem]) -> np.ndarray:
    import numpy as np
    import pandas as pd

    if params.age is not None:
        column = column_of(frame, params.age, "labels.age")
        if not pd.api.types.is_numeric_dtype(column.dtype):
            problems.append(Problem(params.age, "an age must be a number", str(column.dtype)))
            return np.zeros(len(frame))
        age: np.ndarray = column.to_numpy(dtype=np.float64, na_value=np.nan)
        if (broken := ~(np.isfinite(age) & (age >= 0))).any():
            problems.append(rows_problem(params.age, "an age must be a finite number >= 0", broken, column))
        return age
    if not is_clock(as_of):
        return as_of.to_numpy(dtype=np.float64)
    now = pd.Series(ticks(as_of), index=as_of.index)
    return (now - now.groupby(units).transform("min")).to_numpy(dtype=np.float64) / DAY
