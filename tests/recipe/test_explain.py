from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from upshot.catalogue import Plugin
from upshot.errors import RecipeError
from upshot.recipe.explain import Explained, Explanation, explain_recipe
from upshot.recipe.provenance import Write
from upshot.recipe.recipe import Place

BOOST = Write(Place("component default", "tiny_components:BoostParams", "6"), "overridden")
FILE = Place("project", "conf/model/boost.yaml:3", "8")


def explained(bench: Any, *overrides: str, keys: tuple[str, ...] = (), name: str = "fraud") -> Explanation:
    return explain_recipe(name, overrides, keys, catalogue=bench.catalogue, project=bench.project)


def one(bench: Any, key: str, *overrides: str) -> Explained:
    (found,) = explained(bench, *overrides, keys=(key,)).keys
    return found


def chain(key: Explained) -> list[tuple[str, str | None]]:
    return [(write.place.where, write.lost) for write in key.writes]


def test_a_key_is_told_with_type_bounds_default_sentence_and_everybody_who_set_it(bench: Any) -> None:
    found = one(bench, "model.max_depth", "model.max_depth=9")

    assert found == Explained(
        key="model.max_depth",
        value=9,
        is_there=True,
        points=None,
        type="whole number",
        bounds=">= 1, <= 64",
        default="6",
        sentence="Depth of a tree.",
        writes=(BOOST, Write(FILE, "overridden"), Write(Place("command line", "argument 1", "model.max_depth=9"))),
    )


def test_every_key_of_the_resolved_recipe_is_explained_and_has_exactly_one_winner(bench: Any) -> None:
    overrides = ["model=forest", "++gates.auc.min=0.7", "+gates.extra={metric:brier,max:1}", "model.max_depth=3"]

    found = explained(bench, *overrides)

    assert [key.key for key in found.keys] == list(bench.load(*overrides).origins)
    for key in found.keys:
        (winner,) = [write.place for write in key.writes if write.lost is None]
        assert winner == bench.load(*overrides).origins[key.key].chain[-1], key.key


def test_a_deleted_value_gives_way_to_the_component_default(bench: Any) -> None:
    found = one(bench, "model.max_depth", "model.max_depth=9", "~model.max_depth")

    assert found.value == 6
    assert chain(found) == [
        ("tiny_components:BoostParams", None),
        ("conf/model/boost.yaml:3", "taken out by argument 2"),
        ("argument 1", "taken out by argument 2"),
        ("argument 2", "takes out what stands above"),
    ]


def test_a_value_set_after_a_deletion_counts(bench: Any) -> None:
    found = one(bench, "model.max_depth", "~model.max_depth", "+model.max_depth=4")

    assert chain(found)[-2:] == [("argument 1", "takes out what stands above"), ("argument 2", None)]
    assert found.value == 4


def test_a_choice_that_was_overridden_is_a_loser_with_all_that_it_would_have_set(bench: Any) -> None:
    found = explained(bench, "model=forest", keys=("model.max_depth", "model.use"))

    assert [(choice.group, choice.name, choice.place.where, choice.lost) for choice in found.choices] == [
        ("model", "boost", "recipes/fraud.yaml:3", "not chosen: forest by argument 1"),
        ("model", "forest", "argument 1", None),
    ]
    assert {key.key: chain(key) for key in found.keys} == {
        "model.use": [("conf/model/boost.yaml:2", "not chosen: forest by argument 1"), ("conf/model/forest.yaml:2", None)],
        "model.max_depth": [
            ("tiny_components:ForestParams", None),
            ("conf/model/boost.yaml:3", "not chosen: forest by argument 1"),
        ],
    }


def test_a_choice_that_was_taken_out_is_a_loser(bench: Any) -> None:
    found = explained(bench, "~model", "+model.use=forest", keys=("model.use",))

    assert [(choice.name, choice.lost) for choice in found.choices] == [("boost", "taken out by argument 1")]
    assert chain(found.keys[0]) == [("conf/model/boost.yaml:2", "taken out by argument 1"), ("argument 2", None)]


def test_a_shadowed_file_is_a_loser_that_names_its_layer_and_what_hides_it(bench: Any, tmp_path: Path) -> None:
    from tiny_components import tiny_catalogue

    below = tmp_path / "p" / "conf"
    (below / "model").mkdir(parents=True)
    (below / "model" / "boost.yaml").write_text("use: boost\nrate: 0.9\nmax_depth: 20\n")
    bench.catalogue = tiny_catalogue(Plugin("extra", "upshot-extra", "2.0", None, (), (below,), ()))

    found = explained(bench, keys=("model.max_depth", "model.rate"))

    hidden = "shadowed by project conf/model/boost.yaml"
    assert {key.key: [(str(write.place), write.lost) for write in key.writes] for key in found.keys} == {
        "model.max_depth": [
            ("tiny_components:BoostParams", "overridden"),
            ("plugin extra conf/model/boost.yaml:3", hidden),
            ("conf/model/boost.yaml:3", None),
        ],
        "model.rate": [("tiny_components:BoostParams", None), ("plugin extra conf/model/boost.yaml:2", hidden)],
    }


def test_a_key_that_was_set_and_taken_out_again_is_told_with_who_did_it(bench: Any) -> None:
    for override, rest in (("gates.worth=null", "takes out what stands above"), ("~gates.worth", "takes out what stands above")):
        found = one(bench, "gates.worth", override)

        assert (found.value, found.is_there) == (None, False)
        assert chain(found) == [
            ("conf/gates/standard.yaml:3", "taken out by argument 1"),
            ("conf/gates/standard.yaml:3", "taken out by argument 1"),
            ("argument 1", rest),
        ]


def test_a_pointer_shows_what_stands_there_and_what_it_means(bench: Any) -> None:
    found = one(bench, "gates.worth.kpi")

    assert (found.value, found.points, chain(found)) == ("saved", "${objective}", [("conf/gates/standard.yaml:3", None)])


def test_a_prefix_explains_all_below_it_and_keys_come_in_the_order_of_the_recipe(bench: Any) -> None:
    found = explained(bench, keys=("seed", "model.growth"))

    assert [(key.key, key.value, key.type, key.sentence) for key in found.keys] == [
        ("model.growth.leaves", 31, "whole number", "Leaves of a tree."),
        ("model.growth.policy", "loss", "one of depth, loss", "Where to split next."),
        ("seed", 42, "whole number", "Seed of everything random."),
    ]


@pytest.mark.parametrize(
    ("key", "rule", "near"),
    [
        ("modle", "the recipe has no key 'modle'", "did you mean 'model'?"),
        ("model.max_dept", "model has no key 'max_dept'", "did you mean 'max_depth'?"),
        ("model.growth.leavs.x", "model.growth has no key 'leavs'", "did you mean 'leaves'?"),
        ("seed.x", "seed has no key 'x'", "there are none"),
        ("gates.acu", "gates has no key 'acu'", "did you mean 'auc'?"),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_one(bench: Any, key: str, rule: str, near: str) -> None:
    with pytest.raises(RecipeError) as caught:
        explained(bench, keys=(key,))

    (problem,) = caught.value.problems
    assert (problem.where, problem.rule) == (key, rule)
    assert str(problem.hint).startswith(near)


def test_a_recipe_that_is_not_sound_is_refused_with_all_its_problems(bench: Any) -> None:
    with pytest.raises(RecipeError) as caught:
        explained(bench, "model.max_dept=3", "seed=-1", keys=("seed",))

    assert [problem.where for problem in caught.value.problems] == ["seed", "model.max_dept"]
