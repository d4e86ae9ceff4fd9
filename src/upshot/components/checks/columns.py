"""Declared columns: type, nulls, range, allowed values, pattern.

All rules of all columns are one check with one finding, so that a table is described in one place. Ranges, sets and patterns hold for
the values that are there; whether one may be missing is a rule of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from upshot.components.checks._rows import ACTION, MOST_EXAMPLES, Action, examples, require_columns, rows_of, told
from upshot.contracts.params import Params
from upshot.contracts.records import Finding, Roles, Spec
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

Bound = int | float | str
ColumnType = Literal["string", "int64", "float64", "bool", "timestamp", "date"]


class ColumnRule(Params):
    """What one column must be."""

    type: ColumnType | None = Field(None, description="string, int64, float64, bool, timestamp or date; any when left out.")
    nullable: bool = Field(False, description="Whether values may be missing.")
    infinite: bool = Field(False, description="Whether a number may be infinite.")
    min: Bound | None = Field(None, description="Smallest value allowed: a number, or a moment as ISO text.")
    max: Bound | None = Field(None, description="Largest value allowed: a number, or a moment as ISO text.")
    allowed: Annotated[tuple[int | float | str | bool, ...], Field(strict=False)] = Field((), description="Values allowed; any when empty.")
    pattern: str | None = Field(None, description="Regular expression that the whole text must match.")

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, value: str | None) -> str | None:
        try:
            re.compile(value or "")
        except re.error as error:
            raise ValueError(f"must be a regular expression: {error}") from error
        return value

    @model_validator(mode="after")
    def _range_is_one(self) -> Self:
        moments = [isinstance(bound, str) for bound in (self.min, self.max) if bound is not None]
        if len(set(moments)) > 1:
            raise ValueError("min and max must both be numbers, or both be moments")
        ends = [_comparable(bound) for bound in (self.min, self.max) if bound is not None]
        if len(ends) == 2 and ends[0] > ends[1]:
            raise ValueError("min must not lie above max")
        return self


class ColumnsParams(Params):
    """Each column's type, nulls, range, allowed values and pattern."""

    columns: dict[str, ColumnRule] = Field(min_length=1, description="Column -> its rules.")
    action: Action = Field("refuse", description=ACTION)


class Columns:
    """Checks declared columns. A column of the wrong type breaks every row, and its other rules are not looked at."""

    spec: Spec

    def __init__(self, params: ColumnsParams) -> None:
        self.params = params
        self.action = params.action

    def check(self, frame: pd.DataFrame, roles: Roles) -> tuple[Finding, np.ndarray]:
        """One finding over all columns, and the rows that break any rule. Rows are counted from 0.

        Raises:
            DataError: A column does not exist, or a rule does not suit its values (a range on text).
        """
        import numpy as np

        require_columns(frame, self.params.columns)
        faults = [
            (name, sentence, mask) for name, rule in self.params.columns.items() for sentence, mask in _faults(name, rule, frame[name])
        ]
        broken = np.zeros(len(frame), dtype=bool)
        for _, _, mask in faults:
            broken |= mask
        names = list(dict.fromkeys(name for name, _, _ in faults))
        one = names[0] if len(names) == 1 else None
        shown = [
            example
            for name, _, mask in faults
            for example in examples(frame[name], mask, hidden=name in roles.protected, name=None if one else name)
        ]
        rules = [f"{name} {sentence}: {rows_of(int(mask.sum()), len(frame))}" for name, sentence, mask in faults]
        text = "; ".join(rules) or f"{len(self.params.columns)} columns are as declared in {len(frame):,} rows"
        return Finding("columns", one, text, int(broken.sum()), tuple(dict.fromkeys(shown))[:MOST_EXAMPLES]), broken


def _faults(name: str, rule: ColumnRule, values: pd.Series) -> Iterator[tuple[str, np.ndarray]]:
    """Each broken rule of a column: its sentence, and the rows."""
    import numpy as np

    if rule.type is not None and not _is(rule.type, values):
        yield f"must be {rule.type}, is {values.dtype}", np.ones(len(values), dtype=bool)
        return
    missing = values.isna().to_numpy()
    rules = [("must not be missing", ~missing if not rule.nullable else None)]
    rules += [(sentence, missing | holds) for sentence, holds in _value_rules(name, rule, values)]
    for sentence, holds in rules:
        if holds is not None and not holds.all():
            yield sentence, ~holds


def _value_rules(name: str, rule: ColumnRule, values: pd.Series) -> Iterator[tuple[str, np.ndarray]]:
    """Sentence of each rule on values, and where it holds; what it says of missing ones does not count."""
    import numpy as np
    import pandas as pd

    if not rule.infinite and pd.api.types.is_float_dtype(values):
        yield "must be finite", ~np.isinf(values.to_numpy(dtype=float, na_value=np.nan))
    if rule.min is not None:
        yield f"must be >= {rule.min}", _there(values >= _bound(name, rule.min, values))
    if rule.max is not None:
        yield f"must be <= {rule.max}", _there(values <= _bound(name, rule.max, values))
    if rule.allowed:
        few = ", ".join(told(value) for value in rule.allowed[:10]) + (", ..." if len(rule.allowed) > 10 else "")
        yield f"must be one of {few}", _there(values.isin(list(rule.allowed)))
    if rule.pattern is not None:
        if not _is("string", values):
            raise _unsuited(name, "pattern needs text", values)
        yield f"must match {told(rule.pattern)}", _there(values.astype("str").str.fullmatch(rule.pattern))


def _there(holds: pd.Series) -> np.ndarray:
    """A rule's answers as plain booleans; False where the value is missing."""
    return holds.fillna(False).to_numpy(dtype=bool)


def _is(kind: ColumnType, values: pd.Series) -> bool:
    import pandas as pd
    from pandas.api import types

    there = values.dropna()
    if kind == "string":
        return types.is_string_dtype(there)
    if kind == "int64":  # a column of integers with some missing is one of floats in pandas
        whole = types.is_float_dtype(values) and len(there) < len(values) and bool((there % 1 == 0).all())
        return types.is_integer_dtype(values) or whole
    if kind == "float64":
        return types.is_float_dtype(values)
    if kind == "bool":
        return types.is_bool_dtype(values) or pd.api.types.infer_dtype(there) == "boolean"
    if kind == "timestamp":
        return types.is_datetime64_any_dtype(values)
    return pd.api.types.infer_dtype(there) == "date" or (
        types.is_datetime64_any_dtype(values) and bool((there == there.dt.normalize()).all())
    )


def _bound(name: str, bound: Bound, values: pd.Series) -> object:
    """A bound as something that the values can be compared with."""
    import pandas as pd
    from pandas.api import types

    if isinstance(bound, str):
        if not types.is_datetime64_any_dtype(values):
            raise _unsuited(name, "min and max as text need timestamps", values)
        moment = pd.Timestamp(bound)
        zone = getattr(values.dtype, "tz", None)
        return moment.tz_localize(zone) if zone is not None and moment.tz is None else moment
    if not types.is_numeric_dtype(values) or types.is_bool_dtype(values):
        raise _unsuited(name, "min and max as numbers need numbers", values)
    return bound


def _unsuited(name: str, rule: str, values: pd.Series) -> DataError:
    return DataError("a check does not suit its column", [Problem(f"column {name!r}", rule, str(values.dtype))])


def _comparable(bound: Bound) -> float:
    if not isinstance(bound, str):
        return bound
    try:
        moment = datetime.fromisoformat(bound)
    except ValueError as error:
        raise ValueError(f"{bound!r} must be a number, or a moment as ISO text such as 2025-01-31") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
