"""Expressions: what may be written, what it means, and what is refused."""

from __future__ import annotations

import itertools
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from upshot.errors import DataError
from upshot.value.expressions import Expression, ExpressionError

REFUSED = {
    "a ** 2": ("there is no power", "multiply instead"),
    "a // 2": ("there is no whole-number division", "divide with /"),
    "a % 2": ("there is no percent and no remainder", "write a share: 0.05"),
    "a & b": ("this is no operator", "write: and"),
    "a = b": ("nothing can be assigned", "compare with =="),
    "(a := 1)": ("nothing can be assigned", None),
    "a.b": ("nothing can be looked up in a name", None),
    "a[0]": ("nothing can be looked up in a name", None),
    "{a}": ("there are no sets and no maps", None),
    "f'{a}'": ("an operator is missing", None),
    "0x10": ("an operator is missing", None),
    "1if a else 2": ("an operator is missing", None),
    "a < 'b\\n'": ("a text is not closed, or holds a backslash", None),
    "lambda: a": ("this character has no meaning in an expression", None),
    "a; b": ("this character has no meaning in an expression", None),
    "a \x00": ("this character has no meaning in an expression", None),
    "\ud800": ("this character has no meaning in an expression", None),
    "": ("an expression is needed", None),
    " \n ": ("an expression is needed", None),
    "a b": ("this cannot be read as an expression", None),
    "(a": ("this cannot be read as an expression", None),
    "[a for a in b]": ("nothing can be looked up in a name", None),
    "(a for a in b)": ("an expression has numbers, names, arithmetic, comparisons and the listed functions", None),
    "a, b": ("an expression has numbers, names, arithmetic, comparisons and the listed functions", None),
    "True": ("only numbers, and texts in a comparison", None),
    "None": ("only numbers, and texts in a comparison", None),
    "+a": ("this operator is not one of + - * / < <= > >= == != and or not", None),
    "a is b": ("this operator is not one of + - * / < <= > >= == != and or not", None),
    "a in (1, 2)": ("this operator is not one of + - * / < <= > >= == != and or not", None),
    "1e400": ("a number is at most 1e+15", None),
    "1e16": ("a number is at most 1e+15", None),
    "abs(*a)": ("a function is called by its name, with plain arguments", None),
    "abs(abs)(a)": ("a function is called by its name, with plain arguments", None),
    "maxx(a, b)": ("unknown function", "did you mean 'max'? options: abs, clip, max, min, missing, number, where"),
    "__import__('os')": ("unknown function", "options: abs, clip, max, min, missing, number, where"),
    "min(a)": ("min takes 2 or more arguments", "it compares the values of one row"),
    "abs(a, b)": ("abs takes 1 argument", None),
    "'a'": ("a text may only be compared with == or !=", None),
    "'a' + b": ("a text may only be compared with a name, by == or !=", None),
    "'a' == 'b'": ("a text may only be compared with a name, by == or !=", None),
    "a < 'b'": ("a text may only be compared with a name, by == or !=", None),
    "a == 'x' == b": ("a text may only be compared with a name, by == or !=", None),
    "where(a, 'x', 'y')": ("a text may only be compared with a name, by == or !=", None),
    "(" * 31 + "a" + ")" * 31: ("at most 30 levels of parentheses", None),
    "abs(" * 30 + "a" + ")" * 30: ("at most 30 levels, one inside the other", None),
    "-" * 1_900 + "a": ("an expression has at most 200 numbers, names and operations", None),
    "+".join("a" * 101): ("an expression has at most 200 numbers, names and operations", None),
    "a" * 2_001: ("an expression has at most 2000 characters, not 2001", None),
}


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: ascii(text[:20]))
def test_what_the_grammar_does_not_list_is_refused_with_a_reason(text: str) -> None:
    with pytest.raises(ExpressionError) as refusal:
        Expression.parse(text)

    assert (refusal.value.rule, refusal.value.hint) == REFUSED[text]
    assert len(refusal.value.fragment) <= 60
    str(refusal.value).encode("utf-8")


MEANINGS = [
    "a + b * 2 - c / 4",
    "-a - -b",
    "(a - b) * (a + c)",
    "a - b - c",
    "a / b / c",
    "1_000 * a + .5 + 2. + 1e-3",
    "a < b",
    "-1 < a <= b < 3",
    "a == b or b != c and not c > 1",
    "not a > 1 and b > 1",
    "a if b > 1 else c",
    "a if b > 1 else b if c > 1 else c",
    "(a > 1) * b",
    "min(a, b, c) + max(a, 2)",
    "abs(a - 2)",
    "clip(a, 0, 1.5)",
    "where(a > b, a, b) * 2",
    "1 if a and b - 1 else 0",
]


