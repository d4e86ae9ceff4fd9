"""Cases and games by hand, for everything that decides, plays and judges."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
import pytest

from upshot.catalogue import Catalogue, load_catalogue
from upshot.contracts.records import Cases, Kpi, Money, Roles, Spec
from upshot.contracts.tables import Map, Table
from upshot.stages.game import KpiGame


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture
def component(catalogue: Catalogue) -> Callable[..., Any]:
    """`component("policy", "top_k", k=2)`: made as a recipe makes it."""

    def make(kind: str, use: str, **params: Any) -> Any:
        return catalogue.make(Spec(kind, use, Map(params)))

    return make


@pytest.fixture
def cases_of() -> Callable[..., Cases]:
    """`cases_of({"amount": [...]}, label=[...], roles=Roles(...), as_of=[...])`."""

    def make(rows: Mapping[str, Sequence[Any]], *, roles: Roles | None = None, **labels: Any) -> Cases:
        frame = pd.DataFrame(dict(rows))
        outcome = pd.DataFrame({"block": range(len(frame)), **labels})
        return Cases(Table.of(frame), Table.of(outcome), roles or Roles(), "case")

    return make


@pytest.fixture
def game_of(cases_of: Callable[..., Cases]) -> Callable[..., KpiGame]:
    """`game_of(rollout, "blocked_fraud - reviewed * cost", cost=5.0)`: the game that the stages play."""

    def make(rollout: Any, expression: str, direction: str = "maximize", per: str | None = None, **money: float) -> KpiGame:
        parameters = Map({name: Money(value, "1") for name, value in money.items()})
        kpi = Kpi("money", expression, "EUR", direction, "cost_reduction", parameters, per)  # type: ignore[arg-type]
        return KpiGame(rollout, kpi, cases_of({"none": []}))

    return make
