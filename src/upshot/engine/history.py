"""What the journal says of a use case: registered, approved, waived, promoted, rolled back, and what was taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from upshot.ledger.journal import JournalEntry

WORDS = {
    "version.registered": "registered",
    "version.approved": "approved",
    "approval.withdrawn": "approval taken back",
    "gate.waived": "waived",
    "waiver.withdrawn": "waiver taken back",
    "version.promoted": "promoted",
    "version.rolled_back": "rolled back",
}
"""Kind of a journal entry -> what happened, as people say it."""


def event_of(entry: JournalEntry, name: str) -> dict[str, Any] | None:
    """A journal entry on a use case as an event; None for others."""
    version, _, environment = entry.subject.partition(" in ")
    named, _, number = version.rpartition(" ")
    if entry.kind not in WORDS or named != name or not number.isdigit():
        return None
    body = dict(entry.body)
    return {
        "entry": entry.seq,
        "at": entry.at,
        "what": WORDS[entry.kind],
        "number": int(number),
        "environment": environment or None,
        "person": body.get("person"),
        "role": body.get("role"),
        "gate": body.get("gate"),
        "until": body.get("until"),
        "previous": body.get("previous"),
        "reason": body.get("reason"),
        "takes_back": body.get("entry"),
    }


__all__ = ["WORDS", "event_of"]
