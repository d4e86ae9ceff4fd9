"""What is known of lives, and when: nobody who chooses from the rows of spring knows which of their units failed in autumn."""

from __future__ import annotations

import numpy as np
import pandas as pd

from upshot.components.labels.failure_within import FailureWithin, FailureWithinParams
from upshot.components.lives import LifeOrder, fails, remaining


def test_an_end_after_the_last_known_outcome_is_not_known(checked):
    # a fails at 9, b at 4. With a horizon of 2 the rows up to cycle 4 have outcomes by 6: of a it is known that it ran until then.
    frame = pd.DataFrame({"unit": list("aaaabbb"), "cycle": [1, 2, 3, 4, 1, 2, 3], "ended": [9] * 4 + [4] * 3})
    cases = FailureWithin(FailureWithinParams(horizon="2 steps")).label(
        checked(frame, entities=("unit",), time="cycle", label_time="ended")
    )

    assert cases.labels.frame["label_known_at"].tolist() == [3, 4, 5, 6, 3, 4, 4]
    assert remaining(cases, "test").tolist() == [5, 4, 3, 2, 3, 2, 1]
    assert fails(cases).tolist() == [False] * 4 + [True] * 3
    early = cases.take(np.array([0, 4]))
    assert remaining(early, "test").tolist() == [2, 2] and fails(early).tolist() == [False, False]


def test_when_all_outcomes_are_known_so_are_all_ends(checked):
    frame = pd.DataFrame(
        {"unit": list("aaaabbb"), "cycle": [7, 8, 9, 10, 1, 2, 3], "ended": [10] * 4 + [4] * 3, "running": [True] * 4 + [False] * 3}
    )
    roles = {"entities": ("unit",), "time": "cycle", "label_time": "ended", "censored": "running"}
    cases = FailureWithin(FailureWithinParams(horizon="2 steps")).label(checked(frame, **roles))

    assert remaining(cases, "test").tolist() == [3, 2, 1, 0, 3, 2, 1]
    assert fails(cases).tolist() == [False] * 4 + [True] * 3


def test_units_are_found_in_order_of_time_whatever_the_order_of_rows():
    lives = LifeOrder.of(np.array([1, 0, 1, 0]), np.array([5, 2, 4, 1]))

    assert lives.order.tolist() == [3, 1, 2, 0]
    assert (lives.first.tolist(), lives.last.tolist()) == ([0, 2], [1, 3])
    assert lives.first_true(np.array([False, True, False, False])).tolist() == [1, 4]
