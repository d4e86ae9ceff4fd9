"""Sensors as signals that can be compared: freed from the operating condition, and told as one health.

A sensor says little before it is held against what is usual where the unit runs: an engine is hotter at full thrust. Conditions are
clusters of the setting columns, found on training rows alone; a reading becomes the number of training deviations from the mean of its
condition. The health index is the weighted sum of all signals that best tells how near the end of a training unit was.

Source:
    Wang, Yu, Siegel and Lee (2008), A similarity-based prognostics approach for remaining useful life estimation, PHM 2008: regimes by
    cluster, and a linear health index fitted on the ends of training units.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import Field

from upshot.contracts.params import Names, Params
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np

MOST_ROWS = 50_000
"""Training rows that conditions are found on, evenly drawn where there are more."""
RIDGE = 1e-3
"""Penalty on the health weights, as a share of the rows: signals may be copies of each other."""


class ConditionsParams(Params):
    """Operating conditions: clusters of the settings, found on training rows."""

    columns: Names = Field(min_length=1, description="Columns of the settings, such as altitude, speed and throttle.")
    clusters: int = Field(ge=2, le=100, description="Number of conditions.")
    time_spent: bool = Field(False, description="Whether the time that the unit has spent in each condition is a feature too.")
    seed: int = Field(42, ge=0, description="Seed of the clustering.")


class HealthParams(Params):
    """One signal from all: 1 is healthy, 0 is the end."""

    healthy_from: float = Field(gt=0, description="Remaining life from which on a training unit counts as healthy, in steps or days.")


@dataclass(frozen=True)
class Conditions:
    """Centres of the clusters in standardised settings, sorted, so that equal data give equal codes.

    Attributes:
        mean: Of each setting, shape (settings,).
        deviation: Likewise; 1 for a constant.
        centres: Shape (clusters, settings).
    """

    mean: np.ndarray
    deviation: np.ndarray
    centres: np.ndarray

    @classmethod
    def fit(cls, settings: np.ndarray, params: ConditionsParams) -> Conditions:
        """Find the clusters.

        Args:
            settings: Training rows, shape (rows, settings), without gaps.
            params: How many.

        Raises:
            DataError: The settings have fewer distinct values than there are to be conditions.
        """
        import numpy as np
        from sklearn.cluster import KMeans
        from threadpoolctl import threadpool_limits

        mean, deviation = settings.mean(axis=0), settings.std(axis=0)
        deviation = np.where(deviation > 0, deviation, 1.0)
        scaled = (settings - mean) / deviation
        few = scaled[np.unique(np.linspace(0, len(scaled) - 1, min(MOST_ROWS, len(scaled))).astype(np.int64))]
        distinct = len(np.unique(few, axis=0))
        if distinct < params.clusters:
            rule = f"must be at most the {distinct} distinct settings of the training rows"
            raise DataError("conditions cannot be found", [Problem("features.*.conditions.clusters", rule, str(params.clusters))])
        with threadpool_limits(1):
            centres = KMeans(params.clusters, n_init=10, random_state=params.seed).fit(few).cluster_centers_
        return cls(mean, deviation, centres[np.lexsort(centres.T[::-1])])

    def of(self, settings: np.ndarray) -> np.ndarray:
        """The condition of each row, 0, 1, ..., by the nearest centre; shape (rows,)."""
        import numpy as np

        scaled = (settings - self.mean) / self.deviation
        nearest, least = np.zeros(len(scaled), dtype=np.int64), np.full(len(scaled), np.inf)
        for code, centre in enumerate(self.centres):  # one centre at a time, so that the memory is that of one column
            distance = ((scaled - centre) ** 2).sum(axis=1)
            closer = distance < least
            nearest[closer], least[closer] = code, distance[closer]
        return nearest

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {"mean": self.mean.tolist(), "deviation": self.deviation.tolist(), "centres": self.centres.tolist()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Conditions:
        """The opposite of `to_json`."""
        import numpy as np

        return cls(*(np.asarray(data[name], dtype=np.float64) for name in ("mean", "deviation", "centres")))


@dataclass(frozen=True)
class Scales:
    """Mean and deviation of each sensor in each condition, over the training rows; shape (conditions, sensors)."""

    mean: np.ndarray
    deviation: np.ndarray

    @classmethod
    def fit(cls, sensors: np.ndarray, condition: np.ndarray, conditions: int) -> Scales:
        """Learn them; where a condition has no reading of a sensor, those of all conditions stand in.

        Args:
            sensors: Training rows, shape (rows, sensors), NaN for no reading.
            condition: Condition of each row, shape (rows,).
            conditions: How many there are.
        """
        import numpy as np

        mean, deviation = np.empty((conditions, sensors.shape[1])), np.empty((conditions, sensors.shape[1]))
        for sensor, values in enumerate(sensors.T):
            there = ~np.isnan(values)
            of_all = (values[there].mean(), values[there].std()) if there.any() else (0.0, 1.0)
            for code in range(conditions):
                here = values[there & (condition == code)]
                mean[code, sensor], deviation[code, sensor] = (here.mean(), here.std()) if len(here) else of_all
        return cls(mean, np.where(deviation > 1e-12 * np.maximum(1.0, np.abs(mean)), deviation, 1.0))

    def of(self, values: np.ndarray, condition: np.ndarray, sensor: int) -> np.ndarray:
        """One sensor in training deviations from the mean of its condition, shape (rows,)."""
        scaled: np.ndarray = (values - self.mean[condition, sensor]) / self.deviation[condition, sensor]
        return scaled


def health_weights(signals: np.ndarray, nearness: np.ndarray) -> np.ndarray:
    """Weights of the signals and, last, of 1, that come nearest to a health of 1 down to 0; shape (signals + 1,).

    Sums are taken column by column and not by BLAS, whose last digits depend on threads.

    Args:
        signals: Rows of units that were seen to fail, shape (rows, signals), without gaps.
        nearness: What their health was, shape (rows,).

    Example:
        >>> import numpy as np
        >>> health_weights(np.array([[-1.0], [0.0], [1.0]]), np.array([1.0, 0.5, 0.0])).round(2).tolist()
        [-0.5, 0.5]
    """
    import numpy as np

    columns = [*signals.T, np.ones(len(signals))]
    gram = np.array([[(left * right).sum() for right in columns] for left in columns])
    gram += np.diag([RIDGE * len(signals)] * signals.shape[1] + [0.0])
    return np.linalg.solve(gram, np.array([(column * nearness).sum() for column in columns]))
