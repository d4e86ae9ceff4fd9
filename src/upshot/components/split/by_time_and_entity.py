"""Split by time and entity: test on later rows of entities that training never saw, for models that meet new customers tomorrow."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from upshot.components.split._folds import one_fold
from upshot.components.split.by_entity import drawn_entities, entity_column
from upshot.components.split.by_time import ByTime, ByTimeParams
from upshot.contracts.records import PARTS, Cases, Folds, Part, Spec

Share = Annotated[float, Field(gt=0, lt=1)]


class ByTimeAndEntityParams(ByTimeParams):
    """The windows of `by_time`, and which entities may appear in which of them."""

    entity: str | None = Field(None, description="Column of the entity; none for the first of data.roles.entities.")
    validation_entities: Share | None = Field(None, description="Share of the entities that tune; goes with validation.")
    test_entities: Share = Field(description="Share of the entities that test; the others train.")
    seed: int = Field(42, ge=0, description="Seed of the draw of entities.")

    @model_validator(mode="after")
    def _both_or_none(self) -> ByTimeAndEntityParams:
        tunes = self.validation is not None or self.validation_from is not None
        if tunes != (self.validation_entities is not None):
            raise ValueError("validation and validation_entities go together; one of them is missing")
        if self.test_entities + (self.validation_entities or 0) >= 1:
            raise ValueError("validation_entities and test_entities must leave entities to train on")
        return self


class ByTimeAndEntity:
    """One fold: a row keeps the part of its time if its entity was drawn for that part, and is unused otherwise; history stays."""

    spec: Spec

    def __init__(self, params: ByTimeAndEntityParams) -> None:
        self.params = params
        self._by_time = ByTime(params)
        self.parts: tuple[Part, ...] = self._by_time.parts

    def split(self, cases: Cases) -> Folds:
        """Give each case its part.

        Raises:
            RecipeError: The recipe names no time or no entity.
            DataError: An entity is null, or a part is empty or has one class.
        """
        import numpy as np

        name, values = entity_column(cases, self.params.entity)
        in_time = self._by_time.split(cases)
        codes = in_time.assignment.frame[in_time.folds[0].name].to_numpy()
        allowed = np.full(cases.size, PARTS.index("train"), dtype=np.int8)
        shares: dict[Part, float | tuple[str | int, ...] | None] = {
            "test": self.params.test_entities,
            "validation": self.params.validation_entities,
        }
        for part, members in drawn_entities(values, shares, self.params.seed).items():
            allowed[values.isin(members).to_numpy()] = PARTS.index(part)
        kept = (codes == allowed) | (codes == PARTS.index("history"))
        codes = np.where(kept, codes, PARTS.index("unused")).astype(np.int8)
        return one_fold(cases, codes, self.parts, self.params, gap=in_time.gap, apart=(name,), in_time=True)
