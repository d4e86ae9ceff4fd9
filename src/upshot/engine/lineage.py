"""Where the result of a run comes from, from its source to its version, as far as the links are still known."""

from __future__ import annotations

from dataclasses import dataclass

from upshot.engine.past import Past

FILE = "file "
"""Begins the name of an input file among the facts of a stage."""


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


__all__ = ["Lineage"]
