"""Values that must exist in a side table: an order's item in the catalogue, a reading's unit in the fleet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import Field

from upshot.components.checks._rows import ACTION, MOST_EXAMPLES, Action, require_columns, rows_of, told
from upshot.contracts.params import Names, Params
from upshot.contracts.records import Finding, Roles, Snapshot, Spec
from upshot.errors import DataError, Problem, did_you_mean

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


class ReferencesParams(Params):
    """Columns, and the side table in which their values must stand."""

    references: str = Field(description="Name of the side table, as under data.tables.")
    columns: Names = Field(
        (), description="Columns of the rows; those of the side table's key when left out. Rows with a null in one are passed over."
    )
    key: Names = Field(
        (), description="Columns of the side table that they are held against, in the same order; its role key when left out."
    )
    expect: str = Field(
        "many_to_one",
        pattern="^(many_to_one|one_to_one)$",
        description="many_to_one: the key names one row of the side table, which several rows may point at; one_to_one: at most one row may.",
    )
    action: Action = Field("refuse", description=ACTION)


class References:
    """Checks a reference. A null matches nothing, not another null.

    Args:
        params: Columns and side table.
    """

    spec: Spec

    def __init__(self, params: ReferencesParams) -> None:
        self.params = params
        self.action = params.action
        self.wants = {"tables": params.references}

    def check(self, frame: pd.DataFrame, roles: Roles) -> tuple[Finding, np.ndarray]:
        """There is nothing to hold the rows against.

        Raises:
            DataError: Always; the stage asks `check_against`.
        """
        return self.check_against(frame, roles, {})

    def check_against(self, frame: pd.DataFrame, roles: Roles, tables: Mapping[str, Snapshot]) -> tuple[Finding, np.ndarray]:
        """Rows whose values do not stand in the side table, or that repeat another row's where each may stand once; counted from 0.

        Raises:
            DataError: There is no such side table or column, or the side table has a key twice, so that a join would grow the rows.
        """
        import numpy as np
        import pandas as pd

        name = self.params.references
        if name not in tables:
            hint = did_you_mean(name, tables) if tables else "declare it under data.tables"
            raise DataError("a check has nothing to look at", [Problem("references", "no such side table", repr(name), hint)])
        side = tables[name].data.frame
        columns, key = self._columns(tables[name])
        require_columns(frame, columns)
        require_columns(side, key)
        keys = side[key].dropna()
        self._refuse_twice(keys, name, key)
        rows = frame[columns].set_axis(key, axis=1)
        known = rows.notna().all(axis=1).to_numpy()
        there = pd.MultiIndex.from_frame(rows).isin(pd.MultiIndex.from_frame(keys))
        broken = known & ~there
        if self.params.expect == "one_to_one":
            broken |= known & rows.duplicated().to_numpy()
        count, what = int(broken.sum()), ", ".join(columns)
        text = f"{what} must stand in {name} ({', '.join(key)}){', each once' if self.params.expect == 'one_to_one' else ''}"
        rule = f"{text}: {rows_of(count, len(frame))} do not" if count else f"{what} stands in {name} in {int(known.sum()):,} rows"
        return Finding(
            "references", columns[0] if len(columns) == 1 else None, rule, count, self._examples(frame[columns], broken, roles)
        ), np.asarray(broken)

    def _columns(self, side: Snapshot) -> tuple[list[str], list[str]]:
        key = list(self.params.key or side.roles.key)
        columns = list(self.params.columns or key)
        if not key or len(key) != len(columns):
            hint = "name key, or the role key of the side table" if not key else None
            raise DataError(
                "a check has nothing to look at", [Problem("key", "must have a column for each of columns", ", ".join(key) or None, hint)]
            )
        return columns, key

    def _refuse_twice(self, keys: pd.DataFrame, name: str, key: list[str]) -> None:
        twice = keys[keys.duplicated(keep=False)].drop_duplicates().head(MOST_EXAMPLES)
        if len(twice):
            shown = "; ".join(", ".join(told(value) for value in row) for row in twice.itertuples(index=False))
            rule = f"must name one row of side table {name!r}: joined to it, rows would grow"
            raise DataError("a reference leads to more than one row", [Problem(", ".join(key), rule, shown)])

    def _examples(self, rows: pd.DataFrame, broken: np.ndarray, roles: Roles) -> tuple[str, ...]:
        few = broken.nonzero()[0][:MOST_EXAMPLES]
        return tuple(
            f"row {row}: {', '.join('(hidden)' if name in roles.protected else told(rows[name].iloc[row]) for name in rows)}" for row in few
        )
