"""Statistical forecasts of statsforecast, offered to Upshot. This module is light: numba is imported when a model forecasts."""

from __future__ import annotations

from pathlib import Path

from upshot.contracts.components import Component
from upshot.hookspecs import hookimpl

_HERE = "upshot_statsforecast.models"


def _model(name: str, title: str, sentence: str) -> Component:
    return Component("model", name, f"{_HERE}:{title}Params", f"{_HERE}:{title}", sentence, ("statsforecast", "numba"))


@hookimpl
def register_components() -> list[Component]:
    """The models."""
    return [
        _model("auto_ets", "AutoETS", "Exponential smoothing of each series, its form chosen by information criterion."),
        _model("auto_theta", "AutoTheta", "The Theta method of each series, its form chosen by in-sample error."),
        _model("auto_arima", "AutoARIMA", "Seasonal ARIMA of each series, its orders chosen by information criterion."),
        _model("mstl", "MSTL", "Seasons of each series taken apart by loess, the rest by exponential smoothing."),
        _model("croston", "Croston", "Croston and its kin: size and distance of demands that come now and then, smoothed apart."),
    ]


@hookimpl
def register_config() -> list[Path]:
    """Choices by these names."""
    return [Path(__file__).parent / "conf"]
