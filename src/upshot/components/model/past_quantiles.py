"""Quantiles of what was: the last values of a series are the distribution of its next ones, the later the more.

For demand that comes now and then. Its mean says little, its median is zero, and no distribution of a textbook fits all parts; what has
happened does. A value counts less the older it is, and how much less is chosen on the training rows where it is not given.

Source:
    Empirical quantiles for intermittent demand: Willemain, Smart & Schwarz (2004), International Journal of Forecasting 20(3), there by
    bootstrap over a lead time.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import Field

from upshot.components.calendars import Calendar, moments_of
from upshot.components.grid import Grid
from upshot.components.model._forecasts import Levels, joined
from upshot.contracts.components import Compute, Examples
from upshot.contracts.params import Params
from upshot.contracts.records import Cases, PredictionKind, Spec

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

DECAYS = (0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99, 1.0)


class PastQuantilesParams(Params):
    """Which values count, and how much."""

    levels: Levels = Field((0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9), min_length=1, description="Quantiles to give, rising.")
    window: int | None = Field(None, ge=1, description="Steps that are looked back at; null for all.")
    decay: float | None = Field(
        None,
        gt=0,
        le=1,
        description="Weight of a value against that of the step after it; null chooses it by quantile loss on the last steps.",
    )
    horizon: int = Field(12, ge=1, description="Last steps of the training on which the decay is chosen; that of the split.")


class PastQuantiles:
    """The weighted quantiles of each series' own past, the same for every step; all series together for one that has none.

    Example:
        >>> PastQuantiles(PastQuantilesParams(levels=(0.5,))).gives
        'quantiles'
    """

    spec: Spec
    uses: tuple[str, ...] = ("history",)
    gives: PredictionKind = "quantiles"
    forecasts = True

    def __init__(self, params: PastQuantilesParams) -> None:
        self.params = params

    def fit(self, train: Examples, validation: Examples | None, history: Cases, compute: Compute) -> None:
        """Choose the decay on the last steps, from what was known before them; quantiles themselves are taken when it predicts.

        Raises:
            DataError: Uneven times, or a series has a step twice.
        """
        cases = joined(history, train.cases)
        self.calendar_ = Calendar.of(moments_of(cases))
        grid = Grid.of(cases, self.calendar_)
        known = grid.last + 1 - self.params.horizon
        self.decay_ = 1.0 if self.params.decay is None else self.params.decay
        if self.params.decay is None and known >= 1:
            before, after = grid.values[:, :known], grid.values[:, known:]
            self.decay_ = min(DECAYS, key=lambda decay: quantile_loss(after, self._quantiles(before, decay), self.params.levels))

    def predict(self, examples: Examples, history: Cases) -> pd.DataFrame:
        """One column a level (`q0.1`), one row a case."""
        import pandas as pd

        grid = Grid.of(history, self.calendar_, future=examples.cases)
        found = self._quantiles(grid.values, self.decay_)[grid.code(examples.cases)]
        return pd.DataFrame({f"q{level:g}": found[:, place] for place, level in enumerate(self.params.levels)})

    def state(self) -> Mapping[str, bytes]:
        """Calendar and decay as JSON."""
        return {"past.json": json.dumps({"calendar": vars(self.calendar_), "decay": self.decay_}).encode()}

    def restore(self, files: Mapping[str, bytes]) -> None:
        """The opposite of `state`."""
        described = json.loads(files["past.json"])
        self.calendar_, self.decay_ = Calendar(**described["calendar"]), described["decay"]

    def _quantiles(self, values: np.ndarray, decay: float) -> np.ndarray:
        """Shape (series, levels)."""
        import numpy as np

        values = values if self.params.window is None else values[:, -self.params.window :]
        weights = decay ** np.arange(values.shape[1] - 1, -1, -1.0)
        found = weighted_quantiles(values, weights, self.params.levels)
        unknown = ~np.isfinite(values).any(axis=1)
        if unknown.any() and not unknown.all():
            together = weighted_quantiles(values[~unknown].reshape(1, -1), np.tile(weights, int((~unknown).sum())), self.params.levels)
            found[unknown] = together
        filled: np.ndarray = np.nan_to_num(found)
        return filled


def weighted_quantiles(values: np.ndarray, weights: np.ndarray, levels: tuple[float, ...]) -> np.ndarray:
    """The least value of each row that has at least a share of the weight at it or below, shape (rows, levels); NaN without values.

    Args:
        values: Shape (rows, n), NaN where nothing is known.
        weights: Of the columns, shape (n,).
        levels: Shares of the weight.

    Example:
        >>> import numpy as np
        >>> weighted_quantiles(np.array([[5.0, 1.0, np.nan, 3.0]]), np.array([1.0, 1.0, 9.0, 2.0]), (0.25, 0.75, 0.76)).tolist()
        [[1.0, 3.0, 5.0]]
    """
    import numpy as np

    order = np.argsort(values, axis=1)  # NaN last
    ranked = np.take_along_axis(values, order, axis=1)
    own = np.where(np.isfinite(ranked), weights[order], 0.0)
    running = np.cumsum(own, axis=1)
    total = running[:, -1:]
    found = np.empty((len(values), len(levels)))
    for place, level in enumerate(levels):
        below = (running < level * total - 1e-9 * total).sum(axis=1)
        found[:, place] = np.take_along_axis(ranked, np.minimum(below, values.shape[1] - 1)[:, None], axis=1)[:, 0]
    return found


def quantile_loss(y: np.ndarray, quantiles: np.ndarray, levels: tuple[float, ...]) -> float:
    """Sum of the pinball losses of the known values, shape (rows, n), at quantiles of shape (rows, levels)."""
    import numpy as np

    total = 0.0
    for place, level in enumerate(levels):
        error = y - quantiles[:, place : place + 1]
        total += float(np.nansum(np.maximum(level * error, (level - 1.0) * error)))
    return total
