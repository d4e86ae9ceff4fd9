"""A file that changes between the making of a stage's key and the end of its reading."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from upshot.catalogue import load_catalogue
from upshot.engine.run import Engine
from upshot.engine.state import State
from upshot.errors import DataError
from upshot.project import find_project
from upshot.recipe.compose import load_recipe

RECIPE = (Path(__file__).parents[1] / "skeletons" / "fraud_top_k.yaml").read_text(encoding="utf-8")


class Meddler:
    """Watches a run, and changes the file when ingest begins."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def stage_begins(self, planned: Any) -> None:
        if planned.stage.name == "ingest":
            self.path.write_text(self.path.read_text().replace(",20,", ",21,", 1))

    def stage_ends(self, stage: Any) -> None:
        pass


def test_its_result_is_not_kept_under_the_content_that_it_had_before(recipe_project: Any) -> None:
    rows = [
        f"{10 * d + i},2026-01-{d + 1:02d} {8 + i:02d}:30:00,{(7 * i + 3 * d) % 10},{20 + i},{int((7 * i + 3 * d) % 10 == 9)}"
        for d in range(20)
        for i in range(10)
    ]
    text = "payment_id,at,risk,amount,fraud\n" + "\n".join(rows) + "\n"
    project = recipe_project({"recipes/r.yaml": RECIPE, "data/payments.csv": text})
    data = project.root / "data" / "payments.csv"
    home, catalogue = find_project(project.root), load_catalogue()
    recipe = load_recipe("r", [], catalogue=catalogue, project=home)
    engine = Engine(catalogue, State(home.state))

    with pytest.raises(DataError) as caught:
        engine.run(engine.plan(recipe), Meddler(data))

    told = f"the data changed while it was read\n\n  file {data}  must stay as it is; run again"
    assert (caught.value.exit_code, str(caught.value)) == (3, told)
    data.write_text(text)
    again = project.run("run", "r", "--json")
    assert [stage["cached"] for stage in again.json["stages"] if stage["stage"] == "ingest"] == [False]
    shown = project.run("data", "show", "payments", "--json").json
    assert shown["first_rows"][0]["amount"] == 20.0
