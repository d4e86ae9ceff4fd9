"""The rule of today: one condition on the raw columns, in the grammar of KPI expressions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field, field_validator

from upshot.components.actions import APPROVE, action_frame
from upshot.contracts.params import Params
from upshot.contracts.records import DecisionKind, Spec
from upshot.errors import DataError, Problem, did_you_mean

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from upshot.contracts.records import Cases


class RuleParams(Params):
    """One action where a condition holds."""

    when: str = Field(description="Condition on the columns of the data, e.g. \"amount > 220 and channel == 'web'\".")
    action: str = Field("block", pattern=r"^[a-z][a-z0-9_]*$", description="What is done where the condition holds; elsewhere: approve.")

    @field_validator("when")
    @classmethod
    def _is_an_expression(cls, when: str) -> str:
        from upshot.value.expressions import Expression

        Expression.parse(when)
        return when

    @field_validator("action")
    @classmethod
    def _acts(cls, action: str) -> str:
        if action == APPROVE:
            raise ValueError("must differ from approve, which is what happens elsewhere")
        return action


class Rule:
    """Takes `action` where the condition holds. It sees blind cases: a condition on the outcome is an unknown column.

    Args:
        params: The condition and the action.
    """

    spec: Spec
    gives: DecisionKind = "action"

    def __init__(self, params: RuleParams) -> None:
        self.params = params

    def decide(self, cases: Cases, history: Cases) -> pd.DataFrame:
        """Columns `case`, `action`; one row a case.

        Raises:
            DataError: The condition names a column that the cases do not have, or is no condition but a number.
        """
        return action_frame(self._holds(cases), (APPROVE, self.params.action))

    def _holds(self, cases: Cases) -> np.ndarray:
        from upshot.value.expressions import Expression

        condition, known = Expression.parse(self.params.when), cases.rows.columns
        where = "baselines.when"
        unknown = condition.unknown(known)
        if unknown:
            rule = "must name columns of the data that are known before the outcome"
            raise DataError("a rule cannot be applied", [Problem(where, rule, repr(n), did_you_mean(n, known)) for n in unknown])
        columns = {name: cases.rows.frame[name] for name in condition.names}
        holds = condition.evaluate(columns, rows=cases.size, what=where)
        if holds.dtype != bool:
            raise DataError("a rule cannot be applied", [Problem(where, "must be a condition, such as amount > 220", self.params.when)])
        return holds
