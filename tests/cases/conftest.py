"""Cases from a frame, as the first stages make them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from upshot.components.labels.column import Column, ColumnParams
from upshot.contracts.records import Cases, Checked, Roles, Snapshot
from upshot.contracts.tables import Map, Table


def checked_of(frame: pd.DataFrame, **roles: Any) -> Checked:
    data = Table.of(frame)
    return Checked(Snapshot("rows", 0, len(frame), "0" * 64, Map(), Roles(**roles), data), data)


@pytest.fixture
def checked() -> Callable[..., Checked]:
    return checked_of


@pytest.fixture
def cases() -> Callable[..., Cases]:
    """Cases labelled by column: `cases(frame, {"delay": "1d"}, time=..., target=...)`."""

    def make(frame: pd.DataFrame, params: dict[str, Any] | None = None, **roles: Any) -> Cases:
        return Column(ColumnParams.model_validate(params or {})).label(checked_of(frame, **roles))

    return make
