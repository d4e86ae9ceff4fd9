"""Split by a column of the data: whoever published them said which rows train and which test.

Comparable figures need the published parts. Tuning rows are drawn from the training entities, so that no entity tunes and trains.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field, model_validator

from upshot.components.faults import column_of, shorten
from upshot.components.split._allow import SplitParams
from upshot.components.split._folds import codes_for, one_fold
from upshot.components.split.by_entity import drawn_entities, entity_column
from upshot.contracts.records import PARTS, Cases, Folds, Part, Spec
from upshot.errors import DataError, Problem, did_you_mean

if TYPE_CHECKING:
    import pandas as pd

Values = Annotated[tuple[str | int | bool, ...], Field(strict=False, min_length=1)]
Share = Annotated[float, Field(gt=0, lt=1)]


class ByColumnParams(SplitParams):
    """Which values of the column mean which part."""

    column: str = Field(description="Column that says which part a row is of; a boolean is true or false.")
    train: Values = Field(("train",), description="Its values for training rows.")
    validation: Values | Share | None = Field(
        None, description="Its values for tuning rows, or a share of the training entities that is drawn for tuning; none for no tuning."
    )
    test: Values = Field(("test",), description="Its values for test rows.")
    entity: str | None = Field(None, description="Column of what a share is drawn of; none for the first of data.roles.entities.")
    seed: int = Field(42, ge=0, description="Seed of the draw; without effect on values.")

    @model_validator(mode="after")
    def _one_part_each(self) -> ByColumnParams:
        stated = [*self.train, *self.test, *(self.validation if isinstance(self.validation, tuple) else ())]
        twice = sorted({str(value) for value in stated if stated.count(value) > 1})
        if twice:
            raise ValueError(f"a value is of one part; twice: {', '.join(twice)}")
        return self


class ByColumn:
    """One fold as the column says; rows with other values are unused."""

    spec: Spec

    def __init__(self, params: ByColumnParams) -> None:
        self.params = params
        self.parts: tuple[Part, ...] = ("train", "test") if params.validation is None else ("train", "validation", "test")

    def split(self, cases: Cases) -> Folds:
        """Give each case its part.

        Raises:
            RecipeError: A share is drawn, and no entity is named.
            DataError: The column or a value does not exist, or a part is empty or has one class.
        """
        values = column_of(cases.rows.frame, self.params.column, "split.column")
        stated: dict[Part, tuple[str | int | bool, ...]] = {"train": self.params.train, "test": self.params.test}
        if isinstance(self.params.validation, tuple):
            stated["validation"] = self.params.validation
        self._check_values(values, stated)
        codes = codes_for(cases, "unused")
        for part, names in stated.items():
            codes[values.isin(names).to_numpy()] = PARTS.index(part)
        apart: tuple[str, ...] = ()
        if isinstance(self.params.validation, float):
            name, entities = entity_column(cases, self.params.entity)
            of_train = codes == PARTS.index("train")
            drawn = drawn_entities(entities[of_train], {"validation": self.params.validation}, self.params.seed)["validation"]
            codes[of_train & entities.isin(drawn).to_numpy()] = PARTS.index("validation")
            apart = (name,)
        return one_fold(cases, codes, self.parts, self.params, apart=apart or cases.roles.entities[:1])

    def _check_values(self, values: pd.Series, stated: dict[Part, tuple[str | int | bool, ...]]) -> None:
        known = values.dropna().unique().tolist()
        problems = [
            Problem(f"split.{part}", f"no such value in {self.params.column!r}", shorten(value), did_you_mean(str(value), map(str, known)))
            for part, names in stated.items()
            for value in names
            if value not in known
        ]
        if problems:
            raise DataError("the split names values that are not in the data", problems)
