"""Keys must be unique, and rows neither too few nor too many."""

from __future__ import annotations

import pandas as pd
import pytest

from upshot.components.checks.row_count import RowCount, RowCountParams
from upshot.components.checks.unique import Unique, UniqueParams
from upshot.components.checks.unit_order import UnitOrder, UnitOrderParams
from upshot.contracts.records import Finding, Roles
from upshot.errors import DataError


def test_rows_that_repeat_a_key_are_found_and_the_first_stays() -> None:
    frame = pd.DataFrame({"shop": ["a", "b", "a", "a"], "day": [1, 1, 2, 1]})

    finding, broken = Unique(UniqueParams(unique=("shop", "day"), action="quarantine")).check(frame, Roles(protected=("shop",)))

    assert broken.tolist() == [False, False, False, True]
    assert finding == Finding("unique", None, "shop, day must be unique: 1 of 4 rows repeat an earlier one", 1, ("row 3: (hidden), 1",))


def test_without_columns_the_role_key_must_be_unique() -> None:
    frame = pd.DataFrame({"id": [7, 8, 7]})

    finding, broken = Unique(UniqueParams()).check(frame, Roles(key=("id",)))

    assert broken.tolist() == [False, False, True]
    assert (finding.column, finding.examples) == ("id", ("row 2: 7",))


def test_a_key_that_does_not_exist_is_refused() -> None:
    with pytest.raises(DataError, match="did you mean 'id'"):
        Unique(UniqueParams(unique=("idd",))).check(pd.DataFrame({"id": [1]}), Roles())
    with pytest.raises(DataError, match="needs columns"):
        Unique(UniqueParams()).check(pd.DataFrame({"id": [1]}), Roles())


@pytest.mark.parametrize(
    ("params", "rule", "rows"),
    [
        ({"min": 2, "max": 3}, "3 rows are enough and not too many", 0),
        ({"min": 4}, "there must be at least 4 rows; there are 3", 3),
        ({"max": 2}, "there must be at most 2 rows; there are 3", 3),
    ],
)
def test_a_wrong_number_of_rows_breaks_them_all(params: dict[str, int], rule: str, rows: int) -> None:
    check = RowCount(RowCountParams.model_validate(params))

    finding, broken = check.check(pd.DataFrame({"a": [1, 2, 3]}), Roles())

    assert finding == Finding("row_count", None, rule, rows)
    assert broken.sum() == rows


def test_no_row_at_all_is_refused() -> None:
    with pytest.raises(DataError, match="the data is empty"):
        RowCount(RowCountParams()).check(pd.DataFrame({"a": []}), Roles())


def test_rows_of_a_unit_that_go_back_or_repeat_are_found_with_what_stood_before() -> None:
    frame = pd.DataFrame({"unit": ["a", "b", "a", "a", "a"], "cycle": [1, 9, 3, 2, 3]})
    roles = Roles(entities=("unit",), time="cycle")

    finding, broken = UnitOrder(UnitOrderParams()).check(frame, roles)
    hidden, _ = UnitOrder(UnitOrderParams()).check(frame, Roles(entities=("unit",), time="cycle", protected=("unit",)))
    whole, _ = UnitOrder(UnitOrderParams()).check(frame[:3], roles)

    assert broken.tolist() == [False, False, False, True, True]
    assert finding.rule == "cycle must go forward within each unit: 2 of 5 rows go back or repeat"
    assert finding.examples == ("row 3: 2 of 'a' after 3", "row 4: 3 of 'a' after 3")
    assert finding.remedy.startswith("drop copies, sort rows that are only in disorder") and whole.remedy == ""
    assert hidden.examples == ("row 3: (hidden)", "row 4: (hidden)")
    assert whole.rule == "cycle must go forward within each unit: so it does in 3 rows"
    with pytest.raises(DataError, match="needs the unit and its time"):
        UnitOrder(UnitOrderParams()).check(frame, Roles())
