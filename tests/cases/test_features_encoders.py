from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from pydantic import ValidationError

from upshot.components.features.categorical import Categorical, CategoricalParams
from upshot.components.features.datetime import Datetime, DatetimeParams
from upshot.components.features.numeric import Numeric, NumericParams
from upshot.contracts.records import Roles
from upshot.errors import DataError, RecipeError

LABELS = [0, 1, 0, 1]


def revived(feature):
    """The same feature, made again from its files."""
    again = type(feature)(feature.params)
    again.restore(feature.state())
    return again


def test_numbers_are_imputed_and_standardised_by_the_training_rows(cases):
    train = cases(pd.DataFrame({"age": [1.0, 3.0, None, 8.0], "bad": LABELS}), target="bad")
    later = cases(pd.DataFrame({"age": [None, 4.0], "bad": [0, 1]}), target="bad").blind()
    feature = Numeric(NumericParams(columns=("age",), impute="median", standardize=True))

    feature.fit(train, train)
    encoded = feature.transform(later, train)

    # filled 1 3 3 8: mean 3.75, variance (7.5625 + 0.5625 + 0.5625 + 18.0625) / 4 = 6.6875
    assert_frame_equal(encoded, pd.DataFrame({"age": [(3 - 3.75) / 6.6875**0.5, 0.25 / 6.6875**0.5]}))
    assert_frame_equal(revived(feature).transform(later, train), encoded)


def test_numbers_stay_as_they_are_unless_asked_otherwise(cases):
    train = cases(pd.DataFrame({"age": [1, 3, 2, 8], "new": [True, False, None, True], "bad": LABELS}), target="bad")

    plain = Numeric(NumericParams(columns=("age",)))
    zero = Numeric(NumericParams(columns=("age",), impute="zero"))
    plain.fit(train, train)
    zero.fit(train, train)

    assert plain.transform(train.blind(), train)["age"].tolist() == [1.0, 3.0, 2.0, 8.0]
    later = cases(pd.DataFrame({"age": [None, 2.0], "bad": [0, 1]}), target="bad")
    assert np.isnan(plain.transform(later, train)["age"][0])
    assert zero.transform(later, train)["age"].tolist() == [0.0, 2.0]


def test_a_constant_column_is_centred_and_not_divided(cases):
    train = cases(pd.DataFrame({"age": [3.0] * 4, "bad": LABELS}), target="bad")
    feature = Numeric(NumericParams(columns=("age",), standardize=True))

    feature.fit(train, train)

    assert feature.transform(train, train)["age"].tolist() == [0.0] * 4


@pytest.mark.parametrize(
    ("column", "values", "sentence"),
    [
        ("age", ["a", "b", "c", "d"], "age +must hold numbers; got str; for text use categorical"),
        ("age", [1.0, np.inf, 2.0, 3.0], "age +must be finite; got 1 row: row 1: inf"),
        ("age", [None] * 4, "age +must have a number in some training row; got only null"),
        ("agee", [1.0] * 4, "no such column in the data; got 'age'; did you mean 'agee'"),
    ],
)
def test_a_column_that_is_no_number_is_refused(cases, column, values, sentence):
    kind = float if values[0] is None else None
    train = cases(pd.DataFrame({column: pd.Series(values, dtype=kind), "bad": LABELS}), target="bad")
    feature = Numeric(NumericParams(columns=("age",), impute="median"))

    with pytest.raises(DataError, match=sentence):
        feature.fit(train, train)


def test_the_outcome_is_no_feature(cases):
    train = cases(pd.DataFrame({"bad": LABELS}), target="bad")

    with pytest.raises(DataError, match=r"bad +is only known after the decision"):
        Numeric(NumericParams(columns=("bad",))).fit(train, train)


def test_native_categories_are_those_of_training_and_new_ones_are_null(cases):
    train = cases(pd.DataFrame({"kind": ["b", "a", None, "b"], "bad": LABELS}), target="bad")
    later = cases(pd.DataFrame({"kind": ["c", "a"], "bad": [0, 1]}), target="bad")
    feature = Categorical(CategoricalParams(columns=("kind",)))

    feature.fit(train, train)
    encoded = feature.transform(later, train)

    assert_frame_equal(encoded, pd.DataFrame({"kind": pd.Categorical([None, "a"], categories=pd.Index(["a", "b"], dtype="str"))}))
    assert_frame_equal(revived(feature).transform(later, train), encoded)


