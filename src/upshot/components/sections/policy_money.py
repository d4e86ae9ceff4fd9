"""What each policy came to: the model's, and what would be done without it, term by term, with what happened under each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from upshot.contracts.params import Params
from upshot.contracts.records import DecisionKind, Flows, PredictionKind, Spec, Tested, Valuation
from upshot.contracts.sections import Block, ChartBlock, Column, Section, TableBlock
from upshot.contracts.tables import Table
from upshot.value.audit import account

if TYPE_CHECKING:
    import pandas as pd

_POLICY = Column("policy", "policy", "text")


class PolicyMoneyParams(Params):
    """There is nothing to set."""


class PolicyMoney:
    """The objective KPI of all policies with intervals, its terms, the flows that they are made of, and what was chosen beforehand.

    Args:
        params: Nothing.
    """

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ()
    decides: tuple[DecisionKind, ...] = ()
    plays: tuple[str, ...] = ()

    def __init__(self, params: PolicyMoneyParams) -> None:
        self.params = params

    def make(self, tested: Tested) -> Section:
        """A chart, and two or three tables."""
        valuation = tested.valuations.by_kpi[tested.valuations.objective]
        blocks = [_values(valuation), _terms(valuation, tested.flows), _flows(tested.flows), *_chosen(tested)]
        return Section(f"What each policy comes to: {valuation.kpi.name}", "business", tuple(blocks))


def _named(subject: str) -> str:
    """A policy as the report's other sections name it, in words that can be broken."""
    return subject.replace("_", " ")


def _values(valuation: Valuation) -> Block:
    import pandas as pd

    found = [(_named(subject), measured.value, measured.low, measured.high) for subject, measured in valuation.per_period.items()]
    rows = pd.DataFrame(found, columns=["policy", "value", "low", "high"])
    kpi, unit = valuation.kpi, valuation.kpi.unit
    better = "More is better" if kpi.direction == "maximize" else "Less is better"
    measured = valuation.per_period["candidate"]
    return ChartBlock(
        kpi.name,
        "interval",
        Table.of(rows),
        _POLICY,
        (Column("value", kpi.name, "money", unit),),
        Column("low", "low", "money", unit),
        Column("high", "high", "money", unit),
        note=f"{better}. Intervals: {measured.method}; {measured.n:,} test cases.",
    )


def _terms(valuation: Valuation, flows: Flows) -> Block:
    import pandas as pd

    kpi, found = valuation.kpi, {}
    for subject, table in flows.tables.items():
        told = account(kpi, table.frame)
        factor = valuation.scale if not told.per else valuation.scale / told.per
        found[subject] = {label: amount * factor for label, amount in told.terms.items()}
    frame = pd.DataFrame(found)
    columns = (Column("term", "term", "text"), *(Column(subject, _named(subject), "money", kpi.unit) for subject in frame.columns))
    frame.insert(0, "term", frame.index)
    return TableBlock(f"{kpi.name}, term by term", columns, Table.of(frame), "The terms of a policy add up to what it comes to.")


def _flows(flows: Flows) -> Block:
    import pandas as pd

    rows = pd.DataFrame({subject: table.frame[list(flows.units)].sum() for subject, table in flows.tables.items()}).T
    rows.insert(0, "policy", [_named(subject) for subject in rows.index])
    columns = (_POLICY, *(Column(name, name.replace("_", " "), "number", unit) for name, unit in flows.units.items()))
    return TableBlock("What happened under each", columns, Table.of(rows), f"Sums over {flows.cases:,} test cases.")


def _chosen(tested: Tested) -> list[Block]:
    """What policy and baselines had chosen by money before they met the test rows; nothing where none chooses."""
    import pandas as pd

    choices = {f"{fold}/candidate": tuned for fold, tuned in tested.decisions.tuned.items()} | dict(tested.flows.tuned)
    rows = [
        (_named(place.partition("/")[2]), place.partition("/")[0], name, value, tuned.on or "given")
        for place, tuned in choices.items()
        for name, value in tuned.values.items()
    ]
    if not rows:
        return []
    frame: pd.DataFrame = pd.DataFrame(rows, columns=["policy", "fold", "what", "value", "on"])
    titles = {"policy": "policy", "fold": "fold", "what": "what", "value": "chosen", "on": "on"}
    columns = tuple(Column(name, title, "number" if name == "value" else "text") for name, title in titles.items())
    return [TableBlock("What was chosen beforehand", columns, Table.of(frame), "None of it has seen a test row.")]
