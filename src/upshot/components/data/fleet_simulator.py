"""A simulated fleet of machines that wear out, with the truth kept apart.

Each machine stands at a site and runs under a load that changes from day to day: idle, normal or high. It wears faster under load, by one of
three modes (bearing, seal, drive), each life at a pace of its own, and fails when its wear reaches 1. What comes after is another life: a
failure is repaired in some days, and some lives end before by planned service, at an age that the workshop has chosen without looking.

Sensors answer to load and season more strongly than to wear, to wear late and each mode in its own way, and every machine is a little
different. They break: a broken one says nothing, or the same thing for weeks. Some days are not read at all. So what a naive model sees
first is the weather, and a threshold on a raw sensor finds little.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date
from typing import TYPE_CHECKING, Annotated, NamedTuple

from pydantic import Field

from upshot.contracts.params import SourceParams
from upshot.contracts.records import Spec
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

MODES = ("bearing", "seal", "drive")
SHARES = (0.5, 0.3, 0.2)
"""How often a life is one of each mode."""
PACES = (1.0, 0.8, 1.3)
"""How fast each mode wears."""
LOADS = ("idle", "normal", "high")
STAY = 0.8
"""Chance that a machine has tomorrow the load of today."""
TIRING = (0.4, 1.0, 1.8)
"""Wear of a day under each load, against a normal one."""
SPEED, LOAD = (600.0, 1_200.0, 1_500.0), (0.15, 0.6, 0.9)
"""Settings under each load: turns a minute, share of the nominal load."""


class _Sensor(NamedTuple):
    """What a sensor answers to.

    Attributes:
        base: Reading of a new machine when idle; machines differ by 0.8 deviations of the noise.
        load: How much more under normal load, and again under high.
        ambient: Answer to a degree of temperature outside.
        wear: Answer to full wear, by mode.
        noise: Deviation of a reading.
    """

    base: float
    load: tuple[float, float]
    ambient: float
    wear: tuple[float, float, float]
    noise: float


SENSORS: dict[str, _Sensor] = {
    "vibration": _Sensor(2.0, (0.4, 1.1), 0.00, (2.4, 0.3, 1.1), 0.22),
    "bearing_temp": _Sensor(48.0, (6.0, 9.0), 0.60, (7.0, 0.5, 2.0), 1.10),
    "oil_debris": _Sensor(12.0, (0.5, 1.5), 0.00, (6.0, 2.0, 7.0), 1.50),
    "seal_pressure": _Sensor(5.0, (-0.1, -0.3), 0.00, (-0.1, -0.9, 0.0), 0.09),
    "leak_rate": _Sensor(0.8, (0.1, 0.2), 0.01, (0.0, 1.1, 0.1), 0.12),
    "motor_current": _Sensor(30.0, (14.0, 13.0), 0.05, (1.5, 1.0, 5.0), 0.90),
    "drive_temp": _Sensor(52.0, (8.0, 10.0), 0.60, (1.0, 0.5, 8.0), 1.20),
    "supply_voltage": _Sensor(400.0, (-1.0, -1.5), 0.00, (0.0, 0.0, 0.0), 2.50),
}


class FleetSimulatorParams(SourceParams):
    """Simulated machines at several sites, read once a day."""

    machines: int = Field(120, ge=1, le=100_000, description="Machines.")
    sites: int = Field(8, ge=1, le=10_000, description="Sites; machines are spread over them evenly.")
    days: int = Field(540, ge=30, le=7_300, description="Days of readings.")
    start: Annotated[date, Field(strict=False)] = Field(date(2024, 1, 1), description="First day.")
    seed: int = Field(42, ge=0, description="The same seed and parameters give the same rows.")
    mean_life: float = Field(130.0, ge=10, le=10_000, description="Days that a machine lives under normal load, in the middle.")
    life_spread: float = Field(0.35, ge=0, le=2, description="Deviation of the logarithm of the pace at which lives wear.")
    onset: float = Field(2.5, ge=0.5, le=10, description="Power of the wear in the sensors' answers: the higher, the later they show it.")
    planned_share: float = Field(0.25, ge=0, le=1, description="Share of lives for which a service is planned beforehand.")
    planned_age: float = Field(140.0, gt=0, description="Age of planned services, in days, in the middle; they vary by a tenth.")
    repair_days: int = Field(4, ge=0, le=365, description="Days that a repair takes; a planned service takes one.")
    unread: float = Field(0.03, ge=0, lt=1, description="Share of days on which a machine is not read.")
    break_rate: float = Field(
        0.0015,
        ge=0,
        le=1,
        description="Chance a day that a working sensor breaks; half of the broken ones say nothing, half the same thing.",
    )
    break_days: int = Field(21, ge=1, le=365, description="Days until a broken sensor is replaced.")


class FleetSimulator:
    """Gives the readings; what stands behind them stays in `simulate`."""

    spec: Spec

    def __init__(self, params: FleetSimulatorParams) -> None:
        self.params = params
        self.table = params.table
        self.roles = params.roles.roles()
        self.tables = params.tables

    def read(self) -> Iterator[pa.Table]:
        """One table: the readings of each machine in the order of time.

        Raises:
            DataError: No day of any machine was read.
        """
        import pyarrow as pa

        readings, _ = simulate(self.params)
        if readings.empty:
            raise DataError("the data is empty", [Problem("data", "must have rows", "none", "raise machines or days, or lower unread")])
        yield pa.Table.from_pandas(readings, preserve_index=False).replace_schema_metadata(None)


def simulate(params: FleetSimulatorParams) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Readings, and what stands behind them.

    Returns:
        Readings by machine and time: `machine_id`, `life_id` ("m007-2": its second life), `site`, `recorded_at` (6 in the morning), `age_days`
        (since the life began), `speed`, `load`, the sensors (null where nothing was read), and what is only known afterwards: `ended_at` and
        `ended_age` (when the life ended, or was last watched), `running` (that end was no failure), `failure_mode` (null without).
        And the truth, row by row: `machine_id`, `recorded_at`, `wear` (0 to 1), `load_name`, `mode`, and `fails_in` (days until the machine
        fails, or would have without the service or the end of watching; NaN where that is beyond the days).
    """
    import numpy as np
    import pandas as pd

    load, tired = _loads(params)
    lives = _lives(params, tired)
    draw = np.random.default_rng([params.seed, 2])
    count = np.floor(lives.end).astype(np.int64) - lives.begin + 1
    row = np.repeat(np.arange(len(count)), count)
    day = lives.begin[row] + np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    broken = _broken(params, draw)
    read = draw.random(len(row)) >= params.unread
    order = np.lexsort((day, lives.machine[row]))
    row, day = row[order][read], day[order][read]
    machine = lives.machine[row]
    wear = lives.wear[row] + lives.pace[row] * (tired[machine, day] - tired[machine, lives.begin[row]])
    begin, hour = np.datetime64(params.start, "us") + np.timedelta64(6 * 3_600_000_000, "us"), np.timedelta64(3_600_000_000, "us")
    width = len(str(params.machines))
    names = pd.Series([f"m{number:0{width}d}" for number in range(1, params.machines + 1)])
    modes = pd.Series(MODES)
    age = lives.age[row] + day - lives.begin[row]
    readings = pd.DataFrame(
        {
            "machine_id": names.to_numpy()[machine],
            "life_id": (names[lives.machine].to_numpy() + "-" + pd.Series(lives.number).astype("str").to_numpy())[row],
            "site": pd.Series([f"site {number}" for number in range(1, params.sites + 1)]).to_numpy()[machine % params.sites],
            "recorded_at": begin + day * 24 * hour,
            "age_days": age,
            "speed": np.round(np.asarray(SPEED)[load[machine, day]] * draw.normal(1, 0.01, len(row)), 1),
            "load": np.round(np.asarray(LOAD)[load[machine, day]] * draw.normal(1, 0.03, len(row)), 3),
            **_sensors(params, draw, machine, day, load[machine, day], wear**params.onset, lives.mode[row], broken),
            "ended_at": begin + np.rint(lives.end[row] * 24).astype(np.int64) * hour,
            "ended_age": age + np.floor(lives.end[row]).astype(np.int64) - day,
            "running": ~lives.fails[row],
            "failure_mode": pd.Series([*MODES, None], dtype="str").to_numpy()[np.where(lives.fails, lives.mode, len(MODES))[row]],
        }
    )
    truth = pd.DataFrame(
        {
            "machine_id": readings["machine_id"],
            "recorded_at": readings["recorded_at"],
            "wear": wear,
            "load_name": pd.Series(LOADS).to_numpy()[load[machine, day]],
            "mode": modes.to_numpy()[lives.mode[row]],
            "fails_in": lives.failure[row] - day,
        }
    )
    return readings, truth


