"""The simulated shop and campaigns: equal rows by seed, a world that behaves as told, and a best policy that is known and best."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest

from upshot.components.data import campaign_simulator, shop_simulator
from upshot.components.data._shop_world import ACCESSORY, KINDS, REPEAT
from upshot.components.data.campaign_simulator import CampaignSimulatorParams
from upshot.components.data.shop_simulator import Shop, ShopSimulatorParams, simulate
from upshot.contracts.records import Spec
from upshot.contracts.tables import Map

DAY = 86_400


def shop_params(**more) -> ShopSimulatorParams:
    return ShopSimulatorParams(table="shop", **more)


@pytest.fixture(scope="module")
def shop() -> Shop:
    return simulate(shop_params())


def test_the_same_seed_gives_the_same_visits_and_another_seed_others(shop):
    again, other = simulate(shop_params()), simulate(shop_params(seed=7))

    pd.testing.assert_frame_equal(shop.events, again.events)
    assert not shop.events["item_id"].equals(other.events["item_id"])


def test_visits_are_in_the_order_of_time_and_paid_at_the_price_of_their_week(shop):
    events, items = shop.events, shop.items.set_index("item_id")

    assert events["at"].is_monotonic_increasing and events["visit_id"].is_unique
    assert events["item_id"].isna().equals(events["price"].isna())
    paid = events.dropna()
    of_list = paid["price"].to_numpy() / items.loc[paid["item_id"], "price"].to_numpy()
    assert set(np.round(of_list, 1)) == {0.8, 1.0}


def test_nothing_is_taken_before_it_can_be_had_or_while_it_is_out_of_stock(shop):
    week = shop.second // (7 * DAY)
    taken = shop.item >= 0

    assert shop.world.stocked[week[taken], shop.item[taken]].all()
    assert (week[taken] >= shop.world.since[shop.item[taken]]).all()


def test_a_season_shows_in_what_is_taken(shop):
    garden = list(KINDS).index("garden")
    day = pd.Timestamp(shop.start).day_of_year + shop.second // DAY
    june, october = ((shop.item >= 0) & (day > first) & (day <= first + 30) for first in (152, 274))

    assert np.mean(shop.world.kind[shop.item[june]] == garden) > 2 * np.mean(shop.world.kind[shop.item[october]] == garden)


def test_what_goes_with_the_last_purchase_follows_it_as_often_as_told(shop):
    order = np.lexsort((shop.second, shop.user))
    user, item, second = (values[order] for values in (shop.user, shop.item, shop.second))
    bought = np.flatnonzero(item >= 0)
    same = (user[bought[1:]] == user[bought[:-1]]) & (second[bought[1:]] - second[bought[:-1]] < 28 * DAY)
    before, after = item[bought[:-1]][same], item[bought[1:]][same]
    in_stock = shop.world.stocked[second[bought[1:]][same] // (7 * DAY), shop.world.accessory[before]]

    assert np.mean((shop.world.accessory[before] == after)[in_stock]) == pytest.approx(ACCESSORY, abs=0.03)


def test_used_up_goods_are_taken_again_and_others_are_not(shop):
    events = shop.events.dropna().assign(used_up=lambda f: shop.world.used_up[f["item_id"].str[5:].astype(int)])
    again = events.duplicated(["user_id", "item_id"])

    assert again[events["used_up"]].mean() > 0.3 > 0.15 > again[~events["used_up"]].mean()
    assert 0 < REPEAT < 1


def test_chances_of_a_purchase_are_what_happens(shop):
    """Of all purchases of a week, an item is taken as often as the chances of those who took something say."""
    week = 20
    day = week * 7
    rows = np.flatnonzero((shop.second // (7 * DAY) == week) & (shop.item >= 0))
    last, again = shop.memory(day)
    first = rows[np.unique(shop.user[rows], return_index=True)[1]]  # the first purchase of each, whose memory is that of Monday
    users = shop.user[first]

    chances = shop.world.chances(users, week, last[users], again[users])

    assert chances.sum(axis=1) == pytest.approx(np.ones(len(users)))
    expected, taken = chances.sum(axis=0), np.bincount(shop.item[first], minlength=len(shop.world.kind))
    often = expected > 2
    surprise = (taken[often] - expected[often]) ** 2 / expected[often]
    assert often.sum() > 100
    assert surprise.mean() == pytest.approx(1.0, abs=0.3)  # as a Poisson number is off by its root


def test_the_best_lists_earn_more_than_any_of_many_others_in_many_futures():
    """Ten thousand users of one world; their best lists against popular ones, shuffled ones and shorter ones, over 14 days."""
    params = shop_params(users=10_000, days=98)
    shop = simulate(params)
    day, users = 84, np.arange(10_000)
    best = shop.best_lists(users, day, 14, k=5, slot_cost=0.1)

    def earned(lists: pd.DataFrame) -> float:
        future = np.flatnonzero((shop.second >= day * DAY) & (shop.item >= 0))
        shown = set(zip(lists["user_id"], lists["item_id"], strict=True))
        names = shop_simulator.names_of(shop.item[future])
        taken = {(user, name) for user, name in zip(shop.user[future], names, strict=True)}
        items = shop.items.set_index("item_id")
        margin = (items["price"] - items["cost"]).to_dict()
        return sum(margin[item] for _, item in shown & taken) - 0.1 * len(lists)

    draw = np.random.default_rng(1)
    popular = shop.events[shop.events["at"] < pd.Timestamp(params.start) + pd.Timedelta(days=day)]["item_id"].value_counts().index[:5]
    others = {
        "the popular": pd.DataFrame({"user_id": np.repeat(users, 5), "item_id": np.tile(popular, len(users))}),
        "those of another user": best.assign(user_id=draw.permutation(10_000)[best["user_id"]]),
        "half of it": best[best["rank"] <= 2],
    }
    assert {name: earned(best) > 1.2 * earned(lists) for name, lists in others.items()} == dict.fromkeys(others, True)
    assert earned(best) == pytest.approx(best["worth"].sum(), rel=0.25)


def test_side_tables_tell_of_the_same_world_without_simulating_a_visit(shop):
    made = shop_simulator.ShopSimulator(shop_params(gives="stock"))
    (stock,) = [table.to_pandas() for table in made.read()]

    last = stock.sort_values("day").drop_duplicates("item_id", keep="last").set_index("item_id")["stock"]
    assert last.reindex(shop.items["item_id"]).tolist() == shop.world.stocked[-1].astype(int).tolist()
    assert (stock.groupby("item_id")["day"].min() == pd.Timestamp(shop.start)).all()
    assert isinstance(made, shop_simulator.ShopSimulator) and Spec("data", "shop_simulator", Map())


@pytest.mark.slow
def test_a_million_purchases_of_a_hundred_thousand_users_take_seconds():
    begin = time.process_time()
    large = simulate(shop_params(users=100_000, items=50_000))

    assert (large.item >= 0).sum() > 900_000
    assert time.process_time() - begin < 20


def test_contacts_are_drawn_with_the_chance_that_stands_in_the_row():
    rows, _ = campaign_simulator.simulate(CampaignSimulatorParams(table="c", customers=20_000))

    for chance, group in rows.groupby("chance"):
        assert group["contacted"].mean() == pytest.approx(chance, abs=0.01)
    assert rows.groupby("chance")["region"].unique().map(set).to_dict() == {0.3: {"north"}, 0.5: {"east", "south", "west"}}


def test_responses_are_drawn_with_the_true_probabilities():
    rows, truth = campaign_simulator.simulate(CampaignSimulatorParams(table="c", customers=40_000))

    true = np.where(rows["contacted"] == 1, truth["if_contacted"], truth["if_not"])
    for low in np.arange(0, 0.6, 0.1):
        inside = (true >= low) & (true < low + 0.1)
        assert rows["responded"][inside].mean() == pytest.approx(true[inside].mean(), abs=0.015)


def test_some_customers_only_respond_when_contacted_and_some_are_put_off():
    _, truth = campaign_simulator.simulate(CampaignSimulatorParams(table="c"))
    _, without = campaign_simulator.simulate(CampaignSimulatorParams(table="c", effect=0.0))

    assert (truth["uplift"] > 0.1).mean() > 0.15
    assert (truth["uplift"] < -0.01).mean() > 0.02
    assert without["uplift"].abs().max() == 0
