"""Stock from day to day for a few series, as it was played: demand, what lay on the shelf, what was ordered, what went without."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from upshot.components.sections._panel import CANDIDATE, TestedPanel
from upshot.contracts.params import Params
from upshot.contracts.records import DecisionKind, PredictionKind, Spec
from upshot.contracts.sections import ChartBlock, Column, Section
from upshot.contracts.tables import Table

if TYPE_CHECKING:
    from upshot.contracts.records import Tested


class StockRunParams(Params):
    """Which series."""

    series: int = Field(3, ge=1, le=20, description="Series with most volume that are shown.")


class StockRun:
    """One chart a series.

    Args:
        params: Series.
    """

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ()
    decides: tuple[DecisionKind, ...] = ("quantity",)
    plays: tuple[str, ...] = ("demand", "unmet", "held", "ordered")

    def __init__(self, params: StockRunParams) -> None:
        self.params = params

    def make(self, tested: Tested) -> Section:
        """The charts, the largest series first."""
        panel = TestedPanel.of(tested, "stock_run")
        flows = tested.flows.tables[CANDIDATE].frame
        played = flows.set_index("case")[list(self.plays)]
        blocks = []
        for name in panel.largest(self.params.series):
            own = panel.frame[panel.frame["series"] == name]
            rows = own[["date", "case"]].join(played, on="case").drop(columns="case").sort_values("date", ignore_index=True)
            blocks.append(
                ChartBlock(
                    title=f"Series {name}",
                    form="step",
                    rows=Table.of(rows),
                    x=Column("date", "date", "date"),
                    y=tuple(Column(flow, title, unit="unit") for flow, title in zip(self.plays, _TITLES, strict=True)),
                    note="Stock at the end of each period; an order counts where it is placed.",
                )
            )
        return Section("Stock from period to period", "business", tuple(blocks))


_TITLES = ("demand", "went without", "stock left", "ordered")
