"""Simulated credit lines: reproducible, whole, with defaults that the half year before foretells in part."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from upshot.components.data.credit_simulator import AFTER, BEFORE, CreditSimulator, CreditSimulatorParams, simulate

MONTHS = range(1, BEFORE + 1)


def params(**changes: Any) -> CreditSimulatorParams:
    return CreditSimulatorParams.model_validate({"table": "lines", "clients": 4_000} | changes)


def test_the_same_parameters_give_the_same_rows_and_another_seed_gives_others() -> None:
    first, second, other = (next(CreditSimulator(params(seed=seed)).read()) for seed in (1, 1, 2))

    assert first.equals(second)
    assert not first.equals(other)


def test_each_client_is_reviewed_once_in_the_order_of_time_and_judged_half_a_year_later() -> None:
    rows = simulate(params(start="2024-03-01", days=100))

    assert rows["client_id"].tolist() == list(range(1, 4_001))
    assert rows["reviewed_at"].is_monotonic_increasing
    assert rows["reviewed_at"].between(pd.Timestamp("2024-03-01"), pd.Timestamp("2024-06-09")).all()
    assert (rows["known_at"] - rows["reviewed_at"]).unique().tolist() == [pd.Timedelta(days=183)]
    assert AFTER == 6


def test_bills_payments_and_delays_agree_with_each_other() -> None:
    rows = simulate(params())

    for month in MONTHS:
        missed = rows[f"late_{month}"] > 0
        assert (rows.loc[missed, f"paid_{month}"] == 0).all()
        assert (rows.loc[~missed, f"paid_{month}"] > 0).all()
        assert (rows[f"paid_{month}"] <= rows[f"bill_{month}"]).all()
        assert (rows[f"bill_{month}"] <= 1.1 * rows["credit_limit"] + 0.01).all()
    for month in MONTHS[:-1]:  # one more than the month before, up to two, or none
        later, earlier = rows[f"late_{month}"], rows[f"late_{month + 1}"]
        assert (later.isin([0]) | (later == np.minimum(earlier + 1, 2))).all()


def test_default_is_more_common_the_further_behind_a_client_is_and_sex_has_no_part_in_it() -> None:
    rows = simulate(params(clients=40_000))

    by_delay = rows.groupby("late_1")["defaulted"].mean()
    by_sex = rows.groupby("sex")["defaulted"].mean()
    assert by_delay.is_monotonic_increasing and by_delay[2] > 0.5 > 0.15 > by_delay[0]
    assert abs(by_sex["f"] - by_sex["m"]) < 0.015
    assert 0.1 < rows["defaulted"].mean() < 0.25


def test_schooling_is_unknown_for_the_asked_share() -> None:
    assert simulate(params(unknown_share=0.0))["schooling"].notna().all()
    assert abs(simulate(params(unknown_share=0.3))["schooling"].isna().mean() - 0.3) < 0.03
