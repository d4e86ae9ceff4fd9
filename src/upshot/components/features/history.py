"""What was known of an entity when the case was decided: aggregates of its earlier rows over windows of time.

Three leaks are closed. Other rows of the same moment are left out, because nobody knows which came first. An outcome counts only
once it was known (`label_known_at`). And nothing later than the case is looked at, whatever `history` holds. The same code answers
for a table and for one case, and gives the same numbers.

Source:
    Windows and risk as in the Fraud Detection Handbook (Le Borgne et al. 2022), chapter 3.3; there ties are taken in row order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, model_validator

from upshot.components.durations import Duration
from upshot.components.faults import rows_problem
from upshot.components.features._columns import numbers, raw
from upshot.components.features._exact import RangeSums, covering, extremes
from upshot.components.features._timeline import Timeline
from upshot.components.times import DAY, is_clock, span_of, span_ticks, ticks
from upshot.contracts.params import Params
from upshot.contracts.records import Cases, Roles, Spec
from upshot.errors import DataError, Problem, RecipeError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

Aggregate = Literal["count", "sum", "mean", "max", "min", "ratio", "distinct", "risk", "time_since"]
_WINDOWED: tuple[Aggregate, ...] = ("count", "sum", "mean", "max", "min", "ratio", "distinct", "risk")
_OF_AMOUNT: tuple[Aggregate, ...] = ("sum", "mean", "max", "min", "ratio")


class HistoryParams(Params):
    """Earlier rows of one entity, over windows that end at the case or `delay` before it."""

    entity: str | None = Field(
        description="Column whose earlier rows are looked at: customer, terminal, user, unit; null looks at all rows."
    )
    windows: Annotated[tuple[Duration, ...], Field(strict=False)] = Field(
        (), description="Lengths of the windows ('1d', '7 days', '12h', '5 steps'); time_since needs none."
    )
    aggregates: Annotated[tuple[Aggregate, ...], Field(strict=False, min_length=1)] = Field(
        ("count",),
        description="count: rows; sum, mean, max, min: of the amount; ratio: the case's amount / mean; distinct: different values of `distinct_of`; "
        "risk: known positive outcomes / rows; time_since: days (or steps) since the last row.",
    )
    amount: str | None = Field(None, description="Column for sum, mean, max, min and ratio; none for data.roles.amount.")
    distinct_of: str | None = Field(None, description="Column whose different values distinct counts: terminal, device, merchant.")
    delay: Duration | None = Field(
        None, description="The windows end so long before the case: (t - delay - window, t - delay]; for risk, the label delay."
    )
    include_current: bool | None = Field(
        None, description="Whether the case itself counts, in all but risk and time_since; none for yes, but not with a delay."
    )
    fill: float | None = Field(
        None, description="Value of mean, max, min and ratio without rows and of time_since without an earlier row; none for NaN."
    )

    @model_validator(mode="after")
    def _consistent(self) -> HistoryParams:
        if not self.windows and set(self.aggregates) != {"time_since"}:
            raise ValueError("windows must have a length for everything but time_since, such as ['1d', '7d', '30d']")
        lengths = [span_of(window) for window in self.windows]
        if any(length.ticks == 0 for length in lengths) or len(set(lengths)) < len(lengths):
            raise ValueError(f"windows must be longer than 0 and different; got {list(self.windows)}")
        if len({length.is_clock for length in [*lengths, *([span_of(self.delay)] if self.delay else [])]}) > 1:
            raise ValueError("windows and delay must all be times or all be steps")
        if ("distinct" in self.aggregates) != (self.distinct_of is not None):
            raise ValueError("distinct and distinct_of go together: name the column whose different values are counted")
        if self.include_current and self.delay is not None:
            raise ValueError("include_current must be left out with a delay, whose windows end before the case")
        return self

    @property
    def counts_current(self) -> bool:
        """Whether the case itself is in its windows."""
        return self.include_current if self.include_current is not None else self.delay is None


class History:
    """Columns `<entity>_<aggregate>_<window>`, with `_lag_<delay>` where there is one; float64. Of distinct, `distinct_<column>`.

    count, sum, distinct and risk (a share, 0 to 1) are 0 without rows; mean, max, min, ratio and time_since are `fill`. A null is no
    value that distinct counts.
    """

    spec: Spec
    needs_history = True

    def __init__(self, params: HistoryParams) -> None:
        self.params = params

    def inputs(self, roles: Roles) -> tuple[str, ...]:
        """Raw columns that it reads: entity, time, the amount where one is asked for, and what is counted as distinct."""
        amount = (_amount(self.params, roles),) if set(_OF_AMOUNT) & set(self.params.aggregates) else ()
        distinct = (self.params.distinct_of,) if self.params.distinct_of is not None else ()
        owner = () if self.params.entity is None else (self.params.entity,)
        return (*owner, *((roles.time,) if roles.time else ()), *amount, *distinct)

    def fit(self, train: Cases, history: Cases) -> None:
        """Learn nothing, but refuse data on which it could not answer.

        Raises:
            RecipeError: There is no time, or risk is asked for and nothing says when outcomes are known.
        """
        _moments(train)
        if "risk" in self.params.aggregates and self.params.delay is None and "label_known_at" not in train.labels.columns:
            rule = "risk needs to know when outcomes are known"
            raise RecipeError("history would leak outcomes", [Problem("features.*.delay", rule, hint="give labels.delay, or a delay here")])

    def transform(self, cases: Cases, history: Cases) -> pd.DataFrame:
        """The aggregates of each case, index 0..n-1.

        Args:
            cases: What is decided on; may be blind.
            history: Rows with outcomes; the cases may be among them, and rows later than a case do not matter.

        Raises:
            DataError: The amount is null or no number, the outcome is not 0/1, or a window does not fit the time column.
        """
        import numpy as np
        import pandas as pd

        view = _View.of(cases, history, self.params)
        suffix = "" if self.params.delay is None else f"_lag_{span_of(self.params.delay).short()}"
        asked = [(name, short) for name in dict.fromkeys(self.params.aggregates) for short in (view.starts if name in _WINDOWED else [""])]
        block = np.empty((len(asked), cases.size))
        for values, (name, short) in zip(block, asked, strict=True):
            values[view.line.cases] = view.aggregate(name, short)
        words = {"distinct": f"distinct_{self.params.distinct_of}"}
        columns = ["_".join(filter(None, (self.params.entity or "all", words.get(name, name), short))) + suffix for name, short in asked]
        return pd.DataFrame(block.T, columns=columns, copy=False)

    def state(self) -> Mapping[str, bytes]:
        """Nothing was learned."""
        return {}

    def restore(self, files: Mapping[str, bytes]) -> None:
        """There is nothing to take back."""


@dataclass(frozen=True)
class _View:
    """The history rows that any window can reach, as the cases see them.

    Attributes:
        cases: What is decided on.
        history: All rows.
        params: What is asked.
        line: The reachable rows by entity and time, and the cases.
        rows: Position in `history` of each sorted row; int32.
        delay: Ticks between the end of the windows and the case.
        starts: Window -> per case the position of its first row; int32, never falling.
        end: Per case the position after the last row of its windows; int32, never falling.
    """

    cases: Cases
    history: Cases
    params: HistoryParams
    line: Timeline
    rows: np.ndarray
    delay: int
    starts: dict[str, np.ndarray]
    end: np.ndarray

    @classmethod
    def of(cls, cases: Cases, history: Cases, params: HistoryParams) -> _View:
        """Sort the reachable rows once, and find the windows' ends."""
        moments = _moments(cases)
        clock, now = is_clock(moments), ticks(moments)
        delay = span_ticks(params.delay, clock, "features.*.delay") if params.delay else 0
        lengths = {span_of(w).short(): span_ticks(w, clock, "features.*.windows") for w in params.windows}
        reach = None if "time_since" in params.aggregates else delay + max(lengths.values())
        line, rows = _line(cases, history, now, reach, params.entity)
        starts = {short: line.until(delay + length) for short, length in lengths.items()}
        return cls(cases, history, params, line, rows, delay, starts, line.until(delay, strictly=delay == 0))

    def aggregate(self, name: Aggregate, short: str) -> np.ndarray:
        """One aggregate over one window, in the order of the timeline's cases."""
        if name == "time_since":
            return self.time_since()
        start = self.starts[short]
        if name in ("max", "min"):
            return self.extreme(start, largest=name == "max")
        of_window = {
            "count": self.count,
            "sum": self.sum,
            "mean": self.mean,
            "ratio": self.ratio,
            "distinct": self.distinct,
            "risk": self.risk,
        }
        return of_window[name](start)

    def count(self, start: np.ndarray) -> np.ndarray:
        """Rows in the window."""
        rows: np.ndarray = self.end - start + self.params.counts_current
        return rows

    def sum(self, start: np.ndarray) -> np.ndarray:
        """Amount in the window."""
        return self._sums.of(start, self.end)

    def mean(self, start: np.ndarray) -> np.ndarray:
        """Amount a row."""
        import numpy as np

        count = self.count(start)
        mean: np.ndarray = np.divide(self.sum(start), count, out=np.full(len(count), self._fill), where=count > 0)
        return mean

    def extreme(self, start: np.ndarray, *, largest: bool) -> np.ndarray:
        """Largest or smallest amount in the window."""
        import numpy as np

        found = extremes(self._amounts(), start, self.end, largest=largest)
        if self.params.counts_current:
            found = (np.fmax if largest else np.fmin)(found, self._own())
        return found if self.params.fill is None else np.where(np.isnan(found), self._fill, found)

    def ratio(self, start: np.ndarray) -> np.ndarray:
        """The case's amount over the mean of the window; `fill` where there is no such mean, or it is 0."""
        import numpy as np

        total, count = self.sum(start), self.count(start)
        has_mean = (count > 0) & (total != 0)
        ratio: np.ndarray = np.divide(self._own() * count, total, out=np.full(len(count), self._fill), where=has_mean)
        return ratio

    def distinct(self, start: np.ndarray) -> np.ndarray:
        """Different values in the window: the rows in it whose value was not in it before them."""
        import numpy as np

        before, known, own, last = self._repeats
        row = np.arange(len(before))[known]
        first = np.maximum(np.searchsorted(start, before[known], side="right"), np.searchsorted(self.end, row, side="right"))
        values = covering(first, np.searchsorted(start, row, side="right"), len(start))
        return values + (own & (last < start)) if self.params.counts_current else values

    def risk(self, start: np.ndarray) -> np.ndarray:
        """Share of the window's rows whose outcome was known to be positive at the case."""
        import numpy as np

        row, told = self._positives
        first = np.searchsorted(self.end, row, side="right")
        found = covering(first if told is None else np.maximum(first, told), np.searchsorted(start, row, side="right"), len(start))
        share: np.ndarray = found / np.maximum(self.end - start, 1)
        return share

    def time_since(self) -> np.ndarray:
        """Days, or steps, since the last row before the case or its delay."""
        import numpy as np

        now, end = self.line.now, self.end
        has_one = end > self.line.first()
        times = self.line.row_times()
        last = times[np.where(has_one, end - 1, 0)] if len(times) else now
        since = (now - last) / (DAY if is_clock(_moments(self.cases)) else 1)
        return np.where(has_one, since, self._fill)

    @property
    def _fill(self) -> float:
        return float("nan") if self.params.fill is None else self.params.fill

    def _amounts(self) -> np.ndarray:
        """Amounts of the sorted rows; not kept, because with their sums they would take the room of two columns."""
        amounts: np.ndarray = _money(self.history, _amount(self.params, self.cases.roles))[self.rows]
        return amounts

    @cached_property
    def _sums(self) -> RangeSums:
        """Sums over the sorted rows, with each case's own amount where it counts itself."""
        return RangeSums(self._amounts(), self._own() if self.params.counts_current else None)

    def _own(self) -> np.ndarray:
        """Amounts of the cases, not kept either."""
        own: np.ndarray = _money(self.cases, _amount(self.params, self.cases.roles))[self.line.cases]
        return own

    @cached_property
    def _repeats(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Per sorted row the position of its entity's row before with the same value (-1) and whether it has a value; per case likewise.

        A case's own value is looked for before the end of its windows; True where it has one.
        """
        import numpy as np
        import pandas as pd

        assert self.params.distinct_of is not None
        values, seen = pd.factorize(raw(self.history, self.params.distinct_of).iloc[self.rows])
        mine = raw(self.cases, self.params.distinct_of).iloc[self.line.cases]
        n, width = len(values), len(seen) + 1
        pairs = self.line.row_entities() * width + values
        by_pair = np.argsort(pairs, kind="stable")
        before = np.full(n, -1, dtype=np.int64)
        same = pairs[by_pair[1:]] == pairs[by_pair[:-1]]
        before[by_pair[1:][same]] = by_pair[:-1][same]
        asked = self.line.entity.astype(np.int64) * width + pd.Index(seen).get_indexer(mine)
        ordered = pairs[by_pair]
        low, high = (np.searchsorted(ordered, asked, side=side) for side in ("left", "right"))
        last = _last_before(by_pair, low, high, self.end)
        return before, values >= 0, mine.notna().to_numpy(), last

    @cached_property
    def _positives(self) -> tuple[np.ndarray, np.ndarray | None]:
        """Sorted rows with a positive outcome; and the first sorted case that may know it, where that is not sure by the delay."""
        import numpy as np

        row = np.flatnonzero(_outcomes(self.history)[self.rows] == 1)
        if "label_known_at" not in self.history.labels.columns:
            return row, None
        told = ticks(self.history.labels.frame["label_known_at"])[self.rows[row]]
        lags = told - self.line.row_times()[row]
        if len(lags) == 0 or lags.max() <= self.delay:
            return row, None
        return row, self.line.since(self.line.row_entities()[row], told)


def _last_before(positions: np.ndarray, low: np.ndarray, high: np.ndarray, end: np.ndarray) -> np.ndarray:
    """The last of the ascending positions[low:high] that lies before `end`, -1 where there is none; shape of `end`.

    Halving all ranges at once: as many rounds as the longest range has binary digits.
    """
    import numpy as np

    below, above = low.copy(), high.copy()
    while (open_ := below < above).any():
        middle = (below + above) // 2
        is_before = open_ & (positions[np.minimum(middle, len(positions) - 1)] < end)
        below = np.where(is_before, middle + 1, below)
        above = np.where(open_ & ~is_before, middle, above)
    return np.where(below > low, positions[np.maximum(below - 1, 0)] if len(positions) else -1, -1)


def _owners(cases: Cases, entity: str | None) -> pd.Series:
    """Whom each case belongs to; one and the same where all rows are looked at."""
    import pandas as pd

    return raw(cases, entity) if entity is not None else pd.Series(0, index=pd.RangeIndex(cases.size))


def _line(cases: Cases, history: Cases, now: np.ndarray, reach: int | None, entity: str | None) -> tuple[Timeline, np.ndarray]:
    """The rows of the cases' entities up to `reach` ticks before a case, sorted, and their positions in the history."""
    import numpy as np
    import pandas as pd

    of_cases, asked = pd.factorize(_owners(cases, entity))
    times = ticks(_moments(history))
    near = times < now.max() if len(now) else np.zeros(len(times), dtype=bool)
    if reach is not None and len(now):
        near &= times > now.min() - reach
    rows = np.flatnonzero(near).astype(np.int32)
    of_rows = pd.Index(asked).get_indexer(_owners(history, entity).iloc[rows]).astype(np.int32)
    if (of_rows < 0).any():
        rows, of_rows = rows[of_rows >= 0], of_rows[of_rows >= 0]
    every = len(rows) == len(times)
    line = Timeline.of(of_rows, times if every else times[rows], of_cases.astype(np.int32), now)
    return line, line.order if every else rows[line.order]


def _moments(cases: Cases) -> pd.Series:
    if "as_of" not in cases.labels.columns:
        raise RecipeError("history needs a time", [Problem("data.roles.time", "must name the column that history goes by")])
    moments: pd.Series = cases.labels.frame["as_of"]
    return moments


def _amount(params: HistoryParams, roles: Roles) -> str:
    name = params.amount or roles.amount
    if name is None:
        raise RecipeError("history needs an amount", [Problem("features.*.amount", "must name a column", hint="or data.roles.amount")])
    return name


def _money(cases: Cases, name: str) -> np.ndarray:
    import numpy as np

    values = raw(cases, name)
    amounts = numbers(values, name)
    if np.isnan(amounts).any():
        raise DataError("history cannot be summed", [rows_problem(name, "must not be null", np.isnan(amounts), values)])
    return amounts


def _outcomes(history: Cases) -> np.ndarray:
    import numpy as np

    if "label" not in history.labels.columns:
        raise DataError("risk needs history with outcomes", [Problem("label", "must be among the history's columns")])
    labels = history.labels.frame["label"]
    if labels.dtype.kind not in "if" or not labels.dropna().isin((0, 1)).all():
        raise DataError("risk needs outcomes of 0 and 1", [Problem("label", "must be 0 or 1", str(labels.dtype), "take mean of a column")])
    return labels.to_numpy(dtype=float, na_value=np.nan)
