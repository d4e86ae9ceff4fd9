"""Built-in components of kind `rollout`: decisions set against outcomes give flows, quantities with a unit."""

from __future__ import annotations

from upshot.contracts.components import Component

_HERE = "upshot.components.rollout"

ENTRIES: tuple[Component, ...] = (
    Component(
        "rollout",
        "case_actions",
        params=f"{_HERE}.case_actions:CaseActionsParams",
        make=f"{_HERE}.case_actions:CaseActions",
        sentence="Each case is approved, reviewed or blocked: what is stopped, missed, looked at and held up.",
        libraries=("numpy", "pandas"),
    ),
    Component(
        "rollout",
        "review_queue",
        params=f"{_HERE}.review_queue:ReviewQueueParams",
        make=f"{_HERE}.review_queue:ReviewQueue",
        sentence="A team works down each day's list; cards that it finds are closed from the next day on.",
        libraries=("numpy", "pandas"),
    ),
    Component(
        "rollout",
        "action_outcomes",
        params=f"{_HERE}.action_outcomes:ActionOutcomesParams",
        make=f"{_HERE}.action_outcomes:ActionOutcomes",
        sentence="How cases turned out under each action, with amounts that the recipe measures in them.",
        libraries=("numpy", "pandas"),
    ),
    Component(
        "rollout",
        "stock",
        params=f"{_HERE}.stock:StockParams",
        make=f"{_HERE}.stock:Stock",
        sentence="Stock carried from period to period: sold, unmet, held, wasted, ordered.",
        libraries=("numpy", "pandas"),
    ),
    Component(
        "rollout",
        "ranked_hits",
        params=f"{_HERE}.ranked_hits:RankedHitsParams",
        make=f"{_HERE}.ranked_hits:RankedHits",
        sentence="Lists that are shown: slots used, items taken, their money.",
        libraries=("numpy", "pandas"),
    ),
    Component(
        "rollout",
        "logged_actions",
        params=f"{_HERE}.logged_actions:LoggedActionsParams",
        make=f"{_HERE}.logged_actions:LoggedActions",
        sentence="Responses that a decision would have brought, from a log of drawn actions, by inverse propensity.",
        libraries=("numpy", "pandas"),
    ),
    Component(
        "rollout",
        "unit_life",
        params=f"{_HERE}.unit_life:UnitLifeParams",
        make=f"{_HERE}.unit_life:UnitLife",
        sentence="A unit's life up to its service or breakdown: cycles run, cycles wasted.",
        libraries=("numpy", "pandas"),
    ),
)
