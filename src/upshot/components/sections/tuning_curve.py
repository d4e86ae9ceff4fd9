"""What a policy was chosen from, so that its reader sees how flat the top is and what a neighbour would have earned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from upshot.contracts.params import Params
from upshot.contracts.records import DecisionKind, PredictionKind, Spec
from upshot.contracts.sections import Block, ChartBlock, Column, Section, TextBlock

if TYPE_CHECKING:
    from upshot.contracts.records import Tested, Tuned

WORTH = "worth"


class TuningCurveParams(Params):
    """There is nothing to set."""


class TuningCurve:
    """The curve of the final fold's policy: its first column across, what each candidate is worth upwards.

    Args:
        params: Nothing.
    """

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ()
    decides: tuple[DecisionKind, ...] = ()
    plays: tuple[str, ...] = ()

    def __init__(self, params: TuningCurveParams) -> None:
        self.params = params

    def make(self, tested: Tested) -> Section:
        """One chart, or a sentence where the policy chose nothing."""
        decisions = tested.decisions
        tuned = decisions.tuned[tested.predictor.final]
        kpi = tested.valuations.by_kpi[tested.valuations.objective].kpi
        return Section("What the policy was chosen from", "data_science", (_block(decisions.policy.use, tuned, kpi.name, kpi.unit),))


def _block(policy: str, tuned: Tuned, kpi: str, unit: str) -> Block:
    if tuned.curve is None or WORTH not in tuned.curve.columns:
        return TextBlock((f"The policy {policy} chose nothing: it follows from its parameters.",))
    chosen = tuned.curve.columns[0]
    return ChartBlock(
        title=f"{kpi} on {tuned.on} rows by {chosen}",
        form="line",
        rows=tuned.curve,
        x=Column(chosen, chosen),
        y=(Column(WORTH, kpi, "money", unit),),
        mark=tuned.values.get(chosen),
        note="Neither this curve nor the choice has seen a test row.",
    )
