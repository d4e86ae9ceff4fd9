"""A panel of series: rows become cases on a calendar of even steps, and what is missing, doubled or off the calendar is dealt with as said.

A forecast needs to know what a step is, whether a day without a row was a day without sales, and whether a negative number is a return or
a fault. None of it can be guessed from the rows, so it is declared here once, and splits, models, policies and rollouts go by it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from pydantic import Field, field_validator

from upshot.components.calendars import FREQUENCY, Calendar, period_of
from upshot.components.durations import Duration
from upshot.components.faults import EXAMPLES, column_of, shorten
from upshot.components.labels._blocks import Block, block_codes, block_of
from upshot.components.labels._outcome import censored_rows
from upshot.components.labels._panel_rows import SERIES, PanelRows, series_of, with_series
from upshot.components.times import is_clock, span_ticks, times
from upshot.contracts.params import Params
from upshot.contracts.records import Cases, Checked, Roles, Spec
from upshot.contracts.tables import Table
from upshot.errors import DataError, Problem, RecipeError

if TYPE_CHECKING:
    import pandas as pd

_FEWEST_ROWS = 8
"""A series with fewer rows may lack every second step by chance."""


class PanelParams(Params):
    """What a step is, and what rows that are missing or strange mean."""

    freq: str | None = Field(
        None,
        description="Step of the calendar as pandas writes it: D, W-FRI, MS, ME, B, h, 15min; null for months where all dates share one place in the month, else the smallest distance of two times.",
    )
    duplicates: Literal["refuse", "sum"] = Field(
        "refuse",
        description="Several rows of a series at one step: refused; or summed, as invoices of one day are, other columns from the first.",
    )
    gaps: Literal["leave", "zero"] = Field(
        "leave", description="A step between two rows of a series that has none: nothing is known of it, or nothing was asked for."
    )
    ends: Literal["leave", "zero"] = Field(
        "leave", description="Steps after a series' last row up to the last of all: it has ended, or nothing is asked for any more."
    )
    nulls: Literal["refuse", "leave", "zero"] = Field("refuse", description="Rows whose target is null: refused, left out, or zero.")
    negative: Literal["keep", "zero", "refuse"] = Field(
        "keep", description="Targets below zero: kept, as returns that exceed sales; taken as zero; or refused."
    )
    time_zone: str | None = Field(
        None, description="Zone in which the days of timestamps with a zone are told, such as Europe/Zurich; without it they are refused."
    )
    delay: Duration | None = Field(None, description="Time after which an outcome is known ('7 days').")
    block: Block | None = Field(None, description="What intervals resample: day, week, month, entity or case; null for day on a clock.")

    @field_validator("freq")
    @classmethod
    def _is_known(cls, freq: str | None) -> str | None:
        if freq is not None and not FREQUENCY.fullmatch(freq):
            raise ValueError(f"must be a frequency of pandas, such as D, W-FRI, MS or h; got {freq!r}")
        return freq


class Panel:
    """Cases sorted by series and time, with `step` (int64, 0 for the first date of all) among the labels.

    A series is named by the key columns beside the time, or by the first entity. Several columns are joined into `unique_id`
    ("12/hammer"), which then is the first entity.
    """

    spec: Spec

    def __init__(self, params: PanelParams) -> None:
        self.params = params

    def label(self, checked: Checked) -> Cases:
        """Make the cases.

        Raises:
            RecipeError: No role names time, target or series; the frequency is none.
            DataError: Times with a zone, off the calendar or of mixed frequency; two rows of a series at one step; a target that is null,
                infinite, no number, or negative where that is refused. Each with series and row.
        """
        roles = checked.snapshot.roles
        names = _names(roles)
        rows = self._rows(checked.data.frame, roles, names)
        calendar = Calendar.of(rows.at, self.params.freq)
        rows = self._targets(self._on_calendar(rows, calendar, str(roles.time)), str(roles.target))
        rows = self._once(rows, str(roles.time))
        if self.params.gaps == "leave":
            _refuse_mixed(rows, calendar, str(roles.time))
        rows = rows.filled(calendar, gaps=self.params.gaps == "zero", ends=self.params.ends == "zero")
        changed = {str(roles.time): rows.at, str(roles.target): rows.y, **({SERIES: rows.series[rows.code]} if len(names) > 1 else {})}
        return self._cases(rows, rows.frame.assign(**changed), with_series(roles, names) if len(names) > 1 else _with_entity(roles, names))

    def _rows(self, frame: pd.DataFrame, roles: Roles, names: tuple[str, ...]) -> PanelRows:
        import pandas as pd

        where, zone = str(roles.time), self.params.time_zone
        values = column_of(frame, where, "data.roles.time")
        code, series = series_of(frame, names)
        if isinstance(values.dtype, pd.DatetimeTZDtype):
            if zone is None:
                got = f"{values.dtype}; series {shorten(series[code[0]])}, row 0: {values.iloc[0]}" if len(values) else str(values.dtype)
                rule = "must be local times without a zone, because a day begins at another moment in another zone"
                hint = "say labels.time_zone, the zone in which the days are told, or give dates"
                raise DataError("the days of the panel are not known", [Problem(where, rule, got, hint)])
            values = values.dt.tz_convert(zone).dt.tz_localize(None)
        at = times(values, where)
        return PanelRows.of(frame, code, self._period(at) if is_clock(at) else at, series)

    def _period(self, at: pd.Series) -> pd.Series:
        """The steps that moments belong to, where several rows of one step are summed."""
        return period_of(at, self.params.freq) if self.params.duplicates == "sum" and self.params.freq and len(at) else at

    def _on_calendar(self, rows: PanelRows, calendar: Calendar, where: str) -> PanelRows:
        step, off = calendar.place(rows.at)
        if off.any():
            known = "the dates, or labels.freq" if self.params.freq else "the dates, or say labels.freq (B, ME, W-FRI, ...)"
            rule = f"must stand whole steps of {calendar.words(rows.at)} apart"
            raise DataError("times are off the calendar", [rows.problem(where, rule, off, rows.at, f"mend {known}")])
        return replace(rows, step=step)

    def _targets(self, rows: PanelRows, where: str) -> PanelRows:
        import numpy as np
        import pandas as pd

        p, values = self.params, column_of(rows.frame, where, "data.roles.target")
        if not (pd.api.types.is_numeric_dtype(values.dtype) or pd.api.types.is_bool_dtype(values.dtype)):
            raise DataError("the target cannot be read", [Problem(where, "must be a number", str(values.dtype))])
        y = values.to_numpy(dtype=np.float64, na_value=np.nan)
        looked_at = (
            (
                np.isnan(y),
                p.nulls == "refuse",
                "must not be null",
                "say labels.nulls: leave if nothing is known there, zero if it was none",
            ),
            (np.isinf(y), True, "must be finite", "mend the source"),
            (y < 0, p.negative == "refuse", "must not be below 0", "say labels.negative: keep for returns, zero to take them as no demand"),
        )
        problems = [rows.problem(where, rule, broken, values, hint) for broken, asked, rule, hint in looked_at if asked and broken.any()]
        if problems:
            raise DataError("the panel cannot be made", problems)
        if p.negative == "zero":
            y = np.where(y < 0, 0.0, y)
        rows = replace(rows, y=np.nan_to_num(y) if p.nulls == "zero" else y)
        return rows.take(~np.isnan(rows.y))

    def _once(self, rows: PanelRows, where: str) -> PanelRows:
        again = ~rows.is_first
        if not again.any():
            return rows
        if self.params.duplicates == "refuse":
            hint = "drop the copies, add what tells the rows apart to data.roles.key, or say labels.duplicates=sum"
            raise DataError("a series has two rows at one time", [rows.problem(where, "must differ within a series", again, rows.at, hint)])
        return rows.summed()

    def _cases(self, rows: PanelRows, frame: pd.DataFrame, roles: Roles) -> Cases:
        import pandas as pd

        problems: list[Problem] = []
        censored = censored_rows(frame, roles, problems)
        block = block_of(self.params.block, roles, rows.at)
        columns: dict[str, object] = {"label": rows.y, "as_of": rows.at, "step": rows.step}
        if self.params.delay is not None:
            clock = is_clock(rows.at)
            ticks = span_ticks(self.params.delay, clock, "labels.delay")
            columns["label_known_at"] = rows.at + (pd.Timedelta(ticks, "us") if clock else ticks)
        if roles.censored:
            columns["censored"] = censored
        columns["block"] = block_codes(block, frame, roles, rows.at)
        if problems:
            raise DataError("the cases cannot be made", problems)
        return Cases(Table.of(frame), Table.of(pd.DataFrame(columns, copy=False)), roles, block)


def _names(roles: Roles) -> tuple[str, ...]:
    """The columns that name a series."""
    names = tuple(name for name in roles.key if name != roles.time) or roles.entities[:1]
    problems = [
        Problem(f"data.roles.{role}", "must name a column of the panel")
        for role, name in (("time", roles.time), ("target", roles.target))
        if name is None
    ]
    if not names:
        problems.append(Problem("data.roles.key", "must name the series beside the time, such as [unique_id, ds]"))
    if problems:
        raise RecipeError("the recipe describes no panel", problems)
    return names


def _with_entity(roles: Roles, names: tuple[str, ...]) -> Roles:
    return replace(roles, entities=tuple(dict.fromkeys((*names, *roles.entities))))


def _refuse_mixed(rows: PanelRows, calendar: Calendar, where: str) -> None:
    """Refuse series all of whose rows lie two (seven, ...) steps apart: they are of another frequency."""
    import numpy as np
    import pandas as pd

    same = rows.code[1:] == rows.code[:-1]
    apart = pd.Series(np.diff(rows.step)[same]).groupby(rows.code[1:][same]).agg(["min", "max", "size"])
    alike = apart[(apart["min"] > 1) & (apart["min"] == apart["max"]) & (apart["size"] >= _FEWEST_ROWS - 1)]
    other, nearest = alike.index.to_numpy(), alike["min"]
    if not len(other):
        return
    first = rows.origin[np.searchsorted(rows.code, other[:EXAMPLES])]
    shown = "; ".join(
        f"series {shorten(rows.series[code])} from row {row} on: every {nearest[code]}"
        for code, row in zip(other[:EXAMPLES], first, strict=True)
    )
    rule = f"must have one frequency in all series, here steps of {calendar.words(rows.at)}"
    hint = "bring them to one frequency, or say labels.gaps=zero where steps without a row had no demand"
    raise DataError("the panel mixes frequencies", [Problem(where, rule, f"{len(other):,} series that do not; {shown}", hint)])


__all__ = ["Panel", "PanelParams"]
