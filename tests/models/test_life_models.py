"""Models of remaining life: accelerated failure time, similarity, and detectors that learn from no failure at all."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from upshot.components.model.similar_lives import LifeCurve
from upshot.contracts.components import CensoredModel, Compute, Examples
from upshot.contracts.records import Roles, Seed, Threads
from upshot.errors import DataError

UNITS = Roles(time="cycle", entities=("unit",))
ONE = Compute(Seed(7), Threads(1))
LIFE_MODELS = ("xgboost_aft", "similar_lives")
DETECTORS = ("isolation_forest", "pca_monitor")


@pytest.fixture
def fleet(cases_of):
    """`fleet([40, 60], watched=[40, 30])`: units that fail after so many cycles, seen for as many; wear grows to 1 with noise."""

    def make(lives, watched=None, noise=0.05, seed=0):
        seen = lives if watched is None else watched
        unit = np.repeat(np.arange(len(lives)), seen)
        cycle = np.concatenate([np.arange(1, last + 1) for last in seen])
        life, last = np.repeat(lives, seen), np.repeat(seen, seen)
        facts = {"remaining": (last - cycle).astype(float), "fails": life == last, "censored": life != last, "age": cycle.astype(float)}
        cases = cases_of({"unit": unit, "cycle": cycle}, last - cycle, UNITS, as_of=cycle, **facts)
        random = np.random.default_rng(seed)
        wear = cycle / life + random.normal(0, noise, len(unit))
        return Examples(cases, pd.DataFrame({"wear": wear, "speed": 1.0 / life + random.normal(0, 1e-4, len(unit))}))

    return make


def of(component, name, train, validation=None, **params):
    model = component("model", name, **params)
    model.fit(train, validation, train.cases, ONE)
    return model


def error(model, examples):
    left = examples.cases.labels.frame["remaining"].to_numpy()
    return np.abs(model.predict(examples, examples.cases)["point"] - left).mean()


@pytest.mark.parametrize("name", LIFE_MODELS)
def test_a_remaining_life_is_predicted_from_wear_and_speed(component, fleet, name):
    random = np.random.default_rng(1)
    train, test = fleet(random.integers(30, 90, 60), seed=2), fleet(random.integers(30, 90, 20), seed=3)

    model = of(component, name, train)

    assert error(model, test) < 4.0  # lives are 60 on average; the middle remaining life alone is off by 15


@pytest.mark.parametrize("name", LIFE_MODELS)
def test_units_still_running_make_lives_longer_and_are_not_taken_for_failures(component, fleet, name):
    """Half the units leave at a third of their life. A model that took leaving for failing would be far too short."""
    random = np.random.default_rng(4)
    lives = random.integers(40, 80, 80)
    watched = np.where(np.arange(80) % 2, lives // 3, lives)
    train, test = fleet(lives, watched, seed=5), fleet(random.integers(40, 80, 20), seed=6)
    flags = {"fails": np.ones(train.cases.size, dtype=bool), "censored": np.zeros(train.cases.size, dtype=bool)}
    table = type(train.cases.labels).of(train.cases.labels.frame.assign(**flags))
    as_if_failed = Examples(type(train.cases)(train.cases.rows, table, train.cases.roles, "case"), train.X)

    honest, wrong = of(component, name, train), of(component, name, as_if_failed)

    assert isinstance(honest, CensoredModel) and honest.takes_censored
    assert error(honest, test) < 0.7 * error(wrong, test)


@pytest.mark.parametrize("name", LIFE_MODELS)
def test_quantiles_hold_about_their_share_of_lives(component, fleet, name):
    random = np.random.default_rng(7)
    train, validation, test = (fleet(random.integers(30, 90, n), seed=n, noise=0.15) for n in (60, 30, 40))

    model = of(component, name, train, validation, levels=(0.1, 0.5, 0.9))
    predicted = model.predict(test, test.cases)

    left = test.cases.labels.frame["remaining"].to_numpy()
    assert (np.diff(predicted.to_numpy(), axis=1) >= 0).all()
    assert 0.02 <= (left < predicted["q0.1"]).mean() <= 0.25
    assert 0.75 <= (left <= predicted["q0.9"]).mean() <= 0.98


@pytest.mark.parametrize("name", (*LIFE_MODELS, *DETECTORS))
def test_what_is_saved_answers_the_same_and_a_row_alone_as_in_the_table(component, fleet, name):
    train, test = fleet([40, 50, 60, 70] * 4), fleet([45, 65], seed=9)
    model, again = of(component, name, train), component("model", name)
    again.restore(model.state())

    whole = model.predict(test, test.cases)
    alone = pd.concat(
        [model.predict(Examples(test.cases.take(np.array([i])), test.X.iloc[[i]].reset_index(drop=True)), test.cases) for i in (0, 50, 109)]
    )

    pd.testing.assert_frame_equal(again.predict(test, test.cases), whole, check_exact=True)
    np.testing.assert_allclose(alone.to_numpy(), whole.iloc[[0, 50, 109]].to_numpy(), rtol=1e-12)


@pytest.mark.parametrize("name", LIFE_MODELS)
def test_without_a_unit_that_failed_there_is_nothing_to_learn(component, fleet, name):
    with pytest.raises(DataError, match=r"there is no life to (learn from|compare with)"):
        of(component, name, fleet([40, 50], watched=[10, 10]))


def test_the_curve_of_similar_lives_is_kaplan_meier_with_weights():
    # Opinions 2 (failed), 3 (still running), 5 (failed): after 2 two thirds live on, and after 5 none. Mean 2 + 2/3 * 3 = 4.
    left, ends = np.array([[5.0, 2.0, 3.0]]), np.array([[True, True, False]])

    plain = LifeCurve.of(left, ends, np.ones((1, 3)))
    heavier = LifeCurve.of(left, ends, np.array([[1.0, 4.0, 1.0]]))

    assert plain.mean().tolist() == [4.0]
    assert [plain.quantile(level).tolist() for level in (0.3, 0.5)] == [[2.0], [5.0]]
    assert heavier.mean().tolist() == pytest.approx([3.0])  # a third lives on after 2


def test_the_spread_of_accelerated_failure_times_is_found_on_rows_that_the_trees_had_not_seen(component, fleet):
    random = np.random.default_rng(11)
    train, validation = fleet(random.integers(30, 90, 30), seed=1, noise=0.3), fleet(random.integers(30, 90, 30), seed=2, noise=0.3)

    alone, held = of(component, "xgboost_aft", train), of(component, "xgboost_aft", train, validation)
    spread = held.spread_
    held.refit(train, train.cases, ONE)

    assert alone.spread_ < 0.7 * spread
    assert held.spread_ == spread


def test_lives_beyond_the_horizon_are_not_told_apart(component, fleet):
    train = fleet([30, 50, 70, 90] * 5)

    model = of(component, "xgboost_aft", train, horizon=20.0)

    lower, upper = model._bounds(train.cases)
    left = train.cases.labels.frame["remaining"].to_numpy()
    assert (lower == np.minimum(left, 20.0) + 1.0).all()
    assert (np.isinf(upper) == (left > 20.0)).all()


@pytest.mark.parametrize("name", DETECTORS)
def test_a_detector_learns_from_healthy_rows_and_stands_out_where_a_unit_wears_or_a_sensor_breaks(component, fleet, name):
    train, test = fleet([60] * 20, noise=0.02), fleet([60] * 5, noise=0.02, seed=8)
    model = of(component, name, train, healthy_age=20.0)
    broken = test.X.assign(speed=0.1)

    anomaly = model.predict(test, test.cases)["anomaly"].to_numpy()

    age = test.cases.labels.frame["age"].to_numpy()
    early = age <= 20
    assert np.quantile(anomaly[age > 50], 0.25) > np.quantile(anomaly[early], 0.95)
    assert (model.predict(Examples(test.cases, broken), test.cases)["anomaly"].to_numpy()[early] > anomaly[early]).mean() > 0.95


def test_t2_sees_a_unit_further_out_and_q_sensors_that_part(component, cases_of):
    # Healthy sensors move together: b = a. At (5, 5) they still do, further out; at (1, -1) each is as usual and they have parted.
    random = np.random.default_rng(3)
    a = random.normal(size=500)
    healthy = pd.DataFrame({"a": a, "b": a + random.normal(0, 0.1, 500)})
    odd = pd.DataFrame({"a": [5.0, 1.0], "b": [5.0, -1.0]})
    train, test = Examples(cases_of(healthy, [0] * 500), healthy), Examples(cases_of(odd, [0, 0]), odd)

    found = {s: of(component, "pca_monitor", train, statistic=s).predict(test, test.cases)["anomaly"].tolist() for s in ("t2", "q", "both")}

    assert found["t2"][0] > 2 > 1 > found["t2"][1]
    assert found["q"][1] > 10 > 1 > found["q"][0]
    assert found["both"] == [found["t2"][0], found["q"][1]]
    limit = of(component, "pca_monitor", train, statistic="t2", confidence=0.9).predict(train, train.cases)["anomaly"]
    assert (limit > 1).mean() == pytest.approx(0.1, abs=0.01)


def test_only_rows_with_so_much_life_left_may_count_as_healthy(component, fleet):
    train = fleet([60] * 20, noise=0.02)

    whole, healthy = of(component, "pca_monitor", train), of(component, "pca_monitor", train, healthy_from=40.0)
    late = Examples(train.cases.take(np.array([58])), train.X.iloc[[58]].reset_index(drop=True))

    assert healthy.predict(late, train.cases)["anomaly"][0] > 3 * whole.predict(late, train.cases)["anomaly"][0]
    with pytest.raises(DataError) as refused:
        of(component, "pca_monitor", train, healthy_from=1000.0)
    assert refused.value.problems[0].got == "0 of 1,200 training rows"


def test_levels_must_rise(component):
    for name in LIFE_MODELS:
        with pytest.raises(ValidationError, match="must rise"):
            component("model", name, levels=(0.5, 0.1))
