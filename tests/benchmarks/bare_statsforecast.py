"""Walmart's weeks by statsforecast alone: a plan at the 5/6 quantile, its error and its cost. usage: bare_statsforecast.py CSV FROM MODEL SEASON OUT"""

from __future__ import annotations

import json
import sys
from pathlib import Path

HORIZON, MARGIN, HOLDING = 39, 0.25, 0.05


def main(csv: str, begin: str, model: str, season: str, out: str) -> None:
    import pandas as pd
    from statsforecast import StatsForecast
    from statsforecast.models import AutoETS, AutoTheta, SeasonalNaive

    rows = pd.read_csv(csv, parse_dates=["Date"])
    rows["unique_id"] = rows["Store"].astype(str) + "/" + rows["Dept"].astype(str)
    train = rows.loc[rows["Date"] < begin, ["unique_id", "Date", "Weekly_Sales"]].set_axis(["unique_id", "ds", "y"], axis=1)
    asked = pd.date_range(begin, periods=HORIZON, freq="W-FRI")
    test = rows[rows["Date"].isin(asked)]
    weeks = pd.date_range(train["ds"].min(), train["ds"].max(), freq="W-FRI")
    filled = train.pivot(index="unique_id", columns="ds", values="y").reindex(columns=weeks)
    long = filled.stack(future_stack=True).rename("y").rename_axis(["unique_id", "ds"]).reset_index()
    started = long["y"].notna().groupby(long["unique_id"]).cummax()
    long = long[started].fillna({"y": 0.0})  # a week without a row sold nothing

    made = {"ets": AutoETS, "theta": AutoTheta}[model](season_length=int(season))
    forecaster = StatsForecast(models=[made], freq="W-FRI", n_jobs=1, fallback_model=SeasonalNaive(52))
    level = 100 * (2 * MARGIN / (MARGIN + HOLDING) - 1)
    wide = forecaster.forecast(df=long, h=HORIZON, level=[level])
    name = next(str(column) for column in wide.columns if column not in ("unique_id", "ds"))
    high = next(str(column) for column in wide.columns if "-hi-" in str(column))
    both = test.merge(wide, left_on=["unique_id", "Date"], right_on=["unique_id", "ds"], how="left").fillna({name: 0.0, high: 0.0})
    y, weight = both["Weekly_Sales"], 1 + 4 * both["IsHoliday"]
    plan = both[high].clip(lower=0.0)
    cost = MARGIN * (y - plan).clip(lower=0.0).sum() + HOLDING * (plan - y).clip(lower=0.0).sum()
    by_series = (HOLDING * (plan - y).clip(lower=0.0)).groupby(both["unique_id"]).sum()
    worst = float(by_series.nlargest(10).sum() / by_series.sum())  # a few series whose intervals explode may cost more than all others
    scores = {
        "wmae": float((weight * (y - both[name]).abs()).sum() / weight.sum()),
        "cost": float(cost) * 365.25 / (7 * HORIZON),
        "ten_worst_series": worst,
    }
    Path(out).write_text(json.dumps(scores))


if __name__ == "__main__":
    main(*sys.argv[1:])
