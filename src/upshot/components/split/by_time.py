"""Split by time: train on what was known when the scored rows began.

Two leaks are closed beside the order itself. A training row whose outcome became known only after the next part began is set aside
(`unused`), because whoever trained that day did not have it. And cards (or other entities) that were known to be bad are taken out
of the scored rows where asked, because nobody pays for finding them again; that is the protocol of the Fraud Detection Handbook.

Source:
    Le Borgne, Siblini, Lebichot & Bontempi (2022), Reproducible Machine Learning for Credit Card Fraud Detection, chapter 3.4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field, model_validator

from upshot.components.durations import Moment
from upshot.components.faults import column_of
from upshot.components.split._folds import as_of, codes_for, one_fold
from upshot.components.split._windows import Interval, TimeWindowsParams, intervals
from upshot.components.times import DAY, Span, is_clock, moment_of, span_ticks, ticks
from upshot.contracts.params import Params
from upshot.contracts.records import PARTS, Cases, Folds, Part, Spec
from upshot.errors import Problem, RecipeError

if TYPE_CHECKING:
    import numpy as np


class KnownParams(Params):
    """Which entities leave the scored rows once they are known."""

    entity: str = Field(description="Column of the entity, such as the card: its scored rows are left out from the day after it is known.")
    since: Moment | None = Field(None, description="Date from which outcomes are looked at; none for the start of training.")

    @model_validator(mode="after")
    def _is_a_date(self) -> KnownParams:
        if isinstance(self.since, int):
            raise ValueError(f"since must be a date; got {self.since}")
        return self


class ByTimeParams(TimeWindowsParams):
    """One of three forms: shares (`test: 0.2`), dates (`test_from: "2018-08-08"`) or windows (`test: ["2018-08-08", "2018-08-15"]`)."""

    exclude_known: KnownParams | None = Field(
        None, description="Leaves out scored rows of entities with a positive outcome that was known when the row's day began."
    )


class ByTime:
    """One fold: history, train, validation, test, by the cases' `as_of`.

    Shares are of the time from the first row to the last, not of the rows; over two weeks or more they are cut at midnight (UTC).
    """

    spec: Spec

    def __init__(self, params: ByTimeParams) -> None:
        self.params = params
        self.parts = params.parts()

    def split(self, cases: Cases) -> Folds:
        """Give each case its part.

        Raises:
            RecipeError: The recipe names no time, or `exclude_known` without saying when outcomes are known.
            DataError: A part is empty, has one class, or its dates do not fit the time column.
        """
        codes, parts, gap = cut(cases, self.params)
        if self.params.exclude_known is not None:
            since = self.params.exclude_known.since
            start = parts["train"].start if since is None else moment_of(since)
            known = ticks(cases.labels.frame["label_known_at"]) if "label_known_at" in cases.labels.columns else None
            _set_aside_known(cases, codes, start, ticks(as_of(cases)), known, self.params.exclude_known.entity)
        return one_fold(cases, codes, self.parts, self.params, gap=gap, in_time=True)


def cut(cases: Cases, params: TimeWindowsParams) -> tuple[np.ndarray, dict[Part, Interval], str | None]:
    """Code of each case's part by its moment, the interval of each part, and in words what is left out before the next part.

    Raises:
        RecipeError: The recipe names no time.
        DataError: The moments of the recipe do not fit the time column.
    """
    moments = as_of(cases)
    now, clock = ticks(moments), is_clock(moments)
    parts = intervals(params, now, clock)
    gap = 0 if params.gap is None else span_ticks(params.gap, clock, "split.gap")
    codes, words = cut_at(cases, parts, gap)
    return codes, parts, words


def cut_at(cases: Cases, parts: dict[Part, Interval], gap: int) -> tuple[np.ndarray, str | None]:
    """Code of each case's part by its moment, and in words what is left out before the next part.

    Args:
        cases: All cases, with their moments.
        parts: Interval of train, validation (where there is one) and test, in order; rows before train are history.
        gap: Ticks that are left out before each part, beside rows whose outcome was not known when it began.
    """
    import numpy as np

    moments = as_of(cases)
    now, clock = ticks(moments), is_clock(moments)
    codes = codes_for(cases, "unused")
    codes[now < parts["train"].start] = PARTS.index("history")
    for part, interval in parts.items():
        codes[(now >= interval.start) & (now < interval.end)] = PARTS.index(part)
    known = ticks(cases.labels.frame["label_known_at"]) if "label_known_at" in cases.labels.columns else None
    late = now + gap if known is None else np.maximum(known, now + gap)
    _set_aside_late(codes, parts, late)
    return codes, _gap_text(late - now, codes, clock)


def _set_aside_late(codes: np.ndarray, parts: dict[Part, Interval], late: np.ndarray) -> None:
    """Rows of a part whose outcome was not known when the next part began become unused."""
    for part, after in zip(list(parts)[:-1], list(parts.values())[1:], strict=True):
        codes[(codes == PARTS.index(part)) & (late > after.start)] = PARTS.index("unused")


def _set_aside_known(cases: Cases, codes: np.ndarray, start: int, now: np.ndarray, known: np.ndarray | None, entity: str) -> None:
    import numpy as np
    import pandas as pd

    if known is None or not is_clock(cases.labels.frame["as_of"]):
        rule = "needs timestamps and the moment at which outcomes are known"
        raise RecipeError("known entities cannot be left out", [Problem("split.exclude_known", rule, hint="give labels.delay")])
    entities = column_of(cases.rows.frame, entity, "split.exclude_known.entity")
    bad = (cases.labels.frame["label"].to_numpy() == 1) & (now >= start)
    first = pd.Series(known[bad]).groupby(entities[bad].to_numpy()).min()
    since = entities.map(first).to_numpy(dtype=float, na_value=np.inf)
    scored = np.isin(codes, [PARTS.index("validation"), PARTS.index("test")])
    codes[scored & (since < now - now % DAY)] = PARTS.index("unused")


def _gap_text(lags: np.ndarray, codes: np.ndarray, clock: bool) -> str | None:
    train = lags[codes == PARTS.index("train")]
    longest = int(train.max()) if len(train) else 0
    return Span(longest, clock).words() if longest else None
