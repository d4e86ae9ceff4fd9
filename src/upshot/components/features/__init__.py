"""Built-in components of kind `features`: what the model looks at."""

from __future__ import annotations

from upshot.contracts.components import Component

ENTRIES: tuple[Component, ...] = (
    Component(
        "features",
        "numeric",
        params="upshot.components.features.numeric:NumericParams",
        make="upshot.components.features.numeric:Numeric",
        sentence="Numbers as they are, imputed and standardised where asked.",
    ),
    Component(
        "features",
        "categorical",
        params="upshot.components.features.categorical:CategoricalParams",
        make="upshot.components.features.categorical:Categorical",
        sentence="Categories of the training rows, native or one-hot.",
    ),
    Component(
        "features",
        "target_mean",
        params="upshot.components.features.target_mean:TargetMeanParams",
        make="upshot.components.features.target_mean:TargetMean",
        sentence="Categories as the mean outcome of their training rows, cross-fitted.",
    ),
    Component(
        "features",
        "datetime",
        params="upshot.components.features.datetime:DatetimeParams",
        make="upshot.components.features.datetime:Datetime",
        sentence="Parts of a timestamp: hour, weekday, weekend, night, and as points on a circle.",
    ),
    Component(
        "features",
        "holidays",
        params="upshot.components.features.holidays:HolidaysParams",
        make="upshot.components.features.holidays:Holidays",
        sentence="Public holidays of a country: whether the day is one, how far the next and the last are.",
        libraries=("holidays",),
    ),
    Component(
        "features",
        "text",
        params="upshot.components.features.text:TextParams",
        make="upshot.components.features.text:Text",
        sentence="Length of a text, and counts of its words in hashed columns; nothing is learned.",
        libraries=("scikit-learn",),
    ),
    Component(
        "features",
        "expression",
        params="upshot.components.features.expression:ExpressionParams",
        make="upshot.components.features.expression:ExpressionFeature",
        sentence="Ratios, differences and flags, as expressions on raw columns.",
    ),
    Component(
        "features",
        "history",
        params="upshot.components.features.history:HistoryParams",
        make="upshot.components.features.history:History",
        sentence="What was known of an entity at the time: counts, sums, means, extremes, distinct values and risk over windows, free of leaks.",
    ),
    Component(
        "features",
        "sensor_history",
        params="upshot.components.features.sensor_history:SensorHistoryParams",
        make="upshot.components.features.sensor_history:SensorHistory",
        sentence="What a unit's sensors did up to the case: levels, spreads, trends, changes, health, freed from the operating condition.",
        libraries=("scikit-learn",),
    ),
)
