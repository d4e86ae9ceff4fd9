"""The registered version: its files, what it takes and gives, and how to use it."""

from __future__ import annotations

from collections.abc import Iterator

from upshot.contracts.records import ModelVersion
from upshot.contracts.sections import Column, TextBlock
from upshot.engine.past import Past
from upshot.report.document import Entry, section, table
from upshot.report.front import evidence_of

USE = (
    "upshot model show {version}",
    "upshot model export {version} FOLDER",
    "upshot model verify FOLDER",
)
"""What can be done with a version."""


def signature(past: Past) -> Iterator[Entry]:
    """Files and signature of the version; nothing where none is registered."""
    version: ModelVersion | None = past.value("register")
    if version is None:
        return
    taken = version.signature
    predictor = past.value("calibrate")
    roles = {} if predictor is None else {name: role for role, names in predictor.golden.cases.roles.columns().items() for name in names}
    inputs = [(name, kind, roles.get(name)) for name, kind in taken.columns.items()]
    columns = [Column("column", "column", "code"), Column("type", "Arrow type", "code"), Column("role", "role", "text")]
    takes = table(f"What {version.name} {version.number} takes", columns, inputs)
    golden = (
        ""
        if predictor is None
        else f" {predictor.golden.expected.rows:,} golden rows with their answers prove that whoever loads it gets the same."
    )
    count = len(taken.features)
    sees = f"Its model sees {count:,} column{'s' if count > 1 else ''} made from them: {', '.join(taken.features)}." if count else ""
    gives = TextBlock(tuple(part for part in (f"For each case it gives a prediction of kind {taken.gives}.{golden}", sees) if part))
    how = table(
        "How to use it",
        [Column("command", "command", "code")],
        [(line.format(version=f"{version.name}@{version.number}"),) for line in USE],
    )
    yield Entry("signature", section("Signature", "engineering", takes, gives, how), evidence_of(past, "register"))
    files = [(path, _size(past, digest), digest) for path, digest in version.manifest.items()]
    packed = table("", [Column("path", "file", "code"), Column("size", "size", "size"), Column("digest", "SHA-256", "code")], files)
    yield Entry("files", section("Files of the version", "engineering", packed), evidence_of(past, "register"))


def _size(past: Past, digest: str) -> int | None:
    path = past.state.artefacts.path(digest)
    return path.stat().st_size if path.is_file() else None


__all__ = ["USE", "signature"]
