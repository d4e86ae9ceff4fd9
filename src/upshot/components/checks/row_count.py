"""There are neither too few rows nor too many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field, model_validator

from upshot.contracts.params import Params
from upshot.contracts.records import Finding, Roles, Spec
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


class RowCountParams(Params):
    """How many rows there must be."""

    min: int = Field(1, ge=1, description="Fewest rows.")
    max: int | None = Field(None, ge=1, description="Most rows; any number when left out.")
    action: Literal["refuse"] = Field("refuse", description="A wrong number of rows refuses the data: no row of them is at fault.")

    @model_validator(mode="after")
    def _range_is_one(self) -> Self:
        if self.max is not None and self.max < self.min:
            raise ValueError("min must not lie above max")
        return self


class RowCount:
    """Checks the number of rows. When it is wrong, every row counts as broken."""

    spec: Spec

    def __init__(self, params: RowCountParams) -> None:
        self.params = params
        self.action = params.action

    def check(self, frame: pd.DataFrame, roles: Roles) -> tuple[Finding, np.ndarray]:
        """All rows or none.

        Raises:
            DataError: There is no row that could be called broken.
        """
        import numpy as np

        rows, least, most = len(frame), self.params.min, self.params.max
        if rows == 0:
            raise DataError("the data is empty", [Problem("rows", f"must be >= {least:,}", "0")])
        if rows < least:
            rule = f"there must be at least {least:,} rows; there are {rows:,}"
        elif most is not None and rows > most:
            rule = f"there must be at most {most:,} rows; there are {rows:,}"
        else:
            return Finding("row_count", None, f"{rows:,} rows are enough and not too many", 0), np.zeros(rows, dtype=bool)
        return Finding("row_count", None, rule, rows), np.ones(rows, dtype=bool)
