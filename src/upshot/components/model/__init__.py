"""Built-in components of kind `model`."""

from __future__ import annotations

from upshot.contracts.components import Component

ENTRIES: tuple[Component, ...] = (
    Component(
        kind="model",
        name="logistic_regression",
        params="upshot.components.model.logistic_regression:LogisticRegressionParams",
        make="upshot.components.model.logistic_regression:LogisticRegression",
        sentence="Linear model of the log-odds over standardised columns; gives a probability.",
        libraries=("scikit-learn",),
    ),
    Component(
        kind="model",
        name="xgboost",
        params="upshot.components.model.xgboost:XGBoostParams",
        make="upshot.components.model.xgboost:XGBoost",
        sentence="Gradient-boosted trees of XGBoost; saved as XGBoost JSON.",
        libraries=("xgboost",),
    ),
    Component(
        kind="model",
        name="lightgbm",
        params="upshot.components.model.lightgbm:LightGBMParams",
        make="upshot.components.model.lightgbm:LightGBM",
        sentence="Gradient-boosted trees of LightGBM, grown leaf by leaf; saved as LightGBM text.",
        libraries=("lightgbm",),
    ),
    Component(
        kind="model",
        name="hist_gradient_boosting",
        params="upshot.components.model.hist_gradient_boosting:HistGradientBoostingParams",
        make="upshot.components.model.hist_gradient_boosting:HistGradientBoosting",
        sentence="Histogram gradient boosting of scikit-learn; saved by skops.",
        libraries=("scikit-learn", "skops"),
    ),
    Component(
        kind="model",
        name="linear_regression",
        params="upshot.components.model.linear_regression:LinearRegressionParams",
        make="upshot.components.model.linear_regression:LinearModel",
        sentence="Linear model of the label over standardised columns, with ridge, lasso or elastic-net penalty; gives a point.",
        libraries=("scikit-learn",),
    ),
    Component(
        kind="model",
        name="random_forest",
        params="upshot.components.model.random_forest:ForestParams",
        make="upshot.components.model.random_forest:RandomForest",
        sentence="Random forest of scikit-learn; the same digits on any number of threads, saved by skops.",
        libraries=("scikit-learn", "skops"),
    ),
    Component(
        kind="model",
        name="extra_trees",
        params="upshot.components.model.extra_trees:ExtraTreesParams",
        make="upshot.components.model.extra_trees:ExtraTrees",
        sentence="Extremely randomised trees of scikit-learn: thresholds are drawn; saved by skops.",
        libraries=("scikit-learn", "skops"),
    ),
    Component(
        kind="model",
        name="sklearn",
        params="upshot.components.model.sklearn:SklearnParams",
        make="upshot.components.model.sklearn:SklearnModel",
        sentence="Any other scikit-learn estimator by its public name, from a list of those that can be stored safely.",
        libraries=("scikit-learn", "skops"),
    ),
    Component(
        kind="model",
        name="seasonal_naive",
        params="upshot.components.model.seasonal_naive:SeasonalNaiveParams",
        make="upshot.components.model.seasonal_naive:SeasonalNaive",
        sentence="Repeats each series' value of one season before; quantiles from its own past errors.",
    ),
    Component(
        kind="model",
        name="seasonal_profile",
        params="upshot.components.model.seasonal_profile:SeasonalProfileParams",
        make="upshot.components.model.seasonal_profile:SeasonalProfile",
        sentence="Last season again, smoothed by its group's profile and moved by part of the change of level since.",
    ),
    Component(
        kind="model",
        name="popularity",
        params="upshot.components.model.popularity:PopularityParams",
        make="upshot.components.model.popularity:Popularity",
        sentence="Ranks items by how often they were chosen in the history.",
    ),
    Component(
        kind="model",
        name="mean_life",
        params="upshot.components.model.mean_life:MeanLifeParams",
        make="upshot.components.model.mean_life:MeanLife",
        sentence="Mean life of the training units minus the age: the remaining life without any sensor.",
    ),
)
