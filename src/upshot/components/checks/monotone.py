"""A column that only goes up, as ids and meters do: a fall tells of rows lost, mixed up or written twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from upshot.components.checks._rows import ACTION, Action, examples, highest_before, require_columns, rows_of
from upshot.contracts.params import Names, Params
from upshot.contracts.records import Finding, Roles, Spec
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


class MonotoneParams(Params):
    """A column that must not fall."""

    monotone: str = Field(description="Column of numbers or moments that must not fall from row to row.")
    within: Names = Field((), description="Columns whose values each have a sequence of their own, such as the unit of a meter.")
    order: str | None = Field(None, description="Column that says which row comes first; the order of the rows when left out.")
    strict: bool = Field(False, description="Whether equal values break the rule too.")
    falling: bool = Field(False, description="Whether it must not rise instead.")
    action: Action = Field("refuse", description=ACTION)


class Monotone:
    """Checks that a column does not fall. A row breaks the rule where its value lies below the highest one before it; nulls are passed over.

    Args:
        params: The column.
    """

    spec: Spec

    def __init__(self, params: MonotoneParams) -> None:
        self.params = params
        self.action = params.action

    def check(self, frame: pd.DataFrame, roles: Roles) -> tuple[Finding, np.ndarray]:
        """Rows that fall behind, counted from 0.

        Raises:
            DataError: A column does not exist, or holds neither numbers nor moments.
        """
        import numpy as np

        p = self.params
        require_columns(frame, [p.monotone, *p.within, *([p.order] if p.order else [])])
        ticks = _ticks(frame[p.monotone], p.monotone) * (-1 if p.falling else 1)
        order = np.argsort(frame[p.order].to_numpy(), kind="stable") if p.order else np.arange(len(frame))
        sorted_ = ticks.iloc[order]
        before = highest_before(sorted_, [frame[name].iloc[order] for name in p.within])
        fell = (sorted_ <= before) if p.strict else (sorted_ < before)
        broken = np.zeros(len(frame), dtype=bool)
        broken[order] = fell.fillna(False).to_numpy(dtype=bool)
        count = int(broken.sum())
        rule = f"{p.monotone} must {'not rise' if p.falling else 'not fall'}{' or stay' if p.strict else ''}"
        rule += f" within {', '.join(p.within)}" if p.within else ""
        told = f"{rule}: {rows_of(count, len(frame))} break it" if count else f"{rule}, and does not in {len(frame):,} rows"
        return Finding(
            "monotone", p.monotone, told, count, examples(frame[p.monotone], broken, hidden=p.monotone in roles.protected)
        ), broken


def _ticks(values: pd.Series, name: str) -> pd.Series:
    """Numbers or moments as float64 or nullable integers; the order is theirs."""
    import pandas as pd

    if pd.api.types.is_datetime64_any_dtype(values):
        plain = values.dt.tz_convert("UTC").dt.tz_localize(None) if getattr(values.dtype, "tz", None) else values
        return plain.astype("datetime64[us]").astype("int64").astype("Int64").where(values.notna())
    if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
        return values
    raise DataError("a check does not suit its column", [Problem(f"column {name!r}", "must hold numbers or moments", str(values.dtype))])
