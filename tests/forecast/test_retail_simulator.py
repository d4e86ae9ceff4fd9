"""The simulated retailer: whole units, shelves that cannot sell what they do not hold, and mechanisms that a model can find."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from upshot.components.data.retail_simulator import RetailSimulator, RetailSimulatorParams, simulate


def simulated(**params: Any) -> tuple[pd.DataFrame, pd.DataFrame]:
    return simulate(RetailSimulatorParams(table="sales", **params))


@pytest.fixture(scope="module")
def world() -> tuple[pd.DataFrame, pd.DataFrame]:
    return simulated(stores=3, items=30, days=400)


def test_the_same_seed_gives_the_same_rows_and_another_one_others():
    first, again, other = (simulated(stores=1, items=3, days=60, seed=seed)[0] for seed in (1, 1, 2))

    pd.testing.assert_frame_equal(first, again)
    assert not first.equals(other)


def test_a_shelf_sells_what_it_holds_and_marks_the_days_on_which_somebody_went_without(world):
    rows, truth = world

    assert (rows["sales"] == np.minimum(truth["demand"], truth["stock"])).all()
    assert (rows["sold_out"] == (truth["demand"] > truth["stock"])).all()
    assert 0.01 < rows["sold_out"].mean() < 0.25
    assert (rows["sales"] >= 0).all() and (rows["price"] > 0).all()


def test_each_series_has_a_row_a_day_from_its_launch_on_and_new_items_begin_later(world):
    rows, _ = world
    lengths = rows.groupby(["store_id", "item_id"])["date"].agg(["size", "min", "max"])

    assert not rows.duplicated(["store_id", "item_id", "date"]).any()
    assert ((lengths["max"] - lengths["min"]).dt.days + 1 == lengths["size"]).all()
    assert (lengths["max"] == rows["date"].max()).all()
    assert 0 < (lengths["min"] > rows["date"].min()).mean() < 0.3


def test_promotions_lower_the_price_and_raise_demand_and_saturdays_are_stronger_than_sundays(world):
    rows, truth = world
    frame = rows.assign(
        demand=truth["demand"], relative=truth["demand"] / truth["demand"].groupby([rows["store_id"], rows["item_id"]]).transform("mean")
    )
    known = frame[np.isfinite(frame["relative"])]

    by_promo = known.groupby("promo")["relative"].mean()
    by_day = known.groupby(known["date"].dt.day_of_week)["relative"].mean()
    assert 1.4 < by_promo[1] / by_promo[0] < 2.6
    assert by_day[5] > 1.3 * by_day[6]
    assert (frame.groupby("item_id")["price"].agg(lambda price: price.min() / price.max()) < 0.9).mean() > 0.8


def test_fewer_days_of_cover_empty_more_shelves():
    short, long = (simulated(stores=2, items=20, days=200, cover_days=cover)[0]["sold_out"].mean() for cover in (4.0, 14.0))

    assert short > 2 * long


def test_only_the_categories_that_are_asked_for_are_sold():
    rows, _ = simulated(stores=1, items=8, days=40, categories=("bakery", "fresh"))

    assert set(rows["category"]) <= {"bakery", "fresh"}


def test_the_source_gives_one_table_with_the_columns_of_its_recipe():
    params = RetailSimulatorParams(table="sales", stores=1, items=2, days=30, new_items=0.0)

    (table,) = RetailSimulator(params).read()

    assert table.num_rows == 60
    assert {field.name: str(field.type) for field in table.schema} == {
        "store_id": "string",
        "item_id": "string",
        "category": "string",
        "date": "timestamp[us]",
        "price": "double",
        "promo": "int64",
        "sales": "int64",
        "sold_out": "bool",
    }
