"""A panel of a few series, labelled and cut as the first stages do it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
import pytest
import sklearn.linear_model  # noqa: F401  its first import sets environment variables and draws random numbers, which no test is to blame for

from upshot.catalogue import load_catalogue
from upshot.contracts.components import Compute, Deployed
from upshot.contracts.records import Champion, Checked, Roles, Seed, Snapshot, Spec, Threads
from upshot.contracts.tables import Map, Table, freeze

ROLES = Roles(key=("unique_id", "ds"), time="ds", target="y", entities=("unique_id",))


class Nobody:
    """No version is served, so no champion is played."""

    champion = Champion()

    def deployed(self) -> Deployed:
        raise AssertionError("there is none")


def rows_of(series: Mapping[str, list[float]], start: str = "2026-01-05", freq: str = "D") -> pd.DataFrame:
    """Rows of each series from a first date on, in Nixtla's names."""
    frames = [
        pd.DataFrame({"unique_id": name, "ds": pd.date_range(start, periods=len(values), freq=freq), "y": [float(v) for v in values]})
        for name, values in series.items()
    ]
    return pd.concat(frames, ignore_index=True)


@pytest.fixture(scope="session")
def component() -> Callable[..., Any]:
    """A component of the catalogue, made as the engine makes it."""
    catalogue = load_catalogue()

    def make(kind: str, use: str, **params: Any) -> Any:
        return catalogue.make(Spec(kind, use, freeze(params)))

    return make


@pytest.fixture
def checked() -> Callable[..., Checked]:
    def make(frame: pd.DataFrame, roles: Roles = ROLES) -> Checked:
        data = Table.of(frame)
        return Checked(Snapshot("demand", 0, len(frame), "0" * 64, Map(dict.fromkeys(frame.columns, "any")), roles, data), data)

    return make


@pytest.fixture
def compute() -> Compute:
    return Compute(Seed(7), Threads(1))
