"""Labels that are counted: how long a unit still lived after each of its rows.

A unit is observed from its first row to its last. Where it failed after its last row, the remaining life is exact; where it was
still running, it lived at least so long, and its rows are marked censored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from upshot.components.faults import column_of, rows_problem
from upshot.components.labels._blocks import block_codes
from upshot.components.labels._outcome import censored_rows
from upshot.components.times import DAY, is_clock, ticks, times
from upshot.contracts.params import Params
from upshot.contracts.records import Cases, Checked, Roles, Spec
from upshot.contracts.tables import Table
from upshot.errors import DataError, Problem, RecipeError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


class RemainingLifeParams(Params):
    """The outcome is the time from a row to the last row of its unit."""

    cap: float | None = Field(None, gt=0, description="Longest remaining life that is told apart, in cycles or days; none for no cap.")


class RemainingLife:
    """Cases with the remaining life of their unit: cycles on a counter, days on a clock; float64, lower is nearer to failure.

    The unit is the first of `data.roles.entities`, its age `data.roles.time`; `data.roles.censored` says which units had not failed.
    """

    spec: Spec

    def __init__(self, params: RemainingLifeParams) -> None:
        self.params = params

    def label(self, checked: Checked) -> Cases:
        """Make one case a row, in blocks of units.

        Raises:
            RecipeError: No role names the unit or its time.
            DataError: A unit has one moment twice, or is censored in some of its rows only.
        """
        import pandas as pd

        roles, frame = checked.snapshot.roles, checked.data.frame
        unit, time = _roles(roles)
        problems: list[Problem] = []
        as_of = times(column_of(frame, time, "data.roles.time"), time)
        units = column_of(frame, unit, "data.roles.entities")
        if units.isna().any():
            problems.append(rows_problem(unit, "the unit must not be null", units.isna().to_numpy(), units))
        again = pd.DataFrame({"unit": units, "as_of": as_of}).duplicated().to_numpy()
        if again.any():
            problems.append(rows_problem(time, f"must not repeat within {unit!r}", again, as_of.astype("str")))
        columns: dict[str, object] = {"label": self._life(units, as_of), "as_of": as_of}
        if roles.censored:
            columns["censored"] = _whole_units(units, censored_rows(frame, roles, problems), roles.censored, problems)
        if problems:
            raise DataError("the cases cannot be made", problems)
        columns["block"] = block_codes("entity", frame, roles, as_of)
        return Cases(checked.data, Table.of(pd.DataFrame(columns)), roles, "entity")

    def _life(self, units: pd.Series, as_of: pd.Series) -> np.ndarray:
        import numpy as np
        import pandas as pd

        now = pd.Series(ticks(as_of), index=units.index)
        left = (now.groupby(units).transform("max") - now).to_numpy(dtype=float)
        life = left / DAY if is_clock(as_of) else left
        return life if self.params.cap is None else np.minimum(life, self.params.cap)


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


def _whole_units(units: pd.Series, censored: np.ndarray, name: str, problems: list[Problem]) -> np.ndarray:
    import pandas as pd

    flags = pd.Series(censored, index=units.index).groupby(units)
    mixed = (flags.transform("max") != flags.transform("min")).to_numpy()
    if mixed.any():
        problems.append(rows_problem(name, f"must be equal in all rows of one {units.name!r}", mixed, units))
    return censored
