"""The packaged recipes take these models by name, alone, as a baseline and as a member."""

from __future__ import annotations

SMALL = (
    "data.stores=1",
    "data.items=10",
    "data.days=120",
    "split.horizon=14",
    "split.cutoffs=1",
    "threads=1",
    "gates={value: {kpi: shelf_profit, against: do_nothing, min_gain: -1e9, by: value}}",
    "calibration=none",
)
LEVELS = "[0.5, 0.9, 0.95, 0.975, 0.99]"


def test_a_recipe_names_a_statistical_model_and_runs_to_a_version(recipe_project):
    project = recipe_project({})

    outcome = project.run("run", "inventory", *SMALL, "model=auto_theta", f"model.levels={LEVELS}", "model.new_series=zero", "--json")

    assert outcome.exit_code == 0, outcome.stderr
    assert outcome.json["version"]["number"] == 1
    assert outcome.json["metrics"]["wape"]["value"] < 2


def test_it_stands_beside_others_in_an_ensemble_and_as_a_baseline(recipe_project):
    project = recipe_project({})
    theta = f"{{use: auto_theta, levels: {LEVELS}, new_series: zero}}"
    naive = f"{{use: seasonal_naive, levels: {LEVELS}, new_series: zero}}"

    outcome = project.run(
        "run",
        "inventory",
        *SMALL,
        "model=forecast_ensemble",
        f"model.members={{theta: {theta}, seasonal_naive: {naive}, moving_average: null, direct: null}}",
        f"+baselines.theta={{use: forecast, model: {theta}, policy: '${{policy}}'}}",
        "--json",
    )

    assert outcome.exit_code == 0, outcome.stderr
    assert "theta" in outcome.json["value"]["shelf_profit"]["gain"]
