"""Tiny cases for tests of models, calibrations and metrics."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
import pytest
import sklearn.linear_model  # noqa: F401  its first import sets environment variables and draws random numbers, which no test is to blame for

from upshot.catalogue import load_catalogue
from upshot.contracts.components import Compute, Examples
from upshot.contracts.records import Cases, Map, Roles, Seed, Spec, Threads
from upshot.contracts.tables import Table

Columns = Mapping[str, Sequence[Any]] | pd.DataFrame
NO_ROLES = Roles()


@pytest.fixture
def cases_of() -> Callable[..., Cases]:
    """Cases from columns and labels; `labels` may add as_of, label_known_at, censored and block."""

    def make(rows: Columns, label: Sequence[Any], roles: Roles = NO_ROLES, **labels: Sequence[Any]) -> Cases:
        frame = pd.DataFrame(rows)
        outcome = pd.DataFrame({"label": list(label), "block": range(len(label)), **labels})
        return Cases(Table.of(frame), Table.of(outcome), roles, "case")

    return make


@pytest.fixture
def examples_of(cases_of: Callable[..., Cases]) -> Callable[..., Examples]:
    """Examples whose columns are also the rows of their cases."""

    def make(X: Columns, label: Sequence[Any]) -> Examples:
        frame = pd.DataFrame(X)
        return Examples(cases_of(frame, label), frame)

    return make


@pytest.fixture
def no_history(cases_of: Callable[..., Cases]) -> Cases:
    return cases_of({}, [])


@pytest.fixture
def compute() -> Compute:
    return Compute(Seed(7), Threads(2))


@pytest.fixture(scope="session")
def component() -> Callable[..., Any]:
    """A built-in component, made as the engine makes it."""
    catalogue = load_catalogue()

    def make(kind: str, use: str, **params: Any) -> Any:
        return catalogue.make(Spec(kind, use, Map(params)))

    return make
