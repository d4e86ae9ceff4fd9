"""Precision at k: of the k cases, or cards, that a team can look at in a day, the share that was worth it; of a list, the share of hits.

Higher is better. Days count alike, whatever their traffic. With `entity` it is card precision: the k entities with the highest score of
the day, and the share of them with a positive case on that day. Le Borgne et al. (2022), "Reproducible machine learning for credit card
fraud detection - practical handbook", chapter 4.4; there a card that was found leaves the following days, here with `found_leave`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from upshot.components.metrics._scores import Scorer, dot, probabilities, undefined
from upshot.components.worklists import work_down
from upshot.contracts.params import Params
from upshot.contracts.records import Cases, Direction, PredictionKind, Spec
from upshot.errors import DataError, Problem, did_you_mean

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


class PrecisionAtKParams(Params):
    """How many alerts, of what, and how often."""

    k: int = Field(100, ge=1, description="Alerts that can be looked at in each period; for rankings, places of a list.")
    per: Literal["day", "all"] = Field(
        "day", description="day: k in each calendar day of as_of (each value, where it is a number); all: k once."
    )
    entity: str | None = Field(None, description="Column whose values are ranked instead of cases, e.g. the card or customer.")
    found_leave: bool = Field(
        False, description="Whether an entity found among the k leaves the days that follow, as published card precision has it."
    )

    @model_validator(mode="after")
    def _has_days_to_leave(self) -> PrecisionAtKParams:
        if self.found_leave and (self.entity is None or self.per != "day"):
            raise ValueError("found_leave needs an entity that leaves, and per: day")
        return self


class PrecisionAtK:
    """Mean over days of the share of positives among the k highest scores; a day with fewer than k is divided by what it has.

    A resample that draws a day twice counts it as two days, and not as one day with doubled cases: the team has k alerts on each. Weights
    that differ within a day (other blocks than days) fill the k places in proportion. Of rankings it is the mean over lists. Equal scores stand in the order of the cases. With
    `found_leave` a resample draws days as they were played: who had left by then is what the days before, as they happened, had found.
    """

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("probability", "ranking")
    direction: Direction = "maximize"
    unit = "share"

    def __init__(self, params: PrecisionAtKParams) -> None:
        self.params = params
        self.depth = params.k

    def scorer(self, predictions: pd.DataFrame, cases: Cases) -> Scorer:
        """Weights to the mean precision; NaN where no day, or no list, has weight.

        Raises:
            DataError: The cases have no clock, or the entity column does not exist; lists are asked for by entity.
        """
        import numpy as np

        if "item" in predictions.columns:
            return self._of_lists(predictions, cases)
        at, y, p = probabilities(predictions, cases)
        if not np.isfinite(p).all():
            return undefined
        days, entities = self._days(cases)[at], self._entities(cases, at)
        if self.params.found_leave:
            stays = ~work_down(days, entities, p, y == 1, self.params.k).gone
            at, y, p, days, entities = (values[stays] for values in (at, y, p, days, entities))
        ranking = DailyRanking.of(days, entities, y, p)

        def score(weights: np.ndarray) -> float:
            return ranking.precision(weights[at], self.params.k)

        return score

    def _of_lists(self, predictions: pd.DataFrame, cases: Cases) -> Scorer:
        from upshot.components.metrics._lists import judged, over_lists

        if self.params.entity is not None:
            problem = Problem("precision_at_k.entity", "must be left out for lists, which are ranked by item", repr(self.params.entity))
            raise DataError("the score is not defined", [problem])
        found = judged(predictions, cases)
        return over_lists(found.groups, found.hits(self.params.k) / self.params.k, found.wanted > 0)

    def _days(self, cases: Cases) -> np.ndarray:
        import numpy as np
        import pandas as pd

        if self.params.per == "all":
            return np.zeros(cases.size, dtype=np.int64)
        if "as_of" not in cases.labels.columns:
            raise DataError("the score is not defined", [Problem("data.roles.time", "must name the time column for `per: day`", "none")])
        moment = cases.labels.frame["as_of"]
        days = moment.dt.floor("D") if moment.dtype.kind == "M" else moment
        return np.asarray(pd.factorize(days, sort=True)[0])

    def _entities(self, cases: Cases, at: np.ndarray) -> np.ndarray:
        import numpy as np
        import pandas as pd

        if self.params.entity is None:
            return np.arange(len(at))
        if self.params.entity not in cases.rows.columns:
            hint = did_you_mean(self.params.entity, cases.rows.columns)
            raise DataError("the score is not defined", [Problem("precision_at_k.entity", "unknown column", self.params.entity, hint)])
        return np.asarray(pd.factorize(cases.rows.frame[self.params.entity].iloc[at])[0])


@dataclass(frozen=True)
class DailyRanking:
    """What is ranked (cases or entities), sorted by day and then from the highest score down.

    Attributes:
        group: Row of each case in the sorted ranking, shape (cases,).
        size: Cases in each row.
        y: Whether the row has a positive case.
        starts: First row of each day.
    """

    group: np.ndarray
    size: np.ndarray
    y: np.ndarray
    starts: np.ndarray

    @classmethod
    def of(cls, days: np.ndarray, entities: np.ndarray, y: np.ndarray, scores: np.ndarray) -> DailyRanking:
        """Group the cases of an entity on a day, and sort once."""
        import numpy as np

        key = days.astype(np.int64) * (int(entities.max(initial=0)) + 1) + entities
        _, first, group = np.unique(key, return_index=True, return_inverse=True)
        best, positive = np.full(len(first), -np.inf), np.zeros(len(first))
        np.maximum.at(best, group, scores)
        np.maximum.at(positive, group, y)
        order = np.lexsort((first, -best, days[first]))
        place = np.empty(len(order), dtype=np.int64)
        place[order] = np.arange(len(order))
        starts = np.unique(days[first][order], return_index=True)[1]
        return cls(place[group], np.bincount(group)[order], positive[order], starts)

    def precision(self, weights: np.ndarray, k: int) -> float:
        """Mean over days, each by its weight."""
        import numpy as np

        if not len(self.starts):
            return float("nan")
        weight = np.bincount(self.group, weights=weights, minlength=len(self.y)) / self.size
        rows = np.diff(self.starts, append=len(self.y))
        day_weight = np.add.reduceat(weight, self.starts) / rows
        if not (day_weight > 0).any():
            return float("nan")
        share = weight / np.repeat(np.where(day_weight > 0, day_weight, 1.0), rows)  # 1 where the whole day has one weight
        above = np.cumsum(share) - share
        above -= np.repeat(above[self.starts], rows)
        taken = np.clip(k - above, 0.0, share)
        found = np.add.reduceat(taken * self.y, self.starts)
        looked_at = np.add.reduceat(taken, self.starts)
        precision = np.divide(found, looked_at, out=np.zeros_like(found), where=looked_at > 0)
        return dot(day_weight, precision) / float(day_weight.sum())
