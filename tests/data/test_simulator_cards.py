"""Simulated card payments: reproducible, with the frauds that were asked for, and the truth kept apart."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from upshot.components.data._card_world import within
from upshot.components.data.card_simulator import CardSimulator, CardSimulatorParams, _compromised, simulate

SMALL = {"table": "cards", "customers": 60, "merchants": 40, "terminals": 200, "days": 28, "radius": 20.0}


def params(**changes: Any) -> CardSimulatorParams:
    return CardSimulatorParams.model_validate(SMALL | changes)


def digest(table: pa.Table) -> str:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return hashlib.sha256(sink.getvalue()).hexdigest()


def test_the_same_parameters_give_the_same_bytes_and_another_seed_gives_others() -> None:
    first, second, other = (pa.concat_tables(CardSimulator(params(seed=seed)).read()) for seed in (1, 1, 2))

    assert digest(first) == digest(second)
    assert digest(first) != digest(other)


def test_payments_come_in_the_order_of_time_with_whole_cents_and_no_trace_of_the_pattern() -> None:
    payments, truth = simulate(params(start="2025-03-01"))

    assert list(payments.columns) == [
        *("transaction_id", "occurred_at", "customer_id", "terminal_id", "merchant_id", "category", "amount", "is_fraud", "label_known_at")
    ]
    assert payments["occurred_at"].is_monotonic_increasing
    assert payments["occurred_at"].dt.date.min() == date(2025, 3, 1)
    assert payments["occurred_at"].dt.date.max() == date(2025, 3, 28)
    assert payments["transaction_id"].tolist() == list(range(len(payments))) == truth["transaction_id"].tolist()
    cents = payments["amount"] * 100
    assert (cents - cents.round()).abs().max() < 1e-6
    assert payments["amount"].min() >= 0.01
    assert ((truth["pattern"] != "none") == (payments["is_fraud"] == 1)).all()


def test_labels_are_known_after_the_delay_and_its_jitter() -> None:
    fixed, _ = simulate(params(delay_days=3.5))
    jittered, _ = simulate(params(delay_days=3.5, delay_jitter_days=2.0))

    assert (fixed["label_known_at"] - fixed["occurred_at"]).unique().tolist() == [pd.Timedelta("84h")]
    waiting = jittered["label_known_at"] - jittered["occurred_at"]
    assert waiting.between(pd.Timedelta("84h"), pd.Timedelta("132h")).all()
    assert waiting.nunique() > 100


def test_every_payment_of_a_compromised_terminal_is_fraud_and_a_third_of_those_of_a_compromised_card() -> None:
    none = {"large_amount_rate": 0.0, "terminal_rate": 0.0, "card_rate": 0.0}
    honest, _ = simulate(params(**none))
    terminals, terminal_truth = simulate(params(**none | {"terminal_rate": 1.0, "terminal_days": 100}))
    cards, card_truth = simulate(params(**none | {"card_rate": 1.0, "card_days": 100}))

    assert honest["is_fraud"].sum() == 0
    assert set(terminal_truth["pattern"]) == {"compromised_terminal"}
    assert terminals["amount"].equals(honest["amount"])
    stolen = card_truth["pattern"] == "compromised_card"
    assert abs(stolen.mean() - 1 / 3) < 4 * np.sqrt(2 / 9 / len(cards))
    assert (cards["amount"][stolen] - 5 * honest["amount"][stolen]).abs().max() < 0.03
    assert cards["amount"][~stolen].equals(honest["amount"][~stolen])


def test_large_amounts_are_fraud_at_their_rate_and_honest_ones_may_be_as_large() -> None:
    payments, truth = simulate(params(terminal_rate=0.0, card_rate=0.0, large_amount_rate=0.2, large_amount=150.0))

    fraud = truth["pattern"] == "large_amount"
    assert abs(fraud.mean() - 0.2) < 4 * np.sqrt(0.16 / len(payments))
    assert payments["amount"][fraud].between(150, 450).all()
    assert (payments["amount"][~fraud] > 150).any()


def test_a_week_has_a_quiet_sunday_and_a_day_a_quiet_night() -> None:
    payments, _ = simulate(params(days=280))

    by_weekday = payments["occurred_at"].dt.day_of_week.value_counts()
    by_hour = payments["occurred_at"].dt.hour.value_counts()

    assert by_weekday.idxmax() == 5
    assert by_weekday.idxmin() == 6
    assert by_hour.loc[12] > 5 * by_hour.loc[4]


def test_customers_pay_only_at_terminals_in_reach() -> None:
    rng = np.random.default_rng(0)
    here, there = rng.uniform(0, 100, (40, 2)), rng.uniform(0, 100, (70, 2))
    here[0], there[0] = (100.0, 100.0), (0.0, 0.0)

    for radius in (0.5, 7.0, 33.4, 150.0):
        near, starts = within(here, there, radius)

        for point in range(len(here)):
            brute = [j for j in range(len(there)) if np.hypot(*(here[point] - there[j])) <= radius]
            assert near[starts[point] : starts[point + 1]].tolist() == brute


def test_a_compromise_lasts_its_days_and_may_begin_before_the_first() -> None:
    days, lasting, rate, size = 50, 7, 0.02, 400

    hit = _compromised(np.random.default_rng(5), size, rate, lasting, days)

    rng = np.random.default_rng(5)
    number = rng.poisson(rate * size * (days + lasting - 1))
    who, begin = rng.integers(size, size=number), rng.integers(1 - lasting, days, size=number)
    brute = np.zeros((size, days), dtype=bool)
    for thing, first in zip(who, begin, strict=True):
        brute[thing, max(first, 0) : first + lasting] = True
    assert (hit == brute).all()
    assert abs(hit[:, 0].mean() - hit.mean()) < 0.05
