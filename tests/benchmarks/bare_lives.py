"""Failure within 14 days from sensor histories, by hand with pandas, LightGBM and scikit-learn, in one process. usage: bare_lives.py READINGS OUT"""

from __future__ import annotations

import json
import sys
from pathlib import Path

SENSORS = ["vibration", "bearing_temp", "oil_debris", "seal_pressure", "leak_rate", "motor_current", "drive_temp"]


def main(path: str, out: str) -> None:
    import pandas as pd

    frame = pd.read_parquet(path)
    if frame.duplicated(["life_id", "recorded_at"]).any() or frame["recorded_at"].isna().any():
        raise ValueError("bad table")
    left = frame["ended_at"] - frame["recorded_at"]
    near = left <= pd.Timedelta("14D")
    frame["label"] = (near & ~frame["running"]).astype(int)
    unknown = near & frame["running"]
    frame = frame.sort_values(["life_id", "recorded_at"], ignore_index=True)
    unknown = unknown.reindex(frame.index)
    columns = {"age_days": frame["age_days"]}
    mean, deviation = frame[SENSORS].mean(), frame[SENSORS].std()
    scaled = ((frame[SENSORS] - mean) / deviation).assign(life_id=frame["life_id"], recorded_at=frame["recorded_at"])
    for window in ("7D", "28D"):
        rolling = scaled.groupby("life_id").rolling(window, on="recorded_at")[SENSORS]
        for name, values in (("mean", rolling.mean()), ("std", rolling.std())):
            for sensor in SENSORS:
                columns[f"{sensor}_{name}_{window}"] = values[sensor].to_numpy()
    fading = scaled.groupby("life_id")[SENSORS].ewm(halflife="5D", times=scaled["recorded_at"]).mean()
    for sensor in SENSORS:
        columns[sensor] = scaled[sensor]
        columns[f"{sensor}_fading"] = fading[sensor].to_numpy()
    X = pd.DataFrame(columns)
    day = (frame["recorded_at"] - frame["recorded_at"].min()).dt.days
    last = int(day.max()) + 1
    train, validation, test = (day < 0.55 * last) & ~unknown, (day >= 0.55 * last) & (day < 0.75 * last) & ~unknown, day >= 0.75 * last
    import lightgbm

    model = lightgbm.train(
        {"objective": "binary", "num_threads": 1, "verbosity": -1, "learning_rate": 0.05, "seed": 42, "deterministic": True},
        lightgbm.Dataset(X[train], frame["label"][train]),
        num_boost_round=400,
    )
    from sklearn.isotonic import IsotonicRegression
    from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

    isotonic = IsotonicRegression(out_of_bounds="clip").fit(model.predict(X[validation], num_threads=1), frame["label"][validation])
    seen = test & ~unknown
    p, y = isotonic.predict(model.predict(X[seen], num_threads=1)), frame["label"][seen]
    scores = {"average_precision": average_precision_score(y, p), "roc_auc": roc_auc_score(y, p), "brier": brier_score_loss(y, p)}
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    model.save_model(folder / "model.txt")
    (folder / "metrics.json").write_text(json.dumps({name: float(value) for name, value in scores.items()}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
