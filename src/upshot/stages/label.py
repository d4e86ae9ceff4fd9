"""Label: make the cases, their outcomes, and the moment each outcome is known."""

from __future__ import annotations

from dataclasses import replace

from upshot.contracts.components import Labeller
from upshot.contracts.records import Cases, Checked, SideTable
from upshot.contracts.tables import Map
from upshot.errors import PluginError, Problem


def label(checked: Checked, labeller: Labeller) -> Cases:
    """Make the cases.

    Raises:
        DataError: The outcome cannot be read from the rows.
        PluginError: The labeller's cases are not aligned with their rows.
    """
    cases = labeller.label(checked)
    missing = {"label", "block"} - set(cases.labels.columns)
    if missing or cases.rows.rows != cases.labels.rows:
        raise PluginError(
            f"labeller {labeller.spec.use!r} breaks its contract",
            [Problem("labels", "must be aligned with the rows and have the columns label and block", f"{cases.labels}")],
        )
    return replace(cases, tables=Map({name: SideTable(table.data, table.roles) for name, table in checked.snapshot.tables.items()}))
