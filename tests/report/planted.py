"""Names that would do harm if anything took them for more than text, planted wherever a name can come from."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any

import pandas as pd

from upshot.contracts.tables import Table
from upshot.report.document import Entry, Evidence, Front, Report

HARMFUL = (
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(2)>",
    '"><svg onload=alert(3)>',
    "' autofocus onfocus=alert(4) x='",
    "{{constructor.constructor('alert(5)')()}}",
    "\x1b[31mred\x1b[0m\x07",
    "\u202egnp.exe\u2066\u200b",
    '=HYPERLINK("http://example.invalid/?"&A1,"open")',
    "+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "[link](javascript:alert(6)) ![i](http://example.invalid/x.png) `code` *b* | cell | # head",
    "]]>--><!--<plaintext>",
    "&lt;b&gt; &amp; \u2028 \u2029 \ud800 \x00 \x85",
)
KEPT_FIELDS = ("form", "reader", "style", "outcome", "digest", "stage", "name", "low", "high")
"""Fields that hold words of ours or names of columns, which are replaced together with the columns."""


class Planting:
    """Replaces every text by the next harmful one, with its place before it so that no two are alike."""

    def __init__(self) -> None:
        self.count = 0

    def text(self) -> str:
        self.count += 1
        return HARMFUL[self.count % len(HARMFUL)] + f"{self.count}"

    def report(self, report: Report) -> Report:
        front = None if report.front is None else self.front(report.front)
        entries = tuple(Entry(self.text(), self.value(entry.section), self.evidence(entry.evidence)) for entry in report.entries)
        return Report(self.text(), (self.text(),), front, entries, report.version)

    def front(self, front: Front) -> Front:
        planted = {name: tuple(self.text() for _ in getattr(front, name)) for name in ("sentences", "breaks", "steps")}
        owners = {self.text(): self.text() for _ in front.owners}
        charts = {name: self.value(getattr(front, name)) for name in ("claims", "assumptions")}
        return replace(
            front,
            kicker=self.text(),
            headline=self.text(),
            verdict=self.text(),
            owners=owners,
            evidence=self.evidence(front.evidence),
            **planted,
            **charts,
        )

    def evidence(self, evidence: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
        return tuple(Evidence(self.text(), one.digest) for one in evidence)

    def value(self, value: Any) -> Any:
        """A section, block or column with all its texts replaced; columns keep their names."""
        if isinstance(value, str):
            return self.text() if value else value
        if isinstance(value, tuple):
            return tuple(self.value(item) for item in value)
        if isinstance(value, Table):
            return self.table(value)
        if is_dataclass(value) and not isinstance(value, type):
            changed = {one.name: self.value(getattr(value, one.name)) for one in fields(value) if self.is_changed(value, one.name)}
            return replace(value, **changed)
        return value

    def is_changed(self, owner: Any, name: str) -> bool:
        return name not in KEPT_FIELDS or (name in ("low", "high") and not isinstance(getattr(owner, name), str))

    def table(self, table: Table) -> Table:
        frame = table.frame.copy()
        for name in frame.columns:
            if not (pd.api.types.is_numeric_dtype(frame[name]) or pd.api.types.is_datetime64_any_dtype(frame[name])):
                planted = {value: self.text() for value in frame[name].dropna().unique() if isinstance(value, str)}
                is_outcome = set(planted) <= {"PASS", "FAIL", "INCONCLUSIVE"}
                if not is_outcome:
                    frame[name] = pd.Series([planted.get(value, value) for value in frame[name].tolist()], dtype=object)
        return Table.of(frame)


def planted(report: Report) -> Report:
    """The report with a harmful text in every place."""
    return Planting().report(report)
