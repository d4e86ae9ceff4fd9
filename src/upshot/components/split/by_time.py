"""Split by time: train on what was known when the scored rows began.

Two leaks are closed beside the order itself. A training row whose outcome became known only after the next part began is set aside
(`unused`), because whoever trained that day did not have it. And cards (or other entities) that were known to be bad are taken out
of the scored rows where asked, because nobody pays for finding them again; that is the protocol of the Fraud Detection Handbook.

Source:
    Le Borgne, Siblini, Lebichot & Bontempi (2022), Reproducible Machine Learning for Credit Card Fraud Detection, chapter 3.4.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import Field, model_validator

from upshot.components.durations import Duration, Moment
from upshot.components.faults import column_of
from upshot.components.split._allow import SplitParams
from upshot.components.split._folds import as_of, codes_for, one_fold
from upshot.components.split._windows import Interval, intervals, stated_moments
from upshot.components.times import DAY, Span, is_clock, moment_of, span_ticks, ticks
from upshot.contracts.params import Params
from upshot.contracts.records import PARTS, Cases, Folds, Part, Spec
from upshot.errors import Problem, RecipeError

if TYPE_CHECKING:
    import numpy as np

Window = Annotated[tuple[Moment | None, Moment | None], Field(strict=False)]
"""Start and end of a part; the end is not part of it, null is open."""

Share = Annotated[float, Field(gt=0, lt=1)]


class KnownParams(Params):
    """Which entities leave the scored rows once they are known."""

    entity: str = Field(description="Column of the entity, such as the card: its scored rows are left out from the day after it is known.")
    since: Moment | None = Field(None, description="Date from which outcomes are looked at; none for the start of training.")

    @model_validator(mode="after")
    def _is_a_date(self) -> KnownParams:
        if isinstance(self.since, int):
            raise ValueError(f"since must be a date; got {self.since}")
        return self


class TimeWindowsParams(SplitParams):
    """One of three forms: shares (`test: 0.2`), dates (`test_from: "2018-08-08"`) or windows (`test: ["2018-08-08", "2018-08-15"]`)."""

    train: Window | None = Field(None, description="Window of the training rows, [start, end); rows before it are history.")
    validation: Share | Window | None = Field(
        None, description="Share of the time span, or window, of the rows that tune; none for no tuning."
    )
    test: Share | Window | None = Field(None, description="Share of the time span (the last part of it), or window, of the test rows.")
    history: float = Field(0.0, ge=0, lt=1, description="Share of the time span that only feeds features; goes with shares.")
    train_from: Moment | None = Field(None, description="First moment of training; earlier rows are history. Goes with test_from.")
    validation_from: Moment | None = Field(None, description="First moment of validation; none for no tuning. Goes with test_from.")
    test_from: Moment | None = Field(None, description="First moment of test.")
    test_until: Moment | None = Field(None, description="End of test, itself not part of it; none for the end of the data.")
    gap: Duration | None = Field(
        None, description="Time left out before validation and before test, beside rows whose outcome was not known yet ('7 days')."
    )

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        windows = any(isinstance(window, tuple) for window in (self.train, self.validation, self.test))
        dates = any(moment is not None for moment in (self.train_from, self.validation_from, self.test_from, self.test_until))
        shares = isinstance(self.test, float) or isinstance(self.validation, float) or self.history > 0
        if windows + dates + shares != 1:
            stated = [name for name, form in (("windows", windows), ("dates", dates), ("shares", shares)) if form]
            raise ValueError(f"state the parts in one form: shares, dates or windows; got {' and '.join(stated) or 'none'}")
        missing = _missing(self, windows, dates)
        if missing is not None:
            raise ValueError(missing)
        _check_order(self)
        return self

    def parts(self) -> tuple[Part, ...]:
        """The parts that the windows fill."""
        tunes = self.validation is not None or self.validation_from is not None
        return ("train", "validation", "test") if tunes else ("train", "test")


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


def _missing(params: TimeWindowsParams, windows: bool, dates: bool) -> str | None:
    if windows and not (isinstance(params.train, tuple) and isinstance(params.test, tuple)):
        return "windows need both train and test, such as test: ['2018-08-08', '2018-08-15']"
    if dates and params.test_from is None:
        return "dates need test_from"
    if not windows and not dates and params.test is None:
        return "shares need test, such as test: 0.2"
    return None


def _check_order(params: TimeWindowsParams) -> None:
    if isinstance(params.test, float):
        validation = params.validation if isinstance(params.validation, float) else 0.0
        used = params.test + validation + params.history
        if used >= 1:
            raise ValueError(f"history, validation and test must leave a share to train on; they take {used:g}")
        return
    stated = stated_moments(params)
    if len({type(moment) for _, moment in stated}) > 1:
        raise ValueError(f"moments must be all dates or all integers; got {', '.join(repr(moment) for _, moment in stated)}")
    for (before, earlier), (after, later) in pairwise(stated):
        backwards = moment_of(earlier) > moment_of(later) or (before == after and moment_of(earlier) == moment_of(later))
        if backwards:
            raise ValueError(f"parts must follow each other in time; {before} {earlier!r} is not before {after} {later!r}")
