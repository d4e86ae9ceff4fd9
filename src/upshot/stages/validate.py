"""Validate: hold the rows against the declared checks, and refuse or set aside what breaks them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from upshot.contracts.components import Check
from upshot.contracts.records import Checked, Finding, Snapshot
from upshot.contracts.tables import Table
from upshot.errors import DataError, Problem


def validate(snapshot: Snapshot, checks: Mapping[str, Check]) -> Checked:
    """Apply every check to every row.

    Raises:
        DataError: Rows break a check whose action is "refuse"; all such checks are listed, each with its first rows.
    """
    if not checks:
        return Checked(snapshot, snapshot.data)
    import numpy as np

    frame = snapshot.data.frame
    broken = np.zeros(len(frame), dtype=bool)
    findings: list[Finding] = []
    refused: list[Problem] = []
    for name, check in checks.items():
        try:
            found, rows = check.check(frame, snapshot.roles)
        except DataError as error:  # the check does not know the name under which the recipe declares it
            raise DataError(error.headline, (replace(p, where=f"checks.{name} {p.where}") for p in error.problems)) from error
        finding = replace(found, check=name)
        findings.append(finding)
        if finding.rows and check.action == "refuse":
            refused.append(Problem(_where(name, finding), finding.rule, "; ".join(finding.examples) or f"{finding.rows} rows"))
        broken |= rows
    if refused:
        raise DataError(f"snapshot {snapshot.table} version {snapshot.version} breaks its checks", refused)
    if not broken.any():
        return Checked(snapshot, snapshot.data, tuple(findings))
    kept = Table.of(frame[~broken])
    return Checked(snapshot, kept, tuple(findings), int(broken.sum()))


def _where(name: str, finding: Finding) -> str:
    return f"checks.{name}" + (f" column {finding.column!r}" if finding.column else "")
