"""Who was acted on, and with which chance: the two columns of a log that everything here reads, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from upshot.contracts.params import Params
from upshot.contracts.records import Cases
from upshot.errors import DataError, Problem, RecipeError

if TYPE_CHECKING:
    import numpy as np

Value = str | int | float | bool


class ArmParams(Params):
    """How the log tells who was acted on."""

    acted: Annotated[tuple[Value, ...], Field(strict=False, min_length=1)] = Field(
        (1,), description="Values of the column data.roles.action that mean that it was acted."
    )


@dataclass(frozen=True)
class Log:
    """The arm of each row, shape (n,), and the chance with which it was drawn into the first; None where no column tells it."""

    acted: np.ndarray
    chance: np.ndarray | None

    @classmethod
    def of(cls, cases: Cases, acted: Sequence[Value]) -> Log:
        """Read the log.

        Raises:
            RecipeError: No column has the role `action`.
            DataError: A chance is missing, or not above 0 and below 1.
        """
        import numpy as np

        roles, frame = cases.roles, cases.rows.frame
        if roles.action is None or roles.action not in frame:
            problem = Problem("data.roles.action", "must name the column that says whom was acted on", hint="data.roles.action: contacted")
            raise RecipeError("uplift needs a log of actions", [problem])
        arm = frame[roles.action].isin(list(acted)).to_numpy()
        if roles.propensity is None or roles.propensity not in frame:
            return cls(arm, None)
        chance = frame[roles.propensity].to_numpy(dtype=np.float64, na_value=np.nan)
        wrong = np.flatnonzero(~((chance > 0) & (chance < 1)))
        if len(wrong):
            rows = ", ".join(f"{row}: {chance[row]:g}" for row in wrong[:5])
            rule = "must be above 0 and below 1: an arm that was never tried tells nothing"
            hint = "leave those rows out, or correct the column"
            raise DataError("the log cannot be weighted", [Problem(roles.propensity, rule, f"rows {rows}", hint)])
        return cls(arm, chance)

    def share(self) -> float:
        """Share of the rows that were acted on."""
        return float(self.acted.mean())

    def weights(self) -> np.ndarray:
        """One over the chance of the arm that each row is in, shape (n,); 1 where every row had the same chance."""
        import numpy as np

        if self.chance is None:
            return np.ones(len(self.acted))
        weight: np.ndarray = 1.0 / np.where(self.acted, self.chance, 1.0 - self.chance)
        return weight

    def take(self, places: np.ndarray) -> Log:
        """These rows of it."""
        return Log(self.acted[places], None if self.chance is None else self.chance[places])
