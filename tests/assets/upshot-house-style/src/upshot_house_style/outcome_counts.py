"""A section for reports: how often each outcome was seen on the test rows. It gives typed blocks; how they look is the report's business."""

from __future__ import annotations

from upshot.contracts.params import Params
from upshot.contracts.records import DecisionKind, PredictionKind, Spec, Tested
from upshot.contracts.sections import Column, Section, TableBlock
from upshot.contracts.tables import Table


class OutcomeCountsParams(Params):
    """There is nothing to set."""


class OutcomeCounts:
    """A table with one row an outcome.

    Args:
        params: Nothing.
    """

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("probability",)
    decides: tuple[DecisionKind, ...] = ()
    plays: tuple[str, ...] = ()

    def __init__(self, params: OutcomeCountsParams) -> None:
        self.params = params

    def make(self, tested: Tested) -> Section:
        """Count the test rows by outcome."""
        _, cases = tested.predictions.tested(tested.folds)
        counts = cases.labels.frame["label"].value_counts().sort_index().rename_axis("outcome").reset_index(name="cases")
        columns = (Column("outcome", "outcome", "text"), Column("cases", "test cases", "count"))
        return Section("How often each outcome was seen", "data_science", (TableBlock("Outcomes", columns, Table.of(counts)),))
