"""Pandera's own checks, by their names, for what the built-in checks do not say: texts by length, beginning or content, values that must not be.

Pandera is imported when such a check is made on rows, and nowhere else: it takes a quarter of a second. Its checks are called one by one on their
columns, because the report of its whole schemas writes every broken cell into a table of objects.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, model_validator

from upshot.components.checks._rows import ACTION, MOST_EXAMPLES, Action, examples, require_columns, rows_of
from upshot.contracts.params import Params
from upshot.contracts.records import Finding, Roles, Spec
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

Scalar = int | float | str | bool
Scalars = Annotated[tuple[Scalar, ...], Field(strict=False, min_length=1)]


class Length(Params):
    """How long a text may be, in characters."""

    min_value: int | None = Field(None, ge=0, description="Shortest; any when left out.")
    max_value: int | None = Field(None, ge=0, description="Longest; any when left out.")

    @model_validator(mode="after")
    def _is_a_range(self) -> Length:
        if self.min_value is None and self.max_value is None:
            raise ValueError("must have min_value, max_value or both")
        if self.min_value is not None and self.max_value is not None and self.min_value > self.max_value:
            raise ValueError("min_value must not lie above max_value")
        return self


class Range(Params):
    """A range of numbers."""

    min_value: int | float = Field(description="Lower end.")
    max_value: int | float = Field(description="Upper end.")
    include_min: bool = Field(True, description="Whether the lower end itself is allowed.")
    include_max: bool = Field(True, description="Whether the upper end itself is allowed.")


class PanderaColumn(Params):
    """Checks of one column, by pandera's names; nulls are passed over."""

    equal_to: Scalar | None = Field(None, description="The one value.")
    not_equal_to: Scalar | None = Field(None, description="A value that must not be.")
    greater_than: int | float | None = Field(None, description="Values lie above it.")
    greater_than_or_equal_to: int | float | None = Field(None, description="Values lie at or above it.")
    less_than: int | float | None = Field(None, description="Values lie below it.")
    less_than_or_equal_to: int | float | None = Field(None, description="Values lie at or below it.")
    in_range: Range | None = Field(None, description="Values lie in a range, its ends included or not.")
    isin: Scalars | None = Field(None, description="Values that may be.")
    notin: Scalars | None = Field(None, description="Values that must not be.")
    str_matches: str | None = Field(None, description="Regular expression that a text must match from its beginning.")
    str_contains: str | None = Field(None, description="Regular expression that must be found in a text.")
    str_startswith: str | None = Field(None, description="How a text must begin.")
    str_endswith: str | None = Field(None, description="How a text must end.")
    str_length: Length | None = Field(None, description="How long a text may be.")
    unique_values_eq: Scalars | None = Field(None, description="The set of values that must occur, each of them and no other.")

    def given(self) -> dict[str, Any]:
        """The checks that were asked for: pandera's name -> its argument."""
        return {name: value for name in type(self).model_fields if (value := getattr(self, name)) is not None}

    @model_validator(mode="after")
    def _asks_something(self) -> PanderaColumn:
        if not self.given():
            raise ValueError(f"must ask for a check: {', '.join(type(self).model_fields)}")
        return self


class PanderaParams(Params):
    """Columns and the checks that pandera makes on them."""

    columns: dict[str, PanderaColumn] = Field(min_length=1, description="Column -> its checks.")
    action: Action = Field("refuse", description=ACTION)


class Pandera:
    """Makes pandera's checks. One that speaks of a whole column (`unique_values_eq`) breaks every row.

    Args:
        params: Columns and checks.
    """

    spec: Spec

    def __init__(self, params: PanderaParams) -> None:
        self.params = params
        self.action = params.action

    def check(self, frame: pd.DataFrame, roles: Roles) -> tuple[Finding, np.ndarray]:
        """One finding over all columns, and the rows that break any check, counted from 0.

        Raises:
            DataError: A column does not exist, or a check does not suit its values.
        """
        import numpy as np

        require_columns(frame, self.params.columns)
        broken, rules, shown, names = np.zeros(len(frame), dtype=bool), list[str](), list[str](), list[str]()
        for name, asked in self.params.columns.items():
            for rule, rows in _broken(name, asked, frame[name]):
                broken |= rows
                names.append(name)
                rules.append(f"{name} must meet {rule}: {rows_of(int(rows.sum()), len(frame))}")
                shown += examples(frame[name], rows, hidden=name in roles.protected, name=name)
        one = names[0] if len(set(names)) == 1 else None
        text = "; ".join(rules) or f"{len(self.params.columns)} columns meet their checks in {len(frame):,} rows"
        return Finding("pandera", one, text, int(broken.sum()), tuple(dict.fromkeys(shown))[:MOST_EXAMPLES]), broken


def _broken(name: str, asked: PanderaColumn, values: pd.Series) -> Iterator[tuple[str, np.ndarray]]:
    """Each check that is not met: its words, and the rows."""
    import numpy as np

    there = values.notna().to_numpy()
    for check, argument in asked.given().items():
        try:
            output = _made(check, argument)(values[there]).check_output
        except (TypeError, AttributeError, NotImplementedError) as error:
            problem = Problem(f"column {name!r}", f"{check} does not suit its values", str(values.dtype))
            raise DataError("a check does not suit its column", [problem]) from error
        rows = np.zeros(len(values), dtype=bool)
        if np.ndim(output):
            rows[there] = ~np.asarray(output, dtype=bool)
        else:
            rows[:] = not bool(output)
        if rows.any():
            yield _words(check, argument), rows


def _made(check: str, argument: Any) -> Any:
    build = getattr(_imported(), check)
    if isinstance(argument, Params):
        return build(**argument.model_dump())
    return build(list(argument)) if isinstance(argument, tuple) else build(argument)


@cache
def _imported() -> Any:
    """Pandera's class of checks. Its import leaves variables for Spark in the environment, where every child would find them."""
    before = set(os.environ)
    from pandera.pandas import Check

    for name in set(os.environ) - before:
        del os.environ[name]
    return Check


def _words(check: str, argument: Any) -> str:
    if isinstance(argument, Params):
        return f"{check}({', '.join(f'{key}={value!r}' for key, value in argument.model_dump(exclude_defaults=True).items())})"
    return f"{check}({list(argument) if isinstance(argument, tuple) else argument!r})"
