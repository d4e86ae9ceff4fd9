"""Demand over the time that an order must last: the sum of several steps, and how sure it is, from the quantiles of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from upshot.components.policy.newsvendor import quantile_at

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from upshot.contracts.records import Cases


@dataclass
class Protection:
    """Predicted demand from each case's step on, over as many steps as an order must last.

    Where fewer steps are forecast than that, those that are stand for the rest.

    Attributes:
        levels: Level -> quantile of each case's own step, shape (n,).
        steps: Steps that an order must last.
        order: Cases sorted by series and time.
        after: Place behind the last step of each sorted case.
    """

    levels: dict[float, np.ndarray]
    steps: int
    order: np.ndarray
    after: np.ndarray
    _spreads: dict[tuple[float, float], np.ndarray] = field(default_factory=dict)

    @classmethod
    def of(cls, predictions: pd.DataFrame, cases: Cases, steps: int, policy: str) -> Protection:
        """Find the steps that each case's order must last.

        Args:
            predictions: Quantiles, one row a case.
            cases: With series (first entity) and time.
            steps: Periods that an order must last, >= 1.
            policy: Whose sentence it is when something is missing.

        Raises:
            DataError: The cases have no series or no time.
        """
        import numpy as np

        from upshot.components.lives import moments, unit_codes

        asker = f"policy {policy}"
        series, at = unit_codes(cases, asker), moments(cases, asker)
        labels = cases.labels.frame
        place = labels["step"].to_numpy() if "step" in labels.columns else at.rank(method="dense").to_numpy().astype(np.int64)
        order = np.lexsort((place, series))
        key = series[order].astype(np.int64) * (int(place.max(initial=0)) + steps + 1) + place[order]
        after = np.searchsorted(key, key + steps)
        names = sorted((n for n in predictions.columns if n.startswith("q")), key=lambda name: float(name[1:]))
        levels = {float(name[1:]): predictions[name].to_numpy(dtype=np.float64) for name in names}
        return cls(levels, steps, order, after)

    @cached_property
    def middle(self) -> np.ndarray:
        """Median demand over the steps, shape (n,), >= 0."""
        return self._summed(self._median)

    def level(self, service: float, factor: float, correlation: float) -> np.ndarray:
        """What covers demand over the steps in a share of cycles, the part above the median times a factor; shape (n,).

        Steps that know nothing of each other add up like the sides of a right angle, steps that move together in a straight line;
        between them by the correlation. Of one step without a factor it is the quantile itself, and no median is needed.
        """
        if self.steps == 1 and factor == 1.0:
            return quantile_at(service, self.levels)
        level: np.ndarray = self.middle + factor * self._spread(service, correlation)
        return level

    def _spread(self, service: float, correlation: float) -> np.ndarray:
        import numpy as np

        if (service, correlation) not in self._spreads:
            above = np.maximum(quantile_at(service, self.levels), 0.0) - self._median
            together, apart = self._summed(above), self._summed(above**2)
            self._spreads[service, correlation] = np.sign(together) * np.sqrt(correlation * together**2 + (1.0 - correlation) * apart)
        return self._spreads[service, correlation]

    @cached_property
    def _median(self) -> np.ndarray:
        import numpy as np

        median: np.ndarray = np.maximum(quantile_at(0.5, self.levels), 0.0)
        return median

    def _summed(self, values: np.ndarray) -> np.ndarray:
        import numpy as np

        running = np.concatenate([[0.0], np.cumsum(values[self.order])])
        summed = np.empty(len(values))
        first = np.arange(len(values))
        summed[self.order] = (running[self.after] - running[first]) * (self.steps / np.maximum(self.after - first, 1))
        return summed
