"""One class a model. All of them fit each series when they forecast it, in parallel over series, and store nothing that they learn.

What statsforecast learns could only be stored as a pickle, so a version holds the parameters and the history says the rest: the same history
gives the same forecast. Within a process the last forecast is kept, because several stages ask for it.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from upshot.contracts.components import Compute, Examples
from upshot.contracts.params import Params
from upshot.contracts.records import Cases, PredictionKind, Spec
from upshot.errors import DataError, Problem
from upshot_statsforecast.panel import LongPanel

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

Level = Annotated[float, Field(gt=0, lt=1)]
Levels = Annotated[tuple[Level, ...], Field(strict=False)]
MODEL = "model"


class StatisticalParams(Params):
    """What all of them share."""

    levels: Levels = Field((), description="Quantiles to give, from the model's own intervals; an empty list gives a point.")
    gaps: Literal["zero", "last"] = Field("zero", description="What a step without a value is taken for.")
    window: int | None = Field(None, ge=2, description="Last steps of each series that are fitted; null for all.")
    new_series: Literal["refuse", "zero"] = Field("refuse", description="A series of which nothing is known: refused, or forecast to be 0.")


class SeasonalParams(StatisticalParams):
    """A season."""

    season_length: int = Field(7, ge=1, description="Steps of a season; 1 is none.")


class Statistical:
    """Fits each series of the history when it forecasts.

    A series that the model cannot fit, such as one shorter than its season, is forecast by its historic mean.
    """

    spec: Spec
    uses: tuple[str, ...] = ("history",)
    gives: PredictionKind
    forecasts = True
    params: Any

    def __init__(self, params: Any) -> None:
        self.params = params
        self.gives = "quantiles" if params.levels else "point"
        self._last: tuple[bytes, np.ndarray] | None = None

    def fit(self, train: Examples, validation: Examples | None, history: Cases, compute: Compute) -> None:
        """Keep the thread count; series are fitted when they are forecast."""
        self.threads_ = int(compute.threads)

    def predict(self, examples: Examples, history: Cases) -> pd.DataFrame:
        """Column `point`, or one column a level (`q0.1`), one row a case.

        Raises:
            DataError: There is no history, the cases stand on no calendar, or nothing is known of a series.
        """
        import numpy as np
        import pandas as pd

        panel = LongPanel.of(history, examples.cases, gaps=self.params.gaps, window=self.params.window)
        if (panel.series < 0).any() and self.params.new_series == "refuse":
            names = examples.cases.rows.frame[history.roles.entities[0]].to_numpy()[panel.series < 0]
            got = f"{len(np.unique(names))} series without: {', '.join(str(name) for name in np.unique(names)[:5])}"
            problem = Problem("model", "a series needs at least one known value before its forecast", got, "say model.new_series: zero")
            raise DataError("a series cannot be forecast", [problem])
        horizon = int(panel.ahead.max(initial=1))
        table = self._forecast(panel, horizon)
        found = np.where((panel.series >= 0)[:, None], table[panel.series, panel.ahead - 1], 0.0)
        names = [f"q{level:g}" for level in self.params.levels] or ["point"]
        return pd.DataFrame({name: found[:, place] for place, name in enumerate(names)})

    def state(self) -> Mapping[str, bytes]:
        """The thread count; all else is parameters and history."""
        return {"compute.json": json.dumps({"threads": self.threads_}).encode()}

    def restore(self, files: Mapping[str, bytes]) -> None:
        """The opposite of `state`."""
        self.threads_ = int(json.loads(files["compute.json"])["threads"])

    def _forecast(self, panel: LongPanel, horizon: int) -> np.ndarray:
        """Shape (series, horizon, levels or 1)."""
        import hashlib

        import numpy as np

        digest = hashlib.sha256(np.ascontiguousarray(panel.rows.to_numpy()).tobytes() + str(horizon).encode()).digest()
        if self._last is None or self._last[0] != digest:
            self._last = (digest, self._fitted(panel.rows, horizon, len(panel.names)))
        return self._last[1]

    def _fitted(self, rows: pd.DataFrame, horizon: int, series: int) -> np.ndarray:
        import numpy as np
        from statsforecast import StatsForecast
        from statsforecast.models import HistoricAverage

        levels = [float(round(abs(2 * level - 1) * 100, 6)) for level in self.params.levels]
        asked = sorted({level for level in levels if level > 0}) if self._has_intervals else []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            engine = StatsForecast([self._model()], freq=1, n_jobs=self.threads_ if series > 1 else 1, fallback_model=HistoricAverage())
            table = engine.forecast(df=rows, h=horizon, level=asked or None)
        name = next(column for column in table.columns if column not in ("unique_id", "ds"))
        point = table[name].to_numpy(dtype=np.float64)
        columns = [self._quantile(table, name, point, level, width) for level, width in zip(self.params.levels, levels, strict=True)] or [
            point
        ]
        stacked: np.ndarray = np.nan_to_num(np.stack(columns, axis=1))
        return stacked.reshape(series, horizon, len(columns))

    def _quantile(self, table: pd.DataFrame, name: str, point: np.ndarray, level: float, width: float) -> np.ndarray:
        """A quantile as the end of the interval of that width round the point."""
        import numpy as np

        if width == 0:
            return point
        text = f"{width:g}"
        side = "lo" if level < 0.5 else "hi"
        found = next(column for column in (f"{name}-{side}-{text}", f"{name}-{side}-{width}") if column in table.columns)
        return table[found].to_numpy(dtype=np.float64)

    _has_intervals = True

    def _model(self) -> Any:
        raise TypeError("each model makes its own")


class AutoETSParams(SeasonalParams):
    """Exponential smoothing."""

    model: str = Field(
        "ZZZ", pattern=r"^[ZANM]{3}$", description="Error, trend and season: A additive, M multiplicative, N none, Z chosen."
    )
    damped: bool | None = Field(None, description="Whether the trend is damped; null chooses.")


class AutoETS(Statistical):
    """Hyndman, Koehler, Snyder & Grose (2002), International Journal of Forecasting 18(3)."""

    def __init__(self, params: AutoETSParams) -> None:
        super().__init__(params)

    def _model(self) -> Any:
        from statsforecast import models

        return models.AutoETS(season_length=self.params.season_length, model=self.params.model, damped=self.params.damped, alias=MODEL)


class AutoThetaParams(SeasonalParams):
    """The Theta family."""

    decomposition: Literal["multiplicative", "additive"] = Field("multiplicative", description="How the season is taken out.")
    model: Literal["STM", "OTM", "DSTM", "DOTM"] | None = Field(
        None, description="Standard, optimised, and their dynamic forms; null chooses."
    )


class AutoTheta(Statistical):
    """Fiorucci, Pellegrini, Louzada, Petropoulos & Koehler (2016), International Journal of Forecasting 32(4)."""

    def __init__(self, params: AutoThetaParams) -> None:
        super().__init__(params)

    def _model(self) -> Any:
        from statsforecast import models

        p = self.params
        return models.AutoTheta(season_length=p.season_length, decomposition_type=p.decomposition, model=p.model, alias=MODEL)


class AutoARIMAParams(SeasonalParams):
    """Seasonal ARIMA."""

    max_p: int = Field(5, ge=0, description="Largest order of the autoregression.")
    max_q: int = Field(5, ge=0, description="Largest order of the moving average.")
    max_seasonal_p: int = Field(2, ge=0, description="The same of the season.")
    max_seasonal_q: int = Field(2, ge=0, description="The same of the season.")
    stepwise: bool = Field(True, description="Whether orders are searched step by step; else all are tried.")
    approximation: bool = Field(False, description="Whether candidates are compared by an approximate likelihood, which is faster.")


class AutoARIMA(Statistical):
    """Hyndman & Khandakar (2008), Journal of Statistical Software 27(3)."""

    def __init__(self, params: AutoARIMAParams) -> None:
        super().__init__(params)

    def _model(self) -> Any:
        from statsforecast import models

        p = self.params
        return models.AutoARIMA(
            max_p=p.max_p,
            max_q=p.max_q,
            max_P=p.max_seasonal_p,
            max_Q=p.max_seasonal_q,
            stepwise=p.stepwise,
            approximation=p.approximation,
            season_length=p.season_length,
            alias=MODEL,
        )


class MSTLParams(StatisticalParams):
    """Several seasons."""

    seasons: Annotated[tuple[Annotated[int, Field(ge=2)], ...], Field(strict=False, min_length=1)] = Field(
        (7,), description="Steps of each season; a series needs two of the longest."
    )


class MSTL(Statistical):
    """Bandara, Hyndman & Bergmeir (2021), arXiv 2107.13462; the trend by AutoETS without a season."""

    def __init__(self, params: MSTLParams) -> None:
        super().__init__(params)

    def _model(self) -> Any:
        from statsforecast import models

        return models.MSTL(season_length=list(self.params.seasons), trend_forecaster=models.AutoETS(model="ZZN"), alias=MODEL)


class CrostonParams(StatisticalParams):
    """Which of the family."""

    variant: Literal["classic", "optimized", "sba", "tsb", "adida", "imapa"] = Field(
        "optimized",
        description="classic and optimized: Croston; sba: less its bias; tsb: with a chance of obsolescence; adida, imapa: over blocks.",
    )
    alpha_d: float = Field(0.1, gt=0, lt=1, description="Smoothing of demand sizes, for tsb.")
    alpha_p: float = Field(0.1, gt=0, lt=1, description="Smoothing of the chance of demand, for tsb.")


class Croston(Statistical):
    """Croston (1972), Operational Research Quarterly 23(3); Syntetos & Boylan (2005); Teunter, Syntetos & Babai (2011).

    They forecast a mean and have no intervals; quantiles are those of a Poisson count with that mean.
    """

    _has_intervals = False

    def __init__(self, params: CrostonParams) -> None:
        super().__init__(params)

    def _model(self) -> Any:
        from statsforecast import models

        p = self.params
        if p.variant == "tsb":
            return models.TSB(alpha_d=p.alpha_d, alpha_p=p.alpha_p, alias=MODEL)
        library = {
            "classic": models.CrostonClassic,
            "optimized": models.CrostonOptimized,
            "sba": models.CrostonSBA,
            "adida": models.ADIDA,
            "imapa": models.IMAPA,
        }[p.variant]
        return library(alias=MODEL)

    def _quantile(self, table: pd.DataFrame, name: str, point: np.ndarray, level: float, width: float) -> np.ndarray:
        import numpy as np
        from scipy.stats import poisson

        counted: np.ndarray = poisson.ppf(level, np.maximum(point, 1e-9))
        return counted
