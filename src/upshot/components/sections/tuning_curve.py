"""What a policy was chosen from, so that its reader sees how flat the top is, what a neighbour would have earned, and what a limit costs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from upshot.contracts.params import Params
from upshot.contracts.records import DecisionKind, PredictionKind, Spec
from upshot.contracts.sections import Block, ChartBlock, Column, Section, TableBlock, TextBlock
from upshot.contracts.tables import Table

if TYPE_CHECKING:
    import pandas as pd

    from upshot.contracts.records import Kpi, Tested, Tuned

WORTH = "worth"
BEST_SHOWN = 10
UNSEEN = "Neither this curve nor the choice has seen a test row."
KEPT = Column("allowed", "keeps the limits", "text")
RATES = (Column("alert_rate", "acted on", "share"), Column("recall", "positives acted on", "share"))


class TuningCurveParams(Params):
    """There is nothing to set."""


class TuningCurve:
    """The curve of the final fold's policy: worth over what was chosen, over the share of cases acted on, and positives among these.

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
        """Charts over the curve, or a sentence where the policy chose nothing."""
        decisions = tested.decisions
        tuned = decisions.tuned[tested.predictor.final]
        kpi = tested.valuations.by_kpi[tested.valuations.objective].kpi
        return Section("What the policy was chosen from", "data_science", _blocks(decisions.policy.use, tuned, kpi))


def _blocks(policy: str, tuned: Tuned, kpi: Kpi) -> tuple[Block, ...]:
    if tuned.curve is None or WORTH not in tuned.curve.columns:
        return (TextBlock((f"The policy {policy} chose nothing: it follows from its parameters.",)),)
    curve = tuned.curve.frame
    worth = Column(WORTH, kpi.name, "money", kpi.unit)
    chosen = [name for name in tuned.values if name in curve.columns] or [tuned.curve.columns[0]]
    first = _line(curve, chosen[0], worth, tuned, kpi) if len(chosen) == 1 else _best(curve, chosen, worth, tuned)
    return (first, *_rates(curve, worth, tuned))


def _line(curve: pd.DataFrame, name: str, worth: Column, tuned: Tuned, kpi: Kpi) -> ChartBlock:
    return ChartBlock(
        title=f"{kpi.name} on {tuned.on} rows by {name}",
        form="line",
        rows=Table.of(curve),
        x=Column(name, name),
        y=(worth,),
        by=_kept(curve),
        mark=tuned.values.get(name),
        note=UNSEEN,
        also=tuple(rate for rate in RATES if rate.name in curve),
    )


def _best(curve: pd.DataFrame, chosen: list[str], worth: Column, tuned: Tuned) -> TableBlock:
    """What earns most where several things are chosen together."""
    allowed = curve[curve["allowed"]] if "allowed" in curve else curve
    best = allowed.sort_values(WORTH, ascending=False, kind="stable").head(BEST_SHOWN)
    shown = (*(Column(name, name) for name in chosen), *(rate for rate in RATES if rate.name in curve), worth)
    note = f"The first of {len(curve):,} that were tried on {tuned.on} rows was taken. {UNSEEN}"
    return TableBlock(f"The {len(best)} choices that earn most", shown, Table.of(best), note)


def _rates(curve: pd.DataFrame, worth: Column, tuned: Tuned) -> list[ChartBlock]:
    """What acting on more cases earns and finds; of choices with one share of alerts, the one that earns most."""
    if not {rate.name for rate in RATES} <= set(curve.columns):
        return []
    ordered = curve.sort_values(["alert_rate", WORTH], kind="stable")
    frontier = ordered.drop_duplicates("alert_rate", keep="last").reset_index(drop=True)
    alerts, recall = RATES
    mark = _chosen_rate(curve, tuned)
    note = f"On {tuned.on} rows."
    money = ChartBlock(
        f"{worth.title} by share of cases acted on",
        "line",
        Table.of(frontier),
        alerts,
        (worth,),
        by=_kept(frontier),
        mark=mark,
        note=note,
        also=(recall,),
    )
    if frontier["recall"].isna().any():
        return [money]
    found = replace(money, title="Positives found by share of cases acted on", y=(recall,), also=(worth,))
    return [money, found]


def _chosen_rate(curve: pd.DataFrame, tuned: Tuned) -> float | None:
    import numpy as np

    is_chosen = np.logical_and.reduce([curve[name].to_numpy() == value for name, value in tuned.values.items() if name in curve])
    places = np.flatnonzero(is_chosen)
    return float(curve["alert_rate"].iloc[places[0]]) if len(places) else None


def _kept(curve: pd.DataFrame) -> Column | None:
    """The column that tells choices within the limits apart, where some are not."""
    return KEPT if "allowed" in curve and not curve["allowed"].all() else None
