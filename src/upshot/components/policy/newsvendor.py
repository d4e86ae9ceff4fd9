"""How much to have when a missing unit and a spare unit cost differently.

Source:
    Arrow, Harris and Marschak (1951), Optimal Inventory Policy, Econometrica 19(3): the best quantity is the demand quantile at
    the critical ratio underage / (underage + overage).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field, ValidationInfo, field_validator

from upshot.contracts.params import Params
from upshot.contracts.records import DecisionKind, PredictionKind, Spec, Tuned
from upshot.contracts.tables import Map
from upshot.errors import Problem, RecipeError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from upshot.contracts.components import Game
    from upshot.contracts.records import Cases


ALIKE = 1e-6
"""Levels that differ by less are one: names of columns carry six digits."""


class NewsvendorParams(Params):
    """What a missing and a spare unit cost."""

    underage: float = Field(ge=0, allow_inf_nan=False, description="Money lost for each unit that is missing, e.g. its margin.")
    overage: float = Field(ge=0, allow_inf_nan=False, description="Money lost for each unit too many, e.g. holding it for a period.")
    pack_size: float | None = Field(
        None, gt=0, allow_inf_nan=False, description="Units in a pack: quantities are rounded up to full packs."
    )

    @field_validator("overage")
    @classmethod
    def _something_is_at_stake(cls, overage: float, info: ValidationInfo) -> float:
        if overage == 0 and info.data.get("underage") == 0:
            raise ValueError("underage and overage must not both be 0")
        return overage


class Newsvendor:
    """Quantity at the critical ratio, by straight line between the two nearest predicted levels; never below 0.

    Args:
        params: The two costs, in one money unit.
    """

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("quantiles",)
    gives: DecisionKind = "quantity"
    tunes = False

    def __init__(self, params: NewsvendorParams) -> None:
        self.params = params

    @property
    def critical_ratio(self) -> float:
        """Share of periods in which the quantity should suffice, 0..1."""
        return self.params.underage / (self.params.underage + self.params.overage)

    def tune(self, predictions: pd.DataFrame, outcomes: Cases, game: Game) -> Tuned:
        """Nothing is chosen: the ratio follows from the costs."""
        return Tuned(Map())

    def decide(self, predictions: pd.DataFrame, cases: Cases, tuned: Tuned, game: Game) -> pd.DataFrame:
        """Columns `case`, `quantity` (units wanted on the shelf when the period begins); one row a case.

        Raises:
            RecipeError: The critical ratio lies outside of the predicted levels, where there is nothing to read off.
        """
        import numpy as np
        import pandas as pd

        names = sorted((n for n in predictions.columns if n.startswith("q")), key=lambda name: float(name[1:]))
        wanted = quantile_at(self.critical_ratio, {float(name[1:]): predictions[name].to_numpy(dtype="float64") for name in names})
        pack = self.params.pack_size
        quantity = np.maximum(wanted, 0.0) if pack is None else np.ceil(np.maximum(wanted, 0.0) / pack) * pack
        return pd.DataFrame({"case": np.arange(len(predictions)), "quantity": quantity})


def quantile_at(ratio: float, levels: dict[float, np.ndarray]) -> np.ndarray:
    """The quantile at a level between the predicted ones.

    Args:
        ratio: Level that is wanted, 0..1.
        levels: Level -> predicted quantile of each case, shape (n,); ascending levels.

    Raises:
        RecipeError: `ratio` is below the lowest or above the highest level.

    Example:
        >>> import numpy as np
        >>> quantile_at(0.75, {0.5: np.array([10.0]), 0.9: np.array([18.0])}).tolist()
        [15.0]
    """
    known = list(levels)
    ratio = next((level for level in known if abs(level - ratio) <= ALIKE), ratio)
    lower = [level for level in known if level <= ratio]
    upper = [level for level in known if level >= ratio]
    if not lower or not upper:
        raise RecipeError(
            "the policy asks for a quantile that the model does not predict",
            [
                Problem(
                    "policy.use",
                    "the critical ratio underage / (underage + overage) must lie between the model's levels",
                    f"{ratio:.4g}, levels {', '.join(f'{level:g}' for level in known)}",
                    f"add a level {'<=' if not lower else '>='} {ratio:.4g} to the model's levels",
                )
            ],
        )
    low, high = lower[-1], upper[0]
    share = 0.0 if high == low else (ratio - low) / (high - low)
    found: np.ndarray = levels[low] + share * (levels[high] - levels[low])
    return found
