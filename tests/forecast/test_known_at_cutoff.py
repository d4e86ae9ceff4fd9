"""The contract check of forecasts: it finds models that look ahead, by themselves or through a part that two folds share."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pydantic import Field

from upshot.catalogue import Catalogue, Plugin, load_catalogue
from upshot.contracts.components import Component
from upshot.contracts.params import ModelPart, Params
from upshot.testing.forecasting import check_forecast_uses_only_what_was_known_at_its_cutoff


class Looks(Params):
    """Nothing to say."""


class Remembers:
    """Forecasts the mean of what it was fitted on; what it was fitted on is the question."""

    uses = ("history",)
    gives = "point"
    forecasts = True

    def __init__(self, params):
        self.params = params

    def fit(self, train, validation, history, compute):
        self.mean = float(train.y.mean())

    def predict(self, examples, history):
        return pd.DataFrame({"point": np.full(examples.cases.size, self.mean)})


class ReadsItsWindow(Remembers):
    """Uses validation rows as if they were training rows."""

    def fit(self, train, validation, history, compute):
        self.mean = float((train if validation is None else validation).y.mean())


class Wraps(Params):
    """A part that is fitted in place."""

    inner: ModelPart = Field(default_factory=lambda: {"use": "moving_average"})


class FitsAPart(Remembers):
    """Leaves everything to a part."""

    def __init__(self, params):
        self.inner = params.inner

    def fit(self, train, validation, history, compute):
        self.inner.fit(train, validation, history, compute)
        self.inner.mean = float(train.y.mean())

    def predict(self, examples, history):
        return pd.DataFrame({"point": np.full(examples.cases.size, self.inner.mean)})


def checked(name: str, params: str = "Looks") -> None:
    entry = Component("model", name.lower(), f"{__name__}:{params}", f"{__name__}:{name}", "A model of this test.")
    catalogue = Catalogue((*load_catalogue().plugins, Plugin("test", "upshot-test", "1.0", None, (entry,), (), ())))
    check_forecast_uses_only_what_was_known_at_its_cutoff(catalogue, entry)


def test_a_model_of_the_past_holds_and_one_that_reads_its_own_window_does_not():
    checked("Remembers")

    with pytest.raises(AssertionError, match="readsitswindow: 28 forecasts of backtest_1/validation change with outcomes"):
        checked("ReadsItsWindow")


def test_a_part_of_a_model_does_not_know_in_one_fold_what_it_learnt_in_another():
    checked("FitsAPart", "Wraps")
