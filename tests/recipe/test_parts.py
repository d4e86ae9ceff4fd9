"""Components inside components: a blend of models is written with its members in place, and each of them is treated as any other."""

from __future__ import annotations

from typing import Any

import pytest

from upshot.contracts.tables import thaw
from upshot.errors import RecipeError
from upshot.recipe.explain import explain_recipe
from upshot.recipe.json_schema import recipe_schema
from upshot.recipe.parameters import parameters_of
from upshot.recipe.recipe import Recipe


@pytest.fixture
def blend(bench: Any) -> Any:
    from tiny_components import BLENDS, tiny_catalogue

    bench.catalogue = tiny_catalogue(BLENDS)
    bench.write({"conf/model/blend.yaml": "# A blend\nuse: blend\nmembers: {deep: {use: boost, max_depth: 9}, wide: {use: forest}}\n"})
    return bench


def test_a_member_has_the_defaults_and_the_checks_of_its_own_component(blend: Any) -> None:
    node = blend.load("model=blend", "model.members.wide.n_trees=7").nodes["model"]

    assert thaw(node.params)["members"]["wide"] == {"use": "forest", "n_trees": 7, "max_depth": 12}
    assert {place: (part.kind, part.use) for place, part in node.parts.items()} == {
        "members.deep": ("model", "boost"),
        "members.wide": ("model", "forest"),
        "judge": ("model", "forest"),
    }


def test_members_may_have_members_and_may_point_at_another_node(blend: Any) -> None:
    recipe = blend.load(
        "model=blend", "+model.members.nested={use: blend, members: {only: {use: forest}}}", "model.fallback=${model.members.deep}"
    )

    node = recipe.nodes["model"]
    assert node.parts["members.nested"].parts["members.only"].use == "forest"
    assert thaw(node.parts["fallback"].params)["max_depth"] == 9
    assert [part.use for part in recipe.every_node()].count("forest") == 4
    assert Recipe.from_json(recipe.to_json()) == recipe


def test_what_is_wrong_in_a_member_is_told_with_its_own_key(blend: Any) -> None:
    with pytest.raises(RecipeError) as caught:
        blend.load(
            "model=blend",
            "+model.members.deep.max_dept=3",
            "model.members.wide.n_trees=0",
            "+model.members.third={use: bosst}",
            "+model.members.fourth={n_trees: 3}",
            "+model.members.fifth=forest",
        )

    assert {problem.where: (problem.rule, problem.place) for problem in caught.value.problems} == {
        "model.members.deep.max_dept": ("unknown key", "argument 2"),
        "model.members.wide.n_trees": ("must be >= 1", "argument 3"),
        "model.members.third.use": ("unknown model", "argument 4"),
        "model.members.fourth.use": ("is required", "argument 5"),
        "model.members.fifth": ("must be a map", "argument 6"),
    }


def test_a_key_of_a_member_is_explained_as_the_component_has_it(blend: Any) -> None:
    explanation = explain_recipe(
        "fraud",
        ("model=blend", "model.members.deep.rate=0.1"),
        ("model.members.deep.rate",),
        catalogue=blend.catalogue,
        project=blend.project,
    )

    (found,) = explanation.keys
    assert (found.value, found.sentence, found.default) == (0.1, "Learning rate.", "0.3")


def test_editors_and_describe_know_what_may_stand_there(blend: Any) -> None:
    from tiny_components import BlendParams

    schema = recipe_schema(blend.catalogue)["$defs"]["model.blend"]["properties"]
    members, fallback, _ = parameters_of(BlendParams)

    assert schema["members"]["else"]["additionalProperties"] == {"$ref": "#/$defs/model"}
    assert members.type == "map of name to component of kind model"
    assert fallback.type == "component of kind model, or null"


def test_one_key_of_a_default_component_may_be_set_and_another_component_may_take_its_place(blend: Any) -> None:
    judged = blend.load("model=blend", "model.judge.max_depth=3").nodes["model"].params["judge"]
    swapped = blend.load("model=blend", "model.judge.use=boost").nodes["model"].params["judge"]

    assert dict(judged) == {"use": "forest", "n_trees": 9, "max_depth": 3}
    assert (swapped["use"], swapped["max_depth"]) == ("boost", 6)
