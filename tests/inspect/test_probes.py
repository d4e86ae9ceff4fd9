"""Probes: what the model looks at, what it withstands, what it costs to run. Every test day is worth 18 EUR, see the slices."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.inspect.conftest import values

from upshot.components.model.lightgbm import LightGBM, LightGBMParams
from upshot.components.model.xgboost import XGBoost, XGBoostParams
from upshot.components.probes.latency import quantile
from upshot.components.probes.noise import noisy
from upshot.contracts.components import Compute, Examples
from upshot.contracts.records import Cases, Roles, Seed, Threads
from upshot.contracts.tables import Table
from upshot.stages.bench import drawn

ALL = "{metrics: [accuracy]}"


def test_a_feature_that_tells_nothing_loses_nothing_and_the_one_that_tells_all_loses_money(inspected):
    found = inspected(f"+probes.permutation={ALL}").probes["permutation"]

    assert [entry.name for entry in found.entries] == ["flag", "other"]  # what costs most first
    assert values(found, "lost.value")["other"] == 0.0
    assert values(found, "lost.accuracy")["other"] == 0.0
    flag = found.entries[0].measures["lost.value"]
    assert 3.0 < flag.value < 18.0  # shuffled, the flag meets a bad case three times in eight
    assert flag.low <= flag.value <= flag.high
    assert (found.topic, found.title) == ("drivers", "what is lost when a feature's values are shuffled, all 64 test cases")


def test_the_same_seed_shuffles_alike_and_another_one_does_not(inspected):
    first, again, other = (inspected(f"+probes.permutation={ALL}", *more).probes["permutation"] for more in ((), (), ("seed=7",)))

    assert first == again
    assert values(first, "lost.value") != values(other, "lost.value")


def test_rows_are_drawn_in_whole_blocks_and_said(inspected):
    found = inspected("+probes.permutation={rows: 100, metrics: []}", "split.test_from='2026-01-05'", "split.validation_from='2026-01-03'")

    assert found.probes["permutation"].title == (
        "what is lost when a feature's values are shuffled, 104 of 160 test cases, whole day blocks"
    )


def test_whole_blocks_are_drawn_until_there_are_enough_rows():
    blocks = np.repeat([0, 1, 2, 3], [5, 1, 4, 2])

    for seed in range(20):
        rows = drawn(blocks, 6, seed)
        taken = set(blocks[rows])
        assert len(rows) >= 6 and all((blocks[rows] == block).sum() == (blocks == block).sum() for block in taken)
        assert np.array_equal(rows, np.sort(rows))
    assert drawn(blocks, None, 1).tolist() == list(range(12))


def test_noise_below_the_steps_of_the_flag_loses_nothing_and_large_noise_loses_money(inspected):
    found = inspected("+probes.noise={scales: [0.1, 5.0], columns: [flag], metrics: []}").probes["noise"]

    lost = values(found, "lost.value")
    assert lost["noise of 0.1 standard deviations"] == 0.0  # a flag stays whole
    assert lost["noise of 5 standard deviations"] > 1.0
    assert found.topic == "robustness"


def test_noise_has_the_size_and_the_range_of_the_training_rows_and_leaves_nulls():
    train = pd.Series([0.0, 10.0] * 500)  # deviation 5.0025
    values_ = pd.Series([5.0] * 4000 + [np.nan])

    found = noisy(values_, train, 0.1, np.random.default_rng(1))

    assert found[:-1].std() == pytest.approx(0.5, rel=0.05)
    assert np.isnan(found.iloc[-1])
    assert noisy(values_, train, 50.0, np.random.default_rng(1)).between(0, 10)[:-1].all()


def test_a_column_that_arrives_empty_costs_what_it_told(inspected):
    # Without the flag every case looks good: nothing is stopped, and all 18 EUR a day are lost.
    found = inspected("+probes.missing_columns={metrics: []}", "features.flag.impute=zero").probes["missing_columns"]

    assert values(found, "lost.value") == {"without flag": pytest.approx(18.0), "without other": 0.0}


def test_a_model_that_refuses_an_empty_column_has_lost_all_and_says_why(inspected):
    found = inspected("+probes.missing_columns={}", "model={use: logistic_regression}", "~model.n_estimators", "~model.learning_rate")

    flag = found.probes["missing_columns"].entries[0]
    assert (flag.name, flag.note) == ("without flag", "refused: flag: logistic regression takes no gaps")
    assert all(np.isnan(measured.value) for measured in flag.measures.values())


def examples(rows: int = 300) -> Examples:
    draw = np.random.default_rng(3)
    X = pd.DataFrame({"a": draw.normal(size=rows), "b": draw.normal(size=rows), "c": pd.Categorical(draw.choice(["p", "q"], rows))})
    y = (X["a"] + (X["c"] == "q") + draw.normal(size=rows) > 0).astype(int)
    labels = pd.DataFrame({"label": y, "block": np.arange(rows)})
    return Examples(Cases(Table.of(pd.DataFrame({"id": range(rows)})), Table.of(labels), Roles(), "case"), X)


@pytest.mark.parametrize("early", [None, 5])
@pytest.mark.parametrize("library", ["lightgbm", "xgboost"])
def test_the_contributions_of_a_tree_library_add_up_to_the_log_odds_that_it_predicts(library, early):
    made = {
        "lightgbm": LightGBM(LightGBMParams(n_estimators=30, early_stopping_rounds=early)),
        "xgboost": XGBoost(XGBoostParams(n_estimators=30, early_stopping_rounds=early)),
    }[library]
    rows = examples()
    made.fit(rows, rows if early else None, rows.cases, Compute(Seed(1), Threads(1)))

    found = made.contributions(rows)
    p = made.predict(rows, rows.cases)["probability"].to_numpy()

    assert list(found) == ["a", "b", "c", "bias"]
    assert made.contribution_unit == "log-odds"
    np.testing.assert_allclose(found.sum(axis=1), np.log(p / (1 - p)), atol=1e-4)


def test_tree_shap_tells_size_share_and_direction_of_each_column(inspected):
    found = inspected("+probes.tree_shap={rows: null}").probes["tree_shap"]

    flag, other = found.entries
    assert (flag.name, other.name) == ("flag", "other")
    assert (flag.measures["share"].value, other.measures["share"].value) == (1.0, 0.0)
    assert flag.measures["direction"].value == pytest.approx(1.0)  # the flag raises the prediction
    assert np.isnan(other.measures["direction"].value)
    assert (flag.measures["mean_abs_contribution"].unit, flag.measures["mean_abs_contribution"].n) == ("log-odds", 64)
    assert found.title == "what each column adds to the raw prediction, in log-odds, all 64 test cases"


@pytest.mark.parametrize("probe", ["permutation", "tree_shap"])
def test_contributions_can_be_counted_by_feature(inspected, probe):
    found = inspected(f"+probes.{probe}={{by: feature}}").probes[probe]

    assert [entry.name for entry in found.entries] == ["flag", "other"]


def test_latency_has_a_median_and_a_tail_with_intervals_of_order_statistics(inspected):
    found = inspected("+probes.latency={rows: [1, 20], calls: 72, warm_up: 1}").probes["latency"]

    assert [entry.name for entry in found.entries] == ["one row a call", "20 rows a call"]
    for entry in found.entries:
        p50, p95 = entry.measures["p50"], entry.measures["p95"]
        assert 0 < p50.low <= p50.value <= p50.high <= p95.high
        assert (p95.unit, p95.n, p95.blocks) == ("ms", 72, 72)


def test_a_tail_that_the_calls_do_not_bound_has_no_interval():
    assert quantile([float(n) for n in range(1, 21)], 0.95).high is None


def test_the_size_of_a_version_is_that_of_the_files_that_were_registered(loans, inspected):
    found = inspected("+probes.artefact_size={}").probes["artefact_size"]
    assert loans.run("model", "export", "loans@1", "exported").exit_code == 0

    shown = sum(path.stat().st_size for path in (loans.root / "exported").rglob("*") if path.is_file() and path.name != "manifest.json")
    assert found.whole["total"].value * 1_000_000 == pytest.approx(shown)
    assert sum(values(found, "size").values()) == pytest.approx(found.whole["total"].value)
