from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from upshot.components.split.by_column import ByColumn, ByColumnParams
from upshot.errors import DataError, RecipeError


def published(rows=40):
    unit = np.repeat(np.arange(rows // 4), 4)
    return pd.DataFrame(
        {"unit": unit, "of": np.where(unit < 7, "train", np.where(unit < 9, "test", "other")), "x": 0.5, "y": np.arange(rows)}
    )


def parts(folds):
    codes = folds.assignment.frame["main"]
    return codes.map({0: "history", 1: "train", 2: "validation", 3: "test", 4: "unused"})


def test_the_column_says_the_part_and_other_values_are_unused(cases):
    made = cases(published(), target="y")

    folds = ByColumn(ByColumnParams(column="of")).split(made)

    assert parts(folds).groupby(published()["of"]).unique().map(list).to_dict() == {
        "train": ["train"],
        "test": ["test"],
        "other": ["unused"],
    }


def test_tuning_units_are_drawn_from_those_that_train_and_kept_whole(cases):
    made = cases(published(), target="y", entities=("unit",))

    folds = ByColumn(ByColumnParams(column="of", validation=0.3)).split(made)

    of_unit = parts(folds).groupby(published()["unit"]).unique().map(list)
    assert all(len(names) == 1 for names in of_unit)
    assert [of_unit[unit][0] for unit in range(7)].count("validation") == 2
    assert folds.apart == ("unit",)


def test_tuning_rows_may_have_a_value_of_their_own(cases):
    folds = ByColumn(ByColumnParams(column="of", validation=("other",))).split(cases(published(), target="y"))

    assert folds.folds[0].parts["validation"] == 4


def test_a_value_that_does_not_exist_is_told_with_the_nearest_and_one_may_be_of_one_part_only(cases):
    with pytest.raises(DataError) as refused:
        ByColumn(ByColumnParams(column="of", test=("tset",))).split(cases(published(), target="y"))
    with pytest.raises(ValidationError, match="a value is of one part; twice: train"):
        ByColumnParams(column="of", test=("train",))
    with pytest.raises(RecipeError, match="needs an entity"):
        ByColumn(ByColumnParams(column="of", validation=0.2)).split(cases(published(), target="y"))

    assert refused.value.problems[0].sentence() == "no such value in 'of'; got 'tset'; did you mean 'test'? options: other, test, train"
