from __future__ import annotations

import pandas as pd
import pytest
from pydantic import ValidationError

from upshot.components.features.history import History, HistoryParams
from upshot.components.split.by_time import ByTime, ByTimeParams


def test_known_entities_are_counted_from_a_date_apart_from_where_training_begins(cases):
    # a was bad on day 1, b on day 3; both are known a day later. From day 3 on only b counts.
    frame = pd.DataFrame(
        {
            "at": pd.to_datetime([f"2026-01-{day:02d}" for day in (1, 2, 3, 4, 8, 8, 8, 8)]),
            "card": ["a", "c", "b", "c", "a", "b", "c", "d"],
            "fraud": [1, 0, 1, 0, 1, 1, 0, 1],
        }
    )
    made = cases(frame, {"delay": "1 day"}, time="at", target="fraud")
    windows = {"train": ["2026-01-01", "2026-01-06"], "test": ["2026-01-08", "2026-01-09"]}

    def tested(**known: str) -> list[str]:
        params = ByTimeParams.model_validate({**windows, "exclude_known": {"entity": "card", **known}})
        return ByTime(params).split(made).part("main", "test").rows.frame["card"].tolist()

    assert tested() == ["c", "d"]
    assert tested(since="2026-01-03") == ["a", "c", "d"]


def test_since_is_a_date():
    with pytest.raises(ValidationError, match="since must be a date; got 3"):
        ByTimeParams.model_validate({"test": 0.2, "exclude_known": {"entity": "card", "since": 3}})


def test_ratio_is_the_amount_over_the_mean_of_its_window(cases):
    # Windows of two days, the case itself among them: 10 / 10, 30 / mean(10, 30), 50 / mean(30, 50). Two days before: nothing, nothing, 10.
    frame = pd.DataFrame(
        {"at": pd.to_datetime([f"2026-01-0{day}" for day in (1, 2, 3)]), "card": ["a"] * 3, "eur": [10.0, 30.0, 50.0], "bad": [0, 1, 0]}
    )
    made = cases(frame, {"delay": "1 day"}, time="at", target="bad", amount="eur")

    def ratio(**params: object) -> list[float]:
        feature = History(HistoryParams.model_validate({"entity": "card", "windows": ["2d"], "aggregates": ["ratio"], **params}))
        assert feature.inputs(made.roles) == ("card", "at", "eur")
        return feature.transform(made.blind(), made).iloc[:, 0].tolist()

    assert ratio() == [1.0, 1.5, 1.25]
    assert ratio(delay="2 days", fill=0.0) == [0.0, 0.0, 5.0]
