"""The state folder, opened piece by piece: a repeat reads receipts only and opens no database."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from upshot.contracts.records import Fitted
from upshot.engine.code import CodeDigests
from upshot.engine.files import FileDigests
from upshot.ledger.artefacts import Artefacts
from upshot.ledger.codec import Codec
from upshot.ledger.receipts import Receipts
from upshot.ledger.snapshots import Lake

if TYPE_CHECKING:
    from upshot.ledger.ledger import Ledger


class State:
    """Everything under the state folder.

    Args:
        root: The folder; made with mode 0700 when something is first written.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    @cached_property
    def artefacts(self) -> Artefacts:
        """Files by the SHA-256 of their content."""
        return Artefacts(self.root / "artefacts")

    @cached_property
    def receipts(self) -> Receipts:
        """What each stage gave for each key."""
        return Receipts(self.root / "receipts")

    @cached_property
    def lake(self) -> Lake:
        """Pinned versions of the data."""
        return Lake(self.root / "snapshots", lambda pin: self.ledger.remember(pin))

    @cached_property
    def ledger(self) -> Ledger:
        """Runs, versions and the journal. Importing the database library is put off to here."""
        from upshot.ledger.ledger import Ledger

        return Ledger(self.root / "ledger.db")

    @cached_property
    def code(self) -> CodeDigests:
        """Digests of code."""
        return CodeDigests(self.root / "code.json")

    @cached_property
    def files(self) -> FileDigests:
        """Digests of input files."""
        return FileDigests(self.root / "files.json")

    def codec(self, revive: Callable[[Fitted], Any], types: tuple[type, ...] = ()) -> Codec:
        """Stores and loads the stages' values.

        Args:
            revive: Makes a fitted component from its files.
            types: Result types that plugins' stages add.
        """
        return Codec(self.artefacts, self.lake, revive, types)
