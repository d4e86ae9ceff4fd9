"""A condition over several columns that every row must meet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from upshot.components.checks._rows import ACTION, MOST_EXAMPLES, Action, examples, require_columns, rows_of
from upshot.components.raw_expressions import ExpressionText, condition
from upshot.contracts.params import Params
from upshot.contracts.records import Finding, Roles, Spec

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


class RuleParams(Params):
    """A condition on the columns of a row."""

    rule: ExpressionText = Field(
        description='Condition that must hold, e.g. "net + tax == gross". A row with a null in it is not judged, unless it asks missing(x).'
    )
    action: Action = Field("refuse", description=ACTION)


class Rule:
    """Checks a condition.

    Args:
        params: The condition.
    """

    spec: Spec

    def __init__(self, params: RuleParams) -> None:
        self.params = params
        self.action = params.action

    def check(self, frame: pd.DataFrame, roles: Roles) -> tuple[Finding, np.ndarray]:
        """Rows for which the condition does not hold, counted from 0.

        Raises:
            DataError: A column does not exist or is neither number, yes/no nor text; the expression is no condition; a row divides by 0.
        """
        import numpy as np

        from upshot.value.expressions import Expression

        text = self.params.rule
        names = sorted(Expression.parse(text).names)
        require_columns(frame, names)
        known = np.ones(len(frame), dtype=bool) if "missing(" in text.replace(" ", "") else frame[names].notna().all(axis=1).to_numpy()
        broken = np.zeros(len(frame), dtype=bool)
        broken[known] = ~condition(text, frame[known], "rule", "a rule cannot be checked")
        count = int(broken.sum())
        told = f"{text} must hold: {rows_of(count, len(frame))} break it" if count else f"{text} holds in {int(known.sum()):,} rows"
        shown = [found for name in names for found in examples(frame[name], broken, hidden=name in roles.protected, name=name)]
        return Finding("rule", names[0] if len(names) == 1 else None, told, count, tuple(sorted(shown, key=_row))[:MOST_EXAMPLES]), broken


def _row(example: str) -> int:
    return int(example.partition(":")[0].removeprefix("row "))
