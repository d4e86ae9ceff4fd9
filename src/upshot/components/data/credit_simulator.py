"""A simulated portfolio of credit lines under review: six months of bills and payments before, default or not after.

Each client is reviewed once, on a day of the years that are simulated: shall the line go on? What is known then is what a lender sees:
limit, six monthly bills, payments and months of delay, age and schooling. Behind it lies what nobody sees, a strain on each household
that lasts for months and follows the economy, and from it missed payments come before and after the review. A client who misses three
payments in a row within six months after the review is in default.

Sex has no effect of its own here, and age and schooling act only through income, so that a gap between groups comes from what the model
and the policy make of other columns.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from upshot.contracts.params import SourceParams
from upshot.contracts.records import Spec

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

BEFORE, AFTER = 6, 6
"""Months seen before the review, and months in which a default counts."""

IN_DEFAULT = 3
"""Payments missed in a row."""

SCHOOLING = ("primary", "secondary", "university")
_SCHOOLED = (0.25, 0.45, 0.30)
_DAYS_A_MONTH = 30.4375


class CreditSimulatorParams(SourceParams):
    """Credit lines, each reviewed once."""

    clients: int = Field(20_000, ge=1, le=5_000_000, description="Clients; each has one line, reviewed once.")
    days: int = Field(1_095, ge=1, le=7_300, description="Days over which the reviews are spread.")
    start: Annotated[date, Field(strict=False)] = Field(date(2023, 1, 1), description="First day.")
    seed: int = Field(42, ge=0, description="The same seed and parameters give the same rows.")
    strain: float = Field(1.0, gt=0, le=5, description="How much households differ in what they can bear; more is easier to predict.")
    persistence: float = Field(0.85, ge=0, lt=1, description="How much of a month's strain is left in the next month.")
    miss_rate: float = Field(0.08, gt=0, lt=1, description="Chance that a household under mean strain misses a payment.")
    cycle: float = Field(0.35, ge=0, le=3, description="How far the economy moves all households, up and down once in three years.")
    usual_limit: float = Field(4_000.0, gt=0, description="Median credit limit, EUR.")
    unknown_share: float = Field(0.04, ge=0, lt=1, description="Share of clients whose schooling is not known.")


class CreditSimulator:
    """Gives the reviews, in the order of time."""

    spec: Spec

    def __init__(self, params: CreditSimulatorParams) -> None:
        self.params = params
        self.table = params.table
        self.roles = params.roles.roles()
        self.tables = params.tables

    def read(self) -> Iterator[pa.Table]:
        """One table: one row a client."""
        import pyarrow as pa

        yield pa.Table.from_pandas(simulate(self.params), preserve_index=False)


def simulate(params: CreditSimulatorParams) -> pd.DataFrame:
    """One row a client, in the order of the reviews.

    Returns:
        client_id, reviewed_at, age (years), sex, schooling (null for some), months_on_book, credit_limit (EUR), and for the months before
        the review, 1 the latest: bill_1 to bill_6 and paid_1 to paid_6 (EUR), late_1 to late_6 (payments missed in a row); defaulted (0
        or 1), and known_at, the end of the six months after the review.
    """
    import numpy as np
    import pandas as pd

    rng, n = np.random.default_rng(params.seed), params.clients
    day = np.sort(rng.uniform(0, params.days, n))
    person = _people(rng, n, params)
    strain = person["strain"] + rng.normal(0, params.strain, n)
    phase = day / _DAYS_A_MONTH
    balance = person["limit"] * rng.beta(1.6, 2.2, n)
    late = np.zeros(n, dtype=np.int64)
    bills, paid, delays, in_default = [], [], [], np.zeros(n, dtype=bool)
    for month in range(-BEFORE, AFTER):
        economy = params.cycle * np.sin(2 * np.pi * (phase + month) / 36)
        strain = person["strain"] + params.persistence * (strain - person["strain"]) + rng.normal(0, 0.6 * params.strain, n)
        usage = balance / person["limit"]
        odds = (
            np.log(params.miss_rate / (1 - params.miss_rate)) + 0.9 * (strain + economy) + 1.2 * (usage - 0.5) + 0.7 * np.minimum(late, 2)
        )
        missed = rng.random(n) < 1 / (1 + np.exp(-odds))
        late = np.where(missed, late + 1, 0)
        if month < 0:
            late = np.minimum(late, IN_DEFAULT - 1)  # who was in default before has no line to review
        bill = np.round(balance, 2)
        share = np.clip(rng.beta(1.0, 1.0 + np.exp(0.8 * (strain + economy)), n), 0.05, 1.0)
        payment = np.where(missed, 0.0, np.round(share * balance, 2))
        spent = person["limit"] * person["appetite"] * rng.gamma(2.0, 0.5, n) * (late < IN_DEFAULT)
        balance = np.minimum((balance - payment) * 1.012 + spent, 1.1 * person["limit"])
        if month < 0:
            bills.append(bill)
            paid.append(payment)
            delays.append(late)
        else:
            in_default |= late >= IN_DEFAULT
    at = pd.Timestamp(params.start) + pd.to_timedelta(np.floor(day * 24), unit="h")
    months = range(1, BEFORE + 1)
    return pd.DataFrame(
        {
            "client_id": np.arange(1, n + 1),
            "reviewed_at": at.astype("datetime64[us]"),
            "age": person["age"],
            "sex": person["sex"],
            "schooling": person["schooling"],
            "months_on_book": person["months_on_book"],
            "credit_limit": person["limit"],
            **{f"bill_{month}": bills[-month] for month in months},
            **{f"paid_{month}": paid[-month] for month in months},
            **{f"late_{month}": delays[-month] for month in months},
            "defaulted": in_default.astype(np.int64),
            "known_at": (at + pd.Timedelta(days=round(AFTER * _DAYS_A_MONTH))).astype("datetime64[us]"),
        }
    )


def _people(rng: np.random.Generator, n: int, params: CreditSimulatorParams) -> dict[str, np.ndarray]:
    """Who the clients are; shape (n,) each."""
    import numpy as np

    age = np.clip(np.round(rng.gamma(4.5, 6.0, n) + 18), 19, 85).astype(np.int64)
    schooling = rng.choice(len(SCHOOLING), size=n, p=_SCHOOLED)
    income = 0.3 * (schooling - 1) + 0.012 * np.minimum(age - 40, 20) + rng.normal(0, 0.45, n)  # log of income over the median
    limit = np.round(params.usual_limit * np.exp(0.8 * income + rng.normal(0, 0.35, n)), -2)
    names = np.array(SCHOOLING, dtype=object)[schooling]
    names[rng.random(n) < params.unknown_share] = None
    return {
        "age": age,
        "sex": rng.choice(np.array(["f", "m"], dtype=object), size=n),
        "schooling": names,
        "months_on_book": (6 + np.floor(rng.gamma(1.5, 30.0, n))).astype(np.int64),
        "limit": np.maximum(limit, 200.0),
        "strain": params.strain * rng.normal(0, 0.8, n) - 0.7 * income,
        "appetite": rng.beta(2.0, 8.0, n),
    }
