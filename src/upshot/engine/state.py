"""The state folder, opened piece by piece: a repeat reads receipts only and opens no database."""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from weakref import WeakValueDictionary

from upshot.contracts.records import Fitted
from upshot.engine.code import CodeDigests
from upshot.engine.files import FileDigests
from upshot.ledger.artefacts import Artefacts
from upshot.ledger.codec import Codec
from upshot.ledger.environments import ServedRow
from upshot.ledger.receipts import Receipts
from upshot.ledger.served import served_in
from upshot.ledger.snapshots import Lake
from upshot.project import Project
from upshot.secrets import REFERENCE, Secrets

if TYPE_CHECKING:
    import pandas as pd

    from upshot.ledger.ledger import Ledger
    from upshot.ledger.upkeep import Upkeep


class State:
    """Everything under the state folder.

    Args:
        root: The folder; made with mode 0700 when something is first written.
        ledger_url: Gives the URL of the ledger's database; a file in the folder when left out.
    """

    def __init__(self, root: Path, ledger_url: Callable[[], str] | None = None) -> None:
        self.root = root
        self._ledger_url = ledger_url
        self._frames: MutableMapping[str, pd.DataFrame] = WeakValueDictionary()
        self._served: dict[str, tuple[ServedRow, ...]] = {}

    @classmethod
    def of(cls, project: Project) -> State:
        """The state of a project, with its ledger where the project says."""
        return cls(project.state, None if project.ledger is None else partial(_revealed, project.ledger, Secrets.of(project)))

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
        from upshot.ledger.ledger import CHECKPOINTS, Ledger

        if self._ledger_url is None:
            return Ledger(self.root / "ledger.db")
        return Ledger(self._ledger_url(), checkpoints=self.root / CHECKPOINTS)

    def has_ledger(self) -> bool:
        """Whether anything was ever recorded. A file is looked for without the database library."""
        return (self.root / "ledger.db").exists() if self._ledger_url is None else self.ledger.exists()

    def served(self, name: str) -> tuple[ServedRow, ...]:
        """What environments serve of a use case; a file is read without the database library.

        It is asked once: all points of a sweep are held against the same champion. Whoever promotes asks the ledger itself.
        """
        if name not in self._served:
            self._served[name] = self._look_up(name)
        return self._served[name]

    def _look_up(self, name: str) -> tuple[ServedRow, ...]:
        if not self.has_ledger():
            return ()
        found = served_in(self.root / "ledger.db", name) if self._ledger_url is None else None
        return self.ledger.environments.served(name) if found is None else found

    @cached_property
    def code(self) -> CodeDigests:
        """Digests of code."""
        return CodeDigests(self.root / "code.json")

    @cached_property
    def files(self) -> FileDigests:
        """Digests of input files."""
        return FileDigests(self.root / "files.json")

    def is_whole(self, digest: str) -> bool:
        """Whether a stored value has all its files; contents are checked when they are read."""
        return self.artefacts.has(digest) and self.codec(_never).is_whole(digest)

    def upkeep(self) -> Upkeep:
        """Sizes, cleaning and checking."""
        from upshot.ledger.upkeep import Upkeep

        ledger = self.ledger if self.has_ledger() else None
        return Upkeep(self.artefacts, self.receipts, self.codec(_never), self.lake, ledger)

    def codec(self, revive: Callable[[Fitted], Any], types: tuple[type, ...] = ()) -> Codec:
        """Stores and loads the stages' values.

        Args:
            revive: Makes a fitted component from its files.
            types: Result types that plugins' stages add.
        """
        return Codec(self.artefacts, self.lake, revive, types, self._frames)

    def hold_frames(self) -> None:
        """Keep every frame that is read from now on, as `frames_held` does, for as long as this process lives."""
        self._frames = {}

    @contextmanager
    def frames_held(self) -> Iterator[None]:
        """Keep every frame that is read inside this block until its end: several runs read the same ones, each checked once."""
        before, self._frames = self._frames, {}
        try:
            yield
        finally:
            self._frames = before


def _revealed(url: str, secrets: Secrets) -> str:
    """A URL with the secrets that it names, quoted as a URL quotes; one that is a secret as a whole stands as it is."""
    if REFERENCE.fullmatch(url):
        return secrets.reveal(url)
    return REFERENCE.sub(lambda found: quote(secrets.reveal(found.group()), safe=""), url)


def _never(fitted: Fitted) -> Any:
    raise AssertionError(f"{fitted.spec.use} is looked at where only its files are counted")
