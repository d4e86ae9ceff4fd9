"""Features that are made and not learned: expressions on raw columns, and texts by length and hash."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from pydantic import ValidationError

from upshot.components.features.expression import ExpressionFeature, ExpressionParams
from upshot.components.features.text import Text, TextParams
from upshot.contracts.records import Roles
from upshot.errors import DataError


def expression(fill: float | None = None, **columns: str) -> ExpressionFeature:
    return ExpressionFeature(ExpressionParams(columns=columns, fill=fill))


def text(**params) -> Text:
    return Text(TextParams.model_validate({"columns": ["note"], **params}))


def test_a_ratio_has_no_value_where_it_divides_by_zero_or_a_column_is_null(cases):
    made = cases(pd.DataFrame({"bill": [50.0, 30.0, None, 8.0], "limit": [100, 0, 10, 16], "bad": [0, 1, 0, 1]}), target="bad").blind()

    encoded = expression(use="bill / limit", is_half="bill / limit == 0.5").transform(made, made)
    filled = expression(fill=-1.0, use="bill / limit").transform(made, made)

    assert_frame_equal(encoded, pd.DataFrame({"use": [0.5, np.nan, np.nan, 0.5], "is_half": [1.0, np.nan, np.nan, 1.0]}))
    assert filled["use"].tolist() == [0.5, -1.0, -1.0, 0.5]


def test_an_expression_tells_which_columns_it_reads_so_that_a_leak_is_seen_before_it_is_made(cases):
    made = cases(pd.DataFrame({"bill": [1.0, 2.0], "bad": [0, 1]}), target="bad")

    assert expression(a="bill / limit", b="max(bill, age)").inputs(Roles()) == ("age", "bill", "limit")
    with pytest.raises(DataError, match="would leak the outcome"):
        expression(a="bill * bad").transform(made, made)


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"a": "bill ** 2"}, "there is no power"),
        ({"a": "bill.real"}, "nothing can be looked up"),
        ({"a": "bill", "b": "a + 1"}, "an expression reads raw columns, and a is made here"),
        ({"a": "1 + 2"}, "must read a column"),
        ({}, "at least 1"),
    ],
)
def test_an_expression_that_cannot_be_a_feature_is_refused_before_any_data(columns, sentence):
    with pytest.raises(ValidationError, match=sentence):
        expression(**columns)


def test_a_text_has_a_length_words_and_digits_and_null_is_empty(cases):
    made = cases(pd.DataFrame({"note": ["Pay 100 now", "", None, "año nuevo"], "bad": [0, 1, 0, 1]}), target="bad").blind()

    encoded = text(parts=["length", "words", "digits"]).transform(made, made)

    expected = {"note_length": [11, 0, 0, 9], "note_words": [3, 0, 0, 2], "note_digits": [3 / 11, 0, 0, 0]}
    assert_frame_equal(encoded, pd.DataFrame(expected, dtype=float))


def test_equal_words_share_a_bucket_whatever_their_case_and_company(cases):
    made = cases(pd.DataFrame({"note": ["late payment", "Payment", "payment payment late", ""], "bad": [0, 1, 0, 1]}), target="bad").blind()

    hashed = text(parts=["hashes"], buckets=512).transform(made, made)

    (of_payment,) = np.flatnonzero(hashed.iloc[1])
    assert list(hashed.columns[:2]) == ["note_hash_000", "note_hash_001"] and hashed.shape == (4, 512)
    assert hashed.iloc[:, of_payment].tolist() == [1.0, 1.0, 2.0, 0.0]
    assert hashed.sum(axis=1).tolist() == [2.0, 1.0, 3.0, 0.0]


@pytest.mark.parametrize("tokens", ["words", "characters", "whole"])
def test_one_text_alone_is_hashed_as_among_many(cases, tokens):
    rows = pd.DataFrame({"note": ["rent May", "rent June", None, "a-b/c"], "bad": [0, 1, 0, 1]})
    made = cases(rows, target="bad").blind()
    feature = text(tokens=tokens, ngrams=[1, 2] if tokens == "words" else [2, 3], buckets=64)

    whole = feature.transform(made, made)

    for row in range(4):
        alone = feature.transform(made.take(np.array([row])), made)
        assert alone.iloc[0].equals(whole.iloc[row].rename(0))
    assert feature.transform(made.take(np.array([], dtype=int)), made).shape == (0, whole.shape[1])


def test_a_category_of_many_values_is_hashed_as_one_token(cases):
    made = cases(pd.DataFrame({"note": [1017, 1018, 1017], "bad": [0, 1, 0]}), target="bad").blind()

    hashed = text(parts=["hashes"], tokens="whole", buckets=256).transform(made, made)

    assert hashed.sum(axis=1).tolist() == [1.0, 1.0, 1.0]
    assert hashed.iloc[0].equals(hashed.iloc[2].rename(0)) and not hashed.iloc[0].equals(hashed.iloc[1].rename(0))
