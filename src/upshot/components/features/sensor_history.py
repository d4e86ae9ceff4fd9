"""What a unit's sensors did up to the case: levels, spreads and trends over windows, averages that fade, changes, the way from its start.

Readings are told in training deviations from the mean, of all training rows or of the unit's operating condition at that moment. All
readings of the unit up to the case count, those of other cases among them, and none after it. The same code answers for a table and for
one case with the rows of its unit, and gives the same digits.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, model_validator

from upshot.components.durations import Duration
from upshot.components.faults import rows_problem
from upshot.components.features._columns import numbers, raw
from upshot.components.features._rolling import Sums, UnitRows
from upshot.components.features._signals import Conditions, ConditionsParams, HealthParams, Scales, health_weights
from upshot.components.times import DAY, is_clock, span_of, span_ticks, ticks
from upshot.contracts.params import Names, Params
from upshot.contracts.records import Cases, Roles, Spec
from upshot.errors import DataError, Problem, RecipeError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

Aggregate = Literal["mean", "std", "slope", "missing"]
Spans = Annotated[tuple[Duration, ...], Field(strict=False)]
NAME = "feature sensor_history"
HEALTH = "health"


class SensorHistoryParams(Params):
    """Sensors of one unit, looked at back from the case."""

    columns: Names = Field(min_length=1, description="Columns of the sensors.")
    entity: str | None = Field(None, description="Column of the unit; none for the first of data.roles.entities.")
    current: bool = Field(True, description="Whether the reading itself is a feature.")
    windows: Spans = Field((), description="Lengths of the windows that end at the case ('5 steps', '30 cycles', '12h', '7 days').")
    aggregates: Annotated[tuple[Aggregate, ...], Field(strict=False, min_length=1)] = Field(
        ("mean", "std", "slope"),
        description="Over each window: mean, std (spread), slope (trend a step, or a day), missing (share of rows without a reading).",
    )
    fading: Spans = Field((), description="Half-lives of exponential averages: after so long a reading counts half.")
    differences: Spans = Field((), description="Changes since the last reading that lies so long back, or longer.")
    from_start: Duration | None = Field(
        None,
        description="Also how far the signal has moved from the unit's mean in its first so long; of the first exponential average where there is one, else of the reading.",
    )
    conditions: ConditionsParams | None = Field(
        None, description="Operating conditions that readings are normalised by; none for all rows alike."
    )
    health: HealthParams | None = Field(None, description="A health index beside the sensors, looked at as they are; none without.")
    fill: float | None = Field(None, description="Value where there is no reading to tell from; none for NaN, which trees take.")

    @model_validator(mode="after")
    def _different_spans(self) -> SensorHistoryParams:
        for name in ("windows", "fading", "differences"):
            spans = [span_of(text) for text in getattr(self, name)]
            if any(span.ticks == 0 for span in spans) or len(set(spans)) < len(spans):
                raise ValueError(f"{name} must be longer than 0 and different; got {list(getattr(self, name))}")
        if not (self.current or self.windows or self.fading or self.differences or self.from_start):
            raise ValueError("there is nothing to give: set current, windows, fading, differences or from_start")
        if HEALTH in self.columns and self.health is not None:
            raise ValueError(f"a sensor may not be named {HEALTH!r} beside a health index")
        return self


class SensorHistory:
    """Columns `<sensor>`, `<sensor>_mean_30steps`, `_fading_7d`, `_change_1d`, `_from_start_10steps`, and `condition_<n>_time`; float64.

    A slope with fewer than two readings is 0. With a health index there are the same columns of `health`.
    """

    spec: Spec
    needs_history = True

    def __init__(self, params: SensorHistoryParams) -> None:
        self.params = params

    def inputs(self, roles: Roles) -> tuple[str, ...]:
        """Raw columns that it reads: sensors, settings, unit and time."""
        unit = self.params.entity or next(iter(roles.entities), None)
        settings = self.params.conditions.columns if self.params.conditions else ()
        return tuple(dict.fromkeys((*self.params.columns, *settings, *(name for name in (unit, roles.time) if name))))

    def fit(self, train: Cases, history: Cases) -> None:
        """Learn conditions, means and deviations, and the weights of the health index, from training rows alone.

        Raises:
            RecipeError: No role names the unit or its time.
            DataError: A sensor holds no numbers, a setting is null, there are fewer settings than conditions, or no training unit failed.
        """
        import numpy as np

        _moments(train, self.params.entity)
        self.conditions_ = None
        condition = np.zeros(train.size, dtype=np.int64)
        if self.params.conditions is not None:
            settings = self._settings(train, np.arange(train.size))
            self.conditions_ = Conditions.fit(settings, self.params.conditions)
            condition = self.conditions_.of(settings)
        sensors = np.column_stack([numbers(raw(train, name), name) for name in self.params.columns])
        self.scales_ = Scales.fit(sensors, condition, self._codes)
        self.weights_ = None
        if self.params.health is not None:
            signals = np.column_stack([self.scales_.of(column, condition, sensor) for sensor, column in enumerate(sensors.T)])
            self.weights_ = _health(train, signals, self.params.health)

    def transform(self, cases: Cases, history: Cases) -> pd.DataFrame:
        """The features of each case, index 0..n-1.

        Args:
            cases: What is decided on; may be blind.
            history: Rows of the same units, the cases perhaps among them; rows later than a case do not matter.

        Raises:
            DataError: A sensor holds no numbers, or a length does not fit the time column.
        """
        import numpy as np
        import pandas as pd

        view = _View(self, cases, history)
        columns, blocks = [], []
        for name, values in view.features():
            columns.append(name)
            column = np.empty(cases.size)
            column[view.rows.line.cases] = values
            blocks.append(column if self.params.fill is None else np.where(np.isnan(column), self.params.fill, column))
        block = np.array(blocks).reshape(len(columns), cases.size)
        return pd.DataFrame(block.T, columns=columns, copy=False)

    def state(self) -> Mapping[str, bytes]:
        """What was learned, as JSON."""
        learned = {
            "mean": self.scales_.mean.tolist(),
            "deviation": self.scales_.deviation.tolist(),
            "conditions": None if self.conditions_ is None else self.conditions_.to_json(),
            "weights": None if self.weights_ is None else self.weights_.tolist(),
        }
        return {"sensors.json": json.dumps(learned).encode()}

    def restore(self, files: Mapping[str, bytes]) -> None:
        """Take back what `state` gave."""
        import numpy as np

        learned = json.loads(files["sensors.json"])
        self.scales_ = Scales(np.asarray(learned["mean"], dtype=np.float64), np.asarray(learned["deviation"], dtype=np.float64))
        self.conditions_ = None if learned["conditions"] is None else Conditions.from_json(learned["conditions"])
        self.weights_ = None if learned["weights"] is None else np.asarray(learned["weights"], dtype=np.float64)

    @property
    def _codes(self) -> int:
        return 1 if self.params.conditions is None else self.params.conditions.clusters

    def _settings(self, cases: Cases, rows: np.ndarray) -> np.ndarray:
        import numpy as np

        assert self.params.conditions is not None
        columns = []
        for name in self.params.conditions.columns:
            values = raw(cases, name)
            setting = numbers(values, name)
            if np.isnan(setting).any():
                hint = "fill it where the data is read, or leave it out of the conditions"
                problem = rows_problem(name, "a setting must not be null", np.isnan(setting), values, hint)
                raise DataError("the condition of a row is not known", [problem])
            columns.append(setting[rows])
        return np.column_stack(columns)


class _View:
    """The rows that the cases look back at, each moment of a unit once, and every feature of the cases in turn.

    Args:
        feature: What is asked, and what was learned.
        cases: What is decided on.
        history: Rows of the same units.
    """

    def __init__(self, feature: SensorHistory, cases: Cases, history: Cases) -> None:
        import numpy as np
        import pandas as pd

        self._feature, self._params = feature, feature.params
        self._cases, self._history = cases, history
        at = _moments(cases, self._params.entity)
        self._clock, self._scale = is_clock(at), DAY if is_clock(at) else 1
        now, times = ticks(at), ticks(_moments(history, self._params.entity))
        name = self._params.entity or cases.roles.entities[0]
        units = pd.concat([raw(cases, name), raw(history, name)], ignore_index=True)
        codes = pd.factorize(units)[0].astype(np.int64)
        mine, others = codes[: len(now)], codes[len(now) :]
        earlier = np.flatnonzero((others >= 0) & (others <= mine.max(initial=-1)))  # codes go by first appearance: the cases' come first
        earlier = earlier[_is_new(mine, now, others[earlier], times[earlier])]
        self._picked = earlier
        self.rows = UnitRows.of(np.concatenate([mine, others[earlier]]), np.concatenate([now, times[earlier]]), mine, now, self._scale)
        self._condition = np.zeros(len(self.rows.codes), dtype=np.int64)
        if feature.conditions_ is not None:
            nothing_left = np.arange(cases.size)
            settings = np.concatenate([feature._settings(cases, nothing_left), feature._settings(history, earlier)])
            self._condition = feature.conditions_.of(settings[self.rows.line.order])

    def features(self) -> Iterator[tuple[str, np.ndarray]]:
        """Name and values of every feature, in the timeline's order of cases."""
        import numpy as np

        weights = self._feature.weights_
        health = None if weights is None else np.full(len(self.rows.codes), weights[-1])
        shared: dict[str, np.ndarray] = {}
        for sensor, name in enumerate(self._params.columns):
            signal = self._feature.scales_.of(self._sorted(name), self._condition, sensor)
            yield from self._of_signal(name, signal, shared)
            if health is not None and weights is not None:
                health += weights[sensor] * np.where(np.isnan(signal), 0.0, signal)
        if health is not None:
            yield from self._of_signal(HEALTH, health, shared)
        if self._params.conditions is not None and self._params.conditions.time_spent:
            yield from self._time_spent(self._params.conditions.clusters)

    def _sorted(self, name: str) -> np.ndarray:
        import numpy as np

        both = np.concatenate([numbers(raw(self._cases, name), name), numbers(raw(self._history, name), name)[self._picked]])
        sorted_values: np.ndarray = both[self.rows.line.order]
        return sorted_values

    def _of_signal(self, name: str, signal: np.ndarray, shared: dict[str, np.ndarray]) -> Iterator[tuple[str, np.ndarray]]:
        import numpy as np

        rows, params = self.rows, self._params
        sums = Sums(rows, signal, shared)
        if params.current:
            yield name, signal[rows.at]
        for length in params.windows:
            window = rows.window(self._ticks(length, "windows"))
            for aggregate in dict.fromkeys(params.aggregates):
                yield f"{name}_{aggregate}_{span_of(length).short()}", getattr(sums, aggregate)(window)
        level = signal
        for number, length in enumerate(params.fading):
            average = rows.fading(signal, self._ticks(length, "fading"))
            level = average if number == 0 else level
            yield f"{name}_fading_{span_of(length).short()}", average[rows.at]
        for length in params.differences:
            before = rows.before(self._ticks(length, "differences"))
            change = np.where(before >= 0, signal[rows.at] - signal[before], np.nan)
            yield f"{name}_change_{span_of(length).short()}", change
        if params.from_start is not None:
            start = sums.mean(rows.start(self._ticks(params.from_start, "from_start")))
            yield f"{name}_from_start_{span_of(params.from_start).short()}", level[rows.at] - start

    def _time_spent(self, clusters: int) -> Iterator[tuple[str, np.ndarray]]:
        """Time that the unit has spent in each condition: from each row to the next in the condition of the later one."""
        import numpy as np

        step = np.where(np.arange(len(self.rows.age)) == self.rows.first, 0.0 if self._clock else 1.0, np.diff(self.rows.age, prepend=0.0))
        for code in range(clusters):
            spent = self.rows.running(np.where(self._condition == code, step, 0.0))
            yield f"condition_{code}_time", spent[self.rows.at]

    def _ticks(self, length: str, name: str) -> int:
        return span_ticks(length, self._clock, f"features.*.{name}")


