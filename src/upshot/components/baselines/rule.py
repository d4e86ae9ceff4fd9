"""The rule of today: one condition on the raw columns, in the grammar of KPI expressions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field, field_validator

from upshot.components.actions import APPROVE, action_frame
from upshot.components.raw_expressions import evaluated
from upshot.contracts.params import Params
from upshot.contracts.records import DecisionKind, Spec
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import pandas as pd

    from upshot.contracts.records import Cases

HEADLINE = "a rule cannot be applied"


class RuleParams(Params):
    """One action where a condition holds."""

    when: str = Field(description="Condition on the columns of the data, e.g. \"amount > 220 and channel == 'web'\".")
    action: str = Field("block", pattern=r"^[a-z][a-z0-9_]*$", description="What is done where the condition holds; elsewhere: approve.")
    priority: str | None = Field(
        None,
        description='Number that says who comes first where a team works through the cases, e.g. "amount"; none for the order of arrival.',
    )

    @field_validator("when", "priority")
    @classmethod
    def _is_an_expression(cls, text: str | None) -> str | None:
        from upshot.value.expressions import Expression

        if text is not None:
            Expression.parse(text)
        return text

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
        self.actions = (APPROVE, params.action)

    def decide(self, cases: Cases, history: Cases) -> pd.DataFrame:
        """Columns `case`, `action`, and `priority` where the rule has one; one row a case.

        Raises:
            DataError: An expression names a column that the cases do not have; the condition is a number, or the priority is none.
        """
        holds = evaluated(self.params.when, cases, "baselines.when", HEADLINE)
        if holds.dtype != bool:
            raise DataError(HEADLINE, [Problem("baselines.when", "must be a condition, such as amount > 220", self.params.when)])
        decided = action_frame(holds, self.actions)
        if self.params.priority is None:
            return decided
        priority = evaluated(self.params.priority, cases, "baselines.priority", HEADLINE)
        if priority.dtype == bool:
            raise DataError(HEADLINE, [Problem("baselines.priority", "must be a number, such as amount", self.params.priority)])
        return decided.assign(priority=priority)
