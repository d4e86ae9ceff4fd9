"""A section declares what it can show, and a plan refuses it where the recipe gives something else."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.report.showcase import with_showcase

from upshot.catalogue import Catalogue
from upshot.engine.prove import prove
from upshot.engine.state import State
from upshot.errors import RecipeError
from upshot.project import find_project
from upshot.recipe.compose import load_recipe
from upshot.recipe.recipe import Recipe
from upshot.testing import RecipeProject


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    return with_showcase(tmp_path / "site")


def proven(project: RecipeProject, catalogue: Catalogue, *overrides: str) -> Recipe:
    from datetime import date

    recipe = load_recipe("tiny", overrides, catalogue=catalogue, project=find_project(project.root))
    state = State(project.root / ".upshot")
    prove(recipe, catalogue, state.code, state.files, date(2026, 1, 1))
    return recipe


def test_a_section_that_fits_is_let_through(tiny: RecipeProject, catalogue: Catalogue) -> None:
    assert proven(tiny, catalogue, "+sections.shown.use=fitting").groups["sections"]["shown"].use == "fitting"


def test_a_section_is_refused_by_prediction_decision_and_flows_at_once(tiny: RecipeProject, catalogue: Catalogue) -> None:
    with pytest.raises(RecipeError) as caught:
        proven(tiny, catalogue, "+sections.sold.use=picky")

    accepts, decides, plays = caught.value.problems
    assert [problem.where for problem in caught.value.problems] == ["sections.sold.use"] * 3
    assert [problem.place for problem in caught.value.problems] == ["argument 1"] * 3
    assert accepts.rule == "'picky' accepts quantiles or point, and model 'logistic_regression' gives probability"
    assert decides.rule == "'picky' decides quantity, and policy 'threshold' gives action"
    assert (plays.rule, plays.got) == ("'picky' shows flows that rollout 'case_actions' does not give", "sold, unmet")
    assert "fitting" in str(accepts.hint)
    assert "fitting" in str(decides.hint)
    assert "blocked_fraud" in str(plays.hint)


def test_what_counts_is_what_the_calibration_makes_of_the_predictions(tiny: RecipeProject, catalogue: Catalogue) -> None:
    with pytest.raises(RecipeError) as caught:
        proven(tiny, catalogue, "+sections.sold.use=picky", "model=linear_regression", "calibration.use=conformal")

    rules = [problem.rule for problem in caught.value.problems]
    assert [rule for rule in rules if "'picky' accepts" in rule] == []
    assert "'picky' decides quantity, and policy 'threshold' gives action" in rules


def test_a_section_may_ask_for_a_baseline_by_name_and_one_of_no_such_name_is_refused(tiny: RecipeProject, catalogue: Catalogue) -> None:
    proven(tiny, catalogue, "+sections.shown.use=asking")

    with pytest.raises(RecipeError) as caught:
        proven(tiny, catalogue, "+sections.shown.use=asking", "+sections.shown.beside=do_noting")

    (problem,) = caught.value.problems
    assert (problem.where, problem.got) == ("sections.shown.beside", "'do_noting'")
    assert problem.rule == "asks for a baseline that the recipe does not declare"
    assert "do_nothing" in str(problem.hint)
