"""Published card precision: a card that was found leaves the days that follow."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from upshot.components.metrics.precision_at_k import PrecisionAtKParams

DAYS = pd.to_datetime(["2026-01-01"] * 3 + ["2026-01-02"] * 3)
CARDS = ["a", "b", "c"] * 2
FRAUDS = [1, 0, 0, 1, 0, 1]
SCORES = pd.DataFrame({"case": range(6), "probability": [0.9, 0.5, 0.1, 0.9, 0.5, 0.1]})


def test_a_card_that_was_found_leaves_the_days_that_follow(component, cases_of):
    # Day 1: a and b, one of two. Day 2: a stays: a and b, one of two; a has left: b and c, one of two. Without c's fraud: none.
    cases = cases_of({"card": CARDS}, FRAUDS, as_of=DAYS)
    calm = cases_of({"card": CARDS}, [1, 0, 0, 1, 0, 0], as_of=DAYS)
    leave, stay = (component("metrics", "precision_at_k", k=2, entity="card", found_leave=flag) for flag in (True, False))

    assert [metric.scorer(SCORES, rows)(np.ones(6)) for metric in (leave, stay) for rows in (cases, calm)] == [0.5, 0.25, 0.5, 0.5]


def test_a_resample_draws_the_days_as_they_were_played(component, cases_of):
    cases = cases_of({"card": CARDS}, [1, 0, 0, 1, 0, 0], as_of=DAYS)
    score = component("metrics", "precision_at_k", k=2, entity="card", found_leave=True).scorer(SCORES, cases)

    second_day_alone = score(np.array([0.0, 0, 0, 1, 1, 1]))

    assert second_day_alone == 0.0  # a was found on the first day, whether or not that day was drawn


def test_only_entities_can_leave_and_only_from_day_to_day():
    for params in ({}, {"entity": "card", "per": "all"}):
        with pytest.raises(ValidationError, match="found_leave needs an entity that leaves, and per: day"):
            PrecisionAtKParams(found_leave=True, **params)
