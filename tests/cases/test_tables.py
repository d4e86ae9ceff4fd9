"""Rows of a table are a view until somebody looks, and who looks at one column reads one column."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from upshot.contracts.tables import Table

DAYS = pd.DataFrame({"day": [1, 2, 3, 4], "sold": [10.0, 20.0, 30.0, 40.0]})


def test_one_column_of_some_rows_is_read_without_the_others() -> None:
    rows = Table.of(DAYS).take(np.array([3, 1]))

    sold = rows.column("sold")

    assert sold.tolist() == [40.0, 20.0]
    assert sold.index.tolist() == [0, 1]
    assert not rows.is_loaded


def test_a_column_that_was_left_out_cannot_be_read() -> None:
    rows = Table.of(DAYS).take(np.array([3, 1])).without(("sold",))

    with pytest.raises(KeyError, match="sold"):
        rows.column("sold")
    assert rows.take(np.array([1])).column("day").tolist() == [2]