@pytest.mark.parametrize("text", MEANINGS)
def test_a_column_of_values_means_what_python_means_row_by_row(text: str) -> None:
    rows = list(itertools.product([-1.0, 0.0, 2.5], [1.0, 2.0, 0.5], [1.0, 3.0]))
    columns = {name: np.array([row[i] for row in rows]) for i, name in enumerate("abc")}
    python = {"where": lambda test, one, other: one if test else other, "clip": lambda x, low, high: min(max(x, low), high)}

    values = Expression.parse(text).evaluate(columns)

    assert values.tolist() == [
        eval(text, {**python, "min": min, "max": max, "abs": abs}, dict(zip("abc", row, strict=True))) for row in rows
    ]


def test_a_condition_gives_bools_and_anything_else_float64() -> None:
    columns = {"n": np.array([1, 2]), "late": np.array([True, False])}

    kinds = {text: Expression.parse(text).evaluate(columns).dtype.name for text in ("n", "n > 1", "late", "not late", "n * late", "2")}

    assert kinds == {"n": "float64", "n > 1": "bool", "late": "bool", "not late": "bool", "n * late": "float64", "2": "float64"}


def test_the_shape_is_that_of_the_columns_even_for_a_plain_number() -> None:
    columns = {"a": np.array([1.0, 2.0]), "rate": 0.5}

    shapes = [Expression.parse(text).evaluate(columns).shape for text in ("a * rate", "rate", "3", "a > rate")]

    assert shapes == [(2,), (2,), (2,), (2,)]
    assert Expression.parse("rate").evaluate({"rate": 0.5}).shape == ()
    assert Expression.parse("rate").evaluate({"rate": 0.5}, rows=3).tolist() == [0.5, 0.5, 0.5]


def test_a_result_never_shares_memory_with_a_column() -> None:
    column = np.array([1.0, 2.0])

    Expression.parse("a").evaluate({"a": column})[0] = 9.0

    assert column.tolist() == [1.0, 2.0]


def test_a_division_by_zero_is_refused_with_its_rows() -> None:
    columns = {"a": np.arange(8.0), "b": np.array([0.0, 1, 0, 0, 0, 0, 0, 2])}

    with pytest.raises(DataError) as refusal:
        Expression.parse("1 + a / b").evaluate(columns, what="kpi.savings.expression")

    assert str(refusal.value) == (
        "kpi.savings.expression has no value on 6 of 8 rows (counted from 0)\n\n"
        "  rows 0, 2, 3, 4, 5, 1 more  'a / b' divides by zero; say what holds then: ... if b != 0 else 0"
    )


def test_each_cause_of_a_missing_value_is_named() -> None:
    columns = {"a": np.array([1.0, np.nan, np.inf, 1e200]), "b": np.array([0.0, 1, 1, 1e-200])}

    with pytest.raises(DataError) as refusal:
        Expression.parse("a / b").evaluate(columns)

    assert [(problem.where, problem.rule) for problem in refusal.value.problems] == [
        ("row 0", "'a / b' divides by zero"),
        ("row 1", "column 'a' is null"),
        ("row 2", "column 'a' is infinite"),
        ("row 3", "'a / b' is too large"),
    ]


def test_what_is_not_chosen_may_be_without_value() -> None:
    columns = {"a": np.array([6.0, 6.0, np.nan]), "b": np.array([0.0, 2.0, 1.0])}

    guarded = {
        "a / b if b != 0 and not missing(a) else 0": [0.0, 3.0, 0.0],
        "where(missing(a / b), -1, a / b)": [-1.0, 3.0, -1.0],
        "b > 0 and a / b > 2 or missing(a)": [False, True, True],
    }

    assert {text: Expression.parse(text).evaluate(columns).tolist() for text in guarded} == guarded


@pytest.mark.parametrize(
    "text", ["a > 1", "not a > 1", "min(a, 3)", "1 / a", "clip(a, 0, 1)", "a > 1 and b > 0", "1 if a else 0", "a == b"]
)
@pytest.mark.parametrize("hole", [np.nan, np.inf])
def test_an_unknown_value_is_never_swallowed(text: str, hole: float) -> None:
    columns = {"a": np.array([2.0, hole]), "b": np.array([1.0, 1.0])}

    with pytest.raises(DataError, match="1 of 2 rows"):
        Expression.parse(text).evaluate(columns)


