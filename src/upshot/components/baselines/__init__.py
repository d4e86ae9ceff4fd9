"""Built-in components of kind `baselines`: what would be done without the model."""

from __future__ import annotations

from upshot.contracts.components import Component

_HERE = "upshot.components.baselines"

ENTRIES: tuple[Component, ...] = (
    Component(
        "baselines",
        "do_nothing",
        params=f"{_HERE}.do_nothing:DoNothingParams",
        make=f"{_HERE}.do_nothing:DoNothing",
        sentence="Approves all, orders nothing, shows nothing, serves never.",
        libraries=("numpy", "pandas"),
    ),
    Component(
        "baselines",
        "rule",
        params=f"{_HERE}.rule:RuleParams",
        make=f"{_HERE}.rule:Rule",
        sentence="One action where a condition on the raw columns holds: the rule of today.",
        libraries=("numpy", "pandas"),
    ),
    Component(
        "baselines",
        "last_value",
        params=f"{_HERE}.last_value:LastValueParams",
        make=f"{_HERE}.last_value:LastValue",
        sentence="The quantity that the series had when it was last known.",
        libraries=("numpy", "pandas"),
    ),
    Component(
        "baselines",
        "best_interval",
        params=f"{_HERE}.best_interval:BestIntervalParams",
        make=f"{_HERE}.best_interval:BestInterval",
        sentence="Every unit is served at one age, the best one on the rows before the test rows.",
        libraries=("numpy", "pandas"),
    ),
    Component(
        "baselines",
        "recent_demand",
        params=f"{_HERE}.recent_demand:RecentDemandParams",
        make=f"{_HERE}.recent_demand:RecentDemand",
        sentence="So many periods of recent mean demand: the rule by which most shelves are filled.",
        libraries=("pandas",),
    ),
    Component(
        "baselines",
        "forecast",
        params=f"{_HERE}.forecast:ForecastParams",
        make=f"{_HERE}.forecast:Forecast",
        sentence="Another forecast, such as seasonal_naive, with a policy of its own or that of the candidate.",
        libraries=("pandas",),
    ),
    Component(
        "baselines",
        "list_of_model",
        params=f"{_HERE}.list_of_model:ListOfModelParams",
        make=f"{_HERE}.list_of_model:ListOfModel",
        sentence="The lists of a simple model: what most people take, what the user had before.",
        libraries=("numpy", "pandas", "scipy"),
    ),
    Component(
        "baselines",
        "same_action",
        params=f"{_HERE}.same_action:SameActionParams",
        make=f"{_HERE}.same_action:SameAction",
        sentence="One action for everybody, or for a share drawn by chance.",
        libraries=("numpy", "pandas"),
    ),
)
