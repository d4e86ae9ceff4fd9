"""The run beside those of the same recipe before it."""

from __future__ import annotations

from collections.abc import Iterator

from upshot.contracts.sections import Column
from upshot.engine.past import Past
from upshot.report.document import Entry, section, table
from upshot.report.front import unit_and_period
from upshot.report.words import doing, is_money

SHOWN = 8
METRICS = 4


def earlier(past: Past) -> Iterator[Entry]:
    """The last runs of the recipe up to this one, with scores and money as far as they are kept; nothing where it is the first."""
    before = past.state.ledger.runs(limit=SHOWN, recipe=past.row.recipe, before=past.row.id)
    runs = [past, *(Past(row, past.state, past.catalogue) for row in before)]
    if len(runs) < 2:
        return
    valuations = past.value("value")
    valuation = None if valuations is None else valuations.by_kpi[valuations.objective]
    first = None if valuation is None else next(iter(valuation.gain), None)
    evaluation = past.value("evaluate")
    metrics = [] if evaluation is None else list(evaluation.metrics)[:METRICS]
    columns = [Column("run", "run", "code"), Column("status", "status", "text"), Column("version", "version", "text")]
    ends: list[str] = []
    if valuation is not None and first is not None:
        title = f"gain over {doing(first)}, {unit_and_period(valuation.kpi)}"
        columns.append(Column("gain", title, "money" if is_money(valuation.kpi.unit) else "number", "", "low", "high"))
        ends = ["low", "high"]
    columns += [Column(f"metric {name}", name, "number") for name in metrics]
    rows = []
    for run in runs:
        gain = _gain(run, None if valuations is None else valuations.objective, first)
        money = [] if not ends else [gain[0]]
        rows.append(
            [run.row.id, run.row.status, run.row.summary.get("version"), *money, *_metrics(run, metrics), *(gain[1:] if ends else ())]
        )
    note = "The newest first. Each on its own data and recipe: `upshot report RUN RUN` says in what two of them differ, and whether by more than chance."
    yield Entry("earlier runs", section("Beside earlier runs", "data_science", table("", columns, rows, note=note, also=ends)))


Gain = tuple[float | None, float | None, float | None]


def _gain(run: Past, objective: str | None, first: str | None) -> Gain:
    valuations = run.value("value")
    valuation = None if valuations is None or objective is None else valuations.by_kpi.get(objective)
    gain = None if valuation is None or first is None else valuation.gain.get(first)
    return (None, None, None) if gain is None else (gain.value, gain.low, gain.high)


def _metrics(run: Past, names: list[str]) -> list[float | None]:
    evaluation = run.value("evaluate")
    found = [None if evaluation is None else evaluation.metrics.get(name) for name in names]
    return [None if measured is None else measured.value for measured in found]


__all__ = ["earlier"]
