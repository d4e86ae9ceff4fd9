"""What each decision would have brought, from a log in which chance decided whom to act on.

A case on which the log did what the policy decides tells of it; the others say nothing and count 0, and those that tell are weighted by one
over the probability with which the log did so. Summed up that is what the policy would have earned, without bias, whatever the policy is
(Horvitz & Thompson 1952). What is known of the two arms in the history is taken off before weighting and put back after it, which leaves
the mean as it is and takes away most of the noise (the control variate of Dudik, Langford & Li 2011, Doubly Robust Policy Evaluation).

Where nobody drew the actions, the same sums compare unlike people. Then the value is told with a caution, and no interval cures it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from upshot.components.actions import APPROVE
from upshot.contracts.params import Params
from upshot.contracts.records import DecisionKind, Spec
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from upshot.contracts.records import Cases

Value = str | int | float | bool
LEAST_OVERLAP = 0.02


class LoggedActionsParams(Params):
    """How the log tells what was done, and how it was drawn."""

    action: str = Field(
        "contact", pattern=r"^[a-z][a-z0-9_]*$", description="Action of the policy that the log may hold; the others: approve."
    )
    acted: Annotated[tuple[Value, ...], Field(strict=False, min_length=1)] = Field(
        (1,), description="Values of the column data.roles.action that mean that it was taken."
    )
    propensity: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="Probability with which the log took the action, where chance decided alike for all; a column of data.roles.propensity goes before it.",
    )
    estimator: Literal["centred", "plain"] = Field(
        "centred",
        description="centred: weights apply to what differs from the mean of the arm in the history; plain: to the whole outcome.",
    )
    currency: str = Field("EUR", pattern=r"^[A-Z]{3}$", description="Unit of the amounts.")
    stake: float = Field(1.0, ge=0, allow_inf_nan=False, description="Money of a response where no column plays the role `amount`.")


class LoggedActions:
    """Flows of one case: whether it is acted on, and the responses and their amount that the decision brings, as far as the log can tell.

    Args:
        params: The log.
    """

    spec: Spec
    accepts: DecisionKind = "action"
    columns: Mapping[str, str]

    def __init__(self, params: LoggedActionsParams) -> None:
        self.params = params
        self.actions = (APPROVE, params.action)
        self.columns = {"cases": "case", "acted": "case", "responses": "case", "response_amount": params.currency}

    def play(self, decisions: pd.DataFrame, outcomes: Cases, history: Cases) -> pd.DataFrame:
        """One row a case.

        Args:
            decisions: `case`, `action`.
            outcomes: Cases with label 1 (responded) or 0, and what the log did. Without that column a response is won by the action, and
                without it there is none: that is all that can be said of a log of actions alone, and what policies ask when they weigh one.
            history: Rows before, whose arms are the control variate.

        Raises:
            DataError: A label is not 0 or 1, an amount is missing, or a propensity is no probability.
        """
        import numpy as np
        import pandas as pd

        from upshot.components.rollout._outcomes import in_order, one_or_zero, stakes

        act = (in_order(decisions, outcomes.size)["action"] == self.params.action).to_numpy()
        response = one_or_zero(outcomes, "must be 1 (responded) or 0")
        money = response * stakes(outcomes, self.params.stake)
        if self._log_of(outcomes) is None:
            flows = {"responses": response * act, "response_amount": money * act}
        else:
            weight = self._weights(outcomes, act)
            means = self._arms(history)
            flows = {}
            for place, (name, values) in enumerate((("responses", response), ("response_amount", money))):
                level = np.where(act, means[1][place], means[0][place])
                flows[name] = level + weight * (values - level)
        return pd.DataFrame({"case": np.arange(outcomes.size), "cases": 1.0, "acted": act.astype("float64"), **flows})

    def cautions(self, outcomes: Cases, decisions: pd.DataFrame) -> tuple[str, ...]:
        """That the actions were not drawn, or hardly ever, where that is so."""
        import numpy as np

        log = self._log_of(outcomes)
        if log is None:
            return (
                f"actions: the log does not say whom nobody acted on, so every response after {self.params.action} counts as won by it; "
                "what would have come anyway is not known",
            )
        if outcomes.roles.propensity is None and self.params.propensity is None:
            share = float(self._acted(log).mean())
            return (
                f"actions: nothing says that chance decided whom to {self.params.action} ({share:.0%} were), so the value compares unlike cases; "
                "name data.roles.propensity or give rollout.propensity if it was drawn",
            )
        chance = self._propensities(outcomes)
        least = float(np.minimum(chance, 1.0 - chance).min())
        if least < LEAST_OVERLAP:
            return (f"actions: the log drew one of the two as seldom as {least:.1%}, so single cases weigh up to {1 / least:,.0f} times",)
        return ()

    def _weights(self, outcomes: Cases, act: np.ndarray) -> np.ndarray:
        """One over the probability of what the log did where it did what is decided, else 0."""
        import numpy as np

        log = self._log_of(outcomes)
        assert log is not None
        acted, chance = self._acted(log), self._propensities(outcomes)
        weight: np.ndarray = np.where(acted == act, 1.0 / np.where(act, chance, 1.0 - chance), 0.0)
        return weight

    def _acted(self, log: pd.Series) -> np.ndarray:
        found: np.ndarray = log.isin(self.params.acted).to_numpy()
        return found

    def _log_of(self, cases: Cases) -> pd.Series | None:
        name = cases.roles.action
        return cases.rows.frame[name] if name is not None and name in cases.rows.columns else None

    def _propensities(self, outcomes: Cases) -> np.ndarray:
        """Probability with which the log acted on each case, shape (n,)."""
        import numpy as np

        from upshot.components.rollout._outcomes import refuse

        name = outcomes.roles.propensity
        if name is not None and name in outcomes.rows.columns:
            chance = outcomes.rows.frame[name].to_numpy(dtype=np.float64, na_value=np.nan)
            rule = "must be a probability above 0 and below 1: what was never tried cannot be told"
            refuse(~((chance > 0) & (chance < 1)), chance, name, rule, "the log cannot be weighted")
            return chance
        log = self._log_of(outcomes)
        assert log is not None
        share = self.params.propensity if self.params.propensity is not None else float(self._acted(log).mean())
        if not 0 < share < 1:
            problem = Problem(str(outcomes.roles.action), "must hold both what is acted on and what is not", f"{share:.0%} acted on")
            raise DataError("the log cannot be weighted", [problem])
        return np.full(outcomes.size, share)

    def _arms(self, history: Cases) -> tuple[tuple[float, float], tuple[float, float]]:
        """Mean response and amount of the history where the log did not act, and where it did; 0 without a history."""
        import numpy as np

        from upshot.components.rollout._outcomes import one_or_zero, stakes

        nothing = ((0.0, 0.0), (0.0, 0.0))
        log = self._log_of(history)
        if self.params.estimator == "plain" or log is None or not history.size:
            return nothing
        acted = self._acted(log)
        if acted.all() or not acted.any():
            return nothing
        response = one_or_zero(history, "must be 1 (responded) or 0")
        money = response * stakes(history, self.params.stake)
        idle, done = ((float(response[arm].mean()), float(money[arm].mean())) for arm in (np.flatnonzero(~acted), np.flatnonzero(acted)))
        return idle, done
