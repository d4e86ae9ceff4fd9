"""Built-in components of kind `metrics`."""

from __future__ import annotations

from upshot.contracts.components import Component


def _metric(name: str, title: str, sentence: str) -> Component:
    where = f"upshot.components.metrics.{name}"
    return Component("metrics", name, params=f"{where}:{title}Params", make=f"{where}:{title}", sentence=sentence)


ENTRIES: tuple[Component, ...] = (
    _metric("average_precision", "AveragePrecision", "Precision at each threshold, weighted by the recall gained there."),
    _metric("roc_auc", "RocAuc", "How often a positive scores higher than a negative."),
    _metric("brier", "Brier", "Mean squared distance of the probability from what happened."),
    _metric("log_loss", "LogLoss", "Minus the mean log probability of what happened."),
    _metric("accuracy", "Accuracy", "Share of cases called right at a threshold."),
    _metric("f1", "F1", "Harmonic mean of precision and recall at a threshold."),
    _metric(
        "precision_at_k",
        "PrecisionAtK",
        "Share of positives among the k highest of each day, by case or by entity, or among the first k of a list.",
    ),
    _metric("precision", "Precision", "Share of the positive calls that were right, at a threshold."),
    _metric("recall", "Recall", "Share of the positives that were called, at a threshold."),
    _metric("balanced_accuracy", "BalancedAccuracy", "Mean of the shares of positives and of negatives called right, at a threshold."),
    _metric("mcc", "MatthewsCorrelation", "Matthews correlation of the call with what happened, at a threshold."),
    _metric("ks", "KolmogorovSmirnov", "Largest distance between the true and the false positive rate, as scorecards report it."),
    _metric("calibration_error", "CalibrationError", "Mean distance of probabilities from what happens, over bins of as many cases each."),
    _metric("mae", "MeanAbsoluteError", "Mean absolute error, in the unit of the target."),
    _metric("rmse", "RootMeanSquaredError", "Root mean squared error, in the unit of the target."),
    _metric("phm_score", "PhmScore", "Remaining life: late predictions cost more than early ones; summed."),
    _metric("alpha_lambda", "AlphaLambda", "Share of units whose remaining life is told right at a share of their life."),
    _metric("concordance", "Concordance", "How often the unit that lives longer is told to; censored lives count as far as they go."),
    _metric("failure_recall", "FailureRecall", "Share of failures that were warned of in time."),
    _metric("alarm_precision", "AlarmPrecision", "Share of alarms after which the unit failed within the horizon."),
    _metric("lead_time", "LeadTime", "Time from the first alarm to the failure, on average."),
    _metric("false_alarm_rate", "FalseAlarmRate", "False alarms per unit and week, or another stretch of time."),
    _metric("median_absolute_error", "MedianAbsoluteError", "Median absolute error, in the unit of the target."),
    _metric("r2", "R2", "Share of the outcome's spread that the prediction accounts for."),
    _metric("wape", "WeightedAbsolutePercentageError", "Sum of absolute errors over the sum of outcomes."),
    _metric("pinball", "Pinball", "Pinball loss, mean over the predicted quantiles."),
    _metric("interval_score", "IntervalScore", "Width of the outermost interval, and what falls out of it."),
    _metric("coverage", "Coverage", "Share of outcomes between two predicted quantiles."),
    _metric("wql", "WeightedQuantileLoss", "Weighted quantile loss: twice the pinball loss over the sum of outcomes."),
    _metric("wmae", "WeightedMeanAbsoluteError", "Mean absolute error with a weight for each row."),
    _metric("smape", "SymmetricError", "Twice the error over the sum of outcome and forecast."),
    _metric("mase", "ScaledError", "Mean absolute error over the series' own change in the history."),
    _metric("rmsse", "RootScaledError", "Root mean squared error over the series' own change in the history."),
    _metric("owa", "OverallAverage", "sMAPE and MASE, each over that of the seasonal naive forecast, averaged."),
    _metric("msis", "ScaledIntervalScore", "Width of an interval with fines for outcomes outside, over the series' own change."),
    _metric("bias", "Bias", "How much more, or less, was forecast than came, as a share of it."),
    _metric("hit_rate_at_k", "HitRateAtK", "Share of lists with a hit among the first k."),
    _metric("recall_at_k", "RecallAtK", "Share of what was taken that stood among the first k."),
    _metric("ndcg_at_k", "NdcgAtK", "Hits among the first k, worth less the lower they stand."),
    _metric("map_at_k", "MapAtK", "Precision at each hit among the first k, averaged."),
    _metric("mrr_at_k", "MrrAtK", "One over the rank of the first hit among the first k."),
    _metric("coverage_at_k", "CoverageAtK", "Share of the catalogue that is shown to anybody."),
    _metric("novelty_at_k", "NoveltyAtK", "How seldom what is shown was taken before, in bits."),
    _metric("diversity_at_k", "DiversityAtK", "How different the items of one list are, by a column or by who took them."),
    _metric("popularity_bias_at_k", "PopularityBiasAtK", "How much more popular what is shown is than what the user took."),
)
