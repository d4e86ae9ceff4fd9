"""The packaged shop knows its best lists, so what the packaged recipe earns can be held against what could be earned at all."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from upshot.catalogue import load_catalogue
from upshot.components.data.shop_simulator import ShopSimulatorParams, simulate
from upshot.components.lists.groups import Groups
from upshot.contracts.records import Folds
from upshot.engine.state import State


@pytest.mark.slow
def test_the_recipe_earns_about_half_of_what_whoever_knew_the_shop_would_and_popularity_loses(recipe_project, component):
    project = recipe_project({})
    outcome = project.run("run", "recommendation", "threads=1", "--json")
    assert outcome.exit_code == 0, outcome.stderr
    digest = next(stage["value"] for stage in outcome.json["stages"] if stage["stage"] == "split")
    folds: Folds = State(project.root / ".upshot").codec(load_catalogue().revive).load(digest)
    cases, history = (folds.part("main", "test"), folds.history("main", "test"))
    groups, params = Groups.of(cases), ShopSimulatorParams(table="shop", start=date(2025, 6, 2))
    day = (cases.labels.frame["as_of"].iloc[0] - pd.Timestamp(params.start)).days

    best = simulate(params).best_lists(groups.user.to_numpy(dtype=np.int64), day, params.days - day, k=10, slot_cost=0.15)
    case = pd.Series(groups.first, index=groups.user).reindex(best["user_id"]).to_numpy()
    shown = pd.DataFrame({"case": case, "item": best["item_id"], "rank": best["rank"]})
    flows = component("rollout", "ranked_hits", amount="price - cost").play(shown, cases, history)

    earned = outcome.json["value"]["list_margin"]
    scale = 365.25 / (params.days - day)
    of_best = float((flows["hit_amount"] - 0.15 * flows["slots"]).sum()) * scale
    assert 0.4 < earned["per_period"]["candidate"]["value"] / of_best < 0.9
    assert earned["per_period"]["most_popular"]["value"] < 0
