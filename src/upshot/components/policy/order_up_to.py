"""Order up to what should last until the next order has come.

The textbook level is a quantile of demand over lead time and review period. How good it is depends on the tails of the forecast, which are
its weakest part, and on what a stock-out costs besides the unit; a forecast with the better score may carry the dearer stock. So service
level, a factor on the safety stock and units on top may be chosen by money on backtest windows, where each candidate is played day by day.

Source:
    Silver, Pyke & Thomas (2017), Inventory and Production Management in Supply Chains (4th ed.), chapter 6. Choosing by cost and not by
    score: Petropoulos, Wang & Disney (2019), The inventory performance of forecasting methods, International Journal of Forecasting 35(1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, model_validator

from upshot.components.policy._protection import Protection
from upshot.contracts.params import Params
from upshot.contracts.records import DecisionKind, PredictionKind, Spec, Tuned
from upshot.contracts.tables import Map, Table
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from upshot.contracts.components import Game, Window
    from upshot.contracts.records import Cases

MOST_CANDIDATES = 500
Share = Annotated[float, Field(gt=0, lt=1)]
Number = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]


class OrderUpToParams(Params):
    """How long an order must last, how safe it is to be, and what of it is chosen by money."""

    lead_time: int = Field(0, ge=0, description="Periods from order to arrival; that of the rollout.")
    review_every: int = Field(1, ge=1, description="Periods from one order to the next; that of the rollout.")
    underage: float | None = Field(None, ge=0, allow_inf_nan=False, description="Money lost for each unit that is missing.")
    overage: float | None = Field(None, ge=0, allow_inf_nan=False, description="Money lost for each unit too many.")
    service_levels: Annotated[tuple[Share, ...], Field(strict=False)] = Field(
        (), description="Share of cycles without a stock-out; of several the best by money. Empty: underage / (underage + overage)."
    )
    factors: Annotated[tuple[Number, ...], Field(strict=False, min_length=1)] = Field(
        (1.0,), description="Factor on the safety stock, the part above the median; of several the best by money."
    )
    extras: Annotated[tuple[Number, ...], Field(strict=False, min_length=1)] = Field(
        (0.0,), description="Units on top; of several the best by money. They guard against what the forecast calls impossible."
    )
    by: str | None = Field(None, description="Column for whose values the choice is made apart, such as the class of an item.")
    correlation: float = Field(
        0.0, ge=0, le=1, description="How far demand of the steps that an order must last moves together: 0 not at all, 1 as one."
    )
    min_level: float = Field(0.0, ge=0, allow_inf_nan=False, description="Least level, in units.")
    max_level: float | None = Field(None, gt=0, allow_inf_nan=False, description="Largest level, in units: what the shelf holds.")

    @model_validator(mode="after")
    def _a_level_is_said(self) -> OrderUpToParams:
        if not self.service_levels and (self.underage is None or self.overage is None or self.underage + self.overage == 0):
            raise ValueError("give service_levels, or underage and overage, which say the level")
        if len(self.service_levels) * len(self.factors) * len(self.extras) > MOST_CANDIDATES:
            raise ValueError(f"at most {MOST_CANDIDATES} combinations of service_levels, factors and extras are tried")
        return self

    @property
    def levels(self) -> tuple[float, ...]:
        """Service levels to choose from."""
        if self.service_levels:
            return self.service_levels
        assert self.underage is not None and self.overage is not None
        return (self.underage / (self.underage + self.overage),)


@dataclass(frozen=True)
class Choice:
    """One combination."""

    service_level: float
    factor: float
    extra: float


class OrderUpTo:
    """Level = median demand over lead time and review period + factor * (its quantile - the median) + extra.

    Args:
        params: See there.
    """

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("quantiles",)
    gives: DecisionKind = "quantity"
    tunes: bool

    def __init__(self, params: OrderUpToParams) -> None:
        self.params = params
        self.candidates = [Choice(*values) for values in product(params.levels, params.factors, params.extras)]
        self.tunes = len(self.candidates) > 1

    def tune(self, predictions: pd.DataFrame, outcomes: Cases, game: Game) -> Tuned:
        """The combination that is worth most on these rows; of equals the first. With `by`, of each group."""
        from upshot.contracts.components import Window

        return self.tune_windows([Window(predictions, outcomes, game)])

    def tune_windows(self, windows: Sequence[Window]) -> Tuned:
        """The same over several windows, each played by itself.

        Returns:
            The choice, as `service_level`, `factor` and `extra` (with `by`: `extra.GROUP`), and the curve of what was varied most: its
            values, and the worth of each with the best of all else.
        """
        import numpy as np
        import pandas as pd

        if not self.tunes:
            return Tuned(Map(_values(self.candidates[0], "")))
        groups = self._groups([window.outcomes for window in windows])
        protections = [self._protection(window.predictions, window.outcomes) for window in windows]
        worth = np.array([self._worth(choice, windows, protections, groups) for choice in self.candidates])
        best = worth.argmax(axis=0)
        names = [""] if self.params.by is None else [f".{name}" for name in groups[0]]
        chosen = {key: value for name, at in zip(names, best, strict=True) for key, value in _values(self.candidates[at], name).items()}
        axis = max(("service_level", "factor", "extra"), key=lambda key: len({getattr(choice, key) for choice in self.candidates}))
        tried = pd.Series(worth.sum(axis=1)).groupby([getattr(choice, axis) for choice in self.candidates]).max()
        curve = pd.DataFrame({axis: tried.index.to_numpy(dtype=float), "worth": tried.to_numpy()})
        return Tuned(Map(chosen), on="validation", curve=Table.of(curve))

    def decide(self, predictions: pd.DataFrame, cases: Cases, tuned: Tuned, game: Game) -> pd.DataFrame:
        """Columns `case`, `quantity` (units wanted on the shelf and on their way when the period is reviewed); one row a case.

        Raises:
            RecipeError: A service level lies outside of the predicted levels.
            DataError: The cases have no series or time, or a group was not there when the choice was made.
        """
        import numpy as np

        protection = self._protection(predictions, cases)
        if self.params.by is None or not self.tunes:
            choice = self.candidates[0] if not self.tunes else _choice(tuned, "")
            return self._frame(protection, np.zeros(cases.size, dtype=int), [choice])
        names, codes = self._groups([cases])
        missing = [name for name in names if f"extra.{name}" not in tuned.values]
        if missing:
            got = ", ".join(repr(name) for name in missing[:5])
            problem = Problem("policy.by", "every group must have had rows in a backtest window", got, "choose a coarser column, or none")
            raise DataError("nothing was chosen for a group", [problem])
        return self._frame(protection, codes[0], [_choice(tuned, f".{name}") for name in names])

    def _protection(self, predictions: pd.DataFrame, cases: Cases) -> Protection:
        return Protection.of(predictions, cases, self.params.lead_time + self.params.review_every, "order_up_to")

    def _frame(self, protection: Protection, group: np.ndarray, choices: Sequence[Choice]) -> pd.DataFrame:
        """The levels of all cases, each by the choice of its group."""
        import numpy as np
        import pandas as pd

        level = np.empty(len(group))
        for code, choice in enumerate(choices):
            rows = group == code
            level[rows] = protection.level(choice.service_level, choice.factor, self.params.correlation)[rows] + choice.extra
        return pd.DataFrame({"case": np.arange(len(level)), "quantity": np.clip(level, self.params.min_level, self.params.max_level)})

    def _worth(
        self, choice: Choice, windows: Sequence[Window], protections: Sequence[Protection], groups: tuple[list[str], list[np.ndarray]]
    ) -> np.ndarray:
        """Money of a choice by group, shape (groups,); of one group the KPI itself, also where it is a ratio."""
        import numpy as np
        import pandas as pd

        names, codes = groups
        flows = []
        for window in windows:
            decided = self._frame(
                self._protection(window.predictions, window.outcomes), np.zeros(window.outcomes.size, dtype=int), [choice]
            )
            flows.append(window.game.flows(decided, window.outcomes))
        game = windows[0].game
        if self.params.by is None:
            return np.array([game.total(pd.concat(flows, ignore_index=True))])
        by_group = [
            np.bincount(code[frame["case"]], game.money(frame), minlength=len(names)) for frame, code in zip(flows, codes, strict=True)
        ]
        total: np.ndarray = np.sum(by_group, axis=0)
        return total

    def _groups(self, parts: Sequence[Cases]) -> tuple[list[str], list[np.ndarray]]:
        """Names of the groups over all parts, and the code of each case in each part."""
        import pandas as pd

        from upshot.components.faults import column_of

        if self.params.by is None:
            return [""], [pd.Series(0, index=range(part.size)).to_numpy() for part in parts]
        values = [column_of(part.rows.frame, self.params.by, "policy.by").astype(str) for part in parts]
        names = sorted(set().union(*(part.unique() for part in values)))
        return names, [pd.Index(names).get_indexer(pd.Index(part)) for part in values]


def _values(choice: Choice, suffix: str) -> dict[str, float]:
    return {f"{key}{suffix}": float(getattr(choice, key)) for key in ("service_level", "factor", "extra")}


def _choice(tuned: Tuned, suffix: str) -> Choice:
    return Choice(*(tuned.values[f"{key}{suffix}"] for key in ("service_level", "factor", "extra")))
