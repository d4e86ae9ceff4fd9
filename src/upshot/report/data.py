"""A report as plain data, for machines: the numbers themselves, with the columns that say how people read them."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Any

from upshot.contracts.sections import Block, ChainBlock, ChartBlock, TableBlock, TextBlock
from upshot.report.document import Entry, Evidence, Front, Report

if TYPE_CHECKING:
    import pandas as pd


def data(report: Report) -> dict[str, Any]:
    """The body of the JSON document of shape `upshot.report/1`."""
    return {
        "title": report.title,
        "runs": list(report.runs),
        "version": report.version,
        "front": None if report.front is None else _front(report.front),
        "sections": [_entry(entry) for entry in report.entries],
    }


def _front(front: Front) -> dict[str, Any]:
    charts = {
        name: None if block is None else _block(block) for name, block in (("claims", front.claims), ("assumptions", front.assumptions))
    }
    return {
        "kicker": front.kicker,
        "headline": front.headline,
        "sentences": list(front.sentences),
        **charts,
        "breaks": list(front.breaks),
        "gates": dict(front.gates),
        "verdict": front.verdict,
        "owners": dict(front.owners),
        "steps": list(front.steps),
        "evidence": _evidence(front.evidence),
    }


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "name": entry.name,
        "title": entry.section.title,
        "reader": entry.section.reader,
        "blocks": [_block(block) for block in entry.section.blocks],
        "evidence": _evidence(entry.evidence),
    }


def _evidence(evidence: tuple[Evidence, ...]) -> list[dict[str, str]]:
    return [{"stage": one.stage, "digest": one.digest} for one in evidence]


def _block(block: Block) -> dict[str, Any]:
    if isinstance(block, TextBlock):
        return {"kind": "text", "paragraphs": list(block.paragraphs)}
    if isinstance(block, ChainBlock):
        links = [{"title": link.title, "lines": list(link.lines)} for link in block.links]
        return {"kind": "chain", "title": block.title, "links": links, "note": block.note}
    if isinstance(block, TableBlock):
        columns = [asdict(column) for column in block.columns]
        return {"kind": "table", "title": block.title, "columns": columns, "rows": _rows(block.rows.frame), "note": block.note}
    return _chart(block)


def _chart(block: ChartBlock) -> dict[str, Any]:
    axes = {name: None if (column := getattr(block, name)) is None else asdict(column) for name in ("x", "low", "high", "by")}
    return {
        "kind": "chart",
        "form": block.form,
        "title": block.title,
        **axes,
        "y": [asdict(column) for column in block.y],
        "also": [asdict(column) for column in block.also],
        "mark": block.mark,
        "level": block.level,
        "rows": _rows(block.rows.frame),
        "note": block.note,
    }


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Each row as name -> value; moments as ISO 8601, what is missing as null."""
    columns = {str(name): [_value(value) for value in frame[name].tolist()] for name in frame.columns}
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _value(value: Any) -> Any:
    if value is None or str(value) in ("NaT", "<NA>"):
        return None
    if isinstance(value, date):
        return value.isoformat()
    return value if isinstance(value, (str, bool, int, float)) else str(value)


__all__ = ["data"]
