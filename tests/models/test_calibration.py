from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from upshot.errors import DataError


def overconfident(rows: int = 4000) -> tuple[pd.DataFrame, np.ndarray]:
    """Probabilities whose log-odds are twice what they should be."""
    random = np.random.default_rng(1)
    odds = random.normal(-1, 1.5, rows)
    y = (random.random(rows) < 1 / (1 + np.exp(-odds))).astype(np.int64)
    return pd.DataFrame({"case": range(rows), "probability": 1 / (1 + np.exp(-2 * odds))}), y


@pytest.mark.parametrize("name", ["sigmoid", "isotonic"])
def test_calibration_brings_probabilities_back_to_frequencies(name, component, cases_of):
    predictions, y = overconfident()
    cases = cases_of({"row": range(len(y))}, y)
    calibrator = component("calibration", name)
    calibrator.fit(predictions, cases)

    after = calibrator.apply(predictions)

    assert list(after.columns) == ["case", "probability"]
    for group in np.array_split(np.argsort(after["probability"].to_numpy(), kind="stable"), 8):
        assert after["probability"].to_numpy()[group].mean() == pytest.approx(y[group].mean(), abs=0.04)
    assert ((after["probability"] - y) ** 2).mean() < ((predictions["probability"] - y) ** 2).mean()


@pytest.mark.parametrize("name", ["none", "sigmoid", "isotonic"])
def test_a_calibration_made_from_its_files_gives_the_same_bits(name, component, cases_of):
    predictions, y = overconfident(300)
    calibrator = component("calibration", name)
    calibrator.fit(predictions, cases_of({"row": range(len(y))}, y))

    again = component("calibration", name)
    again.restore(calibrator.state())

    pd.testing.assert_frame_equal(again.apply(predictions), calibrator.apply(predictions), check_exact=True)


def test_sigmoid_finds_slope_and_offset(component, cases_of):
    predictions, y = overconfident(20_000)
    calibrator = component("calibration", "sigmoid")

    calibrator.fit(predictions, cases_of({"row": range(len(y))}, y))

    assert calibrator.slope_ == pytest.approx(0.5, abs=0.02)
    assert calibrator.offset_ == pytest.approx(0.0, abs=0.05)


def test_sigmoid_stays_finite_on_classes_that_do_not_overlap_and_on_probabilities_of_zero_and_one(component, cases_of):
    predictions = pd.DataFrame({"case": range(40), "probability": [0.0] * 20 + [1.0] * 20})
    calibrator = component("calibration", "sigmoid")
    calibrator.fit(predictions, cases_of({"row": range(40)}, [0] * 20 + [1] * 20))

    after = calibrator.apply(predictions)["probability"].unique()

    np.testing.assert_allclose(after, [1 / 22, 21 / 22], atol=1e-6)  # Platt's targets


def test_isotonic_equals_scikit_learn(component, cases_of):
    from sklearn.isotonic import IsotonicRegression

    predictions, y = overconfident(500)
    calibrator = component("calibration", "isotonic")
    calibrator.fit(predictions, cases_of({"row": range(len(y))}, y))

    new = np.linspace(0, 1, 101)
    expected = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(predictions["probability"], y).predict(new)
    np.testing.assert_allclose(calibrator.apply(pd.DataFrame({"probability": new}))["probability"], expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", ["sigmoid", "isotonic"])
@pytest.mark.parametrize(("labels", "got"), [([0] * 30, "0 positive and 30 negative"), ([1] * 9 + [0] * 21, "9 positive and 21 negative")])
def test_too_few_validation_cases_of_a_class_are_refused(name, labels, got, component, cases_of):
    predictions = pd.DataFrame({"case": range(30), "probability": np.linspace(0, 1, 30)})

    with pytest.raises(DataError) as caught:
        component("calibration", name).fit(predictions, cases_of({"row": range(30)}, labels))

    assert caught.value.problems[0].got == got


def test_no_calibration_takes_every_kind_and_needs_no_validation(component):
    calibrator = component("calibration", "none")

    assert "ranking" in calibrator.accepts and calibrator.fits is False