def _is_new(case_codes: np.ndarray, case_ticks: np.ndarray, codes: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Whether a row of the history stands for a moment of its unit that no case stands for; bool, shape (rows,)."""
    import numpy as np

    moments = np.sort(np.concatenate([case_ticks, times]))
    width = len(moments) + 1
    of_cases = np.sort(case_codes * width + np.searchsorted(moments, case_ticks))
    asked = codes * width + np.searchsorted(moments, times)
    place = np.minimum(np.searchsorted(of_cases, asked), max(len(of_cases) - 1, 0))
    return of_cases[place] != asked if len(of_cases) else np.ones(len(asked), dtype=bool)


def _moments(cases: Cases, entity: str | None) -> pd.Series:
    known = (("entities", "the unit", entity or cases.roles.entities), ("time", "its time", "as_of" in cases.labels.columns))
    problems = [Problem(f"data.roles.{role}", f"must name {what}") for role, what, given in known if not given]
    if problems:
        raise RecipeError(f"{NAME} follows each unit in time", problems)
    moments: pd.Series = cases.labels.frame["as_of"]
    return moments


def _health(train: Cases, signals: np.ndarray, params: HealthParams) -> np.ndarray:
    """Weights of the health index, from the training units that were seen to fail."""
    import numpy as np

    from upshot.components.lives import fails, remaining

    failing = fails(train)
    if not failing.any():
        problem = Problem(train.roles.target or "label", "a health index needs a training unit that was seen to fail", "none")
        raise DataError("the health index cannot be fitted", [problem])
    nearness = np.minimum(remaining(train, NAME)[failing] / params.healthy_from, 1.0)
    return health_weights(np.nan_to_num(signals[failing]), nearness)
