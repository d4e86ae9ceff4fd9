"""Split by entity: all rows of one customer, unit or series in one part, for models that meet new ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field, model_validator

from upshot.components.faults import column_of
from upshot.components.split._allow import SplitParams
from upshot.components.split._folds import codes_for, one_fold
from upshot.contracts.records import PARTS, Cases, Folds, Part, Spec
from upshot.errors import DataError, Problem, RecipeError, did_you_mean

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

Share = Annotated[float, Field(gt=0, lt=1)]
Ids = Annotated[tuple[str | int, ...], Field(strict=False, min_length=1)]


class ByEntityParams(SplitParams):
    """Shares of the entities, drawn by seed, or lists of them."""

    entity: str | None = Field(None, description="Column of the entity; none for the first of data.roles.entities.")
    validation: Share | Ids | None = Field(None, description="Share of the entities that tune, or a list of them; none for no tuning.")
    test: Share | Ids = Field(description="Share of the entities that test, or a list of them.")
    seed: int = Field(42, ge=0, description="Seed of the draw; without effect on lists.")

    @model_validator(mode="after")
    def _leave_some(self) -> ByEntityParams:
        shares = [share for share in (self.validation, self.test) if isinstance(share, float)]
        if sum(shares) >= 1:
            raise ValueError(f"validation and test must leave entities to train on; they take {sum(shares):g}")
        lists = [set(ids) for ids in (self.validation, self.test) if isinstance(ids, tuple)]
        if len(lists) == 2 and lists[0] & lists[1]:
            raise ValueError(f"no entity may be in validation and in test; got {sorted(map(str, lists[0] & lists[1]))}")
        return self


class ByEntity:
    """One fold in which no entity has rows in two parts."""

    spec: Spec

    def __init__(self, params: ByEntityParams) -> None:
        self.params = params
        self.parts: tuple[Part, ...] = ("train", "test") if params.validation is None else ("train", "validation", "test")

    def split(self, cases: Cases) -> Folds:
        """Give each entity, and with it each case, its part.

        Raises:
            RecipeError: No entity is named.
            DataError: A listed entity is not in the data, an entity is null, or a part is empty or has one class.
        """
        name, values = entity_column(cases, self.params.entity)
        codes = codes_for(cases, "train")
        for part, members in drawn_entities(
            values, {"test": self.params.test, "validation": self.params.validation}, self.params.seed
        ).items():
            codes[values.isin(members).to_numpy()] = PARTS.index(part)
        return one_fold(cases, codes, self.parts, self.params, apart=(name,))


def drawn_entities(values: pd.Series, asked: dict[Part, float | Ids | None], seed: int) -> dict[Part, np.ndarray]:
    """Entities of validation and test: the lists as they are, the shares from a shuffled order of the others.

    Raises:
        DataError: A listed entity is not in the data.
    """
    import numpy as np

    lists: dict[Part, np.ndarray] = {p: _listed(values, ids, p) for p, ids in asked.items() if isinstance(ids, tuple)}
    entities = np.sort(values.unique())
    free = entities[~np.isin(entities, np.concatenate([entities[:0], *lists.values()]))]
    drawn = np.random.default_rng(seed).permutation(free)
    shares: dict[Part, np.ndarray] = {}
    for part, share in asked.items():
        if isinstance(share, float):
            count = max(1, round(share * len(entities)))
            shares[part], drawn = drawn[:count], drawn[count:]
    return lists | shares


def entity_column(cases: Cases, stated: str | None) -> tuple[str, pd.Series]:
    """Name and values of the entity that a split goes by.

    Raises:
        RecipeError: No entity is named.
        DataError: It is no column, or null somewhere.
    """
    name = stated or next(iter(cases.roles.entities), None)
    if name is None:
        raise RecipeError("the split needs an entity", [Problem("split.entity", "must name a column", hint="or data.roles.entities")])
    values = column_of(cases.rows.frame, name, "split.entity")
    if values.isna().any():
        raise DataError("the split cannot be used", [Problem(name, "must not be null", f"{int(values.isna().sum())} null")])
    return name, values


def _listed(values: pd.Series, ids: tuple[str | int, ...], part: Part) -> np.ndarray:
    import numpy as np

    known = set(values.unique().tolist())
    problems = [
        Problem(f"split.{part}", f"no such value in {values.name!r}", repr(entity), did_you_mean(str(entity), map(str, known)))
        for entity in ids
        if entity not in known
    ]
    if problems:
        raise DataError("the split names entities that are not in the data", problems)
    return np.array(ids, dtype=object)
