"""The simulated fleet: reproducible, wearing as it was told to, with sensors that break, and the truth kept apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from upshot.components.data.fleet_simulator import LOADS, SENSORS, FleetSimulator, FleetSimulatorParams, _reached, simulate
from upshot.errors import DataError

SMALL = {"table": "fleet", "machines": 40, "sites": 3, "days": 400}
WHOLE = {"unread": 0.0, "break_rate": 0.0}


def params(**changes: Any) -> FleetSimulatorParams:
    return FleetSimulatorParams.model_validate(SMALL | changes)


def test_the_same_parameters_give_the_same_rows_and_another_seed_gives_others() -> None:
    first, second, other = (next(FleetSimulator(params(seed=seed)).read()) for seed in (1, 1, 2))

    assert first.equals(second)
    assert not first.equals(other)


def test_readings_come_by_machine_and_day_and_the_truth_stays_apart() -> None:
    readings, truth = simulate(params())

    order = readings.groupby("machine_id")["recorded_at"]
    assert (order.diff().dropna() > pd.Timedelta(0)).all()
    assert readings["recorded_at"].dt.hour.unique().tolist() == [6]
    assert {"wear", "mode", "fails_in", "load_name"}.isdisjoint(readings.columns)
    assert truth[["machine_id", "recorded_at"]].equals(readings[["machine_id", "recorded_at"]])
    assert readings["site"].nunique() == 3


def test_a_life_ends_once_and_its_machine_comes_back_after_the_repair() -> None:
    readings, _ = simulate(params(**WHOLE, repair_days=5))
    lives = readings.groupby("life_id", sort=False).agg(
        machine=("machine_id", "first"), begin=("recorded_at", "min"), last=("recorded_at", "max"), end=("ended_at", "first"), n=("ended_at", "nunique"),
        running=("running", "first"), age=("age_days", "min"), watched=("age_days", "size"),
    )  # fmt: skip

    assert (lives["n"] == 1).all()
    assert ((lives["end"] - lives["last"]).between(pd.Timedelta(0), pd.Timedelta("24h"))).all()
    for _, own in lives.groupby("machine"):
        pause = (own["begin"].shift(-1) - own["last"]).dt.days[:-1]
        assert (pause == np.where(own["running"][:-1], 2, 6)).all()
        assert (own["age"][1:] == 0).all()


def test_a_machine_fails_when_its_wear_reaches_one_and_only_then() -> None:
    readings, truth = simulate(params(**WHOLE, planned_share=0.0))
    last = truth.groupby(readings["life_id"]).tail(1)
    fails = ~readings.loc[last.index, "running"]

    tiring = last["load_name"].map(dict(zip(LOADS, (0.4, 1.0, 1.8), strict=True)))
    assert last["wear"].between(0, 1).all()
    assert last.loc[fails, "fails_in"].between(0, 1).all()
    assert (last.loc[fails, "wear"] + 0.1 * tiring[fails] >= 1).mean() > 0.9  # a day takes a few hundredths
    assert (~(last.loc[~fails, "fails_in"] > 1)).all()  # it is still running on the last day, or fails in the course of it


def test_services_are_planned_by_age_and_what_would_have_come_is_in_the_truth_alone() -> None:
    readings, truth = simulate(params(**WHOLE, planned_share=1.0, planned_age=60.0, mean_life=200.0, days=1_000))
    ended = readings[readings["running"] & (readings["ended_at"] < readings["recorded_at"].max())]
    lives = ended[~ended["life_id"].str.endswith("-1")].groupby("life_id")["ended_age"].first()

    assert lives.mean() == pytest.approx(60, abs=2)
    assert lives.std() == pytest.approx(6, abs=2)
    assert readings.loc[readings["running"], "failure_mode"].isna().all()
    assert (truth.loc[readings["running"], "fails_in"].dropna() > 0).all()
    assert truth["mode"].notna().all()


def test_sensors_answer_to_load_more_than_to_wear_and_late() -> None:
    readings, truth = simulate(params(**WHOLE, planned_share=0.0, days=800))
    bearing = truth["mode"] == "bearing"

    by_load = readings.groupby(truth["load_name"])["motor_current"].mean()
    assert by_load["high"] - by_load["idle"] > 20
    normal = bearing & (truth["load_name"] == "normal")
    early, middle, late = (
        readings.loc[normal & truth["wear"].between(*span), "vibration"].mean() for span in ((0, 0.1), (0.4, 0.5), (0.9, 1))
    )
    assert late - early > 4 * (middle - early) > 0
    assert abs(np.corrcoef(readings["supply_voltage"], truth["wear"])[0, 1]) < 0.05


def test_a_broken_sensor_says_nothing_or_the_same_thing_until_it_is_replaced() -> None:
    sound, _ = simulate(params(**WHOLE))
    broken, _ = simulate(params(unread=0.0, break_rate=0.002, break_days=10))

    for name in SENSORS:
        silent = broken[name].isna()
        assert 0.002 < silent.mean() < 0.03
        runs = (silent != silent.shift()).cumsum()[silent]
        assert runs.value_counts().median() == 10
        stuck = ~silent & (broken[name] == broken.groupby("machine_id")[name].shift())
        assert stuck.mean() > 0.004 > (sound[name] == sound.groupby("machine_id")[name].shift()).mean()


def test_days_are_left_unread_at_their_share() -> None:
    whole, some = (simulate(params(unread=share))[0] for share in (0.0, 0.2))

    assert len(some) / len(whole) == pytest.approx(0.8, abs=0.01)


def test_the_day_on_which_so_much_tiring_has_come_is_found_as_by_a_loop() -> None:
    random = np.random.default_rng(0)
    tired = np.concatenate([np.zeros((5, 1)), np.cumsum(random.choice([0.4, 1.0, 1.8], (5, 50)), axis=1)], axis=1)
    machine, begin, needed = random.integers(0, 5, 200), random.integers(0, 40, 200), random.uniform(0.1, 60, 200)

    found = _reached(tired, machine, begin, needed)

    for m, b, n, day in zip(machine, begin, needed, found, strict=True):
        total, at = 0.0, np.nan
        for d in range(b, 50):
            step = tired[m, d + 1] - tired[m, d]
            if total + step >= n:
                at = d + (n - total) / step
                break
            total += step
        assert day == pytest.approx(at, nan_ok=True)


def test_a_fleet_of_which_nothing_was_read_is_refused() -> None:
    source = FleetSimulator(params(machines=1, days=30, unread=0.99, seed=3))

    with pytest.raises(DataError, match="the data is empty"):
        next(source.read())
