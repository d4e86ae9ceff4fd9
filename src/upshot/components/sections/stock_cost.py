"""What stock earns and costs, and where: by series, by store or class, against each baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from upshot.components.faults import column_of
from upshot.components.sections._panel import CANDIDATE, TestedPanel, money_of
from upshot.contracts.params import Names, Params
from upshot.contracts.records import DecisionKind, PredictionKind, Spec
from upshot.contracts.sections import Block, Column, Section, TableBlock
from upshot.contracts.tables import Table

if TYPE_CHECKING:
    import pandas as pd

    from upshot.contracts.records import Tested

DO_NOTHING = "do_nothing"


class StockCostParams(Params):
    """Which slices."""

    by: Names = Field((), description="Columns by whose values money is told apart, such as store or category.")
    worst: int = Field(10, ge=1, le=100, description="Series that are listed, the worst first.")


class StockCost:
    """Money of the objective on the test rows, what it is over each alternative, fill rate and unmet demand.

    Args:
        params: Slices.
    """

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ()
    decides: tuple[DecisionKind, ...] = ("quantity",)
    plays: tuple[str, ...] = ("demand", "sold", "unmet", "held")

    def __init__(self, params: StockCostParams) -> None:
        self.params = params

    def make(self, tested: Tested) -> Section:
        """A table a slice, and the series that gain least.

        Raises:
            DataError: A slice names an unknown column.
        """
        panel = TestedPanel.of(tested, "stock_cost")
        _, cases = tested.predictions.tested(tested.folds)
        money, alternatives = self._by_case(tested, panel), self._alternatives(tested)
        blocks: list[Block] = []
        for name in self.params.by:
            values = column_of(cases.rows.frame, name, "sections.stock_cost.by").reset_index(drop=True).astype(str)
            rows = _summed(money, values, name).sort_values("money", ignore_index=True)
            blocks.append(_table(f"Money by {name}", rows, name, panel.unit, alternatives, "the least first"))
        order = alternatives[-1] if alternatives else "money"
        worst = _summed(money, panel.frame["series"], "series").nsmallest(self.params.worst, order).reset_index(drop=True)
        first = f"the least over the {order.replace('_', ' ')} first" if alternatives else "the least first"
        blocks.append(_table(f"The {len(worst)} series that do worst", worst, "series", panel.unit, alternatives, first))
        return Section("Where stock earns and costs", "business", tuple(blocks))

    def _alternatives(self, tested: Tested) -> list[str]:
        """Baselines that do something: over one that does nothing the gain is mostly the worth again."""
        kinds = [subject for subject in self._baselines(tested) if subject != DO_NOTHING]
        return kinds or self._baselines(tested)

    def _baselines(self, tested: Tested) -> list[str]:
        return [subject for subject in tested.flows.tables if subject != CANDIDATE]

    def _by_case(self, tested: Tested, panel: TestedPanel) -> pd.DataFrame:
        import numpy as np
        import pandas as pd

        size = len(panel.frame)
        flows = tested.flows.tables[CANDIDATE].frame
        summed = {name: np.bincount(flows["case"], flows[name], minlength=size) for name in self.plays}
        gains = {name: panel.money - money_of(tested, name, size) for name in self._baselines(tested)}
        return pd.DataFrame({"money": panel.money, **summed, **gains})


def _summed(money: pd.DataFrame, key: pd.Series, name: str) -> pd.DataFrame:
    summed = money.groupby(key.to_numpy()).sum()
    asked = summed["demand"].where(summed["demand"] > 0)
    return summed.assign(fill=summed["sold"] / asked).rename_axis(name).reset_index()


def _table(title: str, rows: pd.DataFrame, key: str, unit: str, alternatives: list[str], order: str) -> TableBlock:
    columns = (
        Column(key, key, "text"),
        Column("money", "worth", "money", unit),
        *(Column(name, f"over {name.replace('_', ' ')}", "money", unit) for name in alternatives),
        Column("fill", "fill rate", "share"),
        Column("demand", "demand", unit="unit"),
        Column("unmet", "unmet", unit="unit"),
    )
    return TableBlock(title, columns, Table.of(rows), f"On the test rows, not scaled to a period; more is better, {order}.")
