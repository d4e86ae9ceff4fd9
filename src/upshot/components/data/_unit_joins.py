"""Readings of units joined with their events and what is known of them once: one row a reading, and how its life ended.

Only units and times are looked at; every other column stays as it was read, to the last digit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from upshot.components.faults import EXAMPLES, column_of, counted, rows_problem, shorten
from upshot.components.times import DAY, is_clock, ticks, times
from upshot.errors import DataError, Problem, did_you_mean

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa


@dataclass(frozen=True)
class Keys:
    """Unit and time of the rows of one table, and what is wrong with them.

    Attributes:
        where: The table, as people call it: "data.histories.train.readings".
        unit: Unit of each row.
        at: Time of each row, as `times` has it.
    """

    where: str
    unit: pd.Series
    at: pd.Series

    @classmethod
    def of(cls, table: pa.Table, where: str, unit: str, time: str) -> Keys:
        """Take the two columns.

        Raises:
            DataError: One is missing, a unit is null, or the time is neither timestamps nor integers.
        """
        units = units_of(table, where, unit)
        column_of_table(table, where, time)
        return cls(where, units, times(table.select([time]).to_pandas()[time], f"{where} column {time!r}"))

    def order_problems(self, refuse_disorder: bool) -> list[Problem]:
        """Moments that a unit has twice, and times that go back within a unit, each with its rows."""
        import pandas as pd

        frame = pd.DataFrame({"unit": self.unit, "at": self.at})
        again = frame.duplicated().to_numpy()
        back = (self.at < self.at.groupby(self.unit).shift()).to_numpy()
        shown = self.unit.astype("str") + " at " + self.at.astype("str")
        problems = []
        if again.any():
            hint = "drop the copies where the readings are read, or name another time"
            problems.append(rows_problem(self.where, "a unit must have one reading a moment", again, shown, hint))
        if back.any() and refuse_disorder:
            hint = "if only the order of the rows is wrong, set data.order=sort; if a counter was reset, each life needs a unit of its own"
            problems.append(rows_problem(self.where, "the time of a unit must not go back from row to row", back, shown, hint))
        return problems


@dataclass(frozen=True)
class Ends:
    """How the life of each reading ended; arrays of shape (readings,).

    Attributes:
        life: Which life of its unit a reading belongs to, 1, 2, ...
        ended: When that life ended, in ticks.
        running: True where that end is no failure.
        mode: Row of the event that ended it, -1 where none did.
    """

    life: np.ndarray
    ended: np.ndarray
    running: np.ndarray
    mode: np.ndarray


def ends_of(readings: Keys, events: Keys | None, is_failure: np.ndarray, fails_at_last: bool) -> Ends:
    """Cut each unit's readings into lives: a reading belongs to the first end at its moment or after it.

    Args:
        readings: The readings.
        events: Events that end a life; None without any.
        is_failure: Which of them are failures, shape (events,).
        fails_at_last: Whether the last reading of a unit that no event ends is its failure.

    Raises:
        DataError: An event belongs to a unit without readings, or two end a unit at one moment.
    """
    import numpy as np
    import pandas as pd

    now = ticks(readings.at)
    last = pd.Series(now, index=readings.unit.index).groupby(readings.unit).transform("max").to_numpy()
    life, mode = np.ones(len(now), dtype=np.int64), np.full(len(now), -1)
    if events is None or not len(events.at):
        return Ends(life, last, np.full(len(now), not fails_at_last), mode)
    _check_events(readings, events)
    codes, units = pd.factorize(readings.unit)
    of_event = units.get_indexer(pd.Index(events.unit))
    then = ticks(events.at)
    moments = np.unique(np.concatenate([now, then]))
    width = len(moments) + 1
    keys = of_event * width + np.searchsorted(moments, then)
    order = np.argsort(keys, kind="stable")
    place = np.searchsorted(keys[order], codes * width + np.searchsorted(moments, now))
    event = order[np.minimum(place, len(order) - 1)]
    has_end = (place < len(order)) & (of_event[event] == codes)
    first = np.searchsorted(keys[order], codes * width)
    return Ends(
        life=1 + place - first,
        ended=np.where(has_end, then[event], last),
        running=np.where(has_end, ~is_failure[event], not fails_at_last),
        mode=np.where(has_end, event, -1),
    )


def _check_events(readings: Keys, events: Keys) -> None:
    import pandas as pd

    problems = []
    if is_clock(events.at) != is_clock(readings.at):
        problems.append(Problem(events.where, f"times must be of the type of {readings.where}", str(events.at.dtype)))
    unknown = ~events.unit.isin(readings.unit.unique()).to_numpy()
    if unknown.any():
        hint = "leave these events out, or read their units too"
        problems.append(rows_problem(events.where, "an event must be of a unit that has readings", unknown, events.unit, hint))
    again = pd.DataFrame({"unit": events.unit, "at": events.at}).duplicated().to_numpy()
    if again.any():
        shown = events.unit.astype("str") + " at " + events.at.astype("str")
        problems.append(
            rows_problem(events.where, "a unit must have one end at a moment", again, shown, "keep the one that ended its life")
        )
    if problems:
        raise DataError("the events do not fit the readings", problems)


def with_remaining(ends: Ends, readings: Keys, table: pa.Table, where: str, unit: str, column: str) -> Ends:
    """The same ends, and where no event ended a life, the failure that a table says came so long after the unit's last reading.

    Raises:
        DataError: A unit is missing or stands twice, or a time is no number >= 0, or no whole one on a counter.
    """
    import numpy as np

    rows = one_row_each(readings, table, where, unit)
    values = column_of_table(table, where, column).to_pandas().to_numpy(dtype=np.float64, na_value=np.nan)
    clock = is_clock(readings.at)
    broken = ~(np.isfinite(values) & (values >= 0)) | (~np.equal(np.mod(values, 1), 0) if not clock else False)
    if broken.any():
        rule = "a remaining life must be a number of days >= 0" if clock else "a remaining life must be a whole number of steps >= 0"
        shown = column_of_table(table, where, column).to_pandas()
        raise DataError("the ends of the units are not known", [rows_problem(f"{where} column {column!r}", rule, broken, shown)])
    ahead = np.rint(values * (DAY if clock else 1)).astype(np.int64)
    open_end = ends.mode < 0
    return Ends(ends.life, ends.ended + np.where(open_end, ahead[rows], 0), ends.running & ~open_end, ends.mode)


def one_row_each(readings: Keys, table: pa.Table, where: str, unit: str) -> np.ndarray:
    """For each reading the row of its unit in a table that has one row a unit, shape (readings,).

    Raises:
        DataError: A unit is missing there, or stands twice.
    """
    import pandas as pd

    units = units_of(table, where, unit)
    problems = []
    if (again := units.duplicated().to_numpy()).any():
        problems.append(rows_problem(where, "must have one row a unit", again, units, "drop the copies"))
    codes, seen = pd.factorize(readings.unit)
    rows = pd.Index(units).drop_duplicates().get_indexer(seen)
    lost = seen[rows < 0]
    if len(lost):
        shown = ", ".join(shorten(value) for value in lost[:EXAMPLES])
        hint = "add their rows, or leave their readings out"
        problems.append(
            Problem(where, "must have a row for every unit with readings", f"none for {counted(len(lost), 'unit')}: {shown}", hint)
        )
    if problems:
        raise DataError("units cannot be joined", problems)
    found: np.ndarray = rows[codes]
    return found


def units_of(table: pa.Table, where: str, unit: str) -> pd.Series:
    """The unit column of a table.

    Raises:
        DataError: There is none, or a unit is null.
    """
    column_of_table(table, where, unit)
    units = column_of(table.select([unit]).to_pandas(), unit, where)
    if (null := units.isna().to_numpy()).any():
        raise DataError("units cannot be told apart", [rows_problem(f"{where} column {unit!r}", "the unit must not be null", null, units)])
    return units


def column_of_table(table: pa.Table, where: str, name: str) -> pa.ChunkedArray:
    """A column of an Arrow table.

    Raises:
        DataError: There is none of this name; the hint is the nearest.
    """
    if name not in table.column_names:
        problem = Problem(where, "no such column in the data", repr(name), did_you_mean(name, table.column_names))
        raise DataError("a column is missing", [problem])
    return table[name]


def shared_units(units: Mapping[str, pd.Series]) -> list[str]:
    """Units that two histories have, as texts, with the two."""
    import pandas as pd

    first: dict[object, str] = {}
    found = []
    for name, values in units.items():
        for unit in pd.unique(values):
            if unit in first:
                found.append(f"{shorten(unit)} in {first[unit]} and {name}")
            else:
                first[unit] = name
    return found
