"""Side tables are pinned beside the rows and reach whoever sees the cases; what is known only afterwards does not."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from upshot.catalogue import load_catalogue
from upshot.contracts.records import Cases, Roles, SideTable
from upshot.contracts.tables import Map, Table
from upshot.engine.state import State
from upshot.testing import RecipeProject

ROOT = Path(__file__).parents[2]
RECIPE = (ROOT / "tests/skeletons/popularity_top_k.yaml").read_text(encoding="utf-8")
WITH_ITEMS = RECIPE.replace(
    "labels: {use",
    "  tables:\n    items: {use: csv, table: shop_items, path: data/items.csv, roles: {key: [item_id]}}\n\nlabels: {use",
)


def events() -> str:
    rows = [f"u{user},i{(user + day) % 5},2026-03-0{day + 1} 12:00:00,2.5" for user in range(12) for day in range(4)]
    return "\n".join(["user_id,item_id,at,price", *rows]) + "\n"


def project_in(folder: Path, items: str) -> RecipeProject:
    return RecipeProject(folder, {"recipes/shop.yaml": WITH_ITEMS, "data/events.csv": events(), "data/items.csv": items})


def value_of(project: RecipeProject, stage: str, *words: str):
    outcome = project.run("run", "shop", "model.k=2", *words, "--json")
    assert outcome.exit_code in (0, 4), outcome.stderr
    digest = next(one["value"] for one in outcome.json["stages"] if one["stage"] == stage)
    return State(project.root / ".upshot").codec(load_catalogue().revive).load(digest), outcome.json


def test_a_side_table_is_pinned_with_its_own_version_and_reaches_the_cases(tmp_path):
    project = project_in(tmp_path, "item_id,kind\ni0,cup\ni1,jug\n")

    snapshot, _ = value_of(project, "ingest")
    cases, _ = value_of(project, "label")

    assert (snapshot.tables["items"].table, snapshot.tables["items"].version, snapshot.tables["items"].rows) == ("shop_items", 0, 2)
    assert cases.tables["items"].rows.frame["kind"].tolist() == ["cup", "jug"]
    assert cases.take(pd.RangeIndex(3).to_numpy()).blind().tables["items"].roles.key == ("item_id",)


def test_another_row_in_a_side_table_runs_everything_behind_ingest_again(tmp_path):
    project = project_in(tmp_path, "item_id,kind\ni0,cup\n")
    value_of(project, "ingest")
    project.write("data/items.csv", "item_id,kind\ni0,cup\ni1,jug\n")

    snapshot, document = value_of(project, "ingest")

    assert snapshot.tables["items"].version == 1
    assert [stage["stage"] for stage in document["stages"] if not stage["cached"]][:3] == ["ingest", "validate", "label"]


def test_a_role_of_a_side_table_that_is_no_column_is_refused_with_the_nearest(tmp_path):
    project = project_in(tmp_path, "item,kind\ni0,cup\n")

    outcome = project.run("run", "shop")

    assert outcome.exit_code == 3
    assert "data/items.csv:1  column 'item_id' is missing; 'item' stands there instead" in outcome.stderr


def test_the_item_that_is_to_be_guessed_its_price_and_what_was_done_are_hidden_from_whoever_predicts():
    rows = pd.DataFrame({"user": ["a"], "product": ["x"], "price": [2.0], "sent": [1], "chance": [0.5], "city": ["Oslo"]})
    labels = pd.DataFrame({"label": ["x"], "block": [0]})
    roles = Roles(entities=("user",), item="product", amount="price", action="sent", propensity="chance")
    cases = Cases(Table.of(rows), Table.of(labels), roles, "case", Map({"items": SideTable(Table.of(rows), Roles())}))

    assert cases.blind().rows.columns == ("user", "city")
    assert cases.blind().labels.columns == ("block",)


@pytest.mark.parametrize(("target", "hidden"), [("sold", ("sold",)), ("product", ("product", "price")), (None, ("product", "price"))])
def test_an_item_is_hidden_only_where_it_is_the_outcome(target, hidden):
    assert Roles(item="product", amount="price", target=target).known_after == hidden
