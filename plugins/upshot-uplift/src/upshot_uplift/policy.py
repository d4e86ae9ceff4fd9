"""Act where acting gains: the predicted uplift in money, less what acting costs, against a threshold.

Were predictions exact the threshold would be 0. They are shrunk, and somewhat wrong, so it is chosen by playing the log of validation rows.
What acting is worth is asked of the game itself, once as if every outcome were 1 and once as if every one were 0, so there is no second
price list to keep in step with the KPI.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pydantic import Field, field_validator

from upshot.contracts.params import Params
from upshot.contracts.records import Cases, DecisionKind, PredictionKind, Spec, Tuned
from upshot.contracts.tables import Map, Table
from upshot.errors import Problem, RecipeError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from upshot.contracts.components import Game

_LEFT = "approve"
"""What the lifecycle calls a case that nobody acts on."""


class UpliftThresholdParams(Params):
    """From which gain on, and what is done."""

    threshold: float | None = Field(
        None, allow_inf_nan=False, description="Expected gain, in money of the objective KPI, that a case must exceed; null chooses it."
    )
    action: str = Field("contact", pattern=r"^[a-z][a-z0-9_]*$", description="What is done above the threshold; below it: approve.")
    most: float = Field(1.0, gt=0, le=1, description="Largest share of the cases that may be acted on, those of highest gain first.")
    candidates: int = Field(50, ge=2, le=10_000, description="Shares that are tried on validation rows, evenly spaced from none to `most`.")

    @field_validator("action")
    @classmethod
    def _acts(cls, action: str) -> str:
        if action == _LEFT:
            raise ValueError(f"must differ from {_LEFT}, which is what happens below the threshold")
        return action


class UpliftThreshold:
    """Takes `action` where the expected gain exceeds the threshold, and on the share `most` of the cases at most.

    Args:
        params: The threshold, or how many candidates to choose it from.
    """

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("uplift",)
    gives: DecisionKind = "action"
    tunes: bool

    def __init__(self, params: UpliftThresholdParams) -> None:
        self.params = params
        self.actions = (_LEFT, params.action)
        self.tunes = params.threshold is None

    def tune(self, predictions: pd.DataFrame, outcomes: Cases, game: Game) -> Tuned:
        """The threshold whose decisions are worth most on the validation log; of equals the one that acts on fewest.

        Returns:
            `threshold`, and the curve over the candidates (`threshold`, `share`, `worth`), fewest cases first.

        Raises:
            RecipeError: The rollout does not give one row a case.
        """
        import numpy as np
        import pandas as pd

        if self.params.threshold is not None:
            return Tuned(Map({"threshold": self.params.threshold}))
        gain = self._gain(predictions, outcomes, game)
        levels = thresholds(gain, self.params.most, self.params.candidates)
        decided = [gain > level for level in levels]
        worth = [game.worth(self._frame(acts), outcomes) for acts in decided]
        share = [float(acts.mean()) if len(acts) else 0.0 for acts in decided]
        curve = pd.DataFrame({"threshold": levels, "share": share, "worth": worth})
        return Tuned(Map({"threshold": float(levels[int(np.argmax(worth))])}), "validation", Table.of(curve))

    def decide(self, predictions: pd.DataFrame, cases: Cases, tuned: Tuned, game: Game) -> pd.DataFrame:
        """Columns `case`, `action`; one row a case.

        Raises:
            RecipeError: The rollout does not give one row a case.
        """
        import numpy as np

        gain = self._gain(predictions, cases, game)
        level = tuned.values["threshold"] if self.params.threshold is None else self.params.threshold
        acts = gain > level
        room = int(self.params.most * len(gain))
        acts[np.argsort(-gain, kind="stable")[room:]] = False
        return self._frame(acts)

    def _frame(self, acts: np.ndarray) -> pd.DataFrame:
        import numpy as np
        import pandas as pd

        column = pd.Categorical.from_codes(acts.astype(np.int8), categories=pd.Index(list(self.actions)))
        return pd.DataFrame({"case": np.arange(len(acts)), "action": column})

    def _gain(self, predictions: pd.DataFrame, cases: Cases, game: Game) -> np.ndarray:
        """Money that acting is expected to add in each case, shape (n,): its share of an outcome's worth, less its cost."""
        import numpy as np

        uplift = np.empty(cases.size)
        uplift[predictions["case"].to_numpy()] = predictions["uplift"].to_numpy(dtype=np.float64)
        codes = np.zeros(cases.size, dtype=bool)
        blind = cases.blind()
        money = {}
        for label in (0, 1):
            world = replace(blind, labels=Table.of(blind.labels.frame.assign(label=label)))
            for act in (False, True):
                money[label, act] = self._money(self._frame(codes | act), world, game)
        worth = money[1, True] - money[0, True]
        gain: np.ndarray = uplift * worth + money[0, True] - money[0, False]
        return gain

    def _money(self, decisions: pd.DataFrame, world: Cases, game: Game) -> np.ndarray:
        import numpy as np

        flows = game.flows(decisions, world)
        case = flows["case"].to_numpy()
        if not np.array_equal(np.sort(case), np.arange(world.size)):
            rule, got = "uplift_threshold needs a rollout that gives one row a case", f"{len(case)} rows for {world.size} cases"
            raise RecipeError("the policy does not fit the rollout", [Problem("policy.use", rule, got, "rollout: {use: logged_actions}")])
        money = np.empty(world.size)
        money[case] = game.money(flows)
        return money


def thresholds(gain: np.ndarray, most: float, count: int) -> np.ndarray:
    """Gains to exceed, highest first: by none of the cases, and so on to the share `most` of them; always 0 where it lies between.

    Args:
        gain: Expected gain of each case, shape (n,).
        most: Largest share of the cases.
        count: How many shares are tried at most; equal gains make fewer.

    Example:
        >>> import numpy as np
        >>> thresholds(np.array([4.0, 3.0, -1.0, -2.0]), 1.0, 5).tolist()
        [4.0, 3.0, 0.0, -1.0, -2.0, -2.0000000000000004]
    """
    import numpy as np

    falling = np.sort(gain)[::-1]
    places = np.unique(np.linspace(0, int(most * len(falling)), count).round().astype(np.int64))
    beyond = np.append(falling, np.nextafter(falling[-1], -np.inf)) if len(falling) else np.zeros(1)
    levels = beyond[places]
    return np.unique(np.append(levels, 0.0) if levels.min() < 0.0 < levels.max() else levels)[::-1]
