"""Where the forecast errs: by step ahead, by series, and by what the rows have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from upshot.components.faults import column_of
from upshot.components.sections._panel import TestedPanel
from upshot.contracts.params import Names, Params
from upshot.contracts.records import DecisionKind, PredictionKind, Spec
from upshot.contracts.sections import Block, ChartBlock, Column, Section, TableBlock
from upshot.contracts.tables import Table

if TYPE_CHECKING:
    import pandas as pd

    from upshot.contracts.records import Tested


class ForecastErrorsParams(Params):
    """Which slices."""

    by: Names = Field((), description="Columns by whose values errors are told apart, such as store, category or promo.")
    worst: int = Field(10, ge=1, le=100, description="Series with the largest errors that are listed.")


class ForecastErrors:
    """Error as a share of volume (WAPE) and bias by step, by series and by slice.

    Args:
        params: Slices.
    """

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("quantiles", "point")
    decides: tuple[DecisionKind, ...] = ()
    plays: tuple[str, ...] = ()

    def __init__(self, params: ForecastErrorsParams) -> None:
        self.params = params

    def make(self, tested: Tested) -> Section:
        """A chart by step, and a table a slice.

        Raises:
            DataError: A slice names an unknown column.
        """
        panel = TestedPanel.of(tested, "forecast_errors")
        _, cases = tested.predictions.tested(tested.folds)
        frame = panel.frame.assign(error=panel.frame[panel.middle] - panel.frame["y"])
        blocks: list[Block] = [_by_step(errors_by(frame, frame["step"], "step"))]
        for name in self.params.by:
            values = column_of(cases.rows.frame, name, "sections.forecast_errors.by").reset_index(drop=True).astype(str)
            blocks.append(_table(f"Errors by {name}", errors_by(frame, values, name), name))
        by_series = errors_by(frame, frame["series"], "series").nlargest(self.params.worst, "error")
        blocks.append(_table(f"The {len(by_series)} series with the largest errors", by_series, "series"))
        return Section("Where the forecast errs", "data_science", tuple(blocks))


def errors_by(frame: pd.DataFrame, key: pd.Series, name: str) -> pd.DataFrame:
    """Rows, volume, absolute error, its share and the bias of each value of a key; NaN shares where nothing was asked for."""
    import pandas as pd

    grouped = pd.DataFrame({name: key.to_numpy(), "volume": frame["y"].abs(), "error": frame["error"].abs(), "over": frame["error"]})
    summed = grouped.groupby(name, sort=True).agg(
        rows=("volume", "size"), volume=("volume", "sum"), error=("error", "sum"), over=("over", "sum")
    )
    known = summed["volume"].where(summed["volume"] > 0)
    return summed.assign(wape=summed["error"] / known, bias=summed["over"] / known).drop(columns="over").reset_index()


def _by_step(rows: pd.DataFrame) -> ChartBlock:
    return ChartBlock(
        title="Error by step ahead",
        form="line",
        rows=Table.of(rows),
        x=Column("step", "steps ahead", "count"),
        y=(Column("wape", "error over volume", "share"), Column("bias", "bias", "share")),
        level=0.0,
        note="A bias above 0 is too much forecast; a median of skewed demand lies below its mean. "
        "An error that grows with the step says how far ahead is worth planning.",
    )


def _table(title: str, rows: pd.DataFrame, key: str) -> TableBlock:
    columns = (
        Column(key, key, "text"),
        Column("rows", "rows", "count"),
        Column("volume", "volume"),
        Column("error", "absolute error"),
        Column("wape", "error over volume", "share"),
        Column("bias", "bias", "share"),
    )
    return TableBlock(
        title, columns, Table.of(rows.reset_index(drop=True)), "On the test rows; shares are empty where nothing was asked for."
    )
