"""What the first bad inputs get: the exit code, one sentence a problem with its place and the nearest valid thing, nothing half written."""

from __future__ import annotations

import pytest

from upshot.ledger.ledger import Ledger
from upshot.testing import Outcome, RecipeProject

ONE = "RecipeError: 1 problem in recipe 'tiny' (no data was read)\n\n"
MODELS = "hist_gradient_boosting, lightgbm, logistic_regression, mean_life, popularity, seasonal_naive, xgboost"

CONFIG = {
    "unknown recipe": (("run", "tinny"), "X"),
}
