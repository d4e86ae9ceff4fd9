"""Sensor histories of units, with their events and what is known of them once, joined to one table: a row a reading.

Each history is read by a source of its own (CSV, Parquet, SQL, ...), strictly, and brings the tables that belong to it. What comes out has
the columns of the readings and of the static table, and these: `history` (name of the history), `life` (the unit, or the unit and which of
its lives where events end them), `ended` (when that life ended), `running` (that end was no failure), and the mode of the failure. The last
three are only known afterwards; the recipe gives them their roles.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from upshot.components.data._unit_joins import Ends, Keys, column_of_table, ends_of, one_row_each, shared_units, with_remaining
from upshot.components.faults import EXAMPLES, rows_problem
from upshot.components.times import is_clock
from upshot.contracts.params import Names, Params, SourceParams, SourcePart
from upshot.contracts.records import Spec
from upshot.errors import DataError, Problem, did_you_mean

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

GIVEN = ("history", "life", "ended", "running")
"""Columns that are added."""


class UnitHistoryParams(Params):
    """The tables of one history; all name units and times alike."""

    readings: SourcePart = Field(description="Source of the readings: one row a unit and moment.")
    events: SourcePart | None = Field(None, description="Source of the events: unit, time and kind of event; none without.")
    static: SourcePart | None = Field(None, description="Source of what is known of each unit once: one row a unit; none without.")
    remaining: SourcePart | None = Field(
        None, description="Source that says how long each unit still lived after its last reading: one row a unit; none where nobody knows."
    )
    ends: Literal["failure", "running"] = Field(
        "running", description="What the last reading of a unit is that no event ends: its failure, or the end of watching."
    )
    measures: dict[str, str] = Field(
        default_factory=dict, description="Column -> unit of measure ('degC', 'bar'); all histories must agree, or none may state it."
    )


class UnitTablesParams(SourceParams):
    """Histories of units and how they end."""

    histories: dict[str, UnitHistoryParams] = Field(min_length=1, description="Histories by name, read one after the other.")
    unit: str = Field(description="Column of the unit in every table.")
    time: str = Field(description="Column of the time in readings and events: timestamps, or a counter.")
    event: str = Field("event", description="Column of the kind of event.")
    failures: Names = Field((), description="Kinds of events that are failures.")
    services: Names = Field((), description="Kinds of events that end a life without a failure, such as planned service.")
    ignored: Names = Field((), description="Kinds of events that end nothing.")
    mode: str | None = Field(None, description="Column of the events that names the mode of a failure; none without.")
    remaining_column: str = Field("remaining", description="Column of the remaining life, in steps or days.")
    prefix_units: bool = Field(
        False, description="Whether units get the history's name in front, because one number names different machines in two histories."
    )
    optional: Names = Field((), description="Columns that a history may lack; its rows have null there.")
    order: Literal["refuse", "sort"] = Field(
        "refuse", description="What to do where the time of a unit goes back from row to row: refuse the data, or sort them."
    )

    @model_validator(mode="after")
    def _kinds_are_told_apart(self) -> UnitTablesParams:
        kinds = [*self.failures, *self.services, *self.ignored]
        twice = sorted({kind for kind in kinds if kinds.count(kind) > 1})
        if twice:
            raise ValueError(f"a kind of event is one of failures, services and ignored; twice: {', '.join(twice)}")
        if any(history.events is not None for history in self.histories.values()) and not (self.failures or self.services):
            raise ValueError("events need failures or services: the kinds that end a life")
        return self

    @model_validator(mode="after")
    def _measure_alike(self) -> UnitTablesParams:
        first: dict[str, tuple[str, str]] = {}
        for name, history in self.histories.items():
            for column, measure in history.measures.items():
                other, its = first.setdefault(column, (name, measure))
                if its != measure:
                    raise ValueError(
                        f"{column} is measured in {its} in histories.{other} and in {measure} in histories.{name}; "
                        "convert one of them where it is read, and state the unit that all have then"
                    )
        for column, (name, measure) in first.items():
            for other, history in self.histories.items():
                if column not in history.measures and column not in self.optional:
                    raise ValueError(
                        f"{column} is measured in {measure} in histories.{name}, and histories.{other} does not say; state it in all or in none"
                    )
        return self


class UnitTables:
    """Gives one row a reading, in the order of the histories and of their rows, or sorted by unit and time where asked.

    Args:
        params: Which tables, and what their events mean.
    """

    spec: Spec

    def __init__(self, params: UnitTablesParams) -> None:
        self.params = params
        self.table = params.table
        self.roles = params.roles.roles()
        self.tables = params.tables

    def read(self) -> Iterator[pa.Table]:
        """One table of all histories.

        Raises:
            DataError: A source cannot be read, a unit has a moment twice or goes back in time, events or static rows do not fit, one unit
                stands in two histories, or histories have different columns.
        """
        import pyarrow as pa

        readings = {name: _whole(history.readings) for name, history in self.params.histories.items()}
        self._check_columns(readings)
        keys = {
            name: Keys.of(table, f"data.histories.{name}.readings", self.params.unit, self.params.time) for name, table in readings.items()
        }
        problems = [problem for key in keys.values() for problem in key.order_problems(self.params.order == "refuse")]
        if not self.params.prefix_units and (both := shared_units({name: key.unit for name, key in keys.items()})):
            hint = "if they are different machines, set data.prefix_units=true; if not, read each unit in one history"
            got = f"{len(both):,}: {', '.join(both[:EXAMPLES])}"
            problems.append(Problem(f"data.histories column {self.params.unit!r}", "a unit must stand in one history", got, hint))
        if problems:
            raise DataError("the histories cannot be joined", problems)
        joined = [self._joined(name, readings[name], keys[name]) for name in readings]
        yield pa.concat_tables(joined, promote_options="permissive").combine_chunks()

    def _check_columns(self, readings: dict[str, pa.Table]) -> None:
        names = {name: set(table.column_names) for name, table in readings.items()}
        every = set().union(*names.values())
        problems = [
            Problem(f"data.histories.{name}.readings", "must have the columns of the other histories", f"no {column!r}", _optional(column))
            for name, own in names.items()
            for column in sorted(every - own - set(self.params.optional))
        ]
        taken = sorted(every & {*GIVEN, *((self.params.mode,) if self.params.mode else ())})
        problems += [
            Problem("data.histories", "a column of readings bears a name that is added here", repr(column), "rename it where it is read")
            for column in taken
        ]
        if problems:
            raise DataError("the histories cannot be joined", problems)

    def _joined(self, name: str, readings: pa.Table, keys: Keys) -> pa.Table:
        import numpy as np
        import pyarrow as pa

        history, where = self.params.histories[name], f"data.histories.{name}"
        ends, modes = self._ends(history, keys, where)
        if history.remaining is not None:
            table = _whole(history.remaining)
            ends = with_remaining(ends, keys, table, f"{where}.remaining", self.params.unit, self.params.remaining_column)
        table = readings
        if history.static is not None:
            static = _whole(history.static)
            rows = pa.array(one_row_each(keys, static, f"{where}.static", self.params.unit))
            _refuse_both(readings, static, f"{where}.static", self.params.unit)
            for column in (c for c in static.column_names if c != self.params.unit):
                table = table.append_column(column, static[column].take(rows))
        units = table[self.params.unit].cast(pa.string())
        if self.params.prefix_units:
            units = pa.chunked_array([pa.array([f"{name}-{unit}" for unit in units.to_pylist()], pa.string())])
            table = table.set_column(table.column_names.index(self.params.unit), self.params.unit, units)
        by_life = any(other.events is not None for other in self.params.histories.values())
        lives = [f"{unit}#{life}" for unit, life in zip(units.to_pylist(), ends.life.tolist(), strict=True)] if by_life else units
        ended = pa.array(ends.ended, pa.int64()).cast(pa.timestamp("us")) if is_clock(keys.at) else pa.array(ends.ended, pa.int64())
        added = {"history": pa.array([name] * len(table), pa.string()), "life": lives, "ended": ended, "running": pa.array(ends.running)}
        for column, values in added.items():
            table = table.append_column(
                column, values if isinstance(values, (pa.Array, pa.ChunkedArray)) else pa.array(values, pa.string())
            )
        if self.params.mode is not None:
            table = table.append_column(self.params.mode, _modes(modes, ends.mode))
        if self.params.order == "sort":
            order = np.lexsort((keys.at.to_numpy(), np.unique(keys.unit.to_numpy(), return_inverse=True)[1]))
            table = table.take(pa.array(order))
        return table

    def _ends(self, history: UnitHistoryParams, keys: Keys, where: str) -> tuple[Ends, pa.ChunkedArray | None]:
        """How each reading's life ended, and the modes of the events that `Ends.mode` points to."""
        import numpy as np
        import pyarrow as pa

        fails_at_last = history.ends == "failure"
        if history.events is None:
            return ends_of(keys, None, np.zeros(0, dtype=bool), fails_at_last), None
        place = f"{where}.events"
        table = _whole(history.events)
        kinds = column_of_table(table, place, self.params.event).to_pandas()
        known = (*self.params.failures, *self.params.services, *self.params.ignored)
        strange = ~kinds.isin(known).to_numpy()
        if strange.any():
            hint = f"{did_you_mean(str(kinds[strange].iloc[0]), known)}; name it under data.failures, data.services or data.ignored"
            problem = rows_problem(f"{place} column {self.params.event!r}", "unknown kind of event", strange, kinds, hint)
            raise DataError("the events cannot be read", [problem])
        ending = kinds.isin((*self.params.failures, *self.params.services)).to_numpy()
        table, kinds = table.filter(pa.array(ending)), kinds[ending].reset_index(drop=True)
        events = Keys.of(table, place, self.params.unit, self.params.time)
        modes = column_of_table(table, place, self.params.mode) if self.params.mode is not None else None
        return ends_of(keys, events, kinds.isin(self.params.failures).to_numpy(), fails_at_last), modes


def _whole(source: SourcePart) -> pa.Table:
    import pyarrow as pa

    return pa.concat_tables(list(source.read())).combine_chunks()


def _refuse_both(readings: pa.Table, static: pa.Table, where: str, unit: str) -> None:
    both = [name for name in static.column_names if name != unit and name in readings.column_names]
    if both:
        hint = "leave it out of one of them with keep"
        raise DataError(
            "the tables cannot be joined", [Problem(where, "must not have a column of the readings", repr(n), hint) for n in both]
        )


def _modes(modes: pa.ChunkedArray | None, rows: np.ndarray) -> pa.Array | pa.ChunkedArray:
    import pyarrow as pa

    if modes is None:
        return pa.nulls(len(rows), pa.string())
    return modes.cast(pa.string()).take(pa.array(rows, mask=rows < 0))


def _optional(column: str) -> str:
    return f"name it under data.optional if it may be missing: optional: [{column}]"
