from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.isotonic import IsotonicRegression

from upshot.errors import DataError


def test_venn_abers_is_two_isotonic_fits_with_the_case_added_as_0_and_as_1(component, cases_of):
    random = np.random.default_rng(1)
    p = random.integers(1, 20, 60) / 20
    y = (random.uniform(size=60) < p).astype(np.int64)
    calibrator = component("calibration", "venn_abers")
    calibrator.fit(pd.DataFrame({"probability": p}), cases_of({"row": range(60)}, y))
    asked = np.concatenate([np.unique(p), np.unique(p) + 0.01, [0.0, 1.0]])

    after = calibrator.apply(pd.DataFrame({"probability": asked}))["probability"]

    p0, p1 = (np.array([IsotonicRegression().fit([*p, s], [*y, label]).predict([s])[0] for s in asked]) for label in (0, 1))
    np.testing.assert_allclose(after, p1 / (1 - p0 + p1), rtol=0, atol=1e-12)
    assert after.between(0, 1, inclusive="neither").all()
    again = component("calibration", "venn_abers")
    again.restore(calibrator.state())
    assert again.apply(pd.DataFrame({"probability": asked}))["probability"].tolist() == after.tolist()


def test_conformal_turns_a_point_into_quantiles_by_the_ranks_of_its_residuals(component, cases_of):
    predictions = pd.DataFrame({"case": range(19), "point": [100.0] * 19})
    calibrator = component("calibration", "conformal")
    calibrator.fit(predictions, cases_of({"row": range(19)}, [100.0 + residual for residual in range(-9, 10)]))

    again = component("calibration", "conformal")
    again.restore(calibrator.state())

    expected = pd.DataFrame({"case": [0], "q0.05": [41.0], "q0.5": [50.0], "q0.95": [59.0]})
    pd.testing.assert_frame_equal(again.apply(pd.DataFrame({"case": [0], "point": [50.0]})), expected)


def test_conformal_says_how_many_rows_its_levels_need(component, cases_of):
    with pytest.raises(DataError) as caught:
        component("calibration", "conformal").fit(pd.DataFrame({"point": [1.0] * 18}), cases_of({"row": range(18)}, [1.0] * 18))

    assert (caught.value.problems[0].rule, caught.value.problems[0].got) == ("needs at least 19 validation rows", "18")


def test_a_policy_and_a_metric_must_take_what_the_calibration_makes_of_the_models_kind(recipe_project):
    project = recipe_project({})

    outcome = project.run("plan", "card_fraud", "model=random_forest", "model.task=regression", "calibration=conformal", "policy=threshold")

    assert outcome.exit_code == 2
    assert "'threshold' accepts probability or anomaly, and calibration 'conformal' gives quantiles" in outcome.stderr
    assert "'roc_auc' accepts probability, and calibration 'conformal' gives quantiles" in outcome.stderr
    assert "calibration.use" not in outcome.stderr
