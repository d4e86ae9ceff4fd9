from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from upshot.components.split.by_time_and_entity import ByTimeAndEntity, ByTimeAndEntityParams
from upshot.components.split.k_fold import KFold, KFoldParams
from upshot.contracts.records import PARTS
from upshot.errors import DataError
from upshot.stages.split import split

REASON = "Answers of one survey, all of one day."
RECIPE = (Path(__file__).parents[1] / "skeletons" / "fraud_top_k.yaml").read_text(encoding="utf-8")


def visits() -> pd.DataFrame:
    """Ten days, each of ten shops once a day, every other visit a sale."""
    day, shop = np.divmod(np.arange(100), 10)
    return pd.DataFrame({"day": day, "shop": shop, "size": np.sqrt(np.arange(100.0) + 2), "sale": (day + shop) % 2})


def test_test_rows_are_later_and_of_other_entities_than_training_rows(cases):
    made = cases(visits(), time="day", target="sale", entities=("shop",))
    params = {"validation_from": 5, "test_from": 8, "train_from": 1, "validation_entities": 0.2, "test_entities": 0.3}

    folds = split(made, ByTimeAndEntity(ByTimeAndEntityParams.model_validate(params)))

    of = {part: folds.part("main", part).rows.frame for part in ("history", "train", "validation", "test")}
    assert {part: sorted(rows["day"].unique()) for part, rows in of.items()} == {
        "history": [0],
        "train": [1, 2, 3, 4],
        "validation": [5, 6, 7],
        "test": [8, 9],
    }
    shops = {part: set(rows["shop"]) for part, rows in of.items() if part != "history"}
    assert {part: len(members) for part, members in shops.items()} == {"train": 5, "validation": 2, "test": 3}
    assert set.union(*shops.values()) == set(range(10))
    assert dict(folds.folds[0].parts) == {"history": 10, "train": 20, "validation": 6, "test": 6, "unused": 58}
    assert (folds.apart, folds.in_time) == (("shop",), True)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"validation_entities": 0.2}, "validation and validation_entities go together"),
        ({"validation": 0.2}, "validation and validation_entities go together"),
        ({"validation": 0.2, "validation_entities": 0.5, "test_entities": 0.5}, "must leave entities to train on"),
    ],
)
def test_entities_and_windows_of_validation_go_together(more, said):
    with pytest.raises(ValidationError, match=said):
        ByTimeAndEntityParams.model_validate({"test": 0.2, "test_entities": 0.3, **more})


def test_every_row_tests_once_and_tunes_once_with_the_same_share_of_labels(cases):
    made = cases(pd.DataFrame({"bad": [0, 0, 0, 1] * 10}), target="bad")

    folds = split(made, KFold(KFoldParams(folds=5, reason=REASON)))

    parts = np.array([[PARTS[code] for code in column] for column in folds.assignment.frame.to_numpy().T])
    assert [fold.name for fold in folds.folds] == ["fold_1", "fold_2", "fold_3", "fold_4", "fold_5"]
    assert [(parts == part).sum(axis=0).tolist() for part in ("test", "validation", "train")] == [[1] * 40, [1] * 40, [3] * 40]
    assert [folds.part(fold.name, "test").labels.frame["label"].agg(["size", "sum"]).tolist() for fold in folds.folds] == [[8, 2]] * 5
    assert folds.reason == REASON


def test_rows_of_one_entity_stay_together_in_every_fold(cases):
    made = cases(visits(), target="sale", entities=("shop",))

    folds = split(made, KFold(KFoldParams(folds=5, reason=REASON)))

    tested = [set(folds.part(fold.name, "test").rows.frame["shop"]) for fold in folds.folds]
    assert [len(shops) for shops in tested] == [2] * 5
    assert set.union(*tested) == set(range(10))


def test_fewer_entities_than_folds_are_refused(cases):
    made = cases(pd.DataFrame({"shop": [1, 1, 2, 2], "sale": [0, 1, 0, 1]}), target="sale", entities=("shop",))

    with pytest.raises(DataError, match=r"split\.folds +3 folds need as many units; got 2 units"):
        split(made, KFold(KFoldParams(folds=3, reason=REASON)))


def test_a_nested_run_decides_and_values_every_row_out_of_sample(recipe_project):
    draw = np.random.default_rng(3)
    risk = draw.normal(size=120)
    fraud = (draw.random(120) < 1 / (1 + np.exp(1 - 2 * risk))).astype(int)
    rows = [f"{i},2026-01-{1 + i // 10:02d} 08:{i % 60:02d}:00,{risk[i]:.6f},{10 + i},{fraud[i]}" for i in range(120)]
    recipe = RECIPE.replace('{use: by_time, test_from: "2026-01-12"}', f"{{use: k_fold, folds: 4, reason: {REASON!r}}}")
    recipe = recipe.replace("policy: {use: top_k_per_day, k: 2}", "calibration: {use: sigmoid}\npolicy: {use: threshold}")
    project = recipe_project(
        {"recipes/nested.yaml": recipe, "data/payments.csv": "payment_id,at,risk,amount,fraud\n" + "\n".join(rows) + "\n"}
    )

    outcome = project.run("run", "nested", "--json")

    assert outcome.exit_code in (0, 4), outcome.stderr
    assert outcome.json["metrics"]["roc_auc"]["n"] == 120
    assert outcome.json["metrics"]["roc_auc"]["value"] > 0.7
