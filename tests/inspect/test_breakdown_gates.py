"""How the entries of a breakdown become one verdict."""

from __future__ import annotations

import math
from datetime import date

import pandas as pd
import pytest

from upshot.catalogue import load_catalogue
from upshot.components.gates._breakdowns import judge
from upshot.components.gates.slice import SliceGateParams
from upshot.contracts.components import Evidence
from upshot.contracts.records import (
    Breakdown,
    Checked,
    Entry,
    Evaluation,
    Inspection,
    Kpi,
    Measured,
    Money,
    Roles,
    Snapshot,
    Valuation,
    Valuations,
)
from upshot.contracts.tables import Map, Table
from upshot.testing import RecipeProject


def measured(value: float, low: float | None = None, high: float | None = None, blocks: int = 20) -> Measured:
    return Measured(value, low, high, 100, blocks, "1", "maximize", "by hand")


def entry(name: str, found: Measured | None, note: str | None = None, measure: str = "auc") -> Entry:
    return Entry(name, 100, Map() if found is None else Map({measure: found}), note)


def of(*entries: Entry, whole: Map[Measured] | None = None, nothing: str | None = None, block: str = "day") -> Breakdown:
    return Breakdown("slices", "by region", entries, whole or Map(), block=block, nothing=nothing)


def evidence(expired: tuple[str, ...] = ()) -> Evidence:
    table = Table.of(pd.DataFrame())
    money = Map({"cost": Money(5.0, "EUR/case", owner="finance", valid_until=date(2025, 12, 31))})
    kpi = Kpi("saved", "blocked - reviewed * cost", "EUR", "maximize", "risk_mitigation", money)
    valuation = Valuation(kpi, Map(), Map(), Map(), Map(), 1.0, expired, table)
    snapshot = Snapshot("t", 1, 0, "digest", Map(), Roles(), table)
    return Evidence(
        Checked(snapshot, table), Evaluation(Map(), 100, "day"), Inspection(Map()), Valuations(Map({"saved": valuation}), "saved")
    )


def verdict(breakdown: Breakdown | None, expired: tuple[str, ...] = (), **params: object):
    asked = SliceGateParams.model_validate({"slice": "regions", "measure": "auc", "min": 0.6, **params})
    return judge("g", "regions", breakdown, asked, evidence(expired))


def test_every_entry_must_pass_and_the_worst_is_told():
    found = verdict(
        of(entry("north", measured(0.9, 0.8, 0.95)), entry("south", measured(0.5, 0.4, 0.55)), entry("east", measured(0.7, 0.5, 0.8)))
    )

    assert (found.outcome, found.measured.value) == ("FAIL", 0.5)
    assert found.what == "regions: auc >= 0.6"
    assert found.reason == "worst of 3, south: all of 0.5 [0.4, 0.55] misses it"


def test_one_open_entry_leaves_all_open_and_says_what_would_decide():
    found = verdict(of(entry("north", measured(0.9, 0.8, 0.95)), entry("east", measured(0.65, 0.55, 0.75))))

    assert (found.outcome, found.would_decide) == ("INCONCLUSIVE", "east: about 60 more days of labels would decide")


def test_one_entry_may_be_asked_for_by_name():
    regions = of(entry("north", measured(0.9, 0.8, 0.95)), entry("south", measured(0.5, 0.4, 0.55)))

    assert verdict(regions, entry="north").outcome == "PASS"
    assert verdict(regions, entry="north").reason == "north: all of 0.9 [0.8, 0.95] meets it"
    assert (verdict(regions, entry="west").outcome, verdict(regions, entry="west").reason) == (
        "FAIL",
        "there is no entry 'west'; there are north, south",
    )


def test_a_number_of_the_whole_is_judged_alone():
    found = verdict(of(entry("north", None), whole=Map({"gap": measured(0.05, 0.01, 0.09)})), measure="gap", min=None, max=0.1)

    assert (found.outcome, found.reason) == ("PASS", "all of 0.05 [0.01, 0.09] meets it")


def test_entries_that_were_too_small_are_counted_and_not_judged():
    found = verdict(of(entry("north", measured(0.9, 0.8, 0.95)), entry("south", None, "fewer than 30 cases")))

    assert (found.outcome, found.reason) == ("PASS", "north: all of 0.9 [0.8, 0.95] meets it; 1 not judged (south: fewer than 30 cases)")


def test_what_could_not_be_scored_fails_and_its_note_says_why():
    found = verdict(
        of(entry("north", measured(0.9, 0.8, 0.95)), entry("without age", measured(math.nan, blocks=0), "refused: age: takes no gaps"))
    )

    assert (found.outcome, found.reason) == ("FAIL", "worst of 2, without age: refused: age: takes no gaps")


@pytest.mark.parametrize(
    ("breakdown", "reason"),
    [
        (None, "regions: auc was not measured"),
        (of(), "auc was measured in none of 0 entries"),
        (of(entry("south", None, "fewer than 30 cases")), "auc was measured in none of 1 entries: fewer than 30 cases"),
        (of(entry("south", measured(0.9), measure="brier")), "auc was measured in none of 1 entries"),
    ],
)
def test_nothing_measured_fails(breakdown, reason):
    found = verdict(breakdown)

    assert (found.outcome, found.reason) == ("FAIL", reason)


