"""One action for everybody, or for a share drawn by chance: the mailing to all, the random call list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field, field_validator

from upshot.components.actions import APPROVE, action_frame
from upshot.contracts.params import Params
from upshot.contracts.records import Cases, DecisionKind, Spec

if TYPE_CHECKING:
    import pandas as pd


class SameActionParams(Params):
    """The action, and on how many."""

    action: str = Field("contact", pattern=r"^[a-z][a-z0-9_]*$", description="What is done; the others: approve.")
    share: float = Field(1.0, gt=0, le=1, description="Share of the cases on which it is done, drawn by chance.")
    seed: int = Field(42, ge=0, description="Seed of the draw.")

    @field_validator("action")
    @classmethod
    def _acts(cls, action: str) -> str:
        if action == APPROVE:
            raise ValueError("must differ from approve, which is what happens to the others")
        return action


class SameAction:
    """Takes `action` on exactly that share of the cases, rounded.

    Args:
        params: Action and share.
    """

    spec: Spec
    gives: DecisionKind = "action"

    def __init__(self, params: SameActionParams) -> None:
        self.params = params
        self.actions = (APPROVE, params.action)

    def decide(self, cases: Cases, history: Cases) -> pd.DataFrame:
        """Columns `case`, `action`; one row a case."""
        import numpy as np

        chosen = np.zeros(cases.size, dtype=bool)
        drawn = np.random.default_rng(self.params.seed).permutation(cases.size)
        chosen[drawn[: round(self.params.share * cases.size)]] = True
        return action_frame(chosen, self.actions)
