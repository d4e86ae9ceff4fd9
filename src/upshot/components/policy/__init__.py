"""Built-in components of kind `policy`: predictions to decisions, tuned by money where something is to choose."""

from __future__ import annotations

from upshot.contracts.components import Component

_HERE = "upshot.components.policy"

ENTRIES: tuple[Component, ...] = (
    Component(
        "policy",
        "threshold",
        params=f"{_HERE}.threshold:ThresholdParams",
        make=f"{_HERE}.threshold:Threshold",
        sentence="One action from a score on; the threshold is chosen by money on validation data, or given.",
        libraries=("numpy", "pandas"),
    ),
    Component(
        "policy",
        "expected_value",
        params=f"{_HERE}.expected_value:ExpectedValueParams",
        make=f"{_HERE}.expected_value:ExpectedValue",
        sentence="For each case the action with the highest expected money, by its calibrated probability.",
        libraries=("numpy", "pandas"),
    ),
    Component(
        "policy",
        "review_band",
        params=f"{_HERE}.review_band:ReviewBandParams",
        make=f"{_HERE}.review_band:ReviewBand",
        sentence="Two thresholds with people between them, chosen together by money on validation data, or given.",
        libraries=("numpy", "pandas"),
    ),
    Component(
        "policy",
        "reject_option",
        params=f"{_HERE}.reject_option:RejectOptionParams",
        make=f"{_HERE}.reject_option:RejectOption",
        sentence="The better of two actions by expected money; cases too near to the border are referred to people.",
        libraries=("numpy", "pandas"),
    ),
    Component(
        "policy",
        "budget",
        params=f"{_HERE}.budget:BudgetParams",
        make=f"{_HERE}.budget:Budget",
        sentence="Acts where most is gained for the money, until the budget of the period is spent.",
        libraries=("numpy", "pandas"),
    ),
    Component(
        "policy",
        "top_k_per_day",
        params=f"{_HERE}.top_k_per_day:TopKPerDayParams",
        make=f"{_HERE}.top_k_per_day:TopKPerDay",
        sentence="Acts on the k cases, or the k entities, with the highest score of each day: a capacity.",
        libraries=("numpy", "pandas"),
    ),
    Component(
        "policy",
        "by_priority",
        params=f"{_HERE}.by_priority:ByPriorityParams",
        make=f"{_HERE}.by_priority:ByPriority",
        sentence="Every case in an order, by score or expected loss; the rollout's capacity says how far one gets.",
        libraries=("numpy", "pandas"),
    ),
    Component(
        "policy",
        "newsvendor",
        params=f"{_HERE}.newsvendor:NewsvendorParams",
        make=f"{_HERE}.newsvendor:Newsvendor",
        sentence="The quantity at the critical ratio of what a missing and a spare unit cost.",
        libraries=("numpy", "pandas"),
    ),
    Component(
        "policy",
        "order_up_to",
        params=f"{_HERE}.order_up_to:OrderUpToParams",
        make=f"{_HERE}.order_up_to:OrderUpTo",
        sentence="Stock that lasts until the next order has come, at a service level; what is chosen of it is chosen by money on backtest.",
        libraries=("numpy", "pandas"),
    ),
    Component(
        "policy",
        "top_k",
        params=f"{_HERE}.top_k:TopKParams",
        make=f"{_HERE}.top_k:TopK",
        sentence="The first k items of each ranking.",
        libraries=("pandas",),
    ),
    Component(
        "policy",
        "service_age",
        params=f"{_HERE}.service_age:ServiceAgeParams",
        make=f"{_HERE}.service_age:ServiceAge",
        sentence="Service of every unit at one age, chosen by money on validation data, or given.",
        libraries=("numpy", "pandas"),
    ),
    Component(
        "policy",
        "service_threshold",
        params=f"{_HERE}.service_threshold:ServiceThresholdParams",
        make=f"{_HERE}.service_threshold:ServiceThreshold",
        sentence="Each unit is served when its risk is high or its remaining life short, and neighbours ride along; thresholds chosen by money.",
        libraries=("numpy", "pandas"),
    ),
)
