"""A run of the past: what the ledger wrote down of it, and its values as far as they are still kept.

Values are read when somebody looks. What a stage gave may have been cleared away since; then its digest is still known, and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from upshot.catalogue import Catalogue
from upshot.contracts.tables import Map, thaw
from upshot.engine.log import log_of
from upshot.engine.naming import is_run
from upshot.engine.state import State
from upshot.errors import Problem, UsageError
from upshot.recipe.recipe import Recipe

if TYPE_CHECKING:
    from pathlib import Path

    from upshot.ledger.ledger import RunRow, SnapshotRow, StageRow

SHOWN = 5


def find_run(state: State, word: str) -> RunRow:
    """The run that a word names: an id, the beginning of one, "last", or a recipe, whose last run it is.

    Raises:
        UsageError: There is none, or more than one begins so.
    """
    if not state.has_ledger():
        raise UsageError("there is no such run", [Problem(word, f"no run is recorded in {state.root}", None, "upshot run RECIPE")])
    found = state.ledger.runs(limit=1) if word == "last" else state.ledger.runs(limit=SHOWN + 1, prefix=word)
    exact = [row for row in found if row.id == word]
    if not exact and not is_run(word):
        exact = list(state.ledger.runs(limit=1, recipe=word))
    if not exact and (not found or not is_run(word)):
        raise UsageError("there is no such run", [Problem(word, "no run is recorded that begins so", None, "upshot runs")])
    if len(found) > 1 and not exact:
        ids = ", ".join(row.id for row in found[:SHOWN]) + (", ..." if len(found) > SHOWN else "")
        raise UsageError("there is more than one such run", [Problem(word, "must name one run", ids)])
    return (exact or list(found))[0]


@dataclass(frozen=True)
class Past:
    """One run with its stages.

    Args:
        row: What the ledger has of it.
        state: The state folder.
        catalogue: What is installed.
    """

    row: RunRow
    state: State
    catalogue: Catalogue

    @cached_property
    def recipe(self) -> Recipe:
        """The recipe as it was resolved then, with the origins of what somebody wrote; none in runs of before they were kept."""
        return Recipe.from_json({"origins": {}, **thaw(self.row.config)})

    @cached_property
    def stages(self) -> tuple[StageRow, ...]:
        """Its stages, in order; those of a run that was killed are not known."""
        return self.state.ledger.stages(self.row.id)

    @cached_property
    def digests(self) -> Map[str]:
        """Stage -> digest of what it gave."""
        return Map({stage.stage: stage.digest for stage in self.stages if stage.digest is not None})

    @cached_property
    def data(self) -> SnapshotRow | None:
        """The pinned version of the data that it used; None where it did not come so far."""
        pinned = self.row.summary.get("data")
        if pinned is None:
            return None
        return next(row for row in self.state.ledger.snapshots(pinned["table"]) if row.version == pinned["version"])

    @property
    def log(self) -> Path:
        """Its log, if it was not deleted."""
        return log_of(self.state.root, self.row.id)

    def is_cleared(self, stage: str) -> bool:
        """Whether a stage gave something that is no longer kept."""
        return stage in self.digests and not self.state.is_whole(self.digests[stage])

    def value(self, stage: str) -> Any:
        """What a stage gave; None where it gave nothing, or where that was cleared away.

        Raises:
            IntegrityError: What is kept is damaged.
        """
        if stage not in self._values:
            known = stage in self.digests and not self.is_cleared(stage)
            self._values[stage] = self.state.codec(self.catalogue.revive).load(self.digests[stage]) if known else None
        return self._values[stage]

    @cached_property
    def _values(self) -> dict[str, Any]:
        return {}


__all__ = ["Past", "find_run"]
