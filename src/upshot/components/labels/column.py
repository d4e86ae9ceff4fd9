"""Labels that stand in a column: one case a row, decided on at the row's time.

The moment at which an outcome becomes known is part of the case: a model that trains on yesterday's frauds, which the bank learns
of next week, is good on paper only. So a label delay is declared here once, and splits and features obey it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from upshot.components.durations import Duration, Moment
from upshot.components.faults import column_of, rows_problem
from upshot.components.labels._blocks import Block, block_codes, block_of
from upshot.components.labels._outcome import Scalar, censored_rows, outcome
from upshot.components.times import is_clock, moment_of, moment_text, span_ticks, ticks, times
from upshot.contracts.params import Params
from upshot.contracts.records import Cases, Checked, Roles, Spec
from upshot.contracts.tables import Table
from upshot.errors import DataError, Problem, RecipeError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


class ColumnParams(Params):
    """The outcome stands in the column that `data.roles.target` names."""

    positive: Scalar | None = Field(None, description="Value of the target that counts as 1, all others as 0; none for 0/1 or a number.")
    delay: Duration | None = Field(
        None,
        description="Time after which an outcome is known ('7 days'); a column named by data.roles.label_time goes before it.",
    )
    drawn_at: Moment | None = Field(
        None,
        description="Moment at which the rows were drawn from their source: outcomes that were not known by then are in no part, whatever the target says. None when all are known.",
    )
    order: Literal["time", "rows"] = Field(
        "time",
        description="time: cases fall at data.roles.time; rows: the rows stand in the order of time without saying when, so their numbers from 0 are their time.",
    )
    allow_nothing: bool = Field(
        False, description="Whether a null item is a visit on which nothing was taken, so that what was shown in vain counts too."
    )
    block: Block | None = Field(
        None,
        description="What intervals resample: day, week, month, entity or case; none for day on a clock, else entity, else case.",
    )


class Column:
    """Cases with the outcome of a column.

    Gives `label` (int64 for 0/1, float64 for numbers, the items themselves where the target is the item that is recommended),
    `as_of` where there is a time, `label_known_at` where it is declared, `censored` where a column says so, `matured` where
    `drawn_at` is given, and `block`.
    """

    spec: Spec

    def __init__(self, params: ColumnParams) -> None:
        self.params = params

    def label(self, checked: Checked) -> Cases:
        """Make one case a row.

        Raises:
            RecipeError: No role names an outcome, the block needs a role that is not given, or it is not said when outcomes are known.
            DataError: An outcome is null, infinite, text, of one class, or known before its case; a case lies after the rows were drawn; the
                key does not name one row.
        """
        import pandas as pd

        roles, frame = checked.snapshot.roles, checked.data.frame
        problems: list[Problem] = []
        censored = censored_rows(frame, roles, problems)
        as_of = self._moments(frame, roles)
        of_time: list[Problem] = []
        known = None if as_of is None else self._known_at(frame, roles, as_of, of_time)
        matured = self._matured(as_of, known, of_time)
        columns: dict[str, object] = {"label": self._label(frame, roles, censored, matured, problems)}
        columns |= {} if as_of is None else {"as_of": as_of}
        columns |= {} if known is None else {"label_known_at": known}
        columns |= {} if self.params.drawn_at is None else {"matured": matured}
        if roles.censored:
            columns["censored"] = censored
        block = block_of(self.params.block, roles, as_of)
        columns["block"] = block_codes(block, frame, roles, as_of)
        problems += _repeated(frame, roles)
        if problems or of_time:
            raise DataError("the cases cannot be made", [*problems, *of_time])
        return Cases(checked.data, Table.of(pd.DataFrame(columns)), roles, block)

    def _moments(self, frame: pd.DataFrame, roles: Roles) -> pd.Series | None:
        import numpy as np
        import pandas as pd

        if self.params.order == "rows":
            if roles.time is not None:
                rule = "must be time where data.roles.time names a column"
                raise RecipeError("the cases have two times", [Problem("labels.order", rule, "rows", "leave one of them out")])
            return pd.Series(np.arange(len(frame)))
        return times(column_of(frame, roles.time, "data.roles.time"), roles.time) if roles.time else None

    def _matured(self, as_of: pd.Series | None, known: pd.Series | None, problems: list[Problem]) -> np.ndarray | None:
        """False where the outcome was not known when the rows were drawn, shape (n,); None where nothing says when that was."""
        if self.params.drawn_at is None:
            return None
        if as_of is None or known is None:
            hint = "set labels.delay, or name the column under data.roles.label_time"
            rule = "needs the moment at which each outcome is known"
            raise RecipeError("nobody knows which outcomes were known", [Problem("labels.drawn_at", rule, None, hint)])
        clock, drawn = is_clock(as_of), moment_of(self.params.drawn_at)
        if clock == isinstance(self.params.drawn_at, int):
            wanted = "a date, as the time of the cases is" if clock else "an integer, as the time of the cases is"
            raise RecipeError("a moment of another kind", [Problem("labels.drawn_at", f"must be {wanted}", repr(self.params.drawn_at))])
        after = ticks(as_of) > drawn
        if after.any():
            rule = f"must not lie after labels.drawn_at ({moment_text(drawn, clock)})"
            problems.append(rows_problem("data.roles.time", rule, after, as_of.astype("str")))
        matured: np.ndarray = ticks(known) <= drawn
        return matured

    def _label(
        self, frame: pd.DataFrame, roles: Roles, censored: np.ndarray, matured: np.ndarray | None, problems: list[Problem]
    ) -> object:
        target = roles.target or roles.item
        if target is None:
            raise RecipeError("the recipe names no outcome", [Problem("data.roles.target", "must name the column to predict")])
        values = column_of(frame, target, "data.roles.target")
        if target != roles.item:
            known = values if matured is None else _stood_in_for(values, matured)
            return outcome(known, self.params.positive, censored, problems)
        if values.isna().any() and not self.params.allow_nothing:
            hint = "or set labels.allow_nothing=true: visits on which nothing was taken"
            problems.append(rows_problem(target, "the item must not be null", values.isna().to_numpy(), values, hint))
        return values

    def _known_at(self, frame: pd.DataFrame, roles: Roles, as_of: pd.Series, problems: list[Problem]) -> pd.Series | None:
        if roles.label_time is None:
            delay = self.params.delay
            return None if delay is None else _later(as_of, span_ticks(delay, is_clock(as_of), "labels.delay"))
        known = times(column_of(frame, roles.label_time, "data.roles.label_time"), roles.label_time)
        if is_clock(known) != is_clock(as_of):
            problems.append(Problem(roles.label_time, f"must be of the type of {roles.time!r}", str(known.dtype)))
            return None
        early = (known < as_of).to_numpy()
        if early.any():
            problems.append(rows_problem(roles.label_time, f"must not lie before {roles.time!r}", early, known.astype("str")))
        return known


def _repeated(frame: pd.DataFrame, roles: Roles) -> list[Problem]:
    """Rows whose key another row has: each is a case of its own, and nobody could say which of them was decided on."""
    key = [name for name in roles.key if name in frame.columns]
    if not key or not (repeated := frame.duplicated(key).to_numpy()).any():
        return []
    shown = frame[key[0]] if len(key) == 1 else frame[key].astype("str").agg(" / ".join, axis=1)
    hint = "name more columns, or set the others aside: checks.keys: {use: unique, action: quarantine}"
    return [rows_problem("data.roles.key", f"{', '.join(key)} must name one row", repeated, shown, hint)]


def _stood_in_for(values: pd.Series, matured: np.ndarray) -> pd.Series:
    """The outcomes with some value where they are null because nobody knew them yet; no part holds such a case."""
    known = values[matured].dropna()
    return values.where(matured | values.notna(), known.iloc[0]) if len(known) else values


def _later(as_of: pd.Series, ticks: int) -> pd.Series:
    import numpy as np

    return as_of + np.timedelta64(ticks, "us") if is_clock(as_of) else as_of + ticks