def test_and_or_follow_three_valued_logic() -> None:
    three = {"yes": 1.0, "no": 0.0, "unknown": np.nan}
    pairs = list(itertools.product(three, three))
    columns = {name: np.array([three[pair[i]] for pair in pairs]) for i, name in enumerate("ab")}

    def outcomes(text: str) -> list[str]:
        known = Expression.parse(f"missing({text})").evaluate(columns)
        yes = Expression.parse(f"0 if missing({text}) else ({text})").evaluate(columns)
        return ["unknown" if gap else "yes" if hit else "no" for gap, hit in zip(known, yes, strict=True)]

    assert outcomes("a and b") == ["no" if "no" in p else "unknown" if "unknown" in p else "yes" for p in pairs]
    assert outcomes("a or b") == ["yes" if "yes" in p else "unknown" if "unknown" in p else "no" for p in pairs]


def test_texts_are_compared_in_any_kind_of_column() -> None:
    cities = ["Oslo", "Bergen", None]
    kinds = {
        "object": pd.Series(cities, dtype=object),
        "str": pd.Series(cities, dtype="str"),
        "category": pd.Series(cities, dtype="category"),
        "numpy": np.array(cities, dtype=object),
    }

    answers = {kind: Expression.parse("city == 'Oslo' and not missing(city)").evaluate({"city": column}) for kind, column in kinds.items()}

    assert {kind: answer.tolist() for kind, answer in answers.items()} == {kind: [True, False, False] for kind in kinds}


def test_nullable_and_decimal_columns_are_numbers() -> None:
    from decimal import Decimal

    columns = {
        "a": pd.Series([1, None], dtype="Int64"),
        "b": pd.Series([True, None], dtype="boolean"),
        "c": pd.Series([Decimal("1.5"), None], dtype=object),
    }

    values = Expression.parse("(a + b + c) if not missing(a + b + c) else -1").evaluate(columns)

    assert values.tolist() == [3.5, -1.0]


def test_long_identifiers_are_compared_exactly() -> None:
    columns = {"a": np.array([2**53 + 1, 5]), "b": np.array([2**53, 5])}

    assert Expression.parse("a == b").evaluate(columns).tolist() == [False, True]


@pytest.mark.parametrize(
    ("text", "where", "got"),
    [
        ("city + 1", "city", "texts"),
        ("a == 'x'", "a", "numbers"),
        ("city < other", "city", "texts"),
        ("when > 1", "when", "datetime64[us]"),
    ],
)
def test_a_column_of_the_wrong_type_is_refused_by_name(text: str, where: str, got: str) -> None:
    frame = pd.DataFrame({"a": [1.0], "city": ["x"], "other": ["y"], "when": pd.to_datetime(["2024-01-01"]).astype("datetime64[us]")})

    with pytest.raises(DataError) as refusal:
        Expression.parse(text).evaluate(dict(frame.items()))

    assert [(problem.where, problem.got) for problem in refusal.value.problems] == [(where, got)]


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    expression = Expression.parse("blocked - max(reviewd, 0)")

    with pytest.raises(ExpressionError, match="unknown name; got 'reviewd'; did you mean 'reviewed'"):
        expression.check(["blocked", "reviewed"])
    with pytest.raises(DataError, match=r"reviewd +no such column; did you mean 'reviewed'"):
        expression.evaluate({"blocked": 1.0, "reviewed": 2.0})
    assert (expression.names, expression.unknown(["blocked"])) == ({"blocked", "reviewd"}, ("reviewd",))


def test_terms_add_up_to_the_whole() -> None:
    expression = Expression.parse("a * b - (c - -a / b) - -(b + c) * 2")
    columns = {"a": np.array([1.0, 2.0]), "b": np.array([4.0, 5.0]), "c": np.array([7.0, 9.0])}

    terms = dict(expression.terms())

    assert list(terms) == ["a * b", "-c", "-a / b", "(b + c) * 2"]
    assert sum(term.evaluate(columns) for term in terms.values()).tolist() == expression.evaluate(columns).tolist()


def test_reading_an_expression_loads_no_library() -> None:
    code = "import sys; from upshot.value import money, valuation, expressions; expressions.Expression.parse('a + b'); print('numpy' in sys.modules)"

    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert printed == "False\n"