@dataclass(frozen=True)
class _Lives:
    """One entry a life; days are counted from the first, shape (lives,).

    Attributes:
        machine: Whose it is.
        number: Which of the machine's lives, 1, 2, ...
        begin: First day.
        age: Age on that day; above 0 for machines that ran when watching began.
        wear: Wear on that day.
        pace: Wear of a day under normal load.
        mode: Code of the mode.
        end: Day, with the share of it, on which the life ended or watching did.
        fails: Whether that is a failure.
        failure: Day of the failure, or of the one that would have come; NaN beyond the days.
    """

    machine: np.ndarray
    number: np.ndarray
    begin: np.ndarray
    age: np.ndarray
    wear: np.ndarray
    pace: np.ndarray
    mode: np.ndarray
    end: np.ndarray
    fails: np.ndarray
    failure: np.ndarray


def _loads(params: FleetSimulatorParams) -> tuple[np.ndarray, np.ndarray]:
    """Code of the load of each machine on each day, shape (machines, days), and the tiring before it, shape (machines, days + 1)."""
    import numpy as np

    draw = np.random.default_rng([params.seed, 0])
    shape = (params.machines, params.days)
    fresh = draw.choice(len(LOADS), size=shape, p=(0.2, 0.5, 0.3))
    changes = draw.random(shape) >= STAY
    changes[:, 0] = True
    since = np.maximum.accumulate(np.where(changes, np.arange(params.days), 0), axis=1)
    load = np.take_along_axis(fresh, since, axis=1)
    tired = np.concatenate([np.zeros((params.machines, 1)), np.cumsum(np.asarray(TIRING)[load], axis=1)], axis=1)
    return load, tired


