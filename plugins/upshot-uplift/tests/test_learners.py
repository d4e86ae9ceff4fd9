"""Learners of uplift find what acting changes, made of any models; what cannot be learnt from is refused in a sentence."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from upshot.catalogue import load_catalogue
from upshot.contracts.components import Compute, Examples
from upshot.contracts.records import Roles, Seed, Threads
from upshot.errors import DataError, RecipeError
from upshot.testing import checks_for

ROLES = Roles(key=("row",), target="y", entities=("who",), action="acted", propensity="chance")
STRAIGHT = {"use": "linear_regression"}
CATALOGUE = load_catalogue()
ENTRIES = [entry for entry in CATALOGUE.components() if entry.make.startswith("upshot_uplift.")]
CHECKS = [(entry, check) for entry in ENTRIES for check in checks_for(entry.kind)]
PARTS = {"t_learner": {"outcome": STRAIGHT}, "x_learner": {"outcome": STRAIGHT, "effect": STRAIGHT}}
PARTS["dr_learner"] = {**PARTS["x_learner"], "folds": 2}


@pytest.mark.parametrize(("entry", "check"), CHECKS, ids=[f"{e.kind}-{e.name}-{c.__name__}" for e, c in CHECKS])
def test_a_component_holds_the_contract_of_its_kind(entry, check):
    check(CATALOGUE, entry)


def test_the_plugin_brings_models_metrics_a_policy_and_sections():
    assert {kind: sorted(entry.name for entry in ENTRIES if entry.kind == kind) for kind in ("model", "metrics", "policy", "sections")} == {
        "model": ["dr_learner", "t_learner", "x_learner"],
        "metrics": ["qini", "uplift_at_k"],
        "policy": ["uplift_threshold"],
        "sections": ["policy_by_share", "uplift_curve"],
    }


def test_nobody_who_names_a_learner_pays_for_arrays_before_it_learns():
    code = """
import sys
from upshot.catalogue import load_catalogue
from upshot.contracts.records import Map, Spec
catalogue = load_catalogue()
for name in ("t_learner", "x_learner", "dr_learner"):
    catalogue.make(Spec("model", name, Map({"outcome": {"use": "linear_regression"}})))
assert not {"pandas", "lightgbm", "sklearn"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("use", PARTS)
def test_where_acting_adds_twice_x_every_learner_says_so(use, log, uplift):
    # Left alone the outcome is 1 + x, acted on it is 1 + 3x: straight lines say exactly that, so 2x is left for acting.
    x, acted = [0.0, 1, 2, 3, 0, 1, 2, 3], [1, 1, 1, 1, 0, 0, 0, 0]
    train = log(acted, [1 + value * (3 if act else 1) for value, act in zip(x, acted, strict=True)])

    np.testing.assert_allclose(uplift(use, train, x, [0.0, 1.5, 4.0], **PARTS[use]), [0.0, 3.0, 8.0], atol=1e-9)


def test_the_doubly_robust_one_is_right_on_average_where_its_models_of_the_outcome_are_not(log, uplift):
    # Constants cannot follow x, and who has a high x was acted on more often: the arms' means differ by 1.4, acting adds 1.
    x = np.repeat([0.0, 1.0], 400)
    chance = np.where(x == 1, 0.8, 0.2)
    acted = np.concatenate([np.arange(400) % 5 == 0, np.arange(400) % 5 != 0])
    train = log(acted.astype(int), list(x * 0 + 10 * x + acted), chance=chance)
    flat = {"use": "linear_regression", "fit_intercept": True, "alpha": 1e12}

    said = uplift("dr_learner", train, list(x), [0.0, 1.0], outcome=flat, effect=flat)

    naive = 10 * x[acted].mean() + 1 - 10 * x[~acted].mean()
    assert naive > 6
    np.testing.assert_allclose(said, 1.0, atol=0.7)


def test_other_values_may_mean_that_it_was_acted(log, uplift):
    x = [0.0, 1, 2, 0, 1, 2]
    train = log(["call", "visit", "call", "none", "none", "none"], [1.0, 2, 3, 0, 1, 2])

    np.testing.assert_allclose(uplift("t_learner", train, x, [5.0], outcome=STRAIGHT, acted=["call", "visit"]), [1.0])


def test_rows_of_one_customer_are_never_judged_by_a_model_of_that_customer(log):
    from upshot_uplift.learners import _folds

    fold = _folds(log([1, 0, 1, 0], [0, 0, 0, 0], who=[7, 7, 9, 9]), 2, seed=1)

    assert fold[0] == fold[1] != fold[2] == fold[3]


def test_learning_again_keeps_what_the_parts_chose(component, log):
    random = np.random.default_rng(0)
    x, acted = random.random(400), random.integers(0, 2, 400)
    cases = log(list(acted), list((random.random(400) < 0.2 + 0.5 * acted * (x > 0.5)).astype(int)))
    trees = {"use": "lightgbm", "task": "classification", "n_estimators": 50, "min_child_samples": 20, "early_stopping_rounds": 3}
    model = component("model", "t_learner", outcome=trees)
    examples = [Examples(cases.take(part), pd.DataFrame({"x": x[part]})) for part in (np.arange(300), np.arange(300, 400))]

    model.fit(*examples, cases.take(np.arange(0)), Compute(Seed(1), Threads(1)))
    first = model.state()
    model.refit(Examples(cases, pd.DataFrame({"x": x})), cases.take(np.arange(0)), Compute(Seed(1), Threads(1)))

    assert model.tunes
    assert model.state().keys() == first.keys() and model.state() != first
    assert {name.split("/")[0] for name in first} == {"learner.json", "outcome_acted", "outcome_left"}


@pytest.mark.parametrize(
    ("acted", "roles", "columns", "sentence"),
    [
        ([1, 0], Roles(key=("row",)), {}, r"data\.roles\.action +must name the column that says whom was acted on"),
        ([1, 1], ROLES, {}, r"data\.roles\.action +must have rows of both arms; got 2 rows, 2 of them acted on"),
        (
            [1, 0],
            ROLES,
            {"chance": [0.5, 1.0]},
            r"chance +must be above 0 and below 1: an arm that was never tried tells nothing; got rows 1: 1",
        ),
    ],
)
def test_a_log_that_cannot_be_learnt_from_is_refused_in_a_sentence(acted, roles, columns, sentence, log, uplift):
    with pytest.raises((DataError, RecipeError), match=sentence):
        uplift("t_learner", log(acted, [0.0, 1.0], roles, **columns), [0.0, 1.0], [0.0], outcome=STRAIGHT)


def test_a_part_that_gives_something_else_is_refused_before_any_data_is_read(recipe_project):
    outcome = recipe_project({}).run("plan", "uplift_response", "model.effect.task=classification")

    assert outcome.exit_code == 2
    assert "model.effect.use  must give a point; got lightgbm, which gives probability" in outcome.stderr
