"""Checks beside columns, keys and counts: rules, order, monotone ids, freshness, references, statistics, and pandera's own."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from upshot.components.checks.freshness import Freshness, FreshnessParams
from upshot.components.checks.in_order import InOrder, InOrderParams
from upshot.components.checks.monotone import Monotone, MonotoneParams
from upshot.components.checks.pandera import Pandera, PanderaColumn, PanderaParams
from upshot.components.checks.references import References, ReferencesParams
from upshot.components.checks.rule import Rule, RuleParams
from upshot.components.checks.statistics import Statistics, StatisticsParams
from upshot.contracts.records import Finding, Roles, Snapshot
from upshot.contracts.tables import Map, Table
from upshot.errors import DataError

MAKERS: dict[str, tuple[type, type]] = {
    "rule": (Rule, RuleParams),
    "in_order": (InOrder, InOrderParams),
    "monotone": (Monotone, MonotoneParams),
    "freshness": (Freshness, FreshnessParams),
    "statistics": (Statistics, StatisticsParams),
    "pandera": (Pandera, PanderaParams),
    "references": (References, ReferencesParams),
}


def make(use: str, **params: Any) -> Any:
    component, model = MAKERS[use]
    return component(model.model_validate(params))


def check(use: str, frame: pd.DataFrame, roles: Roles | None = None, **params: Any) -> tuple[Finding, list[int]]:
    """The finding, and the rows that break it."""
    found, rows = make(use, **params).check(frame, roles or Roles())
    assert rows.dtype == bool and len(rows) == len(frame) and found.rows == rows.sum()
    return found, np.flatnonzero(rows).tolist()


def moments(*texts: str | None) -> pd.Series:
    return pd.Series(pd.to_datetime(list(texts), format="ISO8601"))


def test_a_rule_holds_over_columns_and_does_not_judge_rows_with_a_null() -> None:
    frame = pd.DataFrame({"net": [10.0, 10.0, None], "gross": [12.0, 9.0, 5.0]})

    found, rows = check("rule", frame, rule="gross >= net")

    assert rows == [1]
    assert (found.rule, found.examples) == ("gross >= net must hold: 1 of 3 rows break it", ("row 1: gross = 9.0", "row 1: net = 10.0"))
    assert check("rule", frame, rule="not missing(net)")[1] == [2]
    assert check("rule", frame, rule="gross > 0")[0].rule == "gross > 0 holds in 3 rows"


def test_a_rule_that_is_no_condition_or_names_no_column_is_refused() -> None:
    with pytest.raises(DataError, match="column 'nett'"):
        check("rule", pd.DataFrame({"net": [1.0]}), rule="nett > 0")
    with pytest.raises(DataError, match="must be a condition"):
        check("rule", pd.DataFrame({"net": [1.0]}), rule="net + 1")
    with pytest.raises(ValidationError):
        make("rule", rule="net >")


def test_moments_of_a_row_come_in_order_and_nulls_are_passed_over() -> None:
    frame = pd.DataFrame({"sold": moments("2026-01-02", "2026-01-05", None), "paid": moments("2026-01-03", "2026-01-04", "2026-01-01")})

    found, rows = check("in_order", frame, in_order=["sold", "paid"])

    assert rows == [1]
    assert found.rule == "sold <= paid must hold: 1 of 3 rows break it"
    assert found.examples == ("row 1: sold 2026-01-05 00:00:00, paid 2026-01-04 00:00:00",)
    by_roles = check("in_order", frame, Roles(time="sold", label_time="paid"))
    assert by_roles[1] == [1]


def test_order_needs_two_columns_that_can_be_compared() -> None:
    with pytest.raises(ValidationError, match="two columns"):
        make("in_order", in_order=["sold"])
    with pytest.raises(DataError, match="needs two columns"):
        check("in_order", pd.DataFrame({"sold": [1]}))
    with pytest.raises(DataError, match="must be comparable"):
        check("in_order", pd.DataFrame({"a": moments("2026-01-01"), "b": [3.0]}), in_order=["a", "b"])


@pytest.mark.parametrize(
    ("params", "rows"),
    [
        ({"monotone": "id"}, [2, 4]),
        ({"monotone": "id", "strict": True}, [2, 3, 4]),
        ({"monotone": "id", "within": ["unit"]}, [4]),
        ({"monotone": "id", "falling": True}, [1, 2, 3]),
        ({"monotone": "id", "order": "at"}, [2]),  # in the order of `at`: 1, 5, 7, 7, 6
    ],
)
def test_a_monotone_column_breaks_where_it_falls_behind_its_highest(params: dict[str, Any], rows: list[int]) -> None:
    frame = pd.DataFrame({"id": [5, 7, 6, 7, 1], "unit": ["a", "a", "b", "b", "a"], "at": [2, 3, 5, 4, 1]})
    assert check("monotone", frame, **params)[1] == rows


def test_monotone_moments_pass_over_nulls_and_text_has_no_order() -> None:
    frame = pd.DataFrame({"at": moments("2026-01-02", None, "2026-01-01", "2026-01-03"), "name": ["b", "a", "c", "d"]})

    found, rows = check("monotone", frame, monotone="at")

    assert (rows, found.rule) == ([2], "at must not fall: 1 of 4 rows break it")
    with pytest.raises(DataError, match="must hold numbers or moments"):
        check("monotone", frame, monotone="name")


def test_data_is_fresh_as_of_a_moment_and_rows_of_the_future_break_it() -> None:
    frame = pd.DataFrame({"at": moments("2026-01-01", "2026-01-09 12:00", None)})

    fresh, none = check("freshness", frame, Roles(time="at"), max_age="2 days", as_of="2026-01-10")
    stale, every = check("freshness", frame, Roles(time="at"), max_age="12h", as_of="2026-01-11")
    future, late = check("freshness", frame, Roles(time="at"), as_of="2026-01-05")

    assert (fresh.rule, none) == ("the newest at is 2026-01-09 12:00:00", [])
    assert every == [0, 1, 2]
    assert stale.rule == "the newest at must be at most 12h old at 2026-01-11 00:00:00; it is 2026-01-09 12:00:00"
    assert (future.rule, late) == ("at must not lie after 2026-01-05 00:00:00: 1 of 3 rows do", [1])
    assert check("freshness", frame, Roles(time="at"), as_of="2026-01-05", future=True)[1] == []


def test_stale_data_cannot_be_set_aside_because_no_row_is_at_fault() -> None:
    with pytest.raises(DataError, match="the data is too old"):
        check(
            "freshness",
            pd.DataFrame({"at": moments("2026-01-01")}),
            Roles(time="at"),
            max_age="1 day",
            as_of="2026-02-01",
            action="quarantine",
        )


def test_now_is_a_fact_of_the_plan_no_finer_than_the_age_needs() -> None:
    assert make("freshness", as_of="2026-01-05").fingerprint() == "2026-01-05"
    assert make("freshness", max_age="3 days").fingerprint().endswith("00:00:00")
    assert make("freshness", max_age="6h").fingerprint().endswith(":00:00")


def snapshot(frame: pd.DataFrame, key: tuple[str, ...] = ("item",)) -> Snapshot:
    return Snapshot("items", 0, len(frame), "digest", Map(), Roles(key=key), Table.of(frame))


def refer(frame: pd.DataFrame, items: pd.DataFrame, **params: Any) -> tuple[Finding, list[int]]:
    found, rows = make("references", references="items", **params).check_against(frame, Roles(), {"items": snapshot(items)})
    return found, np.flatnonzero(rows).tolist()


def test_values_must_stand_in_the_side_table_and_a_null_points_nowhere() -> None:
    orders = pd.DataFrame({"item": ["a", "c", None, "a"]})

    found, rows = refer(orders, pd.DataFrame({"item": ["a", "b", None]}))

    assert rows == [1]
    assert (found.rule, found.examples) == ("item must stand in items (item): 1 of 4 rows do not", ("row 1: 'c'",))
    assert refer(orders, pd.DataFrame({"item": ["a", "c"]}), expect="one_to_one")[1] == [3]


def test_a_side_table_with_a_key_twice_is_refused_because_a_join_would_grow() -> None:
    with pytest.raises(DataError, match="must name one row of side table 'items': joined to it, rows would grow; got 'a'"):
        refer(pd.DataFrame({"item": ["a", "a"]}), pd.DataFrame({"item": ["a", "a", "b"]}))


def test_columns_of_other_names_are_held_against_the_key() -> None:
    orders = pd.DataFrame({"sku": ["a", "z"], "shop": [1, 1]})
    items = pd.DataFrame({"item": ["a", "z"], "store": [1, 2]})

    assert refer(orders, items, columns=["sku", "shop"], key=["item", "store"])[1] == [1]
    with pytest.raises(DataError, match="a column for each"):
        refer(orders, items, columns=["sku", "shop"], key=["item"])


@pytest.mark.parametrize(
    ("bounds", "rule"),
    [
        ({"max_null_share": 0.1}, "x must be missing in at most 0.1 of the rows; it is in 0.25"),
        ({"min_distinct": 4}, "x must have at least 4 values; it has 2"),
        ({"max_distinct": 1}, "x must have at most 1 values; it has 2"),
        ({"min_mean": 3.0}, "the mean of x must be >= 3; it is 2"),
        ({"max_mean": 1.5}, "the mean of x must be <= 1.5; it is 2"),
    ],
)
def test_a_column_as_a_whole_is_within_its_bounds_or_every_row_is_told(bounds: dict[str, float], rule: str) -> None:
    frame = pd.DataFrame({"x": [1.0, 3.0, None, 2.0 if "mean" in str(bounds) else 1.0]})

    found, rows = check("statistics", frame, statistics={"x": bounds})

    assert (found.rule, rows) == (rule, [0, 1, 2, 3])
    assert check("statistics", frame, statistics={"x": {name: 1 if "share" in name else 2 for name in bounds}})[1] == []


def test_a_mean_of_text_is_refused_and_that_of_a_protected_column_is_not_shown() -> None:
    with pytest.raises(DataError, match="only numbers and yes/no have a mean"):
        check("statistics", pd.DataFrame({"x": ["a"]}), statistics={"x": {"min_mean": 1.0}})
    found, _ = check("statistics", pd.DataFrame({"x": [1.0]}), Roles(protected=("x",)), statistics={"x": {"min_mean": 2.0}})
    assert found.rule == "the mean of x must be >= 2; it is (hidden)"


@pytest.mark.parametrize(
    ("asked", "rows"),
    [
        ({"str_length": {"min_value": 2, "max_value": 3}}, [0, 3]),
        ({"str_startswith": "a"}, [3]),
        ({"str_endswith": "c"}, [0, 1]),
        ({"str_contains": "b"}, [0]),
        ({"str_matches": "ab"}, [0, 3]),
        ({"notin": ["a", "ab"]}, [0, 1]),
        ({"not_equal_to": "abc"}, [2]),
        ({"isin": ["a", "ab", "abc"]}, [3]),
        ({"unique_values_eq": ["a", "ab", "abc", "bbbc"]}, []),
        ({"unique_values_eq": ["a"]}, [0, 1, 2, 3, 4]),
    ],
)
def test_panderas_checks_of_text_are_made_by_name_and_nulls_are_passed_over(asked: dict[str, Any], rows: list[int]) -> None:
    frame = pd.DataFrame({"code": ["a", "ab", "abc", "bbbc", None]})

    assert check("pandera", frame, columns={"code": asked})[1] == rows


def test_panderas_checks_of_numbers_are_told_with_column_rows_and_examples() -> None:
    frame = pd.DataFrame({"x": [0.0, 5.0, 11.0], "y": [1, 2, 3]})

    found, rows = check(
        "pandera", frame, columns={"x": {"in_range": {"min_value": 0, "max_value": 10, "include_min": False}}, "y": {"less_than": 3}}
    )

    assert rows == [0, 2]
    assert found.rule == (
        "x must meet in_range(min_value=0, max_value=10, include_min=False): 2 of 3 rows; y must meet less_than(3): 1 of 3 rows"
    )
    assert found.examples == ("row 0: x = 0.0", "row 2: x = 11.0", "row 2: y = 3")


def test_every_check_that_a_recipe_may_name_is_one_of_panderas() -> None:
    from pandera.pandas import Check

    assert [name for name in PanderaColumn.model_fields if not hasattr(Check, name)] == []


def test_a_check_of_pandera_that_does_not_suit_its_column_is_refused() -> None:
    with pytest.raises(DataError, match="str_length does not suit its values"):
        check("pandera", pd.DataFrame({"x": [1.0]}), columns={"x": {"str_length": {"min_value": 1}}})
    with pytest.raises(ValidationError, match="must ask for a check"):
        make("pandera", columns={"x": {}})
    with pytest.raises(ValidationError, match="must not lie above"):
        make("pandera", columns={"x": {"str_length": {"min_value": 3, "max_value": 2}}})


def test_pandera_is_imported_by_its_own_check_alone() -> None:
    script = (
        "import sys, pandas as pd\n"
        "from upshot.components.checks.columns import Columns, ColumnsParams\n"
        "from upshot.components.checks.pandera import Pandera, PanderaParams\n"
        "from upshot.contracts.records import Roles\n"
        "frame = pd.DataFrame({'x': ['a']})\n"
        "Columns(ColumnsParams.model_validate({'columns': {'x': {'type': 'string', 'allowed': ['a']}}})).check(frame, Roles())\n"
        "made = Pandera(PanderaParams.model_validate({'columns': {'x': {'str_length': {'max_value': 1}}}}))\n"
        "assert 'pandera' not in sys.modules\n"
        "made.check(frame, Roles())\n"
        "assert 'pandera' in sys.modules\n"
    )

    subprocess.run([sys.executable, "-c", script], check=True)