def _lives(params: FleetSimulatorParams, tired: np.ndarray) -> _Lives:
    """Let each machine live again and again until the last day; all machines' first lives at once, then all second ones, ..."""
    import numpy as np

    draw = np.random.default_rng([params.seed, 1])
    machine, begin = np.arange(params.machines), np.zeros(params.machines, dtype=np.int64)
    lives: list[_Lives] = []
    while len(machine):
        mode = draw.choice(len(MODES), size=len(machine), p=SHARES)
        pace = np.asarray(PACES)[mode] / params.mean_life * np.exp(draw.normal(0, params.life_spread, len(machine)))
        planned = np.where(draw.random(len(machine)) < params.planned_share, params.planned_age * draw.normal(1, 0.1, len(machine)), np.inf)
        age, wear = np.zeros(len(machine), dtype=np.int64), np.zeros(len(machine))
        if not lives:  # the fleet is not new when watching begins
            age = draw.integers(0, max(int(params.mean_life), 1), len(machine))
            wear = np.minimum(pace * age, draw.uniform(0, 0.75, len(machine)))
        failure = _reached(tired, machine, begin, (1.0 - wear) / pace)
        service = begin + np.maximum(np.rint(planned) - age, 1.0)
        end = np.minimum(np.minimum(np.nan_to_num(failure, nan=np.inf), service), params.days - 1.0)
        fails = failure == end
        lives.append(_Lives(machine, np.full(len(machine), len(lives) + 1), begin, age, wear, pace, mode, end, fails, failure))
        back = np.floor(end).astype(np.int64) + 1 + np.where(fails, params.repair_days, 1)
        goes_on = back < params.days
        machine, begin = machine[goes_on], back[goes_on]
    return _Lives(*(np.concatenate([getattr(some, field.name) for some in lives]) for field in fields(_Lives)))


