"""Logs of actions as cases, and components made as the engine makes them: through the installed catalogue."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn.linear_model  # noqa: F401  its first import sets environment variables and draws random numbers, which no test is to blame for

from upshot.catalogue import load_catalogue
from upshot.contracts.components import Compute, Examples
from upshot.contracts.records import Cases, Roles, Seed, Spec, Threads
from upshot.contracts.tables import Table, freeze

pytest_plugins = ["upshot.testing.fixtures"]
ROLES = Roles(key=("row",), target="y", entities=("who",), action="acted", propensity="chance")


@pytest.fixture(scope="session")
def component() -> Callable[..., Any]:
    catalogue = load_catalogue()
    return lambda kind, use, **params: catalogue.make(Spec(kind, use, freeze(params)))


@pytest.fixture
def log() -> Callable[..., Cases]:
    """`log(acted=[1, 0], y=[1, 0])`: a case a row, everybody another one; `chance` and further columns by name."""

    def make(acted: list[Any], y: list[float], roles: Roles = ROLES, **columns: Any) -> Cases:
        n = len(acted)
        frame = pd.DataFrame({"row": range(n), "who": range(n), "acted": acted, "y": y, "chance": 0.5}).assign(**columns)
        labels = pd.DataFrame({"label": np.asarray(y, dtype=float), "block": np.arange(n)})
        return Cases(Table.of(frame), Table.of(labels), roles, "case")

    return make


@pytest.fixture
def uplift(component: Callable[..., Any]) -> Callable[..., np.ndarray]:
    """What a learner says of new rows, restored from its files on the way."""

    def predict(use: str, train: Cases, x: list[float], new: list[float], **params: Any) -> np.ndarray:
        fitted, restored = component("model", use, **params), component("model", use, **params)
        fitted.fit(Examples(train, pd.DataFrame({"x": x})), None, train.take(np.arange(0)), Compute(Seed(1), Threads(1)))
        restored.restore(fitted.state())
        asked = Examples(train.take(np.arange(len(new))).blind(), pd.DataFrame({"x": new}))
        said: np.ndarray = restored.predict(asked, train)["uplift"].to_numpy()
        np.testing.assert_array_equal(said, fitted.predict(asked, train)["uplift"])
        return said

    return predict
