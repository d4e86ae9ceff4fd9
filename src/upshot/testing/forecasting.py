"""What every forecast must hold: it is made of what was known at its cutoff, and of nothing else.

The check runs a backtest over a small panel as the engine does, changes everything that was not known at a cutoff, and runs it again. A
model that looks at an outcome of its own window, at one that became known too late, or at how the other rows of the window turned out
gives something else the second time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from upshot.catalogue import Catalogue
from upshot.contracts.components import Component
from upshot.contracts.records import Checked, Device, Roles, Seed, Snapshot, Spec, Threads
from upshot.contracts.tables import Map, Table, freeze

if TYPE_CHECKING:
    import pandas as pd

HORIZON, GAP, DAYS = 7, 2, 105
WINDOWS = ("backtest_1/validation", "main/test")


def check_forecast_uses_only_what_was_known_at_its_cutoff(catalogue: Catalogue, entry: Component) -> None:
    """Outcomes that came, or became known, after a cutoff change no forecast that is made there."""
    if not getattr(catalogue.load(entry), "forecasts", False):
        return
    panel = _panel()
    told = _forecasts(catalogue, entry, panel)
    for place, name in enumerate(WINDOWS):
        cutoff = DAYS - HORIZON * (len(WINDOWS) - place)
        again = _forecasts(catalogue, entry, _tampered(panel, cutoff - GAP))
        for window in WINDOWS[: place + 1]:
            changed = (told[window] != again[window]) & ~(told[window].isna() & again[window].isna())
            rows = int(changed.any(axis=1).sum())
            assert not rows, f"model {entry.name}: {rows} forecasts of {window} change with outcomes that are not known before {name}"


def _panel() -> pd.DataFrame:
    """Daily demand of four series with a week's pattern, one that comes late and one that comes now and then; and a promotion known ahead."""
    import numpy as np
    import pandas as pd

    random = np.random.default_rng(5)
    day = np.arange(DAYS)
    frames = []
    for number, (name, store, start) in enumerate((("a", "north", 0), ("b", "north", 0), ("c", "south", 0), ("d", "south", DAYS // 2))):
        promoted = (random.random(DAYS) < 0.1).astype(float)
        rate = (4.0 + 3.0 * number) * (1.0 + 0.4 * np.sin(2 * np.pi * day / 7)) * (1.0 + promoted) * (0.1 if name == "c" else 1.0)
        frame = pd.DataFrame({"unique_id": name, "store": store, "ds": pd.Timestamp("2026-01-05") + pd.to_timedelta(day, "D")})
        frames.append(frame.assign(promoted=promoted, y=random.poisson(rate).astype(float)).iloc[start:])
    return pd.concat(frames, ignore_index=True)


def _tampered(panel: pd.DataFrame, first: int) -> pd.DataFrame:
    """The panel with every outcome from a day on made another one."""
    late = (panel["ds"] >= panel["ds"].min() + _days(first)).to_numpy()
    return panel.assign(y=panel["y"].where(~late, 1_000.0 + 7.0 * panel["y"]))


def _days(count: int) -> pd.Timedelta:
    import pandas as pd

    return pd.Timedelta(count, "D")


def _forecasts(catalogue: Catalogue, entry: Component, panel: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """What the model, with its defaults, forecasts in each window of a backtest."""
    from upshot.stages.calibrate import calibrate
    from upshot.stages.featurize import featurize
    from upshot.stages.label import label
    from upshot.stages.predict import predict
    from upshot.stages.split import split
    from upshot.stages.train import train

    def made(kind: str, use: str, **params: object) -> Any:
        return catalogue.make(Spec(kind, use, freeze(params)))

    roles = Roles(key=("unique_id", "ds"), time="ds", target="y", entities=("unique_id",), static=("store",), known_ahead=("promoted",))
    data = Table.of(panel)
    checked = Checked(Snapshot("demand", 0, data.rows, "0" * 64, Map(dict.fromkeys(panel.columns, "any")), roles, data), data)
    cases = label(checked, made("labels", "panel", delay=f"{GAP + 1} days"))
    folds = split(cases, made("split", "rolling_origin", horizon=HORIZON, gap=GAP))
    features = featurize(folds, {"promotions": made("features", "numeric", columns=["promoted"])})
    fitted = train(folds, features, made(entry.kind, entry.name), Seed(1), Threads(1), Device("cpu"))
    predictor = calibrate(fitted, folds, features, made("calibration", "none"), checked.snapshot)
    return {name: table.frame for name, table in predict(predictor, folds, features).frames.items()}