def _reached(tired: np.ndarray, machine: np.ndarray, begin: np.ndarray, needed: np.ndarray) -> np.ndarray:
    """Day, with the share of it, on which so much tiring has come since the beginning of a day; NaN where it never does."""
    import numpy as np

    width = float(tired.max()) + 1.0
    target = tired[machine, begin] + needed
    flat = (tired + np.arange(len(tired))[:, None] * width).ravel()
    place = np.searchsorted(flat, np.minimum(target, width * 0.999999) + machine * width) - machine * tired.shape[1]
    never = target > tired[machine, -1]
    day = np.clip(place - 1, 0, tired.shape[1] - 2)
    before, after = tired[machine, day], tired[machine, day + 1]
    return np.where(never, np.nan, day + (target - before) / (after - before))


def _sensors(
    params: FleetSimulatorParams,
    draw: np.random.Generator,
    machine: np.ndarray,
    day: np.ndarray,
    load: np.ndarray,
    shown: np.ndarray,
    mode: np.ndarray,
    broken: np.ndarray,
) -> dict[str, np.ndarray]:
    """What each sensor reads: base of the machine, load, season, wear as far as it shows, noise; null or stuck where it is broken."""
    import numpy as np

    ambient = 12 - 10 * np.cos(2 * np.pi * (day + params.start.timetuple().tm_yday) / 365.25)
    columns = {}
    for number, (name, sensor) in enumerate(SENSORS.items()):
        base = sensor.base + 0.8 * sensor.noise * draw.normal(size=params.machines)
        value = (
            base[machine] + np.cumsum([0.0, *sensor.load])[load] + sensor.ambient * (ambient - 12) + np.asarray(sensor.wear)[mode] * shown
        )
        value = np.round(value + sensor.noise * draw.normal(size=len(machine)), 3)
        columns[name] = _as_broken(value, machine, day, broken[number])
    return columns


def _broken(params: FleetSimulatorParams, draw: np.random.Generator) -> np.ndarray:
    """How each sensor of each machine fares on each day, shape (sensors, machines, days), int8: 0 works, 1 says nothing, 2 the same thing."""
    import numpy as np

    shape = (len(SENSORS), params.machines, params.days)
    breaks = draw.random(shape) < params.break_rate
    kind = draw.integers(1, 3, size=shape, dtype=np.int8)
    since = np.maximum.accumulate(np.where(breaks, np.arange(params.days), -params.days), axis=2)
    is_broken = np.arange(params.days) - since < params.break_days
    of_break = np.take_along_axis(kind, np.maximum(since, 0), axis=2)
    return np.where(is_broken, of_break, 0).astype(np.int8)


def _as_broken(value: np.ndarray, machine: np.ndarray, day: np.ndarray, broken: np.ndarray) -> np.ndarray:
    """Readings of one sensor, null where it says nothing, and as they were on the day that it got stuck."""
    import numpy as np

    state = broken[machine, day]
    starts = np.append(True, (state[1:] != state[:-1]) | (machine[1:] != machine[:-1])) if len(state) else state.astype(bool)
    first = np.maximum.accumulate(np.where(starts, np.arange(len(state)), 0))
    told = np.where(state == 2, value[first], value)
    return np.where(state == 1, np.nan, told)
