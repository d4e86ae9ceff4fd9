"""The plugin's models over a small panel, found as any user finds them: through the installed catalogue."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from upshot.catalogue import load_catalogue
from upshot.contracts.components import Compute, Examples
from upshot.contracts.records import Cases, Checked, Roles, Seed, Snapshot, Spec, Threads
from upshot.contracts.tables import Map, Table, freeze

pytest_plugins = ["upshot.testing.fixtures"]
ROLES = Roles(key=("unique_id", "ds"), time="ds", target="y", entities=("unique_id",))


@pytest.fixture(scope="session")
def component() -> Callable[..., Any]:
    catalogue = load_catalogue()
    return lambda kind, use, **params: catalogue.make(Spec(kind, use, freeze(params)))


@pytest.fixture
def panel(component: Callable[..., Any]) -> Callable[..., Cases]:
    """Cases of daily series by name."""

    def make(series: dict[str, list[float]]) -> Cases:
        frames = [
            pd.DataFrame({"unique_id": name, "ds": pd.date_range("2026-01-05", periods=len(values)), "y": np.asarray(values, dtype=float)})
            for name, values in series.items()
        ]
        data = Table.of(pd.concat(frames, ignore_index=True))
        checked = Checked(Snapshot("demand", 0, data.rows, "0" * 64, Map(), ROLES, data), data)
        cases: Cases = component("labels", "panel").label(checked)
        return cases

    return make


@pytest.fixture
def forecast(component: Callable[..., Any]) -> Callable[..., pd.DataFrame]:
    """The forecast of all but the first `known` steps, by a model that was restored from its files on the way."""

    def make(cases: Cases, known: int, use: str, **params: Any) -> pd.DataFrame:
        step = cases.labels.frame["step"].to_numpy()
        history, future = cases.take(np.flatnonzero(step < known)), cases.take(np.flatnonzero(step >= known))
        fitted, model = component("model", use, **params), component("model", use, **params)
        fitted.fit(examples(history), None, history.take(np.arange(0)), Compute(Seed(1), Threads(1)))
        model.restore(fitted.state())
        predicted: pd.DataFrame = model.predict(examples(future.blind()), history)
        return predicted

    return make


def examples(cases: Cases) -> Examples:
    return Examples(cases, pd.DataFrame(index=range(cases.size)))
