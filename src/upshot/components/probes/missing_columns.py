"""Robustness to missing columns: what is lost when a column arrives empty, as after a change in the system that delivers it.

The column is null in the rows that are scored; what the features know of earlier rows stays. A feature or model that refuses such rows is told
as refusing: that is safe, and it scores nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import Field

from upshot.components.faults import column_of
from upshot.components.probes._losses import Losses, LossParams, rows_text
from upshot.contracts.components import Bench, Trial
from upshot.contracts.params import Names
from upshot.contracts.records import Breakdown, DecisionKind, Entry, PredictionKind, Spec
from upshot.errors import DataError

if TYPE_CHECKING:
    import pandas as pd


class MissingColumnsParams(LossParams):
    """Which columns, one after the other."""

    columns: Names = Field(
        (), description="Raw columns that go missing, one at a time; all that the features read, but for key and time, when left out."
    )


class MissingColumns:
    """One entry a column.

    Args:
        params: Which columns, and what is measured.
    """

    spec: Spec
    wants: Mapping[str, tuple[str, ...]]
    accepts: tuple[PredictionKind, ...] = ()
    decides: tuple[DecisionKind, ...] = ()
    uses: tuple[str, ...] = ("features",)
    asks: tuple[str, ...] = ()

    def __init__(self, params: MissingColumnsParams) -> None:
        self.params = params
        self.wants = params.wanted()

    def gives(self, declared: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
        """What is lost of each metric and of the objective."""
        return self.params.names(declared)

    def inspect(self, bench: Bench) -> Breakdown:
        """Empty each column and measure what is lost.

        Raises:
            DataError: A named column does not exist.
        """
        trial = bench.trial(self.params.rows)
        losses = Losses(bench, trial, self.params)
        names = self.params.columns or trial.inputs()
        entries = tuple(self._entry(name, trial, losses) for name in names)
        return Breakdown("robustness", f"what is lost when a column is empty, {rows_text(trial, bench)}", entries, block=trial.cases.block)

    def _entry(self, name: str, trial: Trial, losses: Losses) -> Entry:
        rows = trial.cases.rows.frame
        changed = rows.assign(**{name: emptied(column_of(rows, name, "columns"))})
        try:
            return losses.entry(f"without {name}", [trial.encode(changed, (name,))])
        except DataError as error:
            return losses.refused(f"without {name}", error)


def emptied(values: pd.Series) -> pd.Series:
    """The column with nulls only, in the type in which it would arrive: whole numbers and bools become floats."""
    import numpy as np
    import pandas as pd

    if pd.api.types.is_numeric_dtype(values):
        return pd.Series(np.nan, index=values.index)
    return values.mask(np.ones(len(values), dtype=bool))
