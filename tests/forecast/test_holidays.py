from __future__ import annotations

import pandas as pd
import pytest
from tests.forecast.conftest import rows_of

from upshot.errors import RecipeError
from upshot.stages.label import label


@pytest.fixture
def encoded(component, checked):
    def make(dates: list[str], **params) -> dict[str, list[float]]:
        frame = rows_of({"a": range(3, len(dates) + 3)}).assign(ds=pd.to_datetime(dates))
        cases = label(checked(frame), component("labels", "column"))
        feature = component("features", "holidays", **params)
        feature.fit(cases, cases)
        return feature.transform(cases.blind(), cases).to_dict("list")

    return make


def test_a_day_knows_the_holidays_before_and_after_it(encoded):
    # Switzerland, everywhere: 1 August, and Ascension on 29 May 2025, 64 days before.
    assert encoded(["2025-07-30", "2025-08-01", "2025-08-03", "2025-06-30"], country="CH", reach=10) == {
        "holidays": [0, 1, 0, 0],
        "days_to_holiday": [2, 0, 10, 10],
        "days_since_holiday": [10, 0, 2, 10],
    }


def test_a_week_counts_the_holidays_in_it_and_moving_feasts_move(encoded):
    found = encoded(["2011-11-25", "2012-11-23", "2012-11-30"], country="US", days=7, named=["Thanksgiving"])

    assert found["holidays"] == [1, 1, 0]
    assert found["is_thanksgiving"] == [1, 1, 0]


def test_regions_have_holidays_of_their_own(encoded):
    assert encoded(["2025-01-06"], country="DE")["holidays"] == [0]
    assert encoded(["2025-01-06"], country="DE", subdivision="BY")["holidays"] == [1]


def test_an_unknown_country_region_or_feast_is_refused_with_the_nearest(encoded):
    for params, where in (
        ({"country": "XX"}, "country"),
        ({"country": "CH", "subdivision": "BY"}, "subdivision"),
        ({"named": ["Xmas"]}, "named"),
    ):
        with pytest.raises(RecipeError) as caught:
            encoded(["2025-01-06"], **params)
        assert caught.value.problems[0].where == f"features.*.{where}"
