"""The one scoring path: encode, predict, calibrate. Validation, test, golden rows and serving all go through it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from upshot.contracts.components import Calibrator, Examples, Feature, Model
from upshot.contracts.records import PREDICTION_COLUMNS, Cases, Fitted, PredictionKind, Predictor, Spec
from upshot.errors import PluginError, Problem

if TYPE_CHECKING:
    import pandas as pd

ONE_ROW_PER_CASE: tuple[PredictionKind, ...] = ("probability", "point", "quantiles", "uplift", "anomaly")


def encode(features: Mapping[str, Feature], cases: Cases, history: Cases) -> pd.DataFrame:
    """Columns of X, one row per case, index 0..n-1.

    Raises:
        PluginError: A feature gives the wrong number of rows, or a column that another feature gives too.
    """
    import pandas as pd

    frames: list[pd.DataFrame] = []
    owners: dict[str, str] = {}
    for name, feature in features.items():
        frame = as_table(feature.transform(cases, history), feature.spec, name)
        if len(frame) != cases.size:
            raise _broken("features", name, "must give one row per case", f"{len(frame)} rows for {cases.size} cases")
        for column in frame.columns:
            if column in owners:
                raise _broken("features", name, f"column {column!r} is already given by feature {owners[column]!r}", None)
            owners[str(column)] = name
        frames.append(frame.reset_index(drop=True))
    return pd.concat(frames, axis=1) if frames else pd.DataFrame(index=pd.RangeIndex(cases.size))


def predict_encoded(model: Model, calibrator: Calibrator, examples: Examples, history: Cases) -> pd.DataFrame:
    """Calibrated predictions of encoded cases, with `case` 0..n-1.

    Raises:
        PluginError: The answer of the model or the calibration has other columns or rows than its kind demands, or holds NaN.
    """
    return calibrated(calibrator, predict_raw(model, examples, history), model.gives, examples.cases.size)


def predict_raw(model: Model, examples: Examples, history: Cases) -> pd.DataFrame:
    """What a model itself says of encoded cases, which it sees without their outcome, with `case` 0..n-1.

    Raises:
        PluginError: As `predict_encoded`.
    """
    blind = Examples(examples.cases.blind(), examples.X)
    return with_case(model.predict(blind, history), model.gives, model.spec, examples.cases.size)


def calibrated(calibrator: Calibrator, raw: pd.DataFrame, gives: PredictionKind, cases: int) -> pd.DataFrame:
    """Predictions after calibration.

    Args:
        calibrator: Fitted.
        raw: What the model said, with `case`.
        gives: The kind of that.
        cases: How many there are.

    Raises:
        PluginError: As `predict_encoded`.
    """
    return with_case(calibrator.apply(raw), calibrator.gives or gives, calibrator.spec, cases)


def with_case(frame: pd.DataFrame, kind: PredictionKind, giver: Spec, cases: int) -> pd.DataFrame:
    """The frame with its `case` column, held to the contract of the kind that its giver declares."""
    import numpy as np

    as_table(frame, giver)
    if "case" not in frame.columns:
        if kind not in ONE_ROW_PER_CASE or len(frame) != cases:
            raise _broken(giver.kind, giver.use, f"must give one row per case for {kind}", f"{len(frame)} rows for {cases} cases")
        frame = frame.reset_index(drop=True)
        frame.insert(0, "case", np.arange(cases, dtype=np.int64))
    missing = [column for column in PREDICTION_COLUMNS[kind] if column not in frame.columns]
    if missing:
        raise _broken(giver.kind, giver.use, f"predictions of kind {kind} need the columns {missing}", str(list(frame.columns)))
    numbers = frame.select_dtypes("number")
    if not np.isfinite(numbers.to_numpy(dtype=float)).all():
        bad = [column for column in numbers if not np.isfinite(numbers[column].to_numpy(dtype=float)).all()]
        raise _broken(giver.kind, giver.use, "predictions must be finite", f"NaN or infinity in {bad}")
    if kind == "probability" and len(frame) and not frame["probability"].between(0.0, 1.0).all():
        least, most = frame["probability"].min(), frame["probability"].max()
        raise _broken(giver.kind, giver.use, "probabilities must lie between 0 and 1", f"{least:g} to {most:g}")
    return frame


def as_table(answer: object, giver: Spec, name: str | None = None) -> pd.DataFrame:
    """A component's answer, which must be a table.

    Args:
        answer: What it gave.
        giver: The component.
        name: Its name in the recipe, where that is not the component's.

    Raises:
        PluginError: It is none.
    """
    import pandas as pd

    if not isinstance(answer, pd.DataFrame):
        raise _broken(giver.kind, name or giver.use, "must answer a table", "nothing" if answer is None else type(answer).__name__)
    return answer


def score(predictor: Predictor, cases: Cases, history: Cases, *, fold: str | None = None) -> pd.DataFrame:
    """Predictions for raw cases by the model of one fold, the final one when left out."""
    name = fold or predictor.final
    features = {key: fitted.live for key, fitted in predictor.encoders[name].items()}
    examples = Examples(cases, encode(features, cases, history))
    return predict_encoded(live_model(predictor.model(name)), predictor.calibrators[name].live, examples, history)


def live_model(fitted: Fitted) -> Model:
    """The model behind its files."""
    model: Model = fitted.live
    return model


def _broken(kind: str, name: str, rule: str, got: str | None) -> PluginError:
    return PluginError(f"{kind} {name!r} breaks its contract", [Problem(f"{kind}.{name}", rule, got)])
