"""Columns made from others by an expression: ratios, differences, shares, flags.

The grammar is that of KPIs, closed and checked, so a feature is data like the rest of the recipe. What has no value in a row (a null, a
division by zero) is null there; a model that takes no gaps says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, field_validator, model_validator

from upshot.components.features._columns import raw
from upshot.contracts.params import Params
from upshot.contracts.records import Cases, Roles, Spec

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

Formula = Annotated[str, Field(min_length=1)]


class ExpressionParams(Params):
    """Names of new columns and what they are."""

    columns: dict[str, Formula] = Field(
        min_length=1,
        description='New column -> expression on raw columns, such as {utilisation: "balance / credit_limit", is_new: "months < 6"}; a condition is 1 or 0.',
    )
    names: dict[str, str] = Field(
        default_factory=dict,
        description="Short name -> raw column, for columns whose names cannot stand in an expression: {torque: 'Torque [Nm]'}.",
    )
    fill: float | None = Field(None, description="Value where an expression has none (null, division by zero); none for null.")

    @field_validator("columns")
    @classmethod
    def _are_expressions(cls, columns: dict[str, str]) -> dict[str, str]:
        from upshot.value.expressions import Expression

        for text in columns.values():
            Expression.parse(text)
        return columns

    @model_validator(mode="after")
    def _read_raw_columns(self) -> ExpressionParams:
        from upshot.value.expressions import Expression

        own = sorted({name for text in self.columns.values() for name in Expression.parse(text).names} & self.columns.keys())
        constant = [name for name, text in self.columns.items() if not Expression.parse(text).names]
        unread = [name for name in self.names if all(name not in Expression.parse(text).names for text in self.columns.values())]
        if unread:
            raise ValueError(f"names.{unread[0]} is read by no expression")
        if own:
            raise ValueError(f"an expression reads raw columns, and {own[0]} is made here; write its expression out, or name it otherwise")
        if constant:
            raise ValueError(f"must read a column; {constant[0]} is the same in every row")
        return self


class ExpressionFeature:
    """One float64 column an expression. Nothing is learned."""

    spec: Spec
    needs_history = False

    def __init__(self, params: ExpressionParams) -> None:
        self.params = params

    def inputs(self, roles: Roles) -> tuple[str, ...]:
        """Raw columns that it reads."""
        from upshot.value.expressions import Expression

        read = {name for text in self.params.columns.values() for name in Expression.parse(text).names}
        return tuple(sorted({self.params.names.get(name, name) for name in read}))

    def fit(self, train: Cases, history: Cases) -> None:
        """Learn nothing."""

    def transform(self, cases: Cases, history: Cases) -> pd.DataFrame:
        """The columns, index 0..n-1.

        Raises:
            DataError: A column holds something that the grammar does not know, such as a time.
        """
        import pandas as pd

        columns = {name: raw(cases, name) for name in self.inputs(cases.roles)}
        made = {name: self._values(name, text, columns, cases.size) for name, text in self.params.columns.items()}
        return pd.DataFrame(made, index=pd.RangeIndex(cases.size))

    def state(self) -> Mapping[str, bytes]:
        """Nothing was learned."""
        return {}

    def restore(self, files: Mapping[str, bytes]) -> None:
        """There is nothing to take back."""

    def _values(self, name: str, text: str, columns: Mapping[str, pd.Series], rows: int) -> np.ndarray:
        import numpy as np

        from upshot.value.expressions import Expression

        expression = Expression.parse(text)
        used = {short: columns[self.params.names.get(short, short)] for short in expression.names}
        values = expression.evaluate(used, rows=rows, what=f"features.*.columns.{name}", gaps=True)
        return values if self.params.fill is None else np.where(np.isnan(values), self.params.fill, values)
