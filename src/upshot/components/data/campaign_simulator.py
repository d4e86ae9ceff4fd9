"""Simulated campaigns: customers who were contacted by chance, and what they then did. What each would have done otherwise is known too.

Some buy whatever happens, some never do, some only when they are contacted, and a few are put off by it: the four kinds of customers that
uplift is about (Radcliffe & Surry 2011, Real-World Uplift Modelling with Significance-Based Uplift Trees). Whoever looks at response alone
calls the first kind, which needs no call. Contacts are drawn, in one region more seldom than elsewhere, and the chance stands in the row.
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

_REGIONS = ("north", "east", "south", "west")
_CHANNELS = ("shop", "web", "phone")


class CampaignSimulatorParams(SourceParams):
    """Waves of a campaign to a random part of the customers."""

    customers: int = Field(10_000, ge=10, le=5_000_000, description="Customers.")
    waves: int = Field(12, ge=2, le=520, description="Campaigns, one every two weeks.")
    share: float = Field(0.25, gt=0, le=1, description="Share of the customers that a wave looks at.")
    contacted: float = Field(0.5, gt=0, lt=1, description="Chance of being contacted; in the north it is 0.6 times that.")
    effect: float = Field(1.0, ge=0, le=5, description="How strongly a contact works, against the usual.")
    start: Annotated[date, Field(strict=False)] = Field(date(2025, 1, 6), description="Day of the first wave.")
    seed: int = Field(42, ge=0, description="The same seed and parameters give the same rows.")


class CampaignSimulator:
    """Gives the waves; what each customer would have done otherwise stays in `simulate`."""

    spec: Spec

    def __init__(self, params: CampaignSimulatorParams) -> None:
        self.params = params
        self.table = params.table
        self.roles = params.roles.roles()
        self.tables = params.tables

    def read(self) -> Iterator[pa.Table]:
        """One table, wave by wave."""
        import pyarrow as pa

        yield pa.Table.from_pandas(simulate(self.params)[0], preserve_index=False).replace_schema_metadata(None)


def simulate(params: CampaignSimulatorParams) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows, and the truth behind them.

    Returns:
        Rows: `row_id`, `customer_id`, `sent_at`, `age` (years), `tenure` (months), `orders` (of the last year), `recency` (days since the last
        order), `basket` (mean order, EUR, what a response is worth in sales), `region`, `channel`, `newsletter` (0 or 1), `contacted` (0 or
        1), `chance` (with which contacted was drawn), `responded` (0 or 1).
        Truth: `row_id`, `if_contacted` and `if_not` (probabilities of a response), `uplift` (their difference).
    """
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng([params.seed, 0])
    n = params.customers
    base: dict[str, np.ndarray] = {
        "age": np.clip(rng.normal(46, 15, n), 18, 90).round(),
        "tenure": rng.gamma(2.0, 18.0, n).round(),
        "rate": rng.gamma(1.2, 2.5, n),
        "basket": np.round(rng.lognormal(3.6, 0.5, n), 2),
        "region": rng.integers(0, len(_REGIONS), n),
        "channel": rng.choice(len(_CHANNELS), n, p=[0.45, 0.4, 0.15]),
        "newsletter": (rng.random(n) < 0.55).astype(np.int64),
    }
    waves, truths = [], []
    for wave in range(params.waves):
        who = np.sort(rng.permutation(n)[: max(1, round(params.share * n))])
        rows = {name: values[who] for name, values in base.items()}
        orders = rng.poisson(rows["rate"])
        recency = np.minimum(rng.exponential(1.0, len(who)) * 365 / (1.0 + rows["rate"]), 720).round()
        if_not, if_contacted = _chances(rows, orders, recency, params.effect)
        chance = params.contacted * np.where(rows["region"] == 0, 0.6, 1.0)
        contacted = rng.random(len(who)) < chance
        responded = rng.random(len(who)) < np.where(contacted, if_contacted, if_not)
        waves.append(
            pd.DataFrame(
                {
                    "customer_id": who,
                    "sent_at": np.datetime64(params.start, "us") + np.timedelta64(14 * wave, "D"),
                    "age": rows["age"],
                    "tenure": rows["tenure"],
                    "orders": orders,
                    "recency": recency,
                    "basket": rows["basket"],
                    "region": pd.Series(np.array(_REGIONS, dtype=object)[rows["region"]], dtype="str"),
                    "channel": pd.Series(np.array(_CHANNELS, dtype=object)[rows["channel"]], dtype="str"),
                    "newsletter": rows["newsletter"],
                    "contacted": contacted.astype(np.int64),
                    "chance": chance,
                    "responded": responded.astype(np.int64),
                }
            )
        )
        truths.append(pd.DataFrame({"if_contacted": if_contacted, "if_not": if_not, "uplift": if_contacted - if_not}))
    frame, truth = pd.concat(waves, ignore_index=True), pd.concat(truths, ignore_index=True)
    frame.insert(0, "row_id", np.arange(len(frame)))
    truth.insert(0, "row_id", np.arange(len(frame)))
    return frame, truth


def _chances(rows: dict[str, np.ndarray], orders: np.ndarray, recency: np.ndarray, effect: float) -> tuple[np.ndarray, np.ndarray]:
    """Probability of a response without and with a contact, shape (n,) each."""
    import numpy as np

    own = -3.4 + 0.35 * np.minimum(orders, 8) - 0.004 * recency + 0.4 * rows["newsletter"]
    lapsed = np.exp(-0.5 * ((recency - 150) / 70) ** 2)
    works = 1.9 * lapsed + 0.5 * (rows["channel"] == 2) - 0.15
    regulars = (orders >= 6) & (recency < 60)
    works = np.where(regulars, -0.1, works)
    put_off = (rows["age"] < 30) & (rows["newsletter"] == 1)
    works = np.where(put_off, -0.9, works)
    if_not = 1 / (1 + np.exp(-own))
    if_contacted = 1 / (1 + np.exp(-(own + effect * works)))
    return if_not, if_contacted
