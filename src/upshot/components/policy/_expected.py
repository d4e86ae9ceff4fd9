"""Expected money of each action for each case: the game played once as if every outcome were 1, once as if every one were 0.

The money is that of the KPI, so there is no cost matrix to keep in step with it. It asks for a rollout that plays each case by itself.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from upshot.components.actions import one_action
from upshot.contracts.tables import Table
from upshot.errors import Problem, RecipeError

if TYPE_CHECKING:
    import numpy as np

    from upshot.contracts.components import Game
    from upshot.contracts.records import Cases


def money_by_outcome(actions: tuple[str, ...], cases: Cases, game: Game, policy: str) -> tuple[np.ndarray, np.ndarray]:
    """Money of each action in each case, if the outcome is 1 and if it is 0; shape (actions, cases) each, more is better.

    Raises:
        RecipeError: The rollout does not give one row a case.
    """
    import numpy as np

    worlds = (_as_if(cases, 1), _as_if(cases, 0))
    if_one, if_zero = (np.array([_money(action, world, game, policy) for action in actions]) for world in worlds)
    return if_one, if_zero


def expected_money(actions: tuple[str, ...], probability: np.ndarray, cases: Cases, game: Game, policy: str) -> np.ndarray:
    """Expected money of each action in each case, shape (actions, cases).

    Raises:
        RecipeError: The rollout does not give one row a case.
    """
    if_one, if_zero = money_by_outcome(actions, cases, game, policy)
    expected: np.ndarray = probability * if_one + (1.0 - probability) * if_zero
    return expected


def _as_if(cases: Cases, label: int) -> Cases:
    return replace(cases, labels=Table.of(cases.labels.frame.assign(label=label)))


def _money(action: str, outcomes: Cases, game: Game, policy: str) -> np.ndarray:
    import numpy as np

    n = outcomes.size
    flows = game.flows(one_action(n, action), outcomes)
    case = flows["case"].to_numpy()
    if not np.array_equal(np.sort(case), np.arange(n)):
        rule = f"{policy} needs a rollout that gives one row a case"
        raise RecipeError(
            "the policy does not fit the rollout",
            [Problem("policy.use", rule, f"{len(case)} rows for {n} cases", "use threshold, which values all cases together")],
        )
    money = np.empty(n)
    money[case] = game.money(flows)
    return money
