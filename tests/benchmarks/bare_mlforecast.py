"""The same job by hand with mlforecast: one backtest window, quantiles of its errors, a forecast, a plan. usage: bare_mlforecast.py SALES OUT TREES"""

from __future__ import annotations

import json
import sys
from pathlib import Path

HORIZON, UNDERAGE, OVERAGE = 28, 4.0, 1.0


def main(sales: str, out: str, trees: str) -> None:
    import lightgbm as lgb
    import numpy as np
    import pandas as pd
    from mlforecast import MLForecast
    from mlforecast.lag_transforms import RollingMean

    frame = pd.read_parquet(sales)
    last = frame["ds"].max()

    def forecast(until: pd.Timestamp) -> tuple[MLForecast, pd.DataFrame]:
        learner = lgb.LGBMRegressor(n_estimators=int(trees), learning_rate=0.1, num_leaves=31, n_jobs=1, verbose=-1)
        lags = {1: [RollingMean(7, min_samples=1), RollingMean(28, min_samples=1)]}
        forecaster = MLForecast(models={"y_hat": learner}, freq="D", lags=[1, 7, 14, 28], lag_transforms=lags, num_threads=1)
        window = frame[(frame["ds"] > until) & (frame["ds"] <= until + pd.Timedelta(HORIZON, "D"))]
        forecaster.fit(frame[frame["ds"] <= until], static_features=[], dropna=False)
        made = forecaster.predict(HORIZON, X_df=window[["unique_id", "ds", "promo"]])
        return forecaster, window.merge(made, on=["unique_id", "ds"])

    _, backtest = forecast(last - pd.Timedelta(2 * HORIZON, "D"))
    offsets = np.quantile(backtest["y"] - backtest["y_hat"], [0.5, UNDERAGE / (UNDERAGE + OVERAGE)])
    forecaster, test = forecast(last - pd.Timedelta(HORIZON, "D"))
    middle, plan = test["y_hat"] + offsets[0], (test["y_hat"] + offsets[1]).clip(lower=0.0)
    error = (test["y"] - middle).abs()
    past = frame[frame["ds"] <= last - pd.Timedelta(HORIZON, "D")]
    naive = (past["y"] - past.groupby("unique_id")["y"].shift(7)).abs().groupby(past["unique_id"]).mean()
    scores = {
        "wape": float(error.sum() / test["y"].sum()),
        "mase": float((error.groupby(test["unique_id"]).mean() / naive.replace(0.0, np.nan)).mean()),
        "cost": float((UNDERAGE * (test["y"] - plan).clip(lower=0.0) + OVERAGE * (plan - test["y"]).clip(lower=0.0)).sum()),
    }
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    forecaster.models_["y_hat"].booster_.save_model(folder / "model.txt")
    test.assign(plan=plan).to_parquet(folder / "plan.parquet")
    (folder / "metrics.json").write_text(json.dumps(scores))


if __name__ == "__main__":
    main(*sys.argv[1:])
