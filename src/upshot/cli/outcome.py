"""What came out of a run, for people and for machines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from upshot.cli.looks import look_documents, look_lines, set_aside
from upshot.cli.shapes import measurement, plain
from upshot.cli.text import columns, interval, number
from upshot.contracts.records import Champion, Evaluation, Measured, ModelVersion, Valuation, Valuations, Verdicts
from upshot.engine.run import RunRecord
from upshot.report.words import ending, per_period, spoken


def render(record: RunRecord, values: Mapping[str, Any]) -> str:
    """The closing table: scores, money of every subject, and the lines value, one a slice and probe, gates, version."""
    parts = []
    if "evaluate" in values:
        parts.append(scores(values["evaluate"]))
    if "value" in values:
        parts += [subjects(valuation) for valuation in values["value"].by_kpi.values()]
    lines = [("note", note) for note in notes(values)]
    lines += [("value", value_line(values["value"]))] if "value" in values else []
    lines += look_lines(values["inspect"]) if "inspect" in values else []
    lines += [("data", aside)] if "validate" in values and (aside := set_aside(values["validate"])) is not None else []
    lines += champion_lines(values["value"].champion) if "value" in values else []
    lines += [("gates", gate_line(values["gate"]))] if "gate" in values else []
    lines.append(("version", version_line(record, values.get("register"))))
    lines.append(("run", f"{record.id}" + (" (nothing had to run)" if record.answered_by else "")))
    return "\n" + "\n\n".join([*parts, columns([(name.ljust(8), text) for name, text in lines])])


def notes(values: Mapping[str, Any]) -> list[str]:
    """What a reader of the figures must know: of the split, the play and the intervals."""
    said = [note for stage in ("split", "play") if stage in values for note in values[stage].notes]
    valuations = values["value"].by_kpi.values() if "value" in values else ()
    return said + [note for valuation in valuations for note in valuation.notes]


def scores(evaluation: Evaluation) -> str:
    """Metrics with their intervals."""
    if not evaluation.metrics:
        return f"{evaluation.rows:,} test cases; no metric is declared"
    rows = [(name, number(measured.value), interval(measured)) for name, measured in evaluation.metrics.items()]
    return columns([(f"{evaluation.rows:,} test cases", "score", "95 % interval"), *rows])


def subjects(valuation: Valuation) -> str:
    """One KPI of candidate and baselines, with the candidate's gain over each."""
    kpi = valuation.kpi
    rows = []
    for subject, measured in valuation.per_period.items():
        gain = valuation.gain.get(subject)
        rows.append((subject, number(measured.value), interval(measured), f"{_signed(gain)} {interval(gain)}" if gain else ""))
    head = (kpi.name, f"{kpi.unit}{per_period(kpi)}", "95 % interval", "gain of the candidate")
    text = columns([head, *rows])
    if valuation.expired:
        text += f"\nexpired assumptions, so nothing is concluded: {', '.join(valuation.expired)}"
    return text


def value_line(valuations: Valuations) -> str:
    """What it earns, against each baseline.

    The first baseline's gain stands with its unit and period; the others follow with their sign.
    """
    valuation = valuations.by_kpi[valuations.objective]
    kpi = valuation.kpi
    if not valuation.gain:
        measured = valuation.per_period["candidate"]
        return f"{kpi.unit} {number(measured.value)}{per_period(kpi)}  {interval(measured)}; no baseline is declared"
    (first, gain), *others = valuation.gain.items()
    text = f"{kpi.unit} {number(gain.value)}{per_period(kpi)}  {interval(gain)}  against {spoken(first)}"
    return "; ".join([text, *(f" {_signed(measured)} {interval(measured)} against {spoken(name)}" for name, measured in others)])


def champion_lines(champion: Champion) -> list[tuple[str, str]]:
    """What the candidate was held against; nothing of a recipe without environments."""
    if champion.environment is None:
        return []
    if champion.version is None:
        return [("champion", f"none: {champion.environment} serves nothing yet")]
    text = f"{champion.version} in {champion.environment}"
    if champion.trouble is not None:
        return [("champion", f"{text} could not be played: {champion.trouble}")]
    seen = f"; it may have learnt from {champion.seen:,} of the test rows" if champion.seen else ""
    return [("champion", text + seen)]


def gate_line(verdicts: Verdicts) -> str:
    """Counts, and what would settle the undecided."""
    text = f"{verdicts.count('PASS')} pass, {verdicts.count('FAIL')} fail, {verdicts.count('INCONCLUSIVE')} inconclusive"
    open_ones = [f"{v.gate}: {v.would_decide or v.reason}" for v in verdicts.verdicts if v.outcome == "INCONCLUSIVE"]
    return f"{text} ({'; '.join(open_ones)})" if open_ones else text


def version_line(record: RunRecord, version: ModelVersion | None) -> str:
    """The registered version, or why there is none."""
    return f"{version.name} {version.number}" if version else f"none registered: {ending(record.status)}"


def document(record: RunRecord, values: Mapping[str, Any]) -> dict[str, object]:
    """The outcome as one JSON document of shape `upshot.run/1`."""
    body: dict[str, object] = {
        "shape": "upshot.run/1",
        "run": record.id,
        "recipe": record.recipe,
        "status": record.status,
        "refusal": record.refusal,
        "stages": [{"stage": s.name, "cached": s.cached, "seconds": s.seconds, "key": s.key, "value": s.digest} for s in record.stages],
    }
    body["notes"] = notes(values)
    if "evaluate" in values:
        body["metrics"] = {name: measurement(m) for name, m in values["evaluate"].metrics.items()}
    if "value" in values:
        body["value"] = {name: valued(valuation) for name, valuation in values["value"].by_kpi.items()}
        body["champion"] = asdict(values["value"].champion)
    if "gate" in values:
        body["gates"] = [plain(asdict(verdict)) for verdict in values["gate"].verdicts]
    if "inspect" in values:
        body["slices"], body["probes"] = look_documents(values["inspect"].slices), look_documents(values["inspect"].probes)
    if "validate" in values:
        body["set_aside"] = values["validate"].quarantined
    version = values.get("register")
    body["version"] = {"name": version.name, "number": version.number, "manifest": dict(version.manifest)} if version else None
    return body


def valued(valuation: Valuation) -> dict[str, object]:
    """One KPI as JSON data."""
    return {
        "unit": valuation.kpi.unit,
        "period": valuation.kpi.period,
        "scale": valuation.scale,
        "total": {name: measurement(m) for name, m in valuation.total.items()},
        "per_period": {name: measurement(m) for name, m in valuation.per_period.items()},
        "gain": {name: measurement(m) for name, m in valuation.gain.items()},
        "terms": dict(valuation.terms),
        "expired": list(valuation.expired),
    }


def _signed(measured: Measured) -> str:
    return ("+" if measured.value > 0 else "") + number(measured.value)
