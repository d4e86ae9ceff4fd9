"""What the models say is what statsforecast says; what it cannot say is told in a sentence."""

from __future__ import annotations

import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest

from upshot.catalogue import load_catalogue
from upshot.errors import DataError
from upshot.testing import checks_for

CATALOGUE = load_catalogue()
NAMES = ("auto_ets", "auto_theta", "auto_arima", "mstl", "croston")
ENTRIES = [CATALOGUE.find("model", name) for name in NAMES]


def weekly(days: int, level: float = 10.0) -> list[float]:
    random = np.random.default_rng(int(level))
    return [level * value for value in np.tile([1, 2, 3, 2, 4, 6, 5], days // 7 + 1)[:days] + random.normal(0, 0.2, days)]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
@pytest.mark.parametrize("check", checks_for("model"), ids=lambda check: check.__name__)
def test_a_model_holds_the_contract_of_its_kind(entry, check):
    check(CATALOGUE, entry)


def test_nobody_who_does_not_forecast_with_them_pays_for_numba():
    code = """
import sys
from upshot.catalogue import load_catalogue
from upshot.contracts.records import Map, Spec
catalogue = load_catalogue()
for name in ("auto_ets", "mstl", "croston"):
    catalogue.make(Spec("model", name, Map()))
assert "numba" not in sys.modules and "statsforecast" not in sys.modules and "pandas" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("use", "library", "settings"),
    [
        ("auto_ets", "AutoETS", {"season_length": 7}),
        ("auto_theta", "AutoTheta", {"season_length": 7}),
        ("auto_arima", "AutoARIMA", {"season_length": 7, "max_p": 1, "max_q": 1}),
    ],
)
def test_points_and_quantiles_are_those_of_the_library(panel, forecast, use, library, settings):
    from statsforecast import StatsForecast, models

    cases = panel({"a": weekly(49), "b": weekly(49, 3.0)})

    found = forecast(cases, 42, use, **settings, levels=[0.1, 0.5, 0.9])

    frame = pd.DataFrame({"unique_id": np.repeat(["a", "b"], 42), "ds": np.tile(np.arange(42), 2)})
    frame["y"] = np.concatenate([weekly(49)[:42], weekly(49, 3.0)[:42]])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        bare = StatsForecast([getattr(models, library)(**settings)], freq=1).forecast(df=frame, h=7, level=[80])
    np.testing.assert_allclose(found["q0.5"], bare[library])
    np.testing.assert_allclose(found["q0.1"], bare[f"{library}-lo-80"])
    np.testing.assert_allclose(found["q0.9"], bare[f"{library}-hi-80"])


def test_several_seasons_are_taken_apart(panel, forecast):
    found = forecast(panel({"a": weekly(70)}), 63, "mstl", seasons=[7])

    np.testing.assert_allclose(found["point"], weekly(70)[63:], rtol=0.25)


@pytest.mark.parametrize("variant", ["classic", "optimized", "sba", "tsb", "adida", "imapa"])
def test_demand_that_comes_now_and_then_has_a_mean_and_counts_round_it(panel, forecast, variant):
    cases = panel({"a": [0, 0, 3, 0, 0, 3, 0, 0, 3, 0, 0, 3, 0, 0]})

    point = forecast(cases, 12, "croston", variant=variant)["point"]
    counts = forecast(cases, 12, "croston", variant=variant, levels=[0.1, 0.9])

    assert 0.5 < point.iloc[0] < 2.0
    assert (counts["q0.1"] <= point).all() and (counts["q0.9"] >= point).all()
    assert (counts == counts.round()).all().all()


def test_series_with_gaps_that_stop_or_are_shorter_than_a_season_are_forecast(panel, forecast):
    cases = panel({"long": weekly(49), "short": weekly(49)[:40], "late": [5.0] * 49})
    step, name = cases.labels.frame["step"].to_numpy(), cases.rows.frame["unique_id"].to_numpy()
    cases = cases.take(np.flatnonzero(~((name == "late") & (step < 38)) & ~((name == "long") & (step == 20))))

    found = forecast(cases, 42, "auto_ets", season_length=7, gaps="last", levels=[0.5, 0.9])

    assert len(found) == 14 and np.isfinite(found).all().all()


def test_a_new_series_and_cases_without_a_calendar_are_refused_in_a_sentence(panel, forecast, component):
    cases = panel({"a": weekly(28), "new": [1.0] * 28})
    step, name = cases.labels.frame["step"].to_numpy(), cases.rows.frame["unique_id"].to_numpy()
    late = cases.take(np.flatnonzero((name == "a") | (step >= 21)))

    with pytest.raises(DataError, match=r"1 series without: new; say model\.new_series: zero"):
        forecast(late, 21, "auto_ets")
    assert (forecast(late, 21, "auto_ets", new_series="zero")["point"].iloc[7:] == 0).all()
    plain = cases.labels.without(("step",))
    with pytest.raises(DataError, match=r"labels\.use +must give each row its step; write labels: \{use: panel\}"):
        model = component("model", "auto_ets")
        model.predict(
            _examples(cases.take(np.arange(2)), plain.take(np.arange(2))), type(cases)(cases.rows, plain, cases.roles, cases.block)
        )


def _examples(cases, labels):
    from dataclasses import replace

    from upshot.contracts.components import Examples

    blind = replace(cases, labels=labels)
    return Examples(blind, pd.DataFrame(index=range(cases.size)))


def test_what_comes_after_the_cutoff_changes_no_forecast(panel, forecast):
    before, after = weekly(49), [*weekly(49)[:42], *[1e9] * 7]

    pd.testing.assert_frame_equal(forecast(panel({"a": before}), 42, "auto_theta"), forecast(panel({"a": after}), 42, "auto_theta"))
