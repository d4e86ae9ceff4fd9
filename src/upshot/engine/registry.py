"""The registry service that the register stage is given: files first and for good, then number and record in one transaction."""

from __future__ import annotations

import json
from dataclasses import dataclass

from upshot.catalogue import Catalogue
from upshot.contracts.records import Fitted
from upshot.contracts.tables import Blob, Map
from upshot.engine.state import State


@dataclass(frozen=True)
class LedgerRegistry:
    """Publishes versions in the state's ledger.

    Args:
        state: The state folder.
        catalogue: What is installed; components are loaded from it.
        run: The run that publishes.
    """

    state: State
    catalogue: Catalogue
    run: str

    def reload(self, fitted: Fitted) -> Fitted:
        """The same component, made again from its files alone."""
        return Fitted(fitted.spec, files=fitted.files, revive=self.catalogue.revive)

    def publish(self, name: str, files: Map[Blob], record: Map[str]) -> tuple[int, Map[str]]:
        """Number of the version, and its manifest: path -> SHA-256.

        Files are on the disk before the number is completed, and the number is found by content: the same files and record are the
        same version, however often they are published and wherever the process was killed.
        """
        manifest, sealed = self.keep(files, record)
        self.state.artefacts.sync((*manifest.values(), sealed))
        number = self.state.ledger.number(name, sealed, self.run)
        self.state.ledger.complete_version(name, number, manifest, sealed)
        return number, manifest

    def keep(self, files: Map[Blob], record: Map[str]) -> tuple[Map[str], str]:
        """Write a version's files: its manifest, and the digest of manifest and record, which is the version's content key."""
        artefacts = self.state.artefacts
        manifest = Map({path: artefacts.write(blob.content) for path, blob in files.items()})
        return manifest, artefacts.write(json.dumps([dict(manifest), dict(record)], sort_keys=True).encode())
