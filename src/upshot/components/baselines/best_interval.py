"""The best fixed interval: every unit is served at one age, the one that would have cost least among the units seen before.

It is chosen through the same play and value as everything else, on all rows before the test rows: with the same spare part, crew and
prices. That is what a workshop without a model could do at best, so it is what a model of sensors has to beat.

Source:
    Barlow and Hunter (1960), Optimum Preventive Maintenance Policies, Operations Research 8(1): age replacement.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from upshot.components.policy.service_age import ServiceAgeParams, at_age, best_age
from upshot.contracts.records import Cases, DecisionKind, Spec, Tuned

if TYPE_CHECKING:
    import pandas as pd

    from upshot.contracts.components import Game

NAME = "baseline best_interval"


class BestIntervalParams(ServiceAgeParams):
    """Service of every unit at one age; without one, at the best age on the rows before the test rows."""


class BestInterval:
    """Serves a unit at its first case of the chosen age or more.

    Args:
        params: The age, or how many candidates to choose it from.
    """

    spec: Spec
    gives: DecisionKind = "schedule"

    def __init__(self, params: BestIntervalParams) -> None:
        self.params = params

    def tune(self, history: Cases, game: Game) -> Tuned:
        """The age that was worth most on the rows before the test rows.

        Raises:
            DataError: The cases have no age, or no column names the unit.
        """
        tuned = best_age(self.params, history, game, NAME)
        return tuned if tuned.on is None else replace(tuned, on="rows before the test rows")

    def decide(self, cases: Cases, history: Cases, tuned: Tuned) -> pd.DataFrame:
        """Columns `case`, `service`; one row a case, True at most once a unit."""
        return at_age(self.params, cases, tuned, NAME)
