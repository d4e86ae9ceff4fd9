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
SMOOTHED = "smoothed"
"""Worth averaged over neighbours, by which a policy chose that gives it."""
BEST_SHOWN = 10
FAR = 5.0
"""Choices are left out of a line that lose so many times what the middle one loses against the best: serving everything always is one."""
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
    money: tuple[Column, ...] = (Column(WORTH, kpi.name, "money", kpi.unit),)
    if SMOOTHED in curve:
        money += (Column(SMOOTHED, "averaged over neighbours", "money", kpi.unit),)
    chosen = [name for name in tuned.values if name in curve.columns] or [tuned.curve.columns[0]]
    first = _line(curve, chosen[0], money, tuned, kpi) if len(chosen) == 1 else _best(curve, chosen, money, tuned, kpi)
    return (first, *_rates(curve, money[0], tuned, kpi))


def _in_its_own_words(curve: pd.DataFrame, kpi: Kpi) -> pd.DataFrame:
    """The curve with worth, of which more is always better, as the KPI itself has it: a cost is a cost again."""
    return curve if kpi.direction == "maximize" else curve.assign(**{name: -curve[name] for name in (WORTH, SMOOTHED) if name in curve})


def _line(curve: pd.DataFrame, name: str, money: tuple[Column, ...], tuned: Tuned, kpi: Kpi) -> ChartBlock:
    import numpy as np

    mark = tuned.values.get(name)
    is_near = np.logical_and.reduce([_is_near_the_best(curve[column.name]) for column in money])
    near = curve[is_near | (curve[name] == mark)].reset_index(drop=True)
    beyond = len(curve) - len(near)
    left_out = f" {beyond:,} of {len(curve):,} choices lie far beyond the others, and are not drawn." if beyond else ""
    return ChartBlock(
        title=f"{kpi.name} on {tuned.on} rows by {name}",
        form="line",
        rows=Table.of(_in_its_own_words(near, kpi)),
        x=Column(name, name),
        y=money,
        by=_kept(curve),
        mark=mark,
        note=f"{_by_what(money)}{UNSEEN}{left_out}",
        also=tuple(rate for rate in RATES if rate.name in curve),
    )


def _is_near_the_best(worth: pd.Series) -> pd.Series:
    """Choices beside which the differences that matter can still be seen, bool.

    Example:
        >>> import pandas as pd
        >>> _is_near_the_best(pd.Series([-20.0, -16.0, -18.0, -3000.0])).tolist()
        [True, True, True, False]
    """
    lost = worth.max() - worth
    middle = lost.median()
    near: pd.Series = lost <= (FAR * middle if middle > 0 else lost.max())
    return near


def _best(curve: pd.DataFrame, chosen: list[str], money: tuple[Column, ...], tuned: Tuned, kpi: Kpi) -> TableBlock:
    """What is worth most where several things are chosen together."""
    allowed = curve[curve["allowed"]] if "allowed" in curve else curve
    best = allowed.sort_values(money[-1].name, ascending=False, kind="stable").head(BEST_SHOWN)
    shown = (*(Column(name, name) for name in chosen), *(rate for rate in RATES if rate.name in curve), *money)
    note = f"The first of {len(curve):,} that were tried on {tuned.on} rows was taken. {_by_what(money)}{UNSEEN}"
    title = f"The {len(best)} choices that {'earn most' if kpi.direction == 'maximize' else 'cost least'}"
    return TableBlock(title, shown, Table.of(_in_its_own_words(best, kpi)), note)


def _by_what(money: tuple[Column, ...]) -> str:
    return "It was chosen by the average over neighbours, because the best single choice is the luckiest one. " if len(money) > 1 else ""


def _rates(curve: pd.DataFrame, worth: Column, tuned: Tuned, kpi: Kpi) -> list[ChartBlock]:
    """What acting on more cases earns and finds; of choices with one share of alerts, the one that is worth most."""
    if not {rate.name for rate in RATES} <= set(curve.columns):
        return []
    ordered = curve.sort_values(["alert_rate", WORTH], kind="stable")
    frontier = _in_its_own_words(ordered.drop_duplicates("alert_rate", keep="last").reset_index(drop=True), kpi)
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
