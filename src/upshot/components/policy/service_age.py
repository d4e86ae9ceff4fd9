"""Service every unit at one age: the plan of most workshops, and what a prediction of remaining life has to beat.

The prediction is not looked at. The age is chosen by money on validation units, over the ages that were seen there and "never".

Source:
    Barlow and Hunter (1960), Optimum Preventive Maintenance Policies, Operations Research 8(1): age replacement.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from upshot.contracts.params import Params
from upshot.contracts.records import DecisionKind, PredictionKind, Spec, Tuned
from upshot.contracts.tables import Map, Table

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from upshot.components.lives import LifeOrder
    from upshot.contracts.components import Game
    from upshot.contracts.records import Cases

NAME = "policy service_age"


class ServiceAgeParams(Params):
    """Service of every unit at one age."""

    age: int | None = Field(None, ge=0, description="Age at service, in cycles or days; null chooses it by money on validation data.")
    candidates: int = Field(200, ge=2, le=10_000, description="Ages that are tried at most, evenly over those seen, and never.")


class ServiceAge:
    """Serves a unit at its first case with an age of at least T cycles, or days on a clock.

    Args:
        params: The age, or how many candidates to choose it from.
    """

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("point", "survival", "quantiles", "probability", "anomaly")
    gives: DecisionKind = "schedule"
    tunes: bool

    def __init__(self, params: ServiceAgeParams) -> None:
        self.params = params
        self.tunes = params.age is None

    def tune(self, predictions: pd.DataFrame, outcomes: Cases, game: Game) -> Tuned:
        """The age that is worth most; of equals the highest, which serves least.

        Returns:
            `age`, and the curve `age`, `services`, `worth`: one row a candidate, highest age first; the first is "never".
        """
        return best_age(self.params, outcomes, game, NAME)

    def decide(self, predictions: pd.DataFrame, cases: Cases, tuned: Tuned, game: Game) -> pd.DataFrame:
        """Columns `case`, `service`; one row a case, True at most once a unit.

        Raises:
            DataError: The cases have no age, or no column names the unit.
        """
        return at_age(self.params, cases, tuned, NAME)


def best_age(params: ServiceAgeParams, outcomes: Cases, game: Game, asker: str) -> Tuned:
    """The age that is worth most, and the curve that it was chosen from; the given age, where there is one."""
    import numpy as np
    import pandas as pd

    from upshot.components.lives import LifeOrder, ages, moments, unit_codes
    from upshot.components.times import is_clock

    if params.age is not None:
        return Tuned(Map({"age": float(params.age)}))
    age = ages(outcomes, asker)
    lives = LifeOrder.of(unit_codes(outcomes, asker), age)
    tried = candidates(age, params.candidates)
    if is_clock(moments(outcomes, asker)):  # a fleet that is served at once runs no time to count a cost by
        tried = tried[tried > age[lives.order[lives.first]].min()]
    plans = [schedule(age, lives, at) for at in tried]
    worth = np.array([game.worth(plan, outcomes) for plan in plans])
    curve = pd.DataFrame({"age": tried, "services": [int(plan["service"].sum()) for plan in plans], "worth": worth})
    return Tuned(Map({"age": float(tried[worth.argmax()])}), on="validation", curve=Table.of(curve))


def at_age(params: ServiceAgeParams, cases: Cases, tuned: Tuned, asker: str) -> pd.DataFrame:
    """Decision frame: service at the given age, or at the one that was chosen."""
    from upshot.components.lives import LifeOrder, ages, unit_codes

    age = ages(cases, asker)
    at = tuned.values["age"] if params.age is None else float(params.age)
    return schedule(age, LifeOrder.of(unit_codes(cases, asker), age), at)


def candidates(age: np.ndarray, count: int) -> np.ndarray:
    """Ages to try, highest first: one beyond all that were seen, which means never, then those seen.

    Example:
        >>> import numpy as np
        >>> candidates(np.array([1.0, 2.0, 2.0, 3.0]), 10).tolist()
        [4.0, 3.0, 2.0, 1.0]
    """
    import numpy as np

    seen = np.unique(age)
    kept = seen[np.unique(np.linspace(0, len(seen) - 1, min(count - 1, len(seen))).round().astype(int))]
    return np.concatenate([kept, [seen[-1] + 1.0]])[::-1]


def schedule(age: np.ndarray, lives: LifeOrder, at: float) -> pd.DataFrame:
    """Decision frame: service at each unit's first case of this age or more.

    Args:
        age: Age of the unit at each case, in cycles or days, shape (n,).
        lives: The cases by unit and age.
        at: Age at service, likewise.
    """
    import numpy as np
    import pandas as pd

    place = lives.first_true(age[lives.order] >= at)
    service = np.zeros(len(age), dtype=bool)
    service[lives.order[place[place <= lives.last]]] = True
    return pd.DataFrame({"case": np.arange(len(age)), "service": service})
