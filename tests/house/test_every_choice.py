"""Every file of `conf/` and `recipes/`: composed and proven, and where it is cheap, run on a small world."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from upshot.testing import RecipeProject

ROOT = Path(__file__).parents[2]
CHOICES = sorted((file.parent.name, file.stem) for file in (ROOT / "conf").glob("*/*.yaml"))
RECIPES = sorted(file.stem for file in (ROOT / "recipes").glob("*.yaml"))
FITTING_CARD_FRAUD = {
    ("baselines", "card_rules"),
    ("calibration", "isotonic"),
    ("calibration", "none"),
    ("calibration", "sigmoid"),
    ("calibration", "venn_abers"),
    ("checks", "card_transactions"),
    ("data", "card_transactions"),
    ("features", "card_behaviour"),
    ("gates", "standard"),
    ("kpi", "fraud_savings"),
    ("labels", "column"),
    ("metrics", "classification"),
    ("model", "boosters"),
    ("model", "credit_trees"),
    ("model", "extra_trees"),
    ("model", "hist_gradient_boosting"),
    ("model", "lightgbm"),
    ("model", "logistic_regression"),
    ("model", "random_forest"),
    ("model", "sklearn"),
    ("model", "xgboost"),
    ("policy", "expected_value"),
    ("policy", "reject_option"),
    ("policy", "review_band"),
    ("policy", "threshold"),
    ("policy", "top_cards_per_day"),
    ("policy", "top_k_per_day"),
    ("probes", "drivers"),
    ("probes", "footprint"),
    ("probes", "robustness"),
    ("rollout", "case_actions"),
    ("sections", "classification"),
    ("sections", "standard"),
    ("slices", "worst"),
    ("split", "by_entity"),
    ("split", "by_time"),
    ("split", "credit_lines"),
}
MILD = ("gates.value.min_gain=-1e9", "gates.beats_best_interval.min_gain=-1e9")
SMALL = {
    "card_fraud": (
        "data.customers=100",
        "data.merchants=40",
        "data.terminals=60",
        "data.days=70",
        "data.large_amount_rate=0.05",
        "split.allow.single_feature_auc='nearly all fraud in so small a world is of large amounts'",
        "gates.average_precision.min=0",
        "gates.calibration.max=1",
        "gates.beats_current_rule.min_gain=-1e9",
        "gates.beats_rule_everywhere.min=-1e9",
        "threads=1",
    ),
    "machine_failure": ("data.machines=24", "data.sites=4", "data.days=360", *MILD, "gates.average_precision.min=0", "threads=1"),
    "recommendation": (
        "data.users=300",
        "data.items=100",
        *MILD[:1],
        "gates.hit_rate_at_k.min=0",
        "gates.beats_most_popular.min_gain=-1e9",
        "checks.row_count.min=1",
        "threads=1",
    ),
    "marketing_response": (
        "data.customers=600",
        *MILD[:1],
        "gates.roc_auc.min=0",
        "gates.beats_current_rule.min_gain=-1e9",
        "model.n_estimators=20",
        "threads=1",
    ),
    "remaining_life": ("data.machines=24", "data.days=300", *MILD, "model.n_estimators=40", "threads=1"),
    "credit_risk": (
        "data.clients=3000",
        "gates.equal_for_men_and_women.max=1",
        "gates.equal_for_all_ages.max=1",
        "gates.ranking.min=0.5",
        "gates.calibration.max=1",
        "gates.beats_current_rule.min_gain=-1e9",
        "threads=1",
    ),
    "demand_forecast": (
        "data.stores=2",
        "data.items=6",
        "data.days=240",
        "split.horizon=28",
        "split.cutoffs=1",
        "gates.beats_seasonal_naive.min_gain=-1e9",
        "gates.beats_current_rule.min_gain=-1e9",
        "gates.error.max=2",
        "gates.coverage.min=0.5",
        "threads=1",
    ),
    "inventory": (
        "data.stores=2",
        "data.items=6",
        "data.days=240",
        "split.horizon=28",
        "split.cutoffs=1",
        "gates.beats_seasonal_naive.min_gain=-1e9",
        "gates.beats_current_rule.min_gain=-1e9",
        "gates.coverage.min=0.5",
        "threads=1",
    ),
}
"""Recipe -> overrides that make its world small enough for a test, and its gates mild enough for so small a world."""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> RecipeProject:
    return RecipeProject(tmp_path_factory.mktemp("every_choice"), {})


@pytest.mark.parametrize(("group", "choice"), CHOICES, ids=lambda name: str(name))
def test_a_choice_fits_card_fraud_or_is_refused_in_sentences(project: RecipeProject, group: str, choice: str) -> None:
    outcome = project.run("validate", "card_fraud", _named("card_fraud", group, choice))

    if outcome.exit_code == 0:
        assert re.fullmatch(r"recipe card_fraud is sound: \d+ components, \d+ gates; digest [0-9a-f]{12}\n", outcome.stdout)
        assert outcome.stderr == ""
    else:
        assert (group, choice) not in FITTING_CARD_FRAUD, outcome.stderr
        head, empty, *problems = outcome.stderr.splitlines()
        assert (outcome.exit_code, outcome.stdout, empty) == (2, "", "")
        assert re.fullmatch(r"RecipeError: \d+ problems? in recipe 'card_fraud' \(no data was read\)", head)
        assert [line for line in problems if not re.search(r"  \((argument \d+|.+\.yaml:\d+)\)$", line)] == []


def test_every_choice_that_must_fit_is_there() -> None:
    assert FITTING_CARD_FRAUD - set(CHOICES) == set()


@pytest.mark.parametrize("path", sorted((ROOT / "conf").glob("*/*.yaml")), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_choice_begins_with_a_sentence_that_says_what_it_is(path: Path) -> None:
    first = path.read_text(encoding="utf-8").splitlines()[0]

    assert re.fullmatch(r"# [A-Z].*\S", first)


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_packaged_recipe_is_planned_run_and_registered_on_a_small_world(project: RecipeProject, recipe: str) -> None:
    plan = project.run("plan", recipe, *SMALL[recipe], "--json")
    outcome = project.run("run", recipe, *SMALL[recipe], "--json")
    again = project.run("plan", recipe, *SMALL[recipe], "--json", "--detailed-exitcode")

    assert (plan.exit_code, plan.json["to_run"]) == (0, 15)
    assert (outcome.exit_code, outcome.stderr) == (0, "")
    assert len([stage for stage in outcome.json["stages"] if not stage["cached"]]) == 15
    assert outcome.json["version"]["number"] == 1
    assert (again.exit_code, again.json["to_run"]) == (0, 0)


@pytest.mark.parametrize(
    "choices",
    [
        ("model=xgboost",),
        ("model=hist_gradient_boosting", "model.max_iter=20"),
        ("model=logistic_regression", "calibration=sigmoid"),
        ("calibration=none",),
    ],
    ids=" ".join,
)
def test_a_model_or_calibration_is_swapped_by_one_word_and_runs_from_train_on(project: RecipeProject, choices: tuple[str, ...]) -> None:
    project.run("run", "card_fraud", *SMALL["card_fraud"], "--json")

    outcome = project.run("run", "card_fraud", *SMALL["card_fraud"], *choices, "--json")

    assert outcome.exit_code == 0, outcome.stderr
    assert [stage["stage"] for stage in outcome.json["stages"] if stage["cached"]][:5] == [
        "ingest",
        "validate",
        "label",
        "split",
        "featurize",
    ]
    assert outcome.json["metrics"]["roc_auc"]["value"] > 0.8


@pytest.mark.parametrize("choice", ["threshold", "top_cards_per_day", "top_k_per_day"])
def test_a_policy_is_swapped_by_one_word_and_runs_from_decide_on(project: RecipeProject, choice: str) -> None:
    project.run("run", "card_fraud", *SMALL["card_fraud"], "--json")

    outcome = project.run("run", "card_fraud", *SMALL["card_fraud"], f"policy={choice}", "--json")

    assert outcome.exit_code in (0, 4), outcome.stderr
    assert next(stage["stage"] for stage in outcome.json["stages"] if not stage["cached"]) == "decide"
    assert outcome.json["value"]["fraud_savings"]["total"]["candidate"]["value"] > 0


def _named(recipe: str, group: str, choice: str) -> str:
    """The override for a choice: with a plus where the recipe's defaults list does not have the group."""
    defaults = yaml.safe_load((ROOT / "recipes" / f"{recipe}.yaml").read_text(encoding="utf-8"))["defaults"]
    listed = {key for entry in defaults if isinstance(entry, dict) for key in entry}
    return f"{'' if group in listed else '+'}{group}={choice}"
