"""`upshot lineage`: where a run's result comes from, link by link."""

from __future__ import annotations

import argparse
from typing import Any

from upshot.cli.context import Context, add_json, add_run
from upshot.cli.shapes import printed
from upshot.cli.text import columns
from upshot.engine.lineage import Lineage
from upshot.engine.past import Past, find_run
from upshot.report.words import ending

WIDTH = 16


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    add_run(parser)
    add_json(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Print the lineage."""
    context = Context.of(arguments)
    lineage = Lineage.of(Past(find_run(context.state, arguments.run), context.state, context.catalogue))
    print(document(lineage) if arguments.json else render(lineage))
    return 0


def render(lineage: Lineage) -> str:
    """The chain as text, from the source down."""
    past = lineage.past
    node, data, use_case = past.recipe.nodes["data"], past.data, past.recipe.use_case
    files = [("", path, digest or "digest no longer kept") for path, digest in lineage.inputs.items()]
    rows = [("run", past.row.id, f"recipe {past.row.recipe} {past.row.recipe_digest[:WIDTH]}"), ("source", node.use, ""), *files]
    if data is not None:
        rows.append(("snapshot", f"{data.table} version {data.version}", f"{data.rows:,} rows, digest {data.digest[:WIDTH]}"))
    made = [("stage", "key", "value"), *((s.stage, s.key[:WIDTH], (s.digest or "none")[:WIDTH]) for s in past.stages)]
    parts = [columns(rows), columns(made)]
    if lineage.number is None:
        return "\n\n".join([*parts, f"version   none registered: {ending(past.row.status)}"])
    packed = [("", path, digest[:WIDTH]) for path, digest in lineage.manifest.items()]
    return "\n\n".join([*parts, columns([("version", f"{use_case.name} {lineage.number}", f"{len(packed)} files"), *packed])])


def document(lineage: Lineage) -> str:
    """The chain as one JSON document of shape `upshot.lineage/1`."""
    past, data = lineage.past, lineage.past.data
    snapshot: dict[str, Any] | None = None
    if data is not None:
        snapshot = {key: getattr(data, key) for key in ("table", "version", "rows", "digest", "created_at")}
    version = (
        None if lineage.number is None else {"name": past.recipe.use_case.name, "number": lineage.number, "manifest": lineage.manifest}
    )
    return printed(
        "upshot.lineage/1",
        {
            "run": past.row.id,
            "recipe": past.row.recipe,
            "recipe_digest": past.row.recipe_digest,
            "source": {"use": past.recipe.nodes["data"].use, "inputs": lineage.inputs},
            "snapshot": snapshot,
            "stages": [{"stage": stage.stage, "key": stage.key, "value": stage.digest} for stage in past.stages],
            "version": version,
        },
    )
