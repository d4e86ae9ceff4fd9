from __future__ import annotations

import numpy as np
import pandas as pd

from upshot.components.features.datetime import Datetime, DatetimeParams
from upshot.components.features.target_mean import TargetMean, TargetMeanParams
from upshot.components.split.random import Random, RandomParams
from upshot.contracts.records import Spec
from upshot.contracts.tables import Map
from upshot.stages.featurize import featurize
from upshot.stages.split import split


def target_mean(**params) -> TargetMean:
    feature = TargetMean(TargetMeanParams.model_validate({"columns": ["city"], **params}))
    feature.spec = Spec("features", "target_mean", Map())
    return feature


def test_a_category_is_its_mean_outcome_shrunk_to_the_mean_of_all(cases):
    train = cases(pd.DataFrame({"city": ["a", "a", "a", "b", None], "bad": [1, 1, 0, 0, 0]}), target="bad")
    later = cases(pd.DataFrame({"city": ["a", "b", None, "new"], "bad": [0, 0, 0, 1]}), target="bad").blind()
    feature = target_mean(smoothing=1.0)

    feature.fit(train, train)
    again = target_mean(smoothing=1.0)
    again.restore(feature.state())

    # All: 2 of 5 = 0.4. City a: (2 + 0.4) / 4 = 0.6; b: (0 + 0.4) / 2 = 0.2; null and new: 0.4.
    for fitted in (feature, again):
        np.testing.assert_allclose(fitted.transform(later, later)["city_target_mean"], [0.6, 0.2, 0.4, 0.4])


def test_no_training_row_is_encoded_with_its_own_outcome(cases):
    frame = pd.DataFrame({"city": [f"c{i % 10}" for i in range(100)], "bad": [int(i % 3 == 0) for i in range(100)]})
    one = target_mean().cross_fit(cases(frame, target="bad"))["city_target_mean"]

    for row in range(0, 100, 9):
        changed = frame.assign(bad=frame["bad"].where(frame.index != row, 1 - frame["bad"]))
        other = target_mean().cross_fit(cases(changed, target="bad"))["city_target_mean"]
        assert other[row] == one[row]
        assert (other != one).any()


def test_training_rows_of_a_column_without_meaning_get_no_meaning(cases):
    draw = np.random.default_rng(2)
    frame = pd.DataFrame({"city": [f"c{i}" for i in draw.integers(0, 200, 400)], "bad": draw.integers(0, 2, 400)})
    splitter = Random(RandomParams(test=0.25, reason="Rows were drawn at random from a survey."))
    folds = split(cases(frame, target="bad"), splitter)
    feature = target_mean(smoothing=0.01)

    made = featurize(folds, {"city": feature})

    train = made.frame("main", "train").frame["city_target_mean"]
    label = folds.part("main", "train").labels.frame["label"]
    naive = made.encoders["main"]["city"].live.transform(folds.part("main", "train"), folds.cases)["city_target_mean"]
    assert abs(np.corrcoef(train, label)[0, 1]) < 0.2
    assert np.corrcoef(naive, label)[0, 1] > 0.6


def test_moments_on_a_circle_are_near_across_midnight_and_across_sunday(cases):
    at = pd.to_datetime(["2024-03-04 00:00:00", "2024-03-04 06:00:00", "2024-03-10 23:59:59"])
    made = cases(pd.DataFrame({"at": at, "bad": [0, 1, 0]}), time="at", target="bad")

    frame = Datetime(DatetimeParams.model_validate({"parts": ["time_of_day", "time_of_week"]})).transform(made, made)

    assert list(frame.columns) == ["at_time_of_day_sin", "at_time_of_day_cos", "at_time_of_week_sin", "at_time_of_week_cos"]
    np.testing.assert_allclose(frame.iloc[0], [0, 1, 0, 1], atol=1e-9)
    np.testing.assert_allclose(frame.iloc[1], [1, 0, np.sin(np.pi / 14), np.cos(np.pi / 14)], atol=1e-9)
    np.testing.assert_allclose(frame.iloc[2], [0, 1, 0, 1], atol=1e-4)