def test_rare_and_new_categories_may_share_one_of_their_own(cases):
    train = cases(pd.DataFrame({"kind": ["b", "a", "c", "b"], "bad": LABELS}), target="bad")
    later = cases(pd.DataFrame({"kind": ["b", "a", "new", None], "bad": LABELS}), target="bad")
    feature = Categorical(CategoricalParams(columns=("kind",), encoding="one_hot", min_count=2, unseen="other"))

    feature.fit(train, train)
    encoded = feature.transform(later, train)

    assert_frame_equal(encoded, pd.DataFrame({"kind_b": [1.0, 0.0, 0.0, 0.0], "kind_other": [0.0, 1.0, 1.0, 0.0]}))


def test_integers_stay_one_category_when_a_null_makes_them_floats(cases):
    train = cases(pd.DataFrame({"shop": [3, 10, 3, 10], "bad": LABELS}), target="bad")
    later = cases(pd.DataFrame({"shop": [3.0, None], "bad": [0, 1]}), target="bad")
    feature = Categorical(CategoricalParams(columns=("shop",), encoding="one_hot"))

    feature.fit(train, train)

    assert_frame_equal(feature.transform(later, train), pd.DataFrame({"shop_10": [0.0, 0.0], "shop_3": [1.0, 0.0]}))


def test_categories_that_look_alike_in_a_name_get_different_columns(cases):
    train = cases(pd.DataFrame({"k": ["a b", "a-b", "{}", "a b"], "bad": LABELS}), target="bad")
    feature = Categorical(CategoricalParams(columns=("k",), encoding="one_hot"))

    feature.fit(train, train)

    assert feature.transform(train, train).columns.tolist() == ["k_a_b", "k_a_b_2", "k_blank"]


def test_a_new_category_may_be_refused(cases):
    train = cases(pd.DataFrame({"kind": ["b", "a", "a", "b"], "bad": LABELS}), target="bad")
    later = cases(pd.DataFrame({"kind": ["a", "c"], "bad": [0, 1]}), target="bad")
    feature = Categorical(CategoricalParams(columns=("kind",), unseen="error"))

    feature.fit(train, train)

    with pytest.raises(DataError, match=r"kind +must be one of training; got 1 row: row 1: 'c'.*known: a, b"):
        feature.transform(later, train)


def test_fractions_are_no_categories(cases):
    train = cases(pd.DataFrame({"kind": [0.5, 1.0, 2.0, 1.0], "bad": LABELS}), target="bad")

    with pytest.raises(DataError, match="must hold text, integers or booleans; got float64; for numbers use numeric"):
        Categorical(CategoricalParams(columns=("kind",))).fit(train, train)


def test_refusing_new_categories_does_not_go_with_pooling_rare_ones():
    with pytest.raises(ValidationError, match="min_count must be 1"):
        CategoricalParams(columns=("kind",), unseen="error", min_count=2)


def test_the_parts_of_a_timestamp_are_those_of_the_handbook(cases):
    at = pd.to_datetime(["2024-03-01 06:59:59", "2024-03-02 07:00:00", "2024-03-03 23:00:00", "2024-12-31 00:00:00"])
    made = cases(pd.DataFrame({"at": at, "bad": LABELS}), time="at", target="bad")
    feature = Datetime(DatetimeParams(parts=("hour", "day_of_week", "is_weekend", "is_night", "day", "month")))

    encoded = feature.transform(made.blind(), made)

    assert encoded.columns.tolist() == ["at_hour", "at_day_of_week", "at_is_weekend", "at_is_night", "at_day", "at_month"]
    assert encoded.to_numpy().tolist() == [[6, 4, 0, 1, 1, 3], [7, 5, 1, 0, 2, 3], [23, 6, 1, 0, 3, 3], [0, 1, 0, 1, 31, 12]]
    assert feature.inputs(Roles(time="at")) == ("at",)


def test_a_counter_has_no_parts(cases):
    made = cases(pd.DataFrame({"step": range(4), "bad": LABELS}), time="step", target="bad")

    with pytest.raises(DataError, match=r"step +must hold timestamps; got int64"):
        Datetime(DatetimeParams()).transform(made, made)
    with pytest.raises(RecipeError, match=r"data\.roles\.time"):
        Datetime(DatetimeParams()).inputs(Roles())
