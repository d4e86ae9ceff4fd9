"""No two rows agree in the named columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from upshot.components.checks._rows import ACTION, MOST_EXAMPLES, Action, require_columns, rows_of, told
from upshot.contracts.params import Names, Params
from upshot.contracts.records import Finding, Roles, Spec
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


class UniqueParams(Params):
    """No two rows agree in the named columns."""

    unique: Names = Field((), description="Columns that together must name a row; those of the role key when left out.")
    action: Action = Field("refuse", description=ACTION)


class Unique:
    """Checks a key. Quarantine sets every row aside whose key was there before; the first one stays."""

    spec: Spec

    def __init__(self, params: UniqueParams) -> None:
        self.params = params
        self.action = params.action

    def check(self, frame: pd.DataFrame, roles: Roles) -> tuple[Finding, np.ndarray]:
        """Rows whose key was there before, counted from 0.

        Raises:
            DataError: A column does not exist, or neither `unique` nor the role key names one.
        """
        names = list(self.params.unique or roles.key)
        if not names:
            raise DataError(
                "a check has nothing to look at", [Problem("unique", "needs columns", None, "name them, or the role key of the data")]
            )
        require_columns(frame, names)
        again = frame.duplicated(names).to_numpy()
        count = int(again.sum())
        key = ", ".join(names)
        rule = (
            f"{key} must be unique: {rows_of(count, len(frame))} repeat an earlier one"
            if count
            else f"{key} is unique in {len(frame):,} rows"
        )
        column = names[0] if len(names) == 1 else None
        return Finding("unique", column, rule, count, self._examples(frame[names], again, roles)), again

    def _examples(self, keys: pd.DataFrame, again: np.ndarray, roles: Roles) -> tuple[str, ...]:
        few = keys[again].head(MOST_EXAMPLES)
        columns = [["(hidden)"] * len(few) if name in roles.protected else [told(value) for value in few[name]] for name in few]
        return tuple(f"row {row}: {', '.join(key)}" for row, key in zip(few.index, zip(*columns, strict=True), strict=True))
