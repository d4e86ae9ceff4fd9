"""Blocks: the units that intervals resample, because rows within one are not independent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from upshot.components.faults import column_of
from upshot.components.times import is_clock
from upshot.contracts.records import Roles
from upshot.errors import Problem, RecipeError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

Block = Literal["day", "week", "month", "entity", "case"]


def block_of(asked: Block | None, roles: Roles, as_of: pd.Series | None) -> Block:
    """The block that was asked for, else day on a clock, else entity, else case.

    Raises:
        RecipeError: A calendar block without timestamps, or entity without an entity.
    """
    clock = as_of is not None and is_clock(as_of)
    if asked is None:
        return "day" if clock else "entity" if roles.entities else "case"
    if asked in ("day", "week", "month") and not clock:
        raise RecipeError(
            "the blocks cannot be made", [Problem("labels.block", "needs data.roles.time to be a timestamp column", repr(asked), _OTHERS)]
        )
    if asked == "entity" and not roles.entities:
        raise RecipeError("the blocks cannot be made", [Problem("labels.block", "needs data.roles.entities", repr(asked), _OTHERS)])
    return asked


_OTHERS = "without them: entity or case"


def block_codes(block: Block, frame: pd.DataFrame, roles: Roles, as_of: pd.Series | None) -> np.ndarray:
    """The block of each row, int64, shape (n,).

    Days since 1970-01-01 for day, for week (its Monday) and for month (its first day); order of first appearance for the first
    entity; row position for case.
    """
    import numpy as np
    import pandas as pd

    if block == "case":
        return np.arange(len(frame), dtype=np.int64)
    if block == "entity":
        return pd.factorize(column_of(frame, roles.entities[0], "data.roles.entities"))[0].astype(np.int64)
    assert as_of is not None
    moments = as_of.to_numpy()
    if block == "month":
        moments = moments.astype("datetime64[M]")
    days = moments.astype("datetime64[D]").astype(np.int64)
    return days - (days + 3) % 7 if block == "week" else days
