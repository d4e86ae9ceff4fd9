"""Events as cases of a recommendation, and components made as the engine makes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn.linear_model  # noqa: F401  its first import sets environment variables and draws random numbers, which no test is to blame for

from upshot.catalogue import load_catalogue
from upshot.contracts.components import Compute, Examples
from upshot.contracts.records import Cases, Roles, Seed, SideTable, Spec, Threads
from upshot.contracts.tables import Map, Table, freeze

ROLES = Roles(time="at", entities=("user",), item="item", amount="price")


@pytest.fixture(scope="session")
def component() -> Callable[..., Any]:
    catalogue = load_catalogue()

    def make(kind: str, use: str, **params: Any) -> Any:
        return catalogue.make(Spec(kind, use, freeze(params)))

    return make


@pytest.fixture
def events() -> Callable[..., Cases]:
    """`events([("ann", "tea", 3), ...])`: user, item (None for nothing) and time, as cases; further columns by name."""

    def make(
        rows: Sequence[tuple[Any, Any, Any]],
        *,
        roles: Roles = ROLES,
        items: dict[str, Any] | None = None,
        labels: Any = None,
        **columns: Any,
    ) -> Cases:
        frame = pd.DataFrame(list(rows), columns=["user", "item", "at"]).assign(**columns)
        if "price" not in frame:
            frame["price"] = 1.0
        as_of = pd.to_datetime(frame["at"]) if len(frame) and isinstance(frame["at"].iloc[0], str) else frame["at"]
        frame["at"] = as_of
        outcome = pd.DataFrame({"label": frame["item"], "as_of": as_of, "block": pd.factorize(frame["user"])[0]}).assign(**(labels or {}))
        tables = Map({"items": SideTable(Table.of(pd.DataFrame(items)), Roles(key=("item",)))} if items else {})
        return Cases(Table.of(frame), Table.of(outcome), roles, "entity", tables)

    return make


@pytest.fixture
def lists(component: Callable[..., Any]) -> Callable[..., Any]:
    """`lists("item_knn", train, cases, k=3)`: fit on the training events, and the list of each case, with the frame and the model."""

    def make(use: str, train: Cases, cases: Cases, *, validation: Cases | None = None, history: Cases | None = None, **params: Any) -> Any:
        model = component("model", use, **params)
        nothing = train.take(np.arange(0))
        model.fit(examples(train), None if validation is None else examples(validation), nothing, Compute(Seed(7), Threads(2)))
        frame = model.predict(examples(cases.blind()), train if history is None else history)
        return {case: list(group["item"]) for case, group in frame.groupby("case")}, frame, model

    return make


def examples(cases: Cases) -> Examples:
    return Examples(cases, pd.DataFrame(index=range(cases.size)))
