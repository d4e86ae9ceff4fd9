"""Rows of a panel while it is put in order: sorted by series and time, each knowing which row of the data it was."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from upshot.components.calendars import Calendar
from upshot.components.faults import EXAMPLES, column_of, counted, shorten
from upshot.contracts.records import Roles
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

SERIES = "unique_id"
"""Column that names the series, where several columns of the key do so together."""


@dataclass(frozen=True)
class PanelRows:
    """Rows sorted by series and time.

    Attributes:
        frame: The columns of the data.
        code: Series of each row, its position in `series`.
        at: Time of each row, without zone.
        origin: Row of the data that it was; -1 for one that was added.
        series: Names of the series.
        step: Step of each row on the calendar.
        y: Target of each row.
    """

    frame: pd.DataFrame
    code: np.ndarray
    at: pd.Series
    origin: np.ndarray
    series: np.ndarray
    step: np.ndarray
    y: np.ndarray

    @classmethod
    def of(cls, frame: pd.DataFrame, code: np.ndarray, at: pd.Series, series: np.ndarray) -> PanelRows:
        """Sort the rows; steps and targets come later."""
        import numpy as np

        order = np.lexsort((at.to_numpy(), code))
        nothing = np.zeros(len(order))
        sorted_at = at.iloc[order].reset_index(drop=True)
        return cls(frame.iloc[order].reset_index(drop=True), code[order], sorted_at, order, series, nothing.astype(np.int64), nothing)

    def take(self, kept: np.ndarray) -> PanelRows:
        """The rows where `kept` is true."""
        if kept.all():
            return self
        parts = {name: getattr(self, name)[kept] for name in ("code", "origin", "step", "y")}
        return replace(self, frame=self.frame[kept].reset_index(drop=True), at=self.at[kept].reset_index(drop=True), **parts)

    @property
    def is_first(self) -> np.ndarray:
        """Whether a row is the first of its series and step."""
        import numpy as np

        first = np.ones(len(self.code), dtype=bool)
        first[1:] = (self.code[1:] != self.code[:-1]) | (self.step[1:] != self.step[:-1])
        return first

    def summed(self) -> PanelRows:
        """One row a series and step: targets added up, other columns of its first row."""
        import numpy as np

        first = self.is_first
        return replace(self.take(first), y=np.add.reduceat(self.y, np.flatnonzero(first))) if len(first) else self

    def filled(self, calendar: Calendar, *, gaps: bool, ends: bool) -> PanelRows:
        """With rows of target 0 where a series has none: between its rows, and after its last one up to the last step of all."""
        import numpy as np
        import pandas as pd

        if not len(self.code) or not (gaps or ends):
            return self
        last_of_all = int(self.step.max())
        is_last = np.r_[self.code[1:] != self.code[:-1], True]
        until = np.where(is_last, last_of_all if ends else self.step, np.r_[self.step[1:] - 1, 0] if gaps else self.step)
        missing = until - self.step
        after = np.repeat(np.arange(len(missing)), missing)  # the row behind which each new one comes
        if not len(after):
            return self
        step = self.step[after] + np.arange(len(after)) - np.repeat(np.cumsum(missing) - missing, missing) + 1
        order = np.argsort(np.r_[np.arange(len(self.code)), after + 0.5], kind="stable")
        at = pd.concat([self.at, calendar.times(step, self.at)], ignore_index=True)
        frame = pd.concat([self.frame, self.frame.iloc[after]], ignore_index=True)
        return PanelRows(
            frame.iloc[order].reset_index(drop=True),
            np.r_[self.code, self.code[after]][order],
            at.iloc[order].reset_index(drop=True),
            np.r_[self.origin, np.full(len(after), -1)][order],
            self.series,
            np.r_[self.step, step][order],
            np.r_[self.y, np.zeros(len(after))][order],
        )

    def problem(self, where: str, rule: str, broken: np.ndarray, values: pd.Series, hint: str | None) -> Problem:
        """The problem of all rows that break a rule, the first few with series and row of the data."""
        import numpy as np

        rows = np.flatnonzero(broken)
        rows = rows[np.argsort(self.origin[rows], kind="stable")]
        shown = "; ".join(
            f"series {shorten(self.series[self.code[row]])}, row {self.origin[row]}: {values.iloc[int(row)]}" for row in rows[:EXAMPLES]
        )
        return Problem(where, rule, f"{counted(len(rows), 'row')}: {shown}{'; ...' if len(rows) > EXAMPLES else ''}", hint)


def series_of(frame: pd.DataFrame, names: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Code of each row's series, and the names of the series in order; those of several columns are joined by a slash.

    Raises:
        DataError: A column is missing, or null in some row.
    """
    import numpy as np
    import pandas as pd

    codes = np.zeros(len(frame), dtype=np.int64)
    levels: list[pd.Index] = []
    for name in names:
        values = column_of(frame, name, "data.roles.key")
        own, found = pd.factorize(values, sort=True)
        if (own < 0).any():
            row = int(np.flatnonzero(own < 0)[0])
            got = f"{counted(int((own < 0).sum()), 'row')}, first in row {row}"
            raise DataError("a row belongs to no series", [Problem(name, "must not be null, because it names the series", got)])
        codes, levels = codes * len(found) + own, [*levels, found]
    kept, code = np.unique(codes, return_inverse=True)
    if len(names) == 1:
        return code, np.asarray(levels[0])
    texts: list[np.ndarray] = []
    rest = kept
    for found in reversed(levels):
        rest, place = np.divmod(rest, len(found))
        texts.insert(0, np.asarray(found).astype(str)[place])
    joined = texts[0]
    for more in texts[1:]:
        joined = np.char.add(np.char.add(joined, "/"), more)
    return code, joined.astype(object)


def with_series(roles: Roles, names: tuple[str, ...]) -> Roles:
    """The roles of rows whose series are named by one column, which is their first entity."""
    entities = dict.fromkeys((SERIES, *names, *roles.entities))
    return replace(roles, entities=tuple(entities), key=(SERIES, str(roles.time)))
