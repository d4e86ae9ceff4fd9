"""What a run's value is made of: its test cases one by one, each with what was predicted, decided and met."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from upshot.contracts.records import Cases, Decisions, Flows, Folds, Kpi, Predictions, Valuations
from upshot.contracts.tables import Map
from upshot.engine.past import Past
from upshot.errors import Problem, UsageError, did_you_mean
from upshot.value.audit import Account, account

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 5


@dataclass(frozen=True)
class CaseAudit:
    """One test case of a run.

    Attributes:
        case: Its number among the test cases, counted from 0.
        key: Key column -> its value; the time too, where the cases have one.
        outcome: What was observed.
        predictions: What was predicted, one map a row of the prediction.
        decisions: What was decided, one map a row of the decision.
        accounts: Subject -> what its rows of this case add up to.
        counted_at: The case at which the flows of its first entity are counted, where none are counted at this one: of a unit, its first.
    """

    case: int
    key: Map[Any]
    outcome: Any
    predictions: tuple[Map[Any], ...]
    decisions: tuple[Map[Any], ...]
    accounts: Map[Account]
    counted_at: int | None = None


@dataclass(frozen=True)
class Audit:
    """The value of one KPI in a past run.

    Args:
        past: The run.
        name: The KPI.
    """

    past: Past
    name: str

    @classmethod
    def of(cls, past: Past, kpi: str | None) -> Audit:
        """The audit of a KPI, of the objective when left out.

        Raises:
            UsageError: The run has no such KPI, or did not come so far as to be valued.
        """
        for stage in ("split", "predict", "decide", "play", "value"):
            if past.value(stage) is None:
                rule = f"what stage {stage!r} gave {'was cleared away' if past.is_cleared(stage) else 'is not there: the run did not come so far'}"
                raise UsageError("the value of this run cannot be told", [Problem(past.row.id, rule, None, "run the recipe again")])
        valuations: Valuations = past.value("value")
        name = kpi or valuations.objective
        if name not in valuations.by_kpi:
            raise UsageError(
                "there is no such KPI", [Problem("--kpi", "no KPI of the run", repr(name), did_you_mean(name, valuations.by_kpi))]
            )
        return cls(past, name)

    @property
    def kpi(self) -> Kpi:
        """The KPI, as it was then."""
        return self._valuations.by_kpi[self.name].kpi

    @property
    def scale(self) -> float:
        """Factor from the test rows to the KPI's period."""
        return self._valuations.by_kpi[self.name].scale

    @property
    def expired(self) -> tuple[str, ...]:
        """Money parameters that had expired when it was valued."""
        return self._valuations.by_kpi[self.name].expired

    @cached_property
    def flows(self) -> Flows:
        """What each subject's decisions met."""
        flows: Flows = self.past.value("play")
        return flows

    def totals(self) -> Map[Account]:
        """Subject -> what all its rows add up to."""
        return Map({subject: account(self.kpi, table.frame) for subject, table in self.flows.tables.items()})

    def case(self, number: int) -> CaseAudit:
        """One test case by its number.

        Raises:
            UsageError: There is none.
        """
        if not 0 <= number < self.flows.cases:
            got = f"{number}; the run has the test cases 0 to {self.flows.cases - 1}"
            raise UsageError("there is no such row", [Problem("--row", "must be the number of a test case", got)])
        row = self._cases.rows.frame.iloc[number]
        roles = self._cases.roles
        key = {name: _plain(row[name]) for name in dict.fromkeys((*roles.key, *((roles.time,) if roles.time else ())))}
        return CaseAudit(
            number,
            Map(key),
            _plain(self._cases.labels.frame["label"].iloc[number]),
            _rows(self._predicted, number),
            _rows(self._decided, number),
            Map({name: account(self.kpi, t.frame[t.frame["case"] == number]) for name, t in self.flows.tables.items()}),
            self._counted_at(number),
        )

    def _counted_at(self, number: int) -> int | None:
        import numpy as np

        roles, cases = self._cases.roles, self._cases.rows.frame
        counted = np.unique(np.concatenate([table.frame["case"].to_numpy() for table in self.flows.tables.values()]))
        if number in counted or not roles.entities:
            return None
        whose = cases[roles.entities[0]]
        found = counted[(whose.iloc[counted] == whose.iloc[number]).to_numpy()]
        return int(found[0]) if len(found) == 1 else None

    def number_of(self, key: str) -> int:
        """Number of the test case with this key; several key columns are joined by commas.

        Raises:
            UsageError: No test case has it, several have it, or the recipe names no key.
        """
        import numpy as np

        names = self._cases.roles.key
        if not names:
            hint = "name the columns under data.roles.key, or take --row"
            raise UsageError("rows cannot be found by key", [Problem("--key", "the recipe names no key", None, hint)])
        words = key.split(",") if len(names) > 1 else [key]
        if len(words) != len(names):
            raise UsageError("there is no such row", [Problem("--key", f"must be {','.join(names)}", repr(key))])
        frame = self._cases.rows.frame
        found = np.flatnonzero(np.logical_and.reduce([frame[name].astype(str) == word for name, word in zip(names, words, strict=True)]))
        if len(found) != 1:
            got = f"{len(found)} test cases have it: rows {_some(found.tolist())}" if len(found) else f"{key!r}, which none has"
            hint = f"the first is {','.join(str(frame[name].iloc[0]) for name in names)}"
            raise UsageError("there is no such row", [Problem("--key", f"must name one test case by {','.join(names)}", got, hint)])
        return int(found[0])

    @property
    def _valuations(self) -> Valuations:
        valuations: Valuations = self.past.value("value")
        return valuations

    @cached_property
    def _folds(self) -> Folds:
        folds: Folds = self.past.value("split")
        return folds

    @cached_property
    def _tested(self) -> tuple[pd.DataFrame, Cases]:
        predictions: Predictions = self.past.value("predict")
        return predictions.tested(self._folds)

    @property
    def _cases(self) -> Cases:
        return self._tested[1]

    @property
    def _predicted(self) -> pd.DataFrame:
        return self._tested[0]

    @cached_property
    def _decided(self) -> pd.DataFrame:
        """The decisions on all folds' test rows; `case` counts through the folds."""
        import pandas as pd

        decisions: Decisions = self.past.value("decide")
        frames, start = [], 0
        for fold in self._folds.tested():
            frame = decisions.frames[f"{fold.name}/test"].frame
            frames.append(frame.assign(case=frame["case"] + start))
            start += fold.parts.get("test", 0)
        return pd.concat(frames, ignore_index=True)


def _rows(frame: pd.DataFrame, case: int) -> tuple[Map[Any], ...]:
    rows = frame[frame["case"] == case].drop(columns="case")
    return tuple(Map({str(name): _plain(value) for name, value in row.items()}) for _, row in rows.iterrows())


def _plain(value: Any) -> Any:
    """A cell as plain Python: numbers as they are, everything else as text; None for null."""
    import pandas as pd

    if value is None or value is pd.NaT or (isinstance(value, float) and value != value):
        return None
    plain = value.item() if hasattr(value, "item") else value
    return plain if isinstance(plain, (bool, int, float, str)) else str(plain)


def _some(rows: Sequence[int]) -> str:
    return ", ".join(str(row) for row in rows[:SHOWN]) + (", ..." if len(rows) > SHOWN else "")


__all__ = ["Audit", "CaseAudit"]
