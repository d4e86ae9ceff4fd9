"""Robustness to noise: what is lost when the numbers that come in are a little off.

Noise is added to raw columns, before the features, as it would come in from a worse sensor or a rounded amount: normal, of a size that is a
share of the column's own spread on the training rows, kept within their range, and whole where the column holds whole numbers. What is decided
and what then happens is still valued with the true amounts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from upshot.components.faults import column_of
from upshot.components.probes._losses import Losses, LossParams, rows_text
from upshot.contracts.components import Bench, Trial
from upshot.contracts.params import Names
from upshot.contracts.records import Breakdown, DecisionKind, Entry, PredictionKind, Roles, Spec
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


MOST_NAMED = 5


class NoiseParams(LossParams):
    """How much noise, on which columns."""

    scales: Annotated[tuple[Annotated[float, Field(gt=0, le=10)], ...], Field(strict=False, min_length=1)] = Field(
        (0.1,), description="Standard deviations of the noise, as shares of each column's own on the training rows."
    )
    columns: Names = Field(
        (), description="Raw columns of numbers that get noise; all that the features read, but for entities, when left out."
    )


class Noise:
    """One entry a scale: all columns are off at once.

    Args:
        params: How much noise, and what is measured.
    """

    spec: Spec
    wants: Mapping[str, tuple[str, ...]]
    accepts: tuple[PredictionKind, ...] = ()
    decides: tuple[DecisionKind, ...] = ()
    uses: tuple[str, ...] = ("features",)
    asks: tuple[str, ...] = ()

    def __init__(self, params: NoiseParams) -> None:
        self.params = params
        self.wants = params.wanted()

    def gives(self, declared: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
        """What is lost of each metric and of the objective."""
        return self.params.names(declared)

    def inspect(self, bench: Bench) -> Breakdown:
        """Add noise and measure what is lost.

        Raises:
            DataError: A named column does not exist, holds no numbers, or no column is left.
        """
        trial = bench.trial(self.params.rows)
        columns = self._columns(trial)
        losses = Losses(bench, trial, self.params)
        entries = tuple(self._entry(number, scale, columns, bench, losses) for number, scale in enumerate(self.params.scales))
        what = ", ".join(columns) if len(columns) <= MOST_NAMED else f"{len(columns)} columns"
        title = f"what is lost when {what} {'is' if len(columns) == 1 else 'are'} off by noise, {rows_text(trial, bench)}"
        return Breakdown("robustness", title, entries, block=trial.cases.block)

    def _entry(self, number: int, scale: float, columns: tuple[str, ...], bench: Bench, losses: Losses) -> Entry:
        import numpy as np

        draw, rows = np.random.default_rng([bench.tested.seed, 6, number]), losses.trial.cases.rows.frame
        train = bench.tested.folds.part(bench.tested.predictor.final, "train").rows.frame
        changed = rows.assign(**{name: noisy(rows[name], train[name], scale, draw) for name in columns})
        name = f"noise of {scale:g} standard deviations"
        try:
            return losses.entry(name, [losses.trial.encode(changed, columns)])
        except DataError as error:
            return losses.refused(name, error)

    def _columns(self, trial: Trial) -> tuple[str, ...]:
        rows = trial.cases.rows.frame
        if self.params.columns:
            wrong = [name for name in self.params.columns if not _is_number(column_of(rows, name, "columns"))]
            if wrong:
                raise DataError("noise cannot be added", [Problem("columns", "must hold numbers", repr(name)) for name in wrong])
            return self.params.columns
        found = tuple(name for name in trial.inputs() if name not in apart(trial.cases.roles) and _is_number(rows[name]))
        if not found:
            raise DataError(
                "noise cannot be added", [Problem("columns", "the features read no column of numbers", None, "leave the probe out")]
            )
        return found


def apart(roles: Roles) -> tuple[str, ...]:
    """Columns whose values are names, not measurements."""
    return tuple(name for name in (*roles.key, *roles.entities, roles.item, roles.time) if name)


def noisy(values: pd.Series, train: pd.Series, scale: float, draw: np.random.Generator) -> pd.Series:
    """Numbers with noise, in their own type; nulls stay.

    Args:
        values: The column of the rows that are scored.
        train: The same column of the training rows, which gives spread and range.
        scale: Size of the noise in standard deviations of `train`.
        draw: Where it comes from.
    """
    import pandas as pd

    spread = float(train.astype("float64").std()) if len(train) > 1 else 0.0
    off = values.astype("float64") + draw.normal(0.0, 1.0, len(values)) * scale * spread
    off = off.clip(float(train.min()), float(train.max()))
    return off.round().astype(values.dtype) if pd.api.types.is_integer_dtype(values) else off


def _is_number(values: pd.Series) -> bool:
    import pandas as pd

    return bool(pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values))
