"""Whether more data would help: the model fitted again on ever longer stretches of its training rows, scored on validation rows.

A stretch is the last part of the training rows in their order, as if the history had begun later. What is scored is the model alone,
before calibration, and no test row is looked at. It costs as many fits as there are shares, each of its share of the rows.

Source:
    Hastie, Tibshirani & Friedman (2009), The Elements of Statistical Learning, section 7.10, on the effect of the size of training data.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, field_validator

from upshot.contracts.components import CensoredModel, Compute, Examples, Metric, Model
from upshot.contracts.params import Params, PartMark, parts_of
from upshot.contracts.records import DecisionKind, Fitted, Part, PredictionKind, Seed, Spec, Threads
from upshot.contracts.sections import ChartBlock, Column, Section, TextBlock
from upshot.contracts.tables import Table, thaw
from upshot.value.intervals import interval_of_score

if TYPE_CHECKING:
    import pandas as pd

    from upshot.contracts.records import Cases, Tested

RESAMPLES = 100


class LearningCurveParams(Params):
    """Which score, at which shares of the training rows."""

    metric: Annotated[Any, PartMark("metrics")] = Field(description="The score, a component of kind metrics: {use: average_precision}.")
    shares: Annotated[tuple[float, ...], Field(strict=False)] = Field(
        (0.125, 0.25, 0.5), min_length=1, max_length=10, description="Shares of the training rows at which it is fitted again."
    )

    @field_validator("shares")
    @classmethod
    def _rising(cls, shares: tuple[float, ...]) -> tuple[float, ...]:
        if not all(0 < share < 1 for share in shares) or sorted(set(shares)) != list(shares):
            raise ValueError("shares lie between 0 and 1, each above the one before")
        return shares


class LearningCurve:
    """The score by number of training rows, with its interval.

    Args:
        params: Score and shares.
    """

    spec: Spec
    accepts: tuple[PredictionKind, ...]
    decides: tuple[DecisionKind, ...] = ()
    plays: tuple[str, ...] = ()

    def __init__(self, params: LearningCurveParams) -> None:
        self.params = params
        self.accepts = params.metric.accepts

    def make(self, tested: Tested) -> Section:
        """One chart, or a sentence where none can be drawn."""
        return Section("Whether more data would help", "data_science", (self._block(tested),))

    def _block(self, tested: Tested) -> ChartBlock | TextBlock:
        import pandas as pd

        fold = tested.predictor.final
        fitted = tested.predictor.models[fold]
        reason = self._why_not(tested, fitted)
        if reason:
            return TextBlock((reason,))
        train, validation = (_examples(tested, fold, part, fitted.live) for part in ("train", "validation"))
        histories = {part: tested.folds.history(fold, part) for part in ("train", "validation")}
        compute = Compute(Seed(tested.seed), Threads(1))
        rows = []
        for share in (*self.params.shares, 1.0):
            count = ceil(share * len(train.X))
            model = fitted.live
            if share < 1:
                model = _again(fitted)
                model.fit(_learnt(_last(train, count), model), _learnt(validation, model), histories["train"], compute)
            predicted = model.predict(Examples(validation.cases.blind(), validation.X), histories["validation"])
            rows.append((count, *self._scored(predicted, validation.cases, tested.seed)))
        drawn = Table.of(pd.DataFrame(rows, columns=["rows", "score", "low", "high"]))
        name = self.params.metric.spec.use
        better = "higher" if self.params.metric.direction == "maximize" else "lower"
        return ChartBlock(
            title=f"{name} on {len(validation.X):,} validation rows",
            form="band",
            rows=drawn,
            x=Column("rows", "training rows, the latest", "count"),
            y=(Column("score", name, "number", self.params.metric.unit),),
            low=Column("low", "low"),
            high=Column("high", "high"),
            note=f"{better.capitalize()} is better. Where the curve has become flat, more rows of the same kind would change little.",
        )

    def _why_not(self, tested: Tested, fitted: Fitted) -> str | None:
        metric: Metric = self.params.metric
        fold = tested.folds.fold(tested.predictor.final)
        if not fold.parts.get("validation", 0) or not fold.parts.get("train", 0) or fold.fitted_by is not None:
            return "The last fold has no training and validation rows of its own to draw it from."
        if fitted.live.gives not in metric.accepts:
            return f"The model gives {fitted.live.gives}, before calibration, and {metric.spec.use} does not score that."
        if any(parts_of(type(fitted.live.params), thaw(fitted.spec.params))):
            return f"The model {fitted.spec.use} is made of others, which would have to be fitted again too."
        return None

    def _scored(self, predicted: pd.DataFrame, cases: Cases, seed: int) -> tuple[float, float | None, float | None]:
        import numpy as np

        frame = predicted if "case" in predicted else predicted.assign(case=np.arange(len(predicted)))
        scorer = self.params.metric.scorer(frame, cases)
        interval = interval_of_score(scorer, cases.labels.frame["block"].to_numpy(), seed=seed, resamples=RESAMPLES)
        low, high = interval or (None, None)
        return float(scorer(np.ones(cases.size))), low, high


def _examples(tested: Tested, fold: str, part: Part, model: Model) -> Examples:
    """The cases of a part with the columns that the model uses."""
    X = tested.features.frame(fold, part).frame
    return Examples(tested.folds.part(fold, part), X if "features" in model.uses else X.iloc[:, :0])


def _learnt(examples: Examples, model: Model) -> Examples:
    """What the model may learn from: censored cases only where it says that it takes them."""
    return examples if isinstance(model, CensoredModel) and model.takes_censored else examples.seen()


def _last(examples: Examples, count: int) -> Examples:
    """The latest so many rows, in their order."""
    import numpy as np

    labels = examples.cases.labels
    order = np.argsort(labels.frame["as_of"].to_numpy(), kind="stable") if "as_of" in labels.columns else np.arange(len(examples.X))
    kept = np.sort(order[-count:])
    return Examples(examples.cases.take(kept), examples.X.iloc[kept].reset_index(drop=True))


def _again(fitted: Fitted) -> Model:
    """The same model, not fitted."""
    live = fitted.live
    params = type(live.params).model_validate(thaw(fitted.spec.params), strict=False)
    model: Model = type(live)(params)
    model.spec = fitted.spec
    return model
