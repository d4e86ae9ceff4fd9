"""By user: some users test with their last rows, while all that they did before is known only when lists are made, never learned from.

It asks how a model serves users whom it was not trained on, and it is the only split of lists in which a user with one row can test: they
have no history, and the fallback serves them. Like `leave_last_out` it mixes calendar times, and says how much. Liang et al. (2018),
Variational Autoencoders for Collaborative Filtering, WWW (strong generalisation).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field, model_validator

from upshot.components.split._allow import SplitParams
from upshot.components.split._folds import as_of, codes_for, one_fold
from upshot.components.split._users import calendar_note, item_of, refuse_same_again, unknown_notes, user_of
from upshot.components.split.leave_last_out import _rows_after
from upshot.components.times import ticks
from upshot.contracts.records import PARTS, Cases, Folds, Part, Spec

if TYPE_CHECKING:
    import numpy as np

Share = Annotated[float, Field(gt=0, lt=1)]


class ByUserParams(SplitParams):
    """Shares of the users, drawn by seed."""

    entity: str | None = Field(None, description="Column of the user; none for the first of data.roles.entities.")
    validation: Share | None = Field(None, description="Share of the users that tune; none for no tuning.")
    test: Share = Field(0.2, description="Share of the users that test.")
    last: int = Field(
        1, ge=1, le=1_000, description="Last rows of a scored user that are to be guessed; the rows before them are its history."
    )
    seed: int = Field(42, ge=0, description="Seed of the draw.")

    @model_validator(mode="after")
    def _leave_some(self) -> ByUserParams:
        taken = self.test + (self.validation or 0.0)
        if taken >= 1:
            raise ValueError(f"validation and test must leave users to train on; they take {taken:g}")
        return self


class ByUser:
    """One fold: all rows of most users train; of the others the last rows are scored and the earlier ones are history.

    Rows of one user at one moment keep the order of the data. Rows on which nothing was taken are left out.
    """

    spec: Spec

    def __init__(self, params: ByUserParams) -> None:
        self.params = params
        self.parts: tuple[Part, ...] = ("train", "test") if params.validation is None else ("train", "validation", "test")

    def split(self, cases: Cases) -> Folds:
        """Give each case its part.

        Raises:
            RecipeError: The recipe names no user, item or time.
            DataError: A part is empty, or a scored row stands among the earlier ones too.
        """
        import numpy as np

        name, users = user_of(cases, self.params.entity)
        taken = item_of(cases).notna().to_numpy()
        rows = np.flatnonzero(taken)
        left, _ = _rows_after(users[rows], ticks(as_of(cases))[rows])
        codes = codes_for(cases, "train")
        codes[~taken] = PARTS.index("unused")
        for part, chosen in self._drawn(int(users.max(initial=-1)) + 1).items():
            mine = np.isin(users[rows], chosen)
            codes[rows[mine]] = np.where(left[mine] < self.params.last, PARTS.index(part), PARTS.index("history"))
        refuse_same_again(cases, users, codes, self.parts)
        notes = (calendar_note(cases, codes, "split=next_window keeps them apart"), *unknown_notes(cases, users, codes))
        return one_fold(cases, codes, self.parts, self.params, apart=(name,), in_order=(name,), notes=notes)

    def _drawn(self, users: int) -> dict[Part, np.ndarray]:
        """Codes of the users of each scored part."""
        import numpy as np

        drawn = np.random.default_rng(self.params.seed).permutation(users)
        test = max(1, round(self.params.test * users))
        validation = 0 if self.params.validation is None else max(1, round(self.params.validation * users))
        found: dict[Part, np.ndarray] = {"test": drawn[:test]}
        return found if not validation else {**found, "validation": drawn[test : test + validation]}
