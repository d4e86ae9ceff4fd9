"""Why the figures can be believed: what was checked of the data, and which leaks were looked for or let pass."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from upshot.contracts.records import Checked, Folds, Leak
from upshot.contracts.sections import Column, TableBlock, TextBlock
from upshot.engine.past import Past
from upshot.report.document import Entry, section, table
from upshot.report.front import evidence_of


def trust(past: Past) -> Iterator[Entry]:
    """Checks of the data, and leaks."""
    checked: Checked | None = past.value("validate")
    if checked is not None:
        yield Entry("checks", section("Checks of the data", "risk", _findings(checked), _set_aside(checked)), evidence_of(past, "validate"))
    folds: Folds | None = past.value("split")
    if folds is not None:
        yield Entry("leakage", section("Leakage", "risk", _leaks(folds)), evidence_of(past, "split"))


def _findings(checked: Checked) -> TableBlock | TextBlock:
    if not checked.findings:
        return TextBlock(("No check is declared.",))
    rows = [(found.check, found.column, found.rule, found.rows) for found in checked.findings]
    columns = [Column("check", "check", "text"), Column("column", "column", "text"), Column("rule", "rule", "text")]
    return table("What each check found", [*columns, Column("rows", "rows that break it", "count")], rows)


def _set_aside(checked: Checked) -> TextBlock:
    count = checked.quarantined
    return TextBlock((f"{count:,} of {checked.snapshot.rows:,} rows were set aside." if count else "No row was set aside.",))


def _leaks(folds: Folds) -> TableBlock:
    rows = [(leak.replace("_", " "), folds.allowed.get(leak) is None, folds.allowed.get(leak)) for leak in get_args(Leak)]
    columns = [Column("leak", "leak", "text"), Column("looked_for", "looked for", "text"), Column("reason", "why it is let pass", "text")]
    return table("", columns, rows, note="A run that finds one that is looked for, and that applies to its data, stops before it trains.")


__all__ = ["trust"]
