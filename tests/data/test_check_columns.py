"""Declared columns: each rule finds its rows, and says which."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from upshot.components.checks.columns import Columns, ColumnsParams
from upshot.contracts.records import Finding, Roles
from upshot.errors import DataError


def check(frame: pd.DataFrame, columns: dict[str, dict[str, Any]], roles: Roles | None = None) -> tuple[Finding, list[int]]:
    component = Columns(ColumnsParams.model_validate({"columns": columns}))
    finding, broken = component.check(frame, roles or Roles())
    assert broken.dtype == bool
    return finding, broken.nonzero()[0].tolist()


def test_columns_as_declared_break_nothing() -> None:
    frame = pd.DataFrame({"amount": [1.0, 2.5], "kind": ["a", "b"], "at": pd.to_datetime(["2025-01-01", "2025-01-02"])})
    rules = {
        "amount": {"type": "float64", "min": 0, "max": 3},
        "kind": {"type": "string", "allowed": ["a", "b"], "pattern": "[a-z]"},
        "at": {"type": "timestamp", "min": "2025-01-01", "max": "2025-01-02T12:00:00"},
    }

    finding, rows = check(frame, rules)

    assert finding == Finding("columns", None, "3 columns are as declared in 2 rows", 0, ())
    assert rows == []


@pytest.mark.parametrize(
    ("values", "rule", "sentence", "rows", "examples"),
    [
        ([1.0, -3.0, 0.0], {"min": 0}, "must be >= 0", [1], ("row 1: -3.0",)),
        ([1, 2, 3], {"max": 2}, "must be <= 2", [2], ("row 2: 3",)),
        ([1.0, np.nan], {}, "must not be missing", [1], ("row 1: nan",)),
        ([1.0, np.inf, -np.inf], {}, "must be finite", [1, 2], ("row 1: inf", "row 2: -inf")),
        ([0, 1, 7], {"allowed": [0, 1]}, "must be one of 0, 1", [2], ("row 2: 7",)),
        (["NO", "no", "NOR"], {"pattern": "[A-Z]{2}"}, "must match '[A-Z]{2}'", [1, 2], ("row 1: 'no'", "row 2: 'NOR'")),
        ([1.5, 2.5], {"type": "int64"}, "must be int64, is float64", [0, 1], ("row 0: 1.5", "row 1: 2.5")),
    ],
)
def test_each_rule_finds_its_rows(
    values: list[Any], rule: dict[str, Any], sentence: str, rows: list[int], examples: tuple[str, ...]
) -> None:
    finding, broken = check(pd.DataFrame({"v": values}), {"v": rule})

    assert broken == rows
    assert finding == Finding("columns", "v", f"v {sentence}: {len(rows)} of {len(values)} rows", len(rows), examples)


def test_missing_values_break_only_the_rule_that_forbids_them() -> None:
    frame = pd.DataFrame({"n": [1.0, np.nan, 3.0], "s": ["a", None, "b"]})

    _, nullable = check(
        frame, {"n": {"type": "int64", "nullable": True, "max": 3}, "s": {"nullable": True, "allowed": ["a", "b"], "pattern": "."}}
    )
    finding, rows = check(frame, {"n": {"min": 2}})

    assert nullable == []
    assert rows == [0, 1]
    assert finding.rule == "n must not be missing: 1 of 3 rows; n must be >= 2: 1 of 3 rows"


def test_several_columns_are_one_finding_with_five_examples_that_name_the_column() -> None:
    frame = pd.DataFrame({"a": [-1, -2, 3, -4, 5], "b": ["x" * 50, "y", "z", "z", "z"]})

    finding, rows = check(frame, {"a": {"min": 0}, "b": {"allowed": ["z"]}})

    assert rows == [0, 1, 3]
    assert (finding.column, finding.rows) == (None, 3)
    assert finding.rule == "a must be >= 0: 3 of 5 rows; b must be one of 'z': 2 of 5 rows"
    assert finding.examples == ("row 0: a = -1", "row 1: a = -2", "row 3: a = -4", f"row 0: b = '{'x' * 36}...", "row 1: b = 'y'")


def test_values_of_protected_attributes_are_not_shown() -> None:
    finding, _ = check(pd.DataFrame({"age": [-5]}), {"age": {"min": 0}}, Roles(protected=("age",)))

    assert finding.examples == ("row 0: (hidden)",)


def test_an_unknown_column_is_refused_with_the_nearest() -> None:
    with pytest.raises(DataError) as caught:
        check(pd.DataFrame({"amount": [1.0]}), {"amuont": {}, "zzz": {}})

    assert [problem.sentence() for problem in caught.value.problems] == [
        "does not exist; did you mean 'amount'? options: amount",
        "does not exist; options: amount",
    ]


@pytest.mark.parametrize("rule", [{"min": 1}, {"max": "2025-01-01"}])
def test_a_range_on_text_is_refused(rule: dict[str, Any]) -> None:
    with pytest.raises(DataError, match="column 'v'"):
        check(pd.DataFrame({"v": ["a"]}), {"v": rule})


@pytest.mark.parametrize(
    "rule", [{"min": 2, "max": 1}, {"min": 1, "max": "2025-01-01"}, {"min": "soon"}, {"pattern": "("}, {"type": "int"}, {"mim": 1}]
)
def test_rules_that_cannot_hold_are_refused_before_any_data(rule: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="ColumnsParams"):
        ColumnsParams.model_validate({"columns": {"v": rule}})
