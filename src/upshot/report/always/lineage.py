"""Where the result comes from, link by link, and the evidence behind every figure."""

from __future__ import annotations

from collections.abc import Iterator

from upshot.contracts.sections import ChainBlock, Column, Link, TableBlock
from upshot.engine.lineage import Lineage
from upshot.engine.past import Past
from upshot.report.document import EVIDENCE, Entry, section, table
from upshot.report.front import evidence_of
from upshot.report.words import ending, stamp

SHORT = 12


def lineage(past: Past) -> Iterator[Entry]:
    """The chain from source to version, the values of all stages, and what the journal has of the version."""
    found = Lineage.of(past)
    chain = ChainBlock(
        "", tuple(_links(found)), "Each link was made from the one before it; codes are the first digits of SHA-256 digests."
    )
    yield Entry("lineage", section("Where it comes from", "risk", chain, _journal(found)), evidence_of(past, "ingest", "register"))
    yield Entry(EVIDENCE, section("Evidence", "risk", _values(past)))


def _links(found: Lineage) -> Iterator[Link]:
    past = found.past
    recipe, data = past.recipe, past.data
    files = tuple(
        f"{path.rpartition('/')[2]} {digest[:SHORT] if digest else 'digest no longer kept'}" for path, digest in found.inputs.items()
    )
    yield Link("source", (recipe.nodes["data"].use, *files))
    if data is not None:
        yield Link("snapshot", (f"{data.table} version {data.version}", f"{data.rows:,} rows", data.digest[:SHORT]))
    features = past.value("featurize")
    if features is not None:
        yield Link(
            "features",
            (f"{len(features.columns):,} columns", f"{len(recipe.groups['features']):,} components", past.digests["featurize"][:SHORT]),
        )
    for kind, stage in (("model", "train"), ("calibration", "calibrate"), ("policy", "decide")):
        if stage in past.digests:
            yield Link(kind, (recipe.nodes[kind].use, past.digests[stage][:SHORT]))
    if found.number is not None:
        yield Link("version", (f"{recipe.use_case.name} {found.number}", f"{len(found.manifest):,} files"))
    else:
        yield Link("version", (f"none: {ending(past.row.status)}",))


def _journal(found: Lineage) -> TableBlock | None:
    """The entries by which the version was claimed and registered; they never change."""
    past = found.past
    if found.number is None:
        return None
    subject = f"{past.recipe.use_case.name} {found.number}"
    entries = [e for e in past.state.ledger.journal() if e.subject == subject and e.kind in ("version.claimed", "version.registered")]
    columns = [
        Column("seq", "entry", "count"),
        Column("at", "at", "text"),
        Column("kind", "what", "text"),
        Column("hash", "hash of the chain up to it", "code"),
    ]
    note = "`upshot journal verify` proves that nothing before an entry was changed."
    return table("Position in the journal", columns, [(e.seq, stamp(e.at), e.kind, e.hash) for e in entries], note=note)


def _values(past: Past) -> TableBlock:
    """What each stage gave. A value is a file named by its digest, so whoever has the digest can prove the figure."""
    rows = [(stage.stage, stage.digest, stage.key) for stage in past.stages]
    columns = [Column("stage", "stage", "text"), Column("digest", "value, SHA-256", "code"), Column("key", "made under the key", "code")]
    return table(
        "", columns, rows, note="A key is the hash of everything that the stage's value depends on: data, parameters, code, libraries."
    )


__all__ = ["lineage"]
