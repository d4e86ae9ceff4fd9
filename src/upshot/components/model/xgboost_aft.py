"""How long a unit still lives, learned from units that failed and from those that were still running: accelerated failure time of XGBoost.

The trees predict the middle of log(life); around it lives are spread as a distribution says. A unit that was not seen to fail tells that
it lived at least so long, and nothing more. So does a row far from failure, where lives longer than `horizon` are not told apart.

Source:
    Barnwal, Cho and Hocking (2022), Survival regression with accelerated failure time model in XGBoost, Journal of Computational and
    Graphical Statistics 31(4).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, field_validator

from upshot.components.lives import fails, remaining
from upshot.components.model.xgboost import XGBoost, XGBoostParams
from upshot.contracts.components import Compute, Examples
from upshot.contracts.records import Cases, PredictionKind
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from xgboost import DMatrix

NAME = "model xgboost_aft"
OWN = ("levels", "offset", "horizon")
Level = Annotated[float, Field(gt=0.0, lt=1.0)]
Distribution = Literal["normal", "logistic", "extreme"]


class XGBoostAftParams(XGBoostParams):
    """XGBoost for lives, by the names of its documentation."""

    task: Literal["survival"] = Field("survival", description="What is predicted: a remaining life.")
    objective: Literal["survival:aft"] = Field("survival:aft", description="Loss that is learnt.")  # type: ignore[assignment]
    eval_metric: Literal["aft-nloglik", "interval-regression-accuracy"] | None = Field(  # type: ignore[assignment]
        None, description="What early stopping watches on validation; null is the loss."
    )
    aft_loss_distribution: Distribution = Field(
        "normal", description="How the logarithms of lives spread: normal, logistic or extreme (Gumbel)."
    )
    aft_loss_distribution_scale: float = Field(
        1.0, gt=0, description="How widely, in training; the spread of quantiles is found on validation."
    )
    levels: Annotated[tuple[Level, ...], Field(strict=False)] = Field(
        (), description="Quantiles of the remaining life to give, rising; none for the middle alone, as a point."
    )
    offset: float = Field(1.0, gt=0, description="Added to every life before its logarithm is taken, in steps or days.")
    horizon: float | None = Field(
        None, gt=0, description="Longer lives are only known to be longer, in steps or days; none to tell all apart."
    )

    @field_validator("levels")
    @classmethod
    def _rise(cls, levels: tuple[float, ...]) -> tuple[float, ...]:
        if list(levels) != sorted(set(levels)):
            raise ValueError("must rise, each level once")
        return levels


class XGBoostAft(XGBoost):
    """Gives quantiles of the remaining life, or its median as a point, in steps or days; from 0 to the horizon."""

    gives: PredictionKind
    takes_censored = True

    def __init__(self, params: XGBoostAftParams) -> None:
        super().__init__(params)
        self.lives = params
        self.gives = "quantiles" if params.levels else "point"

    def fit(self, train: Examples, validation: Examples | None, history: Cases, compute: Compute) -> None:
        """Grow the trees on the training rows, and find the spread of lives on validation rows, or on training rows without.

        Raises:
            DataError: No training unit was seen to fail, or columns that cannot be learnt.
            RecipeError: Early stopping without a validation part.
        """
        lower, upper = self._bounds(train.cases)
        if (lower < upper).all():
            problem = Problem(train.cases.roles.target or "label", "needs a training unit that was seen to fail within the horizon", "none")
            raise DataError("there is no life to learn from", [problem])
        super().fit(train, validation, history, compute)
        judged = validation if validation is not None and validation.cases.size else train
        self.spread_ = self._spread(judged)

    def refit(self, train: Examples, history: Cases, compute: Compute) -> None:
        """Grow as many trees as were kept, on these rows; the spread stays the one that was found on rows that trees had not seen."""
        spread = self.spread_
        super().refit(train, history, compute)
        self.spread_ = spread

    def predict(self, examples: Examples, history: Cases) -> pd.DataFrame:
        """Columns `q0.1`, ... or `point`, one row a case."""
        import numpy as np
        import pandas as pd

        middle = self._middle(examples)
        levels = self.lives.levels or (0.5,)
        lives = [np.exp(middle + self.spread_ * standard_quantile(self.lives.aft_loss_distribution, level)) for level in levels]
        columns = [f"q{level:g}" for level in levels] if self.lives.levels else ["point"]
        most = np.inf if self.lives.horizon is None else self.lives.horizon
        return pd.DataFrame({name: np.clip(life - self.lives.offset, 0.0, most) for name, life in zip(columns, lives, strict=True)})

    def state(self) -> Mapping[str, bytes]:
        """Those of XGBoost, and the spread of lives."""
        return {**super().state(), "spread.json": json.dumps({"spread": self.spread_}).encode()}

    def restore(self, files: Mapping[str, bytes]) -> None:
        """The opposite of `state`."""
        super().restore(files)
        self.spread_ = float(json.loads(files["spread.json"])["spread"])

    def _bounds(self, cases: Cases) -> tuple[np.ndarray, np.ndarray]:
        """The least and the greatest that each life can be, with the offset; infinity where it was not seen to end."""
        import numpy as np

        life = remaining(cases, NAME)
        horizon = np.inf if self.lives.horizon is None else self.lives.horizon
        lower = np.minimum(life, horizon) + self.lives.offset
        upper = np.where(fails(cases) & (life <= horizon), lower, np.inf)
        return lower, upper

    def _middle(self, examples: Examples) -> np.ndarray:
        """The middle of log(life + offset)."""
        import numpy as np

        margins: np.ndarray = self.booster_.predict(self._scored_matrix(examples), output_margin=True).astype(np.float64)
        return margins

    def _settings(self, compute: Compute) -> dict[str, object]:
        settings = {name: value for name, value in super()._settings(compute).items() if name not in OWN}
        return {"base_score": self.start_, **settings}

    def _training_matrix(self, examples: Examples, reference: DMatrix | None) -> DMatrix:
        import numpy as np

        lower, upper = self._bounds(examples.cases)
        if reference is None:
            self.start_ = float(np.exp(np.log(lower).mean()))
        data = super()._training_matrix(examples, reference)
        data.set_info(label_lower_bound=lower, label_upper_bound=upper)
        return data

    def _outcomes(self, examples: Examples, reference: DMatrix | None) -> np.ndarray:
        return self._bounds(examples.cases)[0]

    def _spread(self, examples: Examples) -> float:
        """The spread under which the lives of these rows are most likely, given their middles."""
        import numpy as np
        from scipy.optimize import minimize_scalar

        lower, upper = self._bounds(examples.cases)
        distance, seen = np.log(lower) - self._middle(examples), lower == upper
        if not seen.any():
            return self.lives.aft_loss_distribution_scale

        def unlikeliness(log_spread: float) -> float:
            z = distance / np.exp(log_spread)
            return float(-_log_likelihood(self.lives.aft_loss_distribution, z, seen).sum() + seen.sum() * log_spread)

        found = minimize_scalar(unlikeliness, bounds=(np.log(1e-3), np.log(10.0)), method="bounded", options={"xatol": 1e-6})
        return float(np.exp(found.x))


def standard_quantile(distribution: Distribution, level: float) -> float:
    """Quantile of the standard distribution of log-lives.

    Example:
        >>> round(standard_quantile("normal", 0.975), 2), standard_quantile("logistic", 0.5), round(standard_quantile("extreme", 0.5), 3)
        (1.96, 0.0, -0.367)
    """
    import math
    from statistics import NormalDist

    if distribution == "normal":
        return NormalDist().inv_cdf(level)
    if distribution == "logistic":
        return math.log(level / (1.0 - level))
    return math.log(-math.log1p(-level))


def _log_likelihood(distribution: Distribution, z: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Log of the density where the life was seen to end, of the chance to live longer where not; without the constant of the spread."""
    import numpy as np
    from scipy.special import log_ndtr

    longer: np.ndarray
    if distribution == "normal":
        longer, dense = log_ndtr(-z), -0.5 * z * z - 0.5 * np.log(2 * np.pi)
    elif distribution == "logistic":
        longer = -np.logaddexp(0.0, z)
        dense = z + 2 * longer
    else:
        longer = -np.exp(np.minimum(z, 700.0))
        dense = z + longer
    likelihood: np.ndarray = np.where(seen, dense, longer)
    return likelihood
