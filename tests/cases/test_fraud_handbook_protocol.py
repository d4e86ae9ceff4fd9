"""The published protocol on the published data: the counts that its README gives, not ours."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from upshot.components.split.by_time import ByTime, ByTimeParams

FILE = Path(__file__).parents[2].parent / "shared" / "data" / "fraud_handbook_transactions" / "transactions.parquet"


@pytest.mark.skipif(not FILE.is_file(), reason="the handbook's transactions are not beside the project (../shared/data)")
def test_the_handbook_protocol_gives_the_handbooks_rows_and_frauds(cases):
    columns = ["TX_DATETIME", "CUSTOMER_ID", "TX_FRAUD"]
    made = cases(pd.read_parquet(FILE, columns=columns), {"delay": "7 days"}, time="TX_DATETIME", target="TX_FRAUD")
    splitter = ByTime(
        ByTimeParams.model_validate(
            {
                "train": ["2018-07-25", "2018-08-01"],
                "test": ["2018-08-08", "2018-08-15"],
                "exclude_known": {"entity": "CUSTOMER_ID"},
            }
        )
    )

    folds = splitter.split(made)

    train, test = (folds.part("main", part).labels.frame["label"] for part in ("train", "test"))
    assert (len(train), train.sum()) == (67_240, 598)
    assert (len(test), test.sum()) == (58_264, 385)
    assert (folds.gap, folds.folds[0].cutoff) == ("7 days", "2018-07-31 23:58:53")
