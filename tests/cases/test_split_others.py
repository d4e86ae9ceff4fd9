from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from sklearn.model_selection import train_test_split

from upshot.components.split.by_entity import ByEntity, ByEntityParams
from upshot.components.split.leave_last_out import LeaveLastOut, LeaveLastOutParams
from upshot.components.split.random import Random, RandomParams
from upshot.contracts.records import PARTS
from upshot.errors import DataError, RecipeError
from upshot.stages.split import split

REASON = "Rows were drawn at random from a survey."


def parts_of(folds) -> list[str]:
    return [PARTS[code] for code in folds.assignment.frame["main"]]


def test_a_random_split_has_the_rows_of_scikit_learn(cases):
    bad = (np.random.default_rng(1).random(200) < 0.2).astype(int)
    made = cases(pd.DataFrame({"bad": bad}), target="bad")

    folds = Random(RandomParams(test=0.2, reason=REASON, seed=7)).split(made)

    _, test = train_test_split(np.arange(200), test_size=0.2, random_state=7, stratify=bad)
    assert folds.positions("main", "test").tolist() == sorted(test.tolist())
    assert dict(folds.folds[0].parts) == {"history": 0, "train": 160, "validation": 0, "test": 40, "unused": 0}
    assert folds.reason == REASON


def test_validation_is_drawn_from_what_is_not_test_and_keeps_the_share_of_each_label(cases):
    made = cases(pd.DataFrame({"bad": [0, 0, 0, 1] * 25}), target="bad")

    folds = Random(RandomParams(test=0.2, validation=0.4, reason=REASON)).split(made)

    assert [folds.part("main", part).labels.frame["label"].agg(["size", "sum"]).tolist() for part in ("train", "validation", "test")] == [
        [40, 10],
        [40, 10],
        [20, 5],
    ]


def test_a_random_split_needs_a_reason():
    with pytest.raises(ValidationError, match="reason"):
        RandomParams.model_validate({"test": 0.2})


def test_a_random_split_that_shares_entities_is_refused_with_their_share(cases):
    made = cases(pd.DataFrame({"bad": [0, 1] * 10, "card": list(range(5)) * 4}), target="bad", entities=("card",))

    with pytest.raises(DataError) as caught:
        split(made, Random(RandomParams(test=0.5, reason=REASON)))

    problem = caught.value.problems[0]
    assert (problem.where, problem.got) == ("card", "5 values of 5 (100%), such as 0, 1, 2, 3, 4")


def test_a_label_with_one_row_cannot_be_stratified(cases):
    made = cases(pd.DataFrame({"bad": [0, 0, 0, 0, 1]}), target="bad")

    with pytest.raises(DataError, match="each label must have 2 rows; got 1 row of 1; stratify: false"):
        Random(RandomParams(test=0.4, reason=REASON)).split(made)


def units(count: int = 10) -> pd.DataFrame:
    return pd.DataFrame({"unit": np.repeat(np.arange(count), 2), "bad": [0, 1] * count})


def test_no_entity_is_in_two_parts_and_the_seed_decides_which(cases):
    made = cases(units(), target="bad", entities=("unit",))

    folds = ByEntity(ByEntityParams(validation=0.2, test=0.3)).split(made)
    other = ByEntity(ByEntityParams(validation=0.2, test=0.3, seed=1)).split(made)

    of = {part: set(folds.part("main", part).rows.frame["unit"]) for part in ("train", "validation", "test")}
    assert {part: len(entities) for part, entities in of.items()} == {"train": 5, "validation": 2, "test": 3}
    assert set.union(*of.values()) == set(range(10))
    assert set(other.part("main", "test").rows.frame["unit"]) != of["test"]


def test_listed_entities_go_where_they_are_listed(cases):
    made = cases(units(4), target="bad", entities=("unit",))

    folds = ByEntity(ByEntityParams.model_validate({"validation": [3], "test": [0, 2]})).split(made)

    assert parts_of(folds) == ["test"] * 2 + ["train"] * 2 + ["test"] * 2 + ["validation"] * 2


def test_a_listed_entity_that_is_not_there_is_refused_with_the_nearest(cases):
    made = cases(units(4).assign(unit=np.repeat(["pump-1", "pump-2", "fan-1", "fan-2"], 2)), target="bad", entities=("unit",))

    with pytest.raises(DataError, match=r"split\.test +no such value in 'unit'; got 'pump-3'; did you mean 'pump-"):
        ByEntity(ByEntityParams.model_validate({"test": ["pump-3", "fan-1"]})).split(made)


def test_an_entity_cannot_be_listed_twice():
    with pytest.raises(ValidationError, match="no entity may be in validation and in test"):
        ByEntityParams.model_validate({"validation": ["a"], "test": ["a", "b"]})


def test_the_last_row_of_each_user_tests_and_short_users_only_train(cases):
    frame = pd.DataFrame({"user": list("abaacb"), "at": [5, 1, 3, 4, 9, 2], "item": list("xyzxyz")})
    made = cases(frame, time="at", item="item", entities=("user",))

    folds = LeaveLastOut(LeaveLastOutParams()).split(made)

    assert parts_of(folds) == ["test", "train", "train", "validation", "train", "train"]


def test_users_without_three_rows_cannot_be_split(cases):
    made = cases(pd.DataFrame({"user": [1, 1, 2], "at": [1, 2, 3], "item": list("xyz")}), time="at", item="item", entities=("user",))

    with pytest.raises(DataError, match=r"user +some must have 3 rows; got at most 2"):
        LeaveLastOut(LeaveLastOutParams()).split(made)


@pytest.mark.parametrize("splitter", [ByEntity(ByEntityParams(test=0.5)), LeaveLastOut(LeaveLastOutParams())])
def test_a_split_by_entity_or_user_needs_one(cases, splitter):
    with pytest.raises(RecipeError, match=r"split\.entity +must name a column; or data\.roles\.entities"):
        splitter.split(cases(units(), target="bad"))
