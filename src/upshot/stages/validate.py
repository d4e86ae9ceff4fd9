"""Validate: hold the rows against the declared checks, and refuse the data, set rows aside or warn of them, as each check says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from upshot.contracts.components import Check, ReferringCheck
from upshot.contracts.records import Checked, Finding, Snapshot
from upshot.contracts.tables import Table
from upshot.errors import DataError, PluginError, Problem

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

ROW, CHECKS = "_row", "_checks"
"""Columns of the rows that were set aside: position in the snapshot, and the checks that they break."""


def validate(snapshot: Snapshot, checks: Mapping[str, Check]) -> Checked:
    """Apply every check to every row.

    Raises:
        DataError: Rows break a check whose action is "refuse"; all such checks are listed, each with its first rows.
    """
    if not checks:
        return Checked(snapshot, snapshot.data)
    import numpy as np

    frame = snapshot.data.frame
    broken: dict[str, np.ndarray] = {}
    findings: list[Finding] = []
    refused: list[Problem] = []
    for name, check in checks.items():
        finding, rows = _checked(name, check, snapshot)
        findings.append(finding)
        if finding.rows and check.action == "refuse":
            got = "; ".join(finding.examples) or f"{finding.rows:,} rows"
            refused.append(Problem(_where(name, finding), finding.rule, got, finding.remedy or None))
        if check.action == "quarantine":
            broken[name] = rows
    if refused:
        raise DataError(f"snapshot {snapshot.table} version {snapshot.version} breaks its checks", refused)
    out = np.logical_or.reduce(list(broken.values())) if broken else np.zeros(len(frame), dtype=bool)
    if not out.any():
        return Checked(snapshot, snapshot.data, tuple(findings))
    return Checked(snapshot, Table.of(frame[~out]), tuple(findings), int(out.sum()), _aside(frame, broken, out))


def _checked(name: str, check: Check, snapshot: Snapshot) -> tuple[Finding, np.ndarray]:
    """What a check finds, under the name by which the recipe declares it.

    Raises:
        DataError: The check cannot be made on this data.
        PluginError: Its answer is not one bool a row.
    """
    import numpy as np

    frame = snapshot.data.frame
    try:
        if isinstance(check, ReferringCheck):
            found, rows = check.check_against(frame, snapshot.roles, snapshot.tables)
        else:
            found, rows = check.check(frame, snapshot.roles)
    except DataError as error:
        raise DataError(error.headline, (replace(p, where=f"checks.{name} {p.where}") for p in error.problems)) from error
    if not isinstance(rows, np.ndarray) or rows.dtype != bool or rows.shape != (len(frame),):
        got = f"{type(rows).__name__} of shape {getattr(rows, 'shape', None)} and type {getattr(rows, 'dtype', None)}"
        rule = f"must give a bool array with a value for each of {len(frame):,} rows"
        raise PluginError(f"checks {check.spec.use!r} breaks its contract", [Problem(f"checks.{name}", rule, got)])
    return replace(found, check=name, action=check.action), rows


def _aside(frame: pd.DataFrame, broken: Mapping[str, np.ndarray], out: np.ndarray) -> Table:
    """The rows that were set aside, each with where it stood and which checks it breaks."""
    rows = out.nonzero()[0]
    which = [", ".join(name for name, mask in broken.items() if mask[row]) for row in rows]
    kept = frame.iloc[rows].reset_index(drop=True)
    kept.insert(0, ROW, rows)
    kept.insert(1, CHECKS, which)
    return Table.of(kept)


def _where(name: str, finding: Finding) -> str:
    return f"checks.{name}" + (f" column {finding.column!r}" if finding.column else "")
