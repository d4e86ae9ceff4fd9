"""The rule of today: one condition on the raw columns, in the grammar of KPI expressions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field, field_validator

from upshot.contracts.params import Params
from upshot.contracts.records import DecisionKind, Spec
from upshot.errors import DataError, Problem, did_you_mean

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from upshot.contracts.records import Cases


class RuleParams(Params):
    """One action where a condition holds."""

    when: str = Field(description='Condition on the columns of the data, e.g. "amount > 220 and channel == \'web\'".')
    action: str = Field("block", pattern=r"^[a-z][a-z0-9_]*$", description="What is done where the condition holds; elsewhere: approve.")

    @field_validator("when")
    @classmethod
    def _is_an_expression(cls, when: str) -> str:
        from upshot.value.expressions import Expression

        Expression.parse(when)
        return when


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
        import numpy as np
        import pandas as pd

        holds = self._holds(cases)
        names = ["approve"] if self.params.action == "approve" else ["approve", self.params.action]
        codes = np.minimum(holds.astype("int8"), len(names) - 1)
        return pd.DataFrame({"case": np.arange(len(holds)), "action": pd.Categorical.from_codes(codes, categories=names)})

    def _holds(self, cases: Cases) -> np.ndarray:
        import numpy as np

        from upshot.value.expressions import Expression

        condition = Expression.parse(self.params.when)
        where = "baselines.when"
        unknown = sorted(set(condition.names) - set(cases.rows.columns))
        if unknown:
            known = cases.rows.columns
            rule = "must name columns of the data that are known before the outcome"
            raise DataError("a rule cannot be applied", [Problem(where, rule, repr(n), did_you_mean(n, known)) for n in unknown])
        columns = {name: cases.rows.frame[name].to_numpy() for name in condition.names}
        holds = np.broadcast_to(condition.evaluate(columns), (cases.size,))
        if holds.dtype != bool:
            raise DataError("a rule cannot be applied", [Problem(where, "must be a condition, such as amount > 220", self.params.when)])
        return holds
