"""`upshot lineage`: where a run's result comes from, link by link."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import Any

from upshot.cli.context import Context, add_json
from upshot.cli.shapes import printed
from upshot.cli.text import columns
from upshot.engine.past import Past, find_run

WIDTH = 16
FILE = "file "


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("run", metavar="RUN", help="id of a run, the beginning of one, or last")
    add_json(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Print the lineage."""
    context = Context.of(arguments)
    lineage = Lineage.of(Past(find_run(context.state, arguments.run), context.state, context.catalogue))
    print(lineage.document() if arguments.json else lineage.render())
    return 0


@dataclass(frozen=True)
class Lineage:
    """The chain from source to version.

    Args:
        past: The run.
        inputs: Path that the source read -> digest of what lay there; None where that is no longer kept.
        number: Number of the version that it gave, None without one.
        manifest: Path -> digest of the version's files.
    """

    past: Past
    inputs: dict[str, str | None]
    number: int | None
    manifest: dict[str, str]

    @classmethod
    def of(cls, past: Past) -> Lineage:
        """The lineage of a run, from the ledger and the receipt of its first stage."""
        ingest = next((stage for stage in past.stages if stage.stage == "ingest"), None)
        receipt = None if ingest is None else past.state.receipts.find(ingest.key)
        inputs = {path: None if receipt is None else receipt.inputs.get(f"{FILE}{path}") for path in past.recipe.nodes["data"].inputs}
        name, _, number = str(past.row.summary.get("version") or "").rpartition(" ")
        found = next((row for row in past.state.ledger.versions(name) if str(row.number) == number), None) if name else None
        return cls(past, inputs, None if found is None else found.number, {} if found is None else dict(found.manifest))

    def render(self) -> str:
        """The chain as text, from the source down."""
        past = self.past
        node, data, use_case = past.recipe.nodes["data"], past.data, past.recipe.use_case
        files = [("", path, digest or "digest no longer kept") for path, digest in self.inputs.items()]
        rows = [("run", past.row.id, f"recipe {past.row.recipe} {past.row.recipe_digest[:WIDTH]}"), ("source", node.use, ""), *files]
        if data is not None:
            rows.append(("snapshot", f"{data.table} version {data.version}", f"{data.rows:,} rows, digest {data.digest[:WIDTH]}"))
        made = [("stage", "key", "value"), *((s.stage, s.key[:WIDTH], (s.digest or "none")[:WIDTH]) for s in past.stages)]
        parts = [columns(rows), columns(made)]
        if self.number is None:
            return "\n\n".join([*parts, f"version   none registered: the run was {past.row.status}"])
        packed = [("", path, digest[:WIDTH]) for path, digest in self.manifest.items()]
        return "\n\n".join([*parts, columns([("version", f"{use_case.name} {self.number}", f"{len(packed)} files"), *packed])])

    def document(self) -> str:
        """The chain as one JSON document of shape `upshot.lineage/1`."""
        past, data = self.past, self.past.data
        snapshot: dict[str, Any] | None = None
        if data is not None:
            snapshot = {key: getattr(data, key) for key in ("table", "version", "rows", "digest", "created_at")}
        version = None if self.number is None else {"name": past.recipe.use_case.name, "number": self.number, "manifest": self.manifest}
        return printed(
            "upshot.lineage/1",
            {
                "run": past.row.id,
                "recipe": past.row.recipe,
                "recipe_digest": past.row.recipe_digest,
                "source": {"use": past.recipe.nodes["data"].use, "inputs": self.inputs},
                "snapshot": snapshot,
                "stages": [{"stage": stage.stage, "key": stage.key, "value": stage.digest} for stage in past.stages],
                "version": version,
            },
        )
