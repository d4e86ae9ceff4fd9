"""Trend and season of all demand together: what a forecast has to know, seen without a model.

Classical decomposition: the trend is a centred mean over one season, the season the mean of what is left at each of its places. Hyndman &
Athanasopoulos, Forecasting: principles and practice (3rd ed.), section 3.4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from upshot.components.sections._panel import TestedPanel
from upshot.contracts.params import Params
from upshot.contracts.records import DecisionKind, PredictionKind, Spec
from upshot.contracts.sections import Block, ChartBlock, Column, Section, TextBlock
from upshot.contracts.tables import Table

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from upshot.contracts.records import Tested

MOST_POINTS = 1_500
MOST_BARS = 31


class DecompositionParams(Params):
    """The season."""

    season_length: int = Field(7, ge=2, description="Steps of the season that is taken apart.")


class Decomposition:
    """Three charts: demand with its trend, one season, what is left.

    Args:
        params: The season.
    """

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ()
    decides: tuple[DecisionKind, ...] = ()
    plays: tuple[str, ...] = ()

    def __init__(self, params: DecompositionParams) -> None:
        self.params = params

    def make(self, tested: Tested) -> Section:
        """The charts, over the history before the test and the test rows; a sentence where two seasons are not there."""
        total = self._total(tested)
        season = self.params.season_length
        title = "Trend and season of all demand"
        if len(total) < 2 * season:
            return Section(title, "data_science", (TextBlock((f"There are {len(total)} steps, too few for two seasons of {season}.",)),))
        trend, seasonal, rest = decompose(total["y"].to_numpy(), season)
        rows = total.assign(trend=trend, season=seasonal, rest=rest).tail(MOST_POINTS).reset_index(drop=True)
        strength = 1 - float(rows["rest"].var()) / max(float((rows["season"] + rows["rest"]).var()), 1e-12)
        blocks: tuple[Block, ...] = (
            self._chart("Demand and its trend", rows, ("y", "trend"), ("demand", "trend"), ""),
            _season_chart(total["date"], seasonal, season, f"The season explains {100 * max(strength, 0.0):.0f} % of what is not trend."),
            self._chart(
                "What is left",
                rows,
                ("rest",),
                ("demand less trend and season",),
                "Peaks that stand alone are feasts, promotions or faults of the data.",
            ),
        )
        return Section(title, "data_science", blocks)

    def _total(self, tested: Tested) -> pd.DataFrame:
        """Demand of all series by date, before the test and in it."""
        import pandas as pd

        panel = TestedPanel.of(tested, "decomposition")
        fold = tested.folds.tested()[-1]
        before = tested.folds.history(fold.name, "test")
        time = before.roles.time
        date = before.rows.frame[time] if time in before.rows.columns else before.labels.frame["as_of"]
        past = pd.DataFrame({"date": date, "y": before.labels.frame["label"].astype("float64")})
        both = pd.concat([past, panel.frame[["date", "y"]]], ignore_index=True)
        total = both.groupby("date", sort=True)["y"].sum()
        return pd.DataFrame({"date": total.index, "y": total.to_numpy()})

    def _chart(self, title: str, rows: pd.DataFrame, names: tuple[str, ...], titles: tuple[str, ...], note: str) -> ChartBlock:
        y = tuple(Column(name, shown) for name, shown in zip(names, titles, strict=True))
        return ChartBlock(title=title, form="line", rows=Table.of(rows[["date", *names]]), x=Column("date", "date", "date"), y=y, note=note)


def _season_chart(date: pd.Series, seasonal: np.ndarray, season: int, note: str) -> ChartBlock:
    """One season: how far demand lies above its trend at each place."""
    import pandas as pd

    places = places_of(date, season)
    rows = pd.DataFrame({"place": places, "above": seasonal}).groupby("place", sort=True, observed=True)["above"].first().reset_index()
    few = season <= MOST_BARS
    x = Column("place", "place in the season", "text" if few else "count")
    shown = rows.assign(place=rows["place"].astype(str)) if few else rows
    return ChartBlock(
        title="One season",
        form="bar" if few else "line",
        rows=Table.of(shown),
        x=x,
        y=(Column("above", "demand above its trend"),),
        level=0.0,
        note=note,
    )


def places_of(date: pd.Series, season: int) -> pd.Series:
    """Place in the season of each step: its weekday, month or hour where the season is made of these, else 1, 2, ... from the first on.

    Example:
        >>> import pandas as pd
        >>> places_of(pd.Series(pd.date_range("2026-01-06", periods=3)), 7).tolist()
        ['Tue', 'Wed', 'Thu']
        >>> places_of(pd.Series(pd.date_range("2026-01-06", periods=3)), 2).tolist()
        [1, 2, 1]
    """
    import pandas as pd

    number = pd.Series(range(len(date))) % season
    for length, part, names in (
        (7, "day_of_week", ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")),
        (12, "month", ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")),
        (24, "hour", tuple(f"{hour:02d}:00" for hour in range(24))),
    ):
        if season != length or date.dtype.kind != "M":
            continue
        unit = getattr(date.dt, part).reset_index(drop=True)
        if unit.groupby(number).nunique().eq(1).all() and unit.nunique() == number.nunique():
            named = unit.map(dict(enumerate(names, start=part == "month")))
            ordered: pd.Series = named.astype(pd.CategoricalDtype(list(names), ordered=True))
            return ordered
    return number + 1


def decompose(y: np.ndarray, season: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Trend, season and what is left, each of shape (n,); they add up to y.

    The trend ends half a season early on either side and is carried on flat.

    Example:
        >>> import numpy as np
        >>> trend, seasonal, rest = decompose(np.tile([1.0, 5.0, 3.0], 4), 3)
        >>> trend.tolist() == [3.0] * 12, seasonal[:3].tolist(), bool(np.abs(rest).max() < 1e-9)
        (True, [-2.0, 2.0, 0.0], True)
    """
    import numpy as np

    kernel = np.ones(season) / season if season % 2 else np.r_[0.5, np.ones(season - 1), 0.5] / season
    inner = np.convolve(y, kernel, mode="valid")
    edge = (len(y) - len(inner)) // 2
    trend = np.r_[np.full(edge, inner[0]), inner, np.full(len(y) - len(inner) - edge, inner[-1])]
    place = np.arange(len(y)) % season
    count = np.bincount(place, minlength=season)
    means = np.bincount(place, y - trend, minlength=season) / count
    seasonal = (means - means.mean())[place]
    return trend, seasonal, y - trend - seasonal
