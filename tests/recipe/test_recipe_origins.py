from __future__ import annotations

from typing import Any

from upshot.recipe.recipe import Origin, Place


def test_an_origin_keeps_winner_and_losers_from_default_to_argument(bench: Any) -> None:
    text = (bench.project.root / "recipes/fraud.yaml").read_text()
    bench.write({"recipes/fraud.yaml": text + "model:\n  max_depth: 9\n"})

    recipe = bench.load("seed=1", "model.max_depth=10")

    assert recipe.origins["model.max_depth"] == Origin(
        "10",
        (
            Place("component default", "tiny_components:BoostParams", "6"),
            Place("project", "conf/model/boost.yaml:3", "8"),
            Place("recipe", "recipes/fraud.yaml:15", "9"),
            Place("command line", "argument 2", "model.max_depth=10"),
        ),
    )


def test_every_value_of_the_resolved_recipe_has_an_origin(bench: Any) -> None:
    recipe = bench.load("+gates.extra={metric:m,min:1}", "~model.max_depth")

    assert [key for key, origin in recipe.origins.items() if not origin.chain] == []
    assert recipe.origins["gates.extra.use"].chain[-1].where == "implied by the key 'metric'"
    assert recipe.origins["labels.use"].chain[-1].where == "labels left out"
    assert recipe.origins["gates.worth.kpi"] == Origin('"saved"', (Place("project", "conf/gates/standard.yaml:3", "${objective}"),))
    assert [place.text for place in recipe.origins["model.max_depth"].chain] == ["6", "8", "~model.max_depth"]
    assert recipe.origins["model.max_depth"].value_text == "6"
