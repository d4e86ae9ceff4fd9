"""Forecast fans: what was forecast of a few series, how sure it was, and what came."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from upshot.components.sections._panel import TestedPanel, history_of
from upshot.contracts.params import Params
from upshot.contracts.records import DecisionKind, PredictionKind, Spec
from upshot.contracts.sections import ChartBlock, Column, Section
from upshot.contracts.tables import Table

if TYPE_CHECKING:
    import pandas as pd

    from upshot.contracts.records import Tested


class ForecastFanParams(Params):
    """Which series, and how much of their past."""

    series: int = Field(4, ge=1, le=20, description="Series with most volume that are shown.")
    history: int = Field(56, ge=0, le=1_000, description="Rows before the forecast that are shown.")


class ForecastFan:
    """One chart a series: outcome and middle forecast as lines, between the lowest and the highest level the area.

    Args:
        params: Series and history.
    """

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("quantiles", "point")
    decides: tuple[DecisionKind, ...] = ()
    plays: tuple[str, ...] = ()

    def __init__(self, params: ForecastFanParams) -> None:
        self.params = params

    def make(self, tested: Tested) -> Section:
        """The charts, the largest series first."""
        panel = TestedPanel.of(tested, "forecast_fan")
        names = panel.largest(self.params.series)
        before = history_of(tested, names, self.params.history)
        return Section("Forecasts and what came", "data_science", tuple(self._chart(panel, before, name) for name in names))

    def _chart(self, panel: TestedPanel, before: pd.DataFrame, name: str) -> ChartBlock:
        import pandas as pd

        own = panel.frame[panel.frame["series"] == name]
        levels = panel.levels
        columns = {"forecast": own[panel.middle]}
        if len(levels) > 1:
            columns |= {"low": own[levels[0]], "high": own[levels[-1]]}
        after = pd.DataFrame({"date": own["date"], "outcome": own["y"], **columns})
        past = before.loc[before["series"] == name, ["date", "y"]].rename(columns={"y": "outcome"})
        rows = pd.concat([past, after], ignore_index=True).sort_values("date", ignore_index=True)
        share = float(levels[-1][1:]) - float(levels[0][1:]) if len(levels) > 1 else 0.0
        band = len(levels) > 1
        return ChartBlock(
            title=f"Series {name}",
            form="band" if band else "line",
            rows=Table.of(rows),
            x=Column("date", "date", "date"),
            y=(Column("outcome", "outcome"), Column("forecast", "forecast")),
            low=Column("low", f"{levels[0][1:]} quantile") if band else None,
            high=Column("high", f"{levels[-1][1:]} quantile") if band else None,
            note=f"{100 * share:.0f} % of the outcomes should lie in the area." if band else "",
        )
