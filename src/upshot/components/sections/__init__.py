"""Built-in components of kind `sections`: parts of the report, as typed tables, charts and text."""

from __future__ import annotations

from upshot.contracts.components import Component

_HERE = "upshot.components.sections"


def _section(name: str, title: str, sentence: str, module: str | None = None, params: str | None = None) -> Component:
    where = f"{_HERE}.{module or name}"
    return Component("sections", name, params=f"{where}:{params or title}Params", make=f"{where}:{title}", sentence=sentence)


def _breakdown(name: str, title: str, sentence: str) -> Component:
    return _section(name, title, sentence, "breakdowns", "Breakdowns")


ENTRIES: tuple[Component, ...] = (
    _section("tuning_curve", "TuningCurve", "What the policy was chosen from: money on validation rows by what it could have chosen."),
    _section("reliability", "Reliability", "Whether probabilities are what happens: observed share by mean probability, with intervals."),
    _section("ranking_curves", "RankingCurves", "Precision by recall and ROC on the test rows, and where the decisions stand on them."),
    _section("residuals", "Residuals", "Outcome minus prediction: its spread, by prediction, and over time."),
    _section(
        "learning_curve", "LearningCurve", "Whether more data would help: the score on validation rows by the number of training rows."
    ),
    _section("data_profile", "DataProfile", "What the checks found, and each column in the training and the test rows."),
    _breakdown("slices", "Slices", "What the recipe's slices found: scores and money of parts of the test cases."),
    _breakdown("fairness", "Fairness", "What the recipe's protected slices found: rates by group, and the gaps between them."),
    _breakdown("drivers", "Drivers", "What the model looks at: what is lost without a feature, and what each column adds."),
    _breakdown("robustness", "Robustness", "What is lost under noise and without columns."),
    _breakdown("footprint", "Footprint", "Time of a call and size of the files."),
    _section(
        "policy_money", "PolicyMoney", "What each policy comes to, term by term, what happened under it, and what was chosen beforehand."
    ),
    _section("unit_timelines", "UnitTimelines", "Unit by unit: what was predicted, when a service was asked for, when it failed."),
    _section("lead_times", "LeadTimes", "How long before a failure its service was asked for."),
    _section("sample_lists", "SampleLists", "What a few users are shown and why, what they had before, and what they then took."),
    _section("long_tail", "LongTail", "How much of the catalogue the lists show, beyond what everybody takes anyway."),
    _section("forecast_fan", "ForecastFan", "What was forecast of a few series, how sure it was, and what came."),
    _section("forecast_errors", "ForecastErrors", "Where the forecast errs: by step ahead, by series, by slice."),
    _section("stock_cost", "StockCost", "What stock earns and costs by store, class and series, against each baseline."),
    _section("stock_run", "StockRun", "Stock from period to period for a few series, as it was played."),
    _section("decomposition", "Decomposition", "Trend and season of all demand together."),
)
