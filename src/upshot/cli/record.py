"""A run of the past, for people and for machines: what `upshot show RUN` prints."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from upshot.cli.looks import look_documents, look_lines
from upshot.cli.outcome import champion_lines, gate_line, scores, subjects, value_line, valued
from upshot.cli.shapes import measurement, printed
from upshot.cli.text import columns, duration
from upshot.contracts.tables import Map, thaw
from upshot.engine.past import Past
from upshot.identity import Person

WIDTH = 12
"""Letters of a digest that people are shown."""


def render(past: Past) -> str:
    """Everything that is known of a run, as text."""
    parts = [_head(past), *_stages(past), *_measured(past)]
    if past.row.summary.get("environment"):
        parts.append(_environment(past.row.summary["environment"]))
    return "\n\n".join(parts)


def _head(past: Past) -> str:
    row, data = past.row, past.data
    lines = [("run", row.id), ("recipe", f"{row.recipe} {row.recipe_digest[:WIDTH]}"), ("status", row.status)]
    lines += [("error", "; ".join(line.strip() for line in row.error.splitlines() if line.strip()))] if row.error else []
    lines += [("by", _by(row.person))] if row.person else []
    lines += [("started", row.started_at), ("took", duration(row.summary.get("seconds")) or "not known: it did not end")]
    lines += [("data", f"{data.table} version {data.version}: {data.rows:,} rows, digest {data.digest[:WIDTH]}")] if data else []
    lines += [("value", value_line(past.value("value")))] if past.value("value") else []
    lines += look_lines(past.value("inspect")) if past.value("inspect") else []
    lines += champion_lines(past.value("value").champion) if past.value("value") else []
    lines += [("gates", gate_line(past.value("gate")))] if past.value("gate") else []
    lines.append(("version", row.summary.get("version") or "none registered"))
    lines.append(("log", str(past.log) if past.log.is_file() else f"{past.log} is gone"))
    return columns(lines)


def _by(person: Map[Any]) -> str:
    authors = ", ".join(person.get("authors", ()))
    return Person.from_json(person).sentence + (f"; the recipe is by {authors}" if authors else "")


def _stages(past: Past) -> list[str]:
    if not past.stages:
        return ["its stages are not known: they are written down when a run ends"]
    rows = [
        (
            s.stage,
            "cached" if s.cached else "ran",
            duration(s.seconds),
            (s.digest or "")[:WIDTH],
            "cleared" if past.is_cleared(s.stage) else "",
        )
        for s in past.stages
    ]
    return [columns([("stage", "how", "took", "value", ""), *rows])]


def _measured(past: Past) -> list[str]:
    lost = [name for name in ("evaluate", "value", "gate") if past.is_cleared(name)]
    parts = [f"the values of {', '.join(lost)} were cleared away; run it again to see them"] if lost else []
    if past.value("evaluate"):
        parts.append(scores(past.value("evaluate")))
    if past.value("value"):
        parts += [subjects(valuation) for valuation in past.value("value").by_kpi.values()]
    if past.value("gate"):
        rows = [(verdict.gate, verdict.outcome, verdict.reason) for verdict in past.value("gate").verdicts]
        parts.append(columns([("gate", "outcome", "reason"), *rows]))
    return parts


def _environment(facts: Map[Any]) -> str:
    cpu, libraries = facts["cpu"], facts["libraries"]
    lines = [
        ("seed", str(facts["seed"])),
        ("threads", f"{facts['threads']} of {facts['cores']} cores"),
        ("python", facts["python"]),
        ("platform", facts["platform"]),
        ("cpu", f"{cpu['model']}: {', '.join(cpu['flags'])} (all flags {cpu['all_flags']})" if cpu else "not known"),
        ("blas", "; ".join(_pool(pool) for pool in facts["blas"]) or "not loaded"),
        ("libraries", ", ".join(f"{name} {version}" for name, version in libraries.items())),
    ]
    return columns([("environment", ""), *lines])


def _pool(pool: Map[Any]) -> str:
    return " ".join(str(part) for part in (pool["name"], pool["version"], pool["for"] and f"for {pool['for']}") if part)


def document(past: Past) -> str:
    """The same as one JSON document of shape `upshot.record/1`."""
    row, data = past.row, past.data
    evaluation, valuations, inspection, verdicts = (past.value(stage) for stage in ("evaluate", "value", "inspect", "gate"))
    pinned = (
        {"table": data.table, "version": data.version, "rows": data.rows, "digest": data.digest, "columns": data.schema} if data else None
    )
    return printed(
        "upshot.record/1",
        {
            "run": row.id,
            "recipe": row.recipe,
            "status": row.status,
            "person": row.person or None,
            "started_at": row.started_at,
            "finished_at": row.finished_at,
            "seconds": row.summary.get("seconds"),
            "error": row.error,
            "version": row.summary.get("version"),
            "stages": [
                {
                    "stage": s.stage,
                    "cached": s.cached,
                    "seconds": s.seconds,
                    "key": s.key,
                    "value": s.digest,
                    "cleared": past.is_cleared(s.stage),
                }
                for s in past.stages
            ],
            "data": pinned,
            "metrics": {name: measurement(m) for name, m in evaluation.metrics.items()} if evaluation else None,
            "value": {name: valued(valuation) for name, valuation in valuations.by_kpi.items()} if valuations else None,
            "slices": look_documents(inspection.slices) if inspection else None,
            "probes": look_documents(inspection.probes) if inspection else None,
            "champion": asdict(valuations.champion) if valuations else None,
            "gates": [asdict(verdict) for verdict in verdicts.verdicts] if verdicts else None,
            "environment": thaw(row.summary.get("environment")),
            "log": str(past.log),
        },
    )
