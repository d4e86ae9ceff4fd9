"""Forecasts beside the libraries: AutoETS and AutoTheta on Walmart's weeks, bare mlforecast on one job, and 2,500 to 10,000 series.

usage: uv run --with "statsforecast>=2,<3" python tests/benchmarks/bench_forecast.py [walmart] [overhead] [size]
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from functools import partial
from pathlib import Path

from timing import PYTHON, Spent, ratio, refuse_without_bytecode, spend

HERE = Path(__file__).parent
UPSHOT = [str(Path(PYTHON).with_name("upshot"))]
WALMART = (HERE.parent / "../../shared/data/walmart_weekly_sales/train.csv.gz").resolve()
PROTOCOLS = {"A": ("walmart_a", "2011-11-04"), "B": ("walmart_b", "2012-02-03")}
STATISTICAL = {"AutoETS": ("ets", "52"), "AutoTheta": ("theta", "52")}
PROFILE = ("season_length=52", "by_date=true", "groups=[Dept]", "levels=[0.5,0.833333]")
OURS = {"profile": ("model=seasonal_profile", *(f"model.{word}" for word in PROFILE)), "profile and trees": ()}
DIRECT = (
    "model.use=direct",
    "~model.lags",
    "~model.rolling_means",
    "+model.levels=[0.5,0.8]",
    "calibration.use=none",
    "~calibration.levels",
)
PAIRS = 3


def walmart(folder: Path) -> None:
    """Error, cost and CPU seconds of the recipes and of statsforecast, whole processes of one thread."""
    if not WALMART.exists():
        print("walmart: the data are not beside the project (../shared/data)")
        return
    for protocol, (recipe, begin) in PROTOCOLS.items():
        ours: dict[str, float] = {}
        for name, words in OURS.items():
            report, state = folder / "run.json", folder / f"{protocol} {name}"
            spent = spend([*UPSHOT, "run", recipe, *words, "--json", "--state", str(state)], HERE.parent / "real", output=report)
            outcome = json.loads(report.read_text())
            cost = outcome["value"]["stock_cost"]["per_period"]["candidate"]["value"]
            ours[name] = spent.processor
            _print(protocol, name, outcome["metrics"]["wmae"]["value"], cost, spent.processor, {})
        for name, (model, season) in STATISTICAL.items():
            out = folder / f"{model}.json"
            theirs = spend(
                [PYTHON, "-W", "ignore", str(HERE / "bare_statsforecast.py"), str(WALMART), begin, model, season, str(out)], folder
            )
            scores = json.loads(out.read_text())
            _print(protocol, name, scores["wmae"], scores["cost"], theirs.processor, ours)


def _print(protocol: str, name: str, wmae: float, cost: float, seconds: float, ours: dict[str, float]) -> None:
    shares = ", ".join(f"{own} {spent / seconds:.3f}" for own, spent in ours.items())
    told = f"   of its time take: {shares}" if ours else ""
    print(f"{protocol}  {name:<18} WMAE {wmae:7,.0f}  {cost / 1e6:6.2f} M$ a year  {seconds:7.1f} CPU s{told}", flush=True)


def overhead(folder: Path) -> None:
    """The same LightGBM over the same lags, by a recipe and by hand: few trees, many trees, many rows."""
    shutil.copy(HERE / "forecast.yaml", folder / "forecast.yaml")
    for series, trees in ((1_000, "100"), (1_000, "300"), (5_000, "100")):
        rows = make_data(folder / "sales.parquet", series, 730)
        ours = partial(run, folder, f"model.learner.n_estimators={trees}")
        bare = partial(spend, [PYTHON, "-W", "ignore", str(HERE / "bare_mlforecast.py"), "sales.parquet", "out", trees], folder)
        print(ratio(f"{rows:,} rows, {trees} trees", ours, bare, pairs=PAIRS, by="processor"), flush=True)
        print(f"bare mlforecast scored: {json.loads((folder / 'out' / 'metrics.json').read_text())}", flush=True)


def size(folder: Path) -> None:
    """CPU seconds and peak memory of growing numbers of series."""
    shutil.copy(HERE / "forecast.yaml", folder / "forecast.yaml")
    for series in (2_500, 5_000, 10_000):
        rows = make_data(folder / "sales.parquet", series, 365)
        for name, words in (("recursive", ()), ("direct", DIRECT)):
            spent = run(folder, *words)
            print(f"{series:>6,} series, {rows:>9,} rows  {name:<10}{spent.processor:7.1f} CPU s  {spent.megabytes:6.0f} MB", flush=True)


def run(folder: Path, *words: str) -> Spent:
    """One first run of the recipe."""
    shutil.rmtree(folder / ".upshot", ignore_errors=True)
    return spend([*UPSHOT, "run", "forecast.yaml", *words], folder)


def make_data(path: Path, series: int, days: int) -> int:
    """Sales of the simulated retailer as one table of series; how many rows."""
    from upshot.components.data.retail_simulator import RetailSimulatorParams, simulate

    made, _ = simulate(RetailSimulatorParams(table="sales", stores=series // 50, items=50, days=days, new_items=0.0))
    named = made.assign(unique_id=made["store_id"].astype(str) + "/" + made["item_id"].astype(str), promo=made["promo"].astype(float))
    named.rename(columns={"date": "ds", "sales": "y"})[["unique_id", "ds", "promo", "y"]].to_parquet(path, index=False)
    return len(made)


def main(parts: list[str]) -> None:
    """Measure and print."""
    refuse_without_bytecode()
    for part in parts or ["walmart", "overhead", "size"]:
        with tempfile.TemporaryDirectory() as name:
            {"walmart": walmart, "overhead": overhead, "size": size}[part](Path(name))


if __name__ == "__main__":
    main(sys.argv[1:])
