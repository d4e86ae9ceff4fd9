"""What it earns: every KPI for every subject, what it is made of, and how it came about day by day."""

from __future__ import annotations

from collections.abc import Iterator

from upshot.contracts.records import Champion, Valuation, Valuations
from upshot.contracts.sections import ChartBlock, Column, Style, TableBlock, TextBlock
from upshot.engine.past import Past
from upshot.report.document import Entry, rows_of, section, table
from upshot.report.front import evidence_of, unit_and_period
from upshot.report.words import is_money
from upshot.value.valuation import CANDIDATE

CALENDAR = ("day", "week", "month")
"""Blocks that are moments, so that sums can be drawn over time."""


def money(past: Past) -> Iterator[Entry]:
    """One entry a KPI, the objective first."""
    valuations: Valuations | None = past.value("value")
    if valuations is None:
        return
    names = sorted(valuations.by_kpi, key=lambda name: name != valuations.objective)
    flows = past.value("play")
    for name in names:
        valuation = valuations.by_kpi[name]
        told = (*_champion(valuations.champion), *(() if flows is None else flows.notes), *valuation.notes)
        notes = TextBlock(told) if told else None
        blocks = (
            _subjects(valuation),
            _terms(valuation),
            None if flows is None else _over_time(valuation, flows.block),
            _how(valuation),
            notes,
        )
        title = f"What it earns: {name.replace('_', ' ')}"
        yield Entry(f"money {name}", section(title, "business", *blocks), evidence_of(past, "value", "play"))


def _champion(champion: Champion) -> Iterator[str]:
    """What was served when the candidate was measured, and what is to be known of the comparison."""
    if champion.version is None:
        return
    yield f"The champion is {champion.version}, which {champion.environment} served then."
    if champion.trouble:
        yield f"It could not be played on these test rows: {champion.trouble}."
    if champion.seen:
        yield f"Of the test rows, {champion.seen:,} may have been among those that it was fitted or tuned on, which favours it."


def _style(valuation: Valuation) -> Style:
    return "money" if is_money(valuation.kpi.unit) else "number"


def _subjects(valuation: Valuation) -> TableBlock:
    rows = []
    for subject, worth in valuation.per_period.items():
        gain = valuation.gain.get(subject)
        ends = (worth.low, worth.high, *((None, None) if gain is None else (gain.low, gain.high)))
        rows.append((subject.replace("_", " "), worth.value, None if gain is None else gain.value, *ends))
    unit, style = unit_and_period(valuation.kpi), _style(valuation)
    columns = (
        Column("subject", "subject", "text"),
        Column("worth", f"worth, {unit}", style, "", "worth_low", "worth_high"),
        Column("gain", f"gain of the candidate, {unit}", style, "", "gain_low", "gain_high"),
    )
    better = (
        "more is better" if valuation.kpi.direction == "maximize" else "less is better; a gain is positive where the candidate needs less"
    )
    return table(
        "Worth of each subject", columns, rows, also=("worth_low", "worth_high", "gain_low", "gain_high"), note=f"Of the worth, {better}."
    )


def _terms(valuation: Valuation) -> ChartBlock | None:
    """What the candidate's worth adds up from; None where it is one term."""
    if len(valuation.terms) < 2:
        return None
    y = Column("worth", unit_and_period(valuation.kpi), _style(valuation))
    rows = rows_of(("term", "worth"), list(valuation.terms.items()))
    return ChartBlock("What the candidate's worth is made of", "bar", rows, Column("term", "term of the KPI", "code"), (y,))


def _over_time(valuation: Valuation, block: str) -> ChartBlock | None:
    """Sums since the first test block; None where blocks are no moments, or where a ratio has no sum."""
    import numpy as np
    import pandas as pd

    frame = valuation.blocks.frame.sort_values("block")
    if block not in CALENDAR or valuation.kpi.per is not None or len(frame) < 2:
        return None
    subjects = [subject for subject in valuation.per_period if np.any(frame[f"sum.{subject}"].to_numpy() != 0) or subject == CANDIDATE]
    drawn = {subject: frame[f"sum.{subject}"].to_numpy().cumsum() for subject in subjects}
    days = pd.to_datetime(frame["block"].to_numpy(), unit="D")
    rows = rows_of(("at", *subjects), list(zip(days, *drawn.values(), strict=True)))
    columns = tuple(Column(subject, subject.replace("_", " "), _style(valuation), valuation.kpi.unit) for subject in subjects)
    title = f"Worth since the first test {block}, not scaled"
    return ChartBlock(title, "line", rows, Column("at", block, "date"), columns)


def _how(valuation: Valuation) -> TextBlock:
    kpi = valuation.kpi
    measured = valuation.per_period[CANDIDATE]
    return TextBlock((f"{kpi.name} = {kpi.formula}", f"Intervals: {measured.method}."))


__all__ = ["money"]
