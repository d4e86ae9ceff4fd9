"""What a column must be like as a whole: share of nulls, number of values, mean. No single row is at fault when it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from upshot.components.checks._rows import require_columns
from upshot.contracts.params import Params
from upshot.contracts.records import Finding, Roles, Spec
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    import pandas as pd


class ColumnStatistics(Params):
    """Bounds on one column; each is left out where it is null."""

    max_null_share: float | None = Field(None, ge=0, le=1, description="Share of rows without a value, at most.")
    min_distinct: int | None = Field(None, ge=0, description="Different values, at least; nulls do not count.")
    max_distinct: int | None = Field(None, ge=0, description="Different values, at most.")
    min_mean: float | None = Field(None, allow_inf_nan=False, description="Mean of the values, at least; of numbers and yes/no.")
    max_mean: float | None = Field(None, allow_inf_nan=False, description="Mean of the values, at most.")


class StatisticsParams(Params):
    """Bounds on whole columns."""

    statistics: dict[str, ColumnStatistics] = Field(min_length=1, description="Column -> its bounds.")
    action: Literal["refuse", "warn"] = Field(
        "refuse", description="Whether the data is refused or warned of; no row of it could be set aside, because none is at fault."
    )


class Statistics:
    """Checks shares, counts and means. When one is out of its bounds, every row counts as broken.

    Args:
        params: The bounds.
    """

    spec: Spec

    def __init__(self, params: StatisticsParams) -> None:
        self.params = params
        self.action = params.action

    def check(self, frame: pd.DataFrame, roles: Roles) -> tuple[Finding, np.ndarray]:
        """All rows or none.

        Raises:
            DataError: A column does not exist, or has no mean.
        """
        import numpy as np

        require_columns(frame, self.params.statistics)
        wrong = [
            fault
            for name, bounds in self.params.statistics.items()
            for fault in _faults(name, bounds, frame[name], name in roles.protected)
        ]
        names = list(dict.fromkeys(name for name, _ in wrong))
        if not wrong:
            return Finding("statistics", None, f"{len(self.params.statistics)} columns are within their bounds", 0), np.zeros(
                len(frame), dtype=bool
            )
        text = "; ".join(sentence for _, sentence in wrong)
        return Finding("statistics", names[0] if len(names) == 1 else None, text, len(frame)), np.ones(len(frame), dtype=bool)


def _faults(name: str, bounds: ColumnStatistics, values: pd.Series, is_hidden: bool) -> Iterator[tuple[str, str]]:
    if bounds.max_null_share is not None and (share := float(values.isna().mean())) > bounds.max_null_share:
        yield name, f"{name} must be missing in at most {bounds.max_null_share:.4g} of the rows; it is in {share:.4g}"
    if bounds.min_distinct is not None or bounds.max_distinct is not None:
        distinct = int(values.nunique())
        if bounds.min_distinct is not None and distinct < bounds.min_distinct:
            yield name, f"{name} must have at least {bounds.min_distinct:,} values; it has {distinct:,}"
        if bounds.max_distinct is not None and distinct > bounds.max_distinct:
            yield name, f"{name} must have at most {bounds.max_distinct:,} values; it has {distinct:,}"
    if bounds.min_mean is not None or bounds.max_mean is not None:
        mean = _mean(name, values)
        shown = "(hidden)" if is_hidden else f"{mean:.6g}"
        if bounds.min_mean is not None and not mean >= bounds.min_mean:
            yield name, f"the mean of {name} must be >= {bounds.min_mean:g}; it is {shown}"
        if bounds.max_mean is not None and not mean <= bounds.max_mean:
            yield name, f"the mean of {name} must be <= {bounds.max_mean:g}; it is {shown}"


def _mean(name: str, values: pd.Series) -> float:
    import pandas as pd

    if not (pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values)):
        raise DataError(
            "a check does not suit its column", [Problem(f"column {name!r}", "only numbers and yes/no have a mean", str(values.dtype))]
        )
    return float(values.mean())
