"""Model card and datasheet, from recorded facts only: what nobody wrote down does not stand here.

Source:
    Mitchell et al. (2019), Model Cards for Model Reporting; Gebru et al. (2021), Datasheets for Datasets. Of their questions, those that
    a run can answer.
"""

from __future__ import annotations

from collections.abc import Iterator

from upshot.contracts.records import Checked, Evaluation, Folds, Valuations, Verdicts
from upshot.contracts.sections import Column, TableBlock
from upshot.engine.past import Past
from upshot.report.document import Entry, facts, section, table
from upshot.report.front import evidence_of, headline
from upshot.report.words import ending, number, spoken_unit, stamp

MODEL_CARD, DATASHEET = "model card", "datasheet"


def cards(past: Past) -> Iterator[Entry]:
    """The card of the model, and the sheet of its data."""
    model = facts("", [row for rows in (_who(past), _use(past), _made(past), _trained(past), _found(past), _limits(past)) for row in rows])
    stood = evidence_of(past, "train", "evaluate", "value", "gate", "register")
    yield Entry(MODEL_CARD, section("Model card", "risk", model), stood)
    data = facts("", list(_data(past)))
    yield Entry(DATASHEET, section("Datasheet", "risk", data, _columns(past)), evidence_of(past, "ingest", "validate", "label"))


Rows = Iterator[tuple[str, str]]


def _who(past: Past) -> Rows:
    use_case = past.recipe.use_case
    yield ("use case", f"{use_case.name}, {use_case.problem}")
    yield ("version", past.row.summary.get("version") or f"none registered: {ending(past.row.status)}")
    yield ("run", f"{past.row.id}, {stamp(past.row.started_at)}, Upshot {past.row.project_version}")
    owners = ", ".join(f"{side.replace('_', ' ')}: {who}" for side, who in use_case.owners.items())
    yield ("owners", owners or "none named")


def _use(past: Past) -> Rows:
    recipe = past.recipe
    valuations: Valuations | None = past.value("value")
    if valuations is not None:
        kpi = valuations.by_kpi[valuations.objective].kpi
        yield ("what it is for", f"{kpi.impact.replace('_', ' ')}, by {kpi.name} in {spoken_unit(kpi.unit)}")
    decisions = past.value("decide")
    kind = "" if decisions is None else f", which decides by {decisions.kind}"
    yield ("how it decides", f"policy {recipe.nodes['policy'].use}{kind}; played by {recipe.nodes['rollout'].use}")


def _made(past: Past) -> Rows:
    recipe = past.recipe
    models = past.value("train")
    gives = "" if models is None else f", gives {models.gives}"
    yield ("model", f"{recipe.nodes['model'].use}{gives}; seed {past.row.seed}, threads {past.row.threads}")
    stated = [
        f"{key.removeprefix('model.')} {origin.value_text}"
        for key, origin in recipe.origins.items()
        if key.startswith("model.") and key != "model.use"
    ]
    yield ("its parameters that somebody set", ", ".join(stated) or "none")
    yield ("calibration", recipe.nodes["calibration"].use)
    yield ("features", ", ".join(f"{name} ({node.use})" for name, node in recipe.groups["features"].items()) or "none")


def _trained(past: Past) -> Rows:
    folds: Folds | None = past.value("split")
    data = past.data
    if data is not None:
        yield ("data", f"{data.table} version {data.version}, {data.rows:,} rows, {data.digest[:12]}")
    if folds is not None:
        last = folds.folds[-1]
        parts = ", ".join(f"{count:,} {part}" for part, count in last.parts.items() if count)
        cutoff = f", trained up to {last.cutoff}" if last.cutoff else ""
        yield ("cases", f"{parts}{cutoff}" + (f"; the last of {len(folds.folds)} folds" if len(folds.folds) > 1 else ""))
        if folds.refit:
            yield ("refit", "fitted again on training and validation cases together before it was tested")


def _found(past: Past) -> Rows:
    evaluation: Evaluation | None = past.value("evaluate")
    if evaluation is not None:
        for name, measured in evaluation.metrics.items():
            ends = "" if measured.low is None or measured.high is None else f" [{number(measured.low)}, {number(measured.high)}]"
            yield (f"score: {name}", f"{number(measured.value)}{ends}")
    valuations: Valuations | None = past.value("value")
    if valuations is not None:
        yield ("value", headline(valuations.by_kpi[valuations.objective]))
    verdicts: Verdicts | None = past.value("gate")
    if verdicts is not None:
        yield ("gates", ", ".join(f"{verdict.gate} {verdict.outcome.lower()}" for verdict in verdicts.verdicts))


def _limits(past: Past) -> Rows:
    verdicts: Verdicts | None = past.value("gate")
    folds: Folds | None = past.value("split")
    valuations: Valuations | None = past.value("value")
    flows = past.value("play")
    if verdicts is not None:
        yield from ((f"limit: {v.gate} is open", v.would_decide or v.reason) for v in verdicts.verdicts if v.outcome == "INCONCLUSIVE")
    if folds is not None:
        yield from ((f"limit: {leak.replace('_', ' ')} was let pass", reason) for leak, reason in folds.allowed.items())
        yield from (("note", note) for note in folds.notes)
    if flows is not None:
        yield from (("note", note) for note in flows.notes)
    if valuations is not None:
        for name, valuation in valuations.by_kpi.items():
            yield from ((f"limit: {parameter} of {name}", "has expired") for parameter in valuation.expired)


def _data(past: Past) -> Rows:
    data, recipe = past.data, past.recipe
    yield ("source", recipe.nodes["data"].use)
    if data is not None:
        yield ("table", f"{data.table} version {data.version}, pinned {stamp(data.created_at)}")
        yield ("rows", f"{data.rows:,}")
        yield ("digest of the content", data.digest)
    checked: Checked | None = past.value("validate")
    if checked is not None:
        yield ("checks", f"{len(checked.findings):,}, of which {sum(found.rows > 0 for found in checked.findings):,} found something")
        yield ("rows set aside", f"{checked.quarantined:,}")
        for name, side in checked.snapshot.tables.items():
            yield (f"side table {name}", f"{side.table} version {side.version}, {side.rows:,} rows, {side.digest[:12]}")
    cases = past.value("label")
    yield (
        "outcome",
        f"made by {recipe.nodes['labels'].use}" + ("" if cases is None else f"; {cases.size:,} cases, resampled by {cases.block}"),
    )


def _columns(past: Past) -> TableBlock | None:
    snapshot = past.value("ingest")
    if snapshot is None:
        return None
    roles: dict[str, list[str]] = {}
    for role, names in snapshot.roles.columns().items():
        for name in names:
            roles.setdefault(name, []).append(role.replace("_", " "))
    rows = [(name, kind, ", ".join(roles.get(name, []))) for name, kind in snapshot.columns.items()]
    columns = [Column("column", "column", "code"), Column("type", "Arrow type", "code"), Column("roles", "what it is", "text")]
    return table("Columns", columns, rows)


__all__ = ["cards"]