def test_nothing_found_passes_where_that_is_good_to_hear():
    found = verdict(of(nothing="no group of age, income falls clearly short"))

    assert (found.outcome, found.reason) == ("PASS", "no group of age, income falls clearly short")


def test_an_exact_count_is_judged_by_its_value():
    found = verdict(of(whole=Map({"total": measured(12.0, blocks=0)})), measure="total", min=None, max=10.0)

    assert (found.outcome, found.reason) == ("FAIL", "the value is 12")


def test_money_of_which_an_assumption_has_expired_concludes_nothing():
    found = verdict(of(entry("north", measured(9.0, 8.0, 10.0), measure="gain.do_nothing")), ("cost",), measure="gain.do_nothing", min=0.0)
    score = verdict(of(entry("north", measured(0.9, 0.8, 0.95))), ("cost",))

    assert (found.outcome, found.would_decide) == ("INCONCLUSIVE", "a current value of cost from finance would decide")
    assert score.outcome == "PASS"  # no money in it


def test_calls_would_decide_a_latency_that_is_open():
    found = verdict(
        of(entry("one row", measured(9.0, 8.0, 12.0, blocks=200), measure="p95"), block="call"), measure="p95", min=None, max=10.0
    )

    assert (found.outcome, found.would_decide) == ("INCONCLUSIVE", "about 1,601 more calls would decide")


WRONG = [
    (
        "+gates.g={slice: by_region, measure: accuracy, min: 0.5}",
        "gates.g.slice  asks for a slice that the recipe does not declare; got 'by_region'; "
        "none is declared: write slices: {by_region: {use: NAME}}; upshot describe slices  (argument 1)",
    ),
    (
        "+gates.g={probe: noise, measure: p95, max: 0.5}",
        "gates.g.probe  asks for a probe that the recipe does not declare; got 'noise'; "
        "none is declared: write probes: {noise: {use: NAME}}; upshot describe probes  (argument 1)",
    ),
]


@pytest.mark.parametrize(("override", "told"), WRONG)
def test_a_gate_on_a_slice_or_probe_that_is_not_declared_is_refused_before_any_data_is_read(loans: RecipeProject, override, told):
    outcome = loans.run("plan", "loans", override)

    assert (outcome.exit_code, outcome.stderr) == (2, f"RecipeError: 1 problem in recipe 'loans' (no data was read)\n\n  {told}\n")


def test_a_gate_on_a_number_that_nothing_measures_is_refused_before_any_data_is_read(loans: RecipeProject):
    slice_ = loans.run("plan", "loans", "+slices.by_sex={by: [sex]}", "+gates.g={slice: by_sex, measure: acuracy, min: 0.5}")
    probe = loans.run("plan", "loans", "+probes.noise={money: false}", "+gates.g={probe: noise, measure: lost.value, max: 0.5}")

    assert slice_.stderr.splitlines()[2] == (
        "  gates.g.measure  asks for a number that slices.by_sex does not measure; got 'acuracy'; "
        "did you mean 'accuracy'? options: accuracy, gain.do_nothing, value, value_per_case  (argument 2)"
    )
    assert probe.stderr.splitlines()[2] == (
        "  gates.g.measure  asks for a number that probes.noise does not measure; got 'lost.value'; did you mean 'lost.accuracy'? options: lost.accuracy  (argument 2)"
    )


CATALOGUE = load_catalogue()


def tells(model: str) -> bool:
    return hasattr(CATALOGUE.load(CATALOGUE.find("model", model)), "contributions")


def test_a_look_asks_only_for_what_the_recipe_has(loans: RecipeProject):
    outcome = loans.run(
        "plan",
        "loans",
        "+slices.by_sex={by: [sex], metrics: [roc_auc]}",
        "+slices.worst={against: rule}",
        "+probes.tree_shap={}",
        "+probes.noise={metrics: [acc]}",
        "model={use: random_forest}",
        "~model.n_estimators",
        "~model.learning_rate",
    )

    assert (outcome.exit_code, outcome.stderr) == (
        2,
        "RecipeError: 4 problems in recipe 'loans' (no data was read)\n\n"
        "  slices.by_sex.metrics  asks for a metric that the recipe does not declare; got 'roc_auc'; options: accuracy  (argument 1)\n"
        "  slices.worst.against   asks for a baseline that the recipe does not declare; got 'rule'; options: do_nothing  (argument 2)\n"
        "  probes.noise.metrics   asks for a metric that the recipe does not declare; got 'acc'; "
        "options: accuracy  (argument 4)\n"
        "  probes.tree_shap.use   'tree_shap' asks a model for its contributions, and 'random_forest' cannot tell; "
        f"models that can: {', '.join(name for name in CATALOGUE.names('model') if tells(name))}  (argument 3)\n",
    )


def test_a_probe_of_features_is_refused_for_a_model_that_looks_at_none(tiny: RecipeProject):
    outcome = tiny.run("plan", "tiny", "model=mean_life", "+probes.permutation={}")

    assert "probes.permutation.use  'permutation' changes features, and model 'mean_life' looks at history only" in outcome.stderr
