"""Simulated card payments with known frauds.

Source: Le Borgne, Siblini, Lebichot, Bontempi (2022), Reproducible Machine Learning for Credit Card Fraud Detection - Practical
Handbook, Université Libre de Bruxelles, chapter 3.2, "Transaction data simulator".

Kept from it: customers and terminals at random places of a 100 x 100 square, each customer paying at terminals within a radius; a
mean amount (5 to 100) and number of payments a day (0 to 4) for each customer, amounts normal with half their mean as deviation,
numbers Poisson; a compromised terminal defrauds every payment for 28 days, a compromised card every third payment for 14 days at
five times the amount; rates of 2 terminals in 10,000 and 3 cards in 5,000 a day.

Different here: terminals belong to merchants, near whom they stand, and merchants to categories with dearer or cheaper goods;
payments follow a week and two peaks a day instead of one normal curve; large amounts are fraud at a given rate, while honest
payments may be as large (there, every payment above 220 is fraud); the numbers of compromised terminals and cards vary from day to
day and begin before the first day, so that frauds do not build up; labels become known after a delay. The pattern behind a fraud
is kept apart from the rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from upshot.components.data._card_world import World, build_world
from upshot.contracts.params import SourceParams
from upshot.contracts.records import Spec
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

PATTERNS = ("none", "large_amount", "compromised_terminal", "compromised_card")
"""What stands behind a payment; the code of a pattern is its position here. Where two meet, the later one counts."""

_WEEK = (0.95, 0.95, 1.0, 1.0, 1.15, 1.2, 0.75)
"""Payments on Monday to Sunday, against the mean."""

_PEAKS = ((0.50, 12.5, 3.0), (0.42, 18.5, 2.5), (0.08, 2.0, 4.0))
"""Share of the payments, hour and deviation in hours: midday, evening, night."""

_DAY = 86_400


class CardSimulatorParams(SourceParams):
    """Simulated card payments with three fraud patterns."""

    customers: int = Field(1_000, ge=1, le=1_000_000, description="Card holders; each pays about twice a day.")
    merchants: int = Field(600, ge=1, le=1_000_000, description="Merchants, each with a category and at least one terminal.")
    terminals: int = Field(2_000, ge=1, le=2_000_000, description="Payment terminals; each merchant has one before any has two.")
    days: int = Field(120, ge=1, le=3_650, description="Days of payments.")
    start: Annotated[date, Field(strict=False)] = Field(date(2025, 1, 1), description="First day.")
    seed: int = Field(42, ge=0, description="The same seed and parameters give the same rows.")
    radius: float = Field(5.0, gt=0, le=150, description="How far from home a customer pays, in a square of 100 x 100.")
    large_amount_rate: float = Field(0.0006, ge=0, le=1, description="Share of payments that are frauds of a large amount.")
    large_amount: float = Field(220.0, gt=0, description="Smallest amount of such a fraud, EUR; the largest is three times that.")
    terminal_rate: float = Field(0.0002, ge=0, le=1, description="Terminals compromised a day, as a share of all.")
    terminal_days: int = Field(28, ge=1, le=365, description="Days that a terminal stays compromised; every payment there is fraud.")
    card_rate: float = Field(0.0006, ge=0, le=1, description="Cards compromised a day, as a share of all.")
    card_days: int = Field(14, ge=1, le=365, description="Days that a card stays compromised; a third of its payments are fraud.")
    card_factor: float = Field(5.0, gt=0, description="How many times dearer payments with a compromised card are.")
    delay_days: float = Field(7.0, ge=0, le=365, description="Days from payment until it is known whether it was fraud.")
    delay_jitter_days: float = Field(0.0, ge=0, le=365, description="Up to so many days more, evenly.")


class CardSimulator:
    """Gives the payments; what stands behind each stays in `simulate`."""

    spec: Spec

    def __init__(self, params: CardSimulatorParams) -> None:
        self.params = params
        self.table = params.table
        self.roles = params.roles.roles()
        self.tables = params.tables

    def read(self) -> Iterator[pa.Table]:
        """One table: the payments in the order of time.

        Raises:
            DataError: The parameters give no payment at all.
        """
        import pyarrow as pa

        payments, _ = simulate(self.params)
        if payments.empty:
            raise DataError("the data is empty", [Problem("data", "must have rows", "none", "raise customers, days, terminals or radius")])
        table = pa.Table.from_pandas(payments, preserve_index=False).replace_schema_metadata(None)
        place = table.schema.get_field_index("category")
        yield table.set_column(place, "category", table["category"].cast(pa.string()))


def simulate(params: CardSimulatorParams) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Payments, and what stands behind them.

    Returns:
        Payments in the order of time: `transaction_id` (int64, 0..n-1), `occurred_at` (whole seconds), `customer_id`, `terminal_id`,
        `merchant_id` (int64), `category` (text), `amount` (EUR, whole cents, >= 0.01), `is_fraud` (0 or 1), `label_known_at`.
        And the truth: `transaction_id`, `pattern` (one of `PATTERNS`).
    """
    import numpy as np
    import pandas as pd

    world = build_world(params.seed, params.customers, params.merchants, params.terminals, params.radius)
    rng = np.random.default_rng([params.seed, 1])
    customer, second = _payments(rng, params, world)
    terminal = world.terminal_of(customer, rng.random(len(customer)))
    category = world.category[world.merchant[terminal]]
    amount = _honest_amounts(rng, world, customer) * world.price[category]
    pattern, amount = _defraud(params, customer, terminal, second // _DAY, amount)
    occurred = np.datetime64(params.start, "us") + second * np.timedelta64(1_000_000, "us")
    delay = params.delay_days + params.delay_jitter_days * rng.random(len(customer))
    payments = pd.DataFrame(
        {
            "transaction_id": np.arange(len(customer)),
            "occurred_at": occurred,
            "customer_id": customer,
            "terminal_id": terminal,
            "merchant_id": world.merchant[terminal],
            "category": pd.Series(np.asarray(world.categories, dtype=object)[category], dtype="str"),
            "amount": np.maximum(np.round(amount, 2), 0.01),
            "is_fraud": (pattern > 0).astype(np.int64),
            "label_known_at": occurred + np.round(delay * _DAY).astype(np.int64) * np.timedelta64(1_000_000, "us"),
        }
    )
    names = pd.Series(np.asarray(PATTERNS, dtype=object)[pattern], dtype="str")
    return payments, pd.DataFrame({"transaction_id": payments["transaction_id"], "pattern": names})


def _payments(rng: np.random.Generator, params: CardSimulatorParams, world: World) -> tuple[np.ndarray, np.ndarray]:
    """Customer and second since the start of each payment, in the order of time."""
    import numpy as np

    weekday = (params.start.weekday() + np.arange(params.days)) % 7
    counts = rng.poisson(world.per_day[:, None] * np.asarray(_WEEK)[weekday]).ravel()
    pair = np.repeat(np.arange(len(counts)), counts)
    share, hour, spread = np.asarray(_PEAKS).T
    peak = rng.choice(len(share), size=len(pair), p=share)
    time_of_day = np.floor((hour[peak] + spread[peak] * rng.standard_normal(len(pair))) * 3_600) % _DAY
    second = (pair % params.days) * _DAY + time_of_day.astype(np.int64)
    order = np.argsort(second, kind="stable")
    return pair[order] // params.days, second[order]


def _honest_amounts(rng: np.random.Generator, world: World, customer: np.ndarray) -> np.ndarray:
    """Normal amounts; a negative one is drawn again, evenly from 0 to twice the mean."""
    import numpy as np

    mean = world.mean_amount[customer]
    amount = mean * (1 + 0.5 * rng.standard_normal(len(customer)))
    honest: np.ndarray = np.where(amount > 0, amount, 2 * mean * rng.random(len(customer)))
    return honest


def _defraud(
    params: CardSimulatorParams, customer: np.ndarray, terminal: np.ndarray, day: np.ndarray, amount: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Pattern code and amount of each payment."""
    import numpy as np

    rng = np.random.default_rng([params.seed, 2])
    pattern = np.zeros(len(amount), dtype=np.int64)
    large = rng.random(len(amount)) < params.large_amount_rate
    pattern[large] = PATTERNS.index("large_amount")
    amount = np.where(large, params.large_amount * (1 + 2 * rng.random(len(amount))), amount)
    bad_terminal = _compromised(rng, params.terminals, params.terminal_rate, params.terminal_days, params.days)
    pattern[bad_terminal[terminal, day]] = PATTERNS.index("compromised_terminal")
    bad_card = _compromised(rng, params.customers, params.card_rate, params.card_days, params.days)
    stolen = bad_card[customer, day] & (rng.random(len(amount)) < 1 / 3)
    pattern[stolen] = PATTERNS.index("compromised_card")
    return pattern, np.where(stolen, amount * params.card_factor, amount)


def _compromised(rng: np.random.Generator, size: int, rate: float, lasting: int, days: int) -> np.ndarray:
    """Whether each of `size` things is compromised on each day, shape (size, days), bool.

    Compromises begin up to `lasting` - 1 days before the first day.
    """
    import numpy as np

    number = rng.poisson(rate * size * (days + lasting - 1))
    who = rng.integers(size, size=number)
    begin = rng.integers(1 - lasting, days, size=number)
    steps = np.zeros((size, days + 1), dtype=np.int32)
    np.add.at(steps, (who, np.maximum(begin, 0)), 1)
    np.add.at(steps, (who, np.minimum(begin + lasting, days)), -1)
    running: np.ndarray = np.cumsum(steps[:, :-1], axis=1, dtype=np.int32)
    return running > 0
