"""A tiny project whose commands run in forks of one warm process, so that a command costs what it does and not its imports.

Scripts of this folder stand on it. A fork is a process of its own: it has its own number and dies of its own signals, and only what it
leaves in the state folder counts.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import deltalake  # noqa: F401 - imported here once, for all forks
import pandas as pd  # noqa: F401
import pyarrow.parquet as pq  # noqa: F401
import sklearn.linear_model  # noqa: F401
import sqlalchemy  # noqa: F401

from upshot.cli.main import main
from upshot.ledger.environments import PromotionRow
from upshot.ledger.ledger import Ledger, VersionRow

ASSET = Path(__file__).parents[1] / "assets" / "tiny" / "tiny.yaml"
ENV = "env:\n  dev: {}\n  prod: {approvals: {risk: {}}}\n"
FACTS = {
    "METADATA": "Metadata-Version: 2.1\nName: upshot-rel\nVersion: 1.0\n",
    "entry_points.txt": "[upshot]\nrel = tiny_house_plugin\n",
}


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code, or minus the signal that killed it, and what it said."""

    code: int
    stdout: str
    stderr: str
    seconds: float


class TinyHouse:
    """A project with the recipe `tiny`, and a plugin that lets a script act before a stage.

    Args:
        folder: Where project and site lie; empty.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "project"
        site = folder / "site" / "upshot_rel-1.0.dist-info"
        site.mkdir(parents=True)
        for name, text in FACTS.items():
            (site / name).write_text(text, encoding="utf-8")
        sys.path[:0] = [str(Path(__file__).parent), str(site.parent)]
        self.clear()

    @property
    def state(self) -> Path:
        """The state folder."""
        return self.root / ".upshot"

    def clear(self) -> None:
        """Begin anew: the project's files, and no state."""
        shutil.rmtree(self.root, ignore_errors=True)
        rows = ["id,day,amount,bad"]
        for day in range(1, 25):
            rows += [f"{2 * day},2026-01-{day:02d} 08:00:00,10,0", f"{2 * day + 1},2026-01-{day:02d} 20:00:00,{100 + day},1"]
        files = {
            "recipes/tiny.yaml": ASSET.read_text(encoding="utf-8") + ENV,
            "data/cases.csv": "\n".join(rows) + "\n",
            "upshot.yaml": "use_plugins: [rel]\nidentity: names\n",
        }
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def keep(self, name: str) -> None:
        """Remember the project as it is."""
        shutil.copytree(self.root, self.folder / name, symlinks=True)

    def restore(self, name: str) -> None:
        """Make the project what it was, at the place where it was."""
        shutil.rmtree(self.root)
        shutil.copytree(self.folder / name, self.root, symlinks=True)

    def start(self, *words: str, before: tuple[str, Callable[[], None]] | None = None) -> int:
        """Start `upshot WORDS` in a fork; its process number.

        Args:
            words: The words.
            before: Name of a stage, and what the fork does before it; without a name, before anything else.
        """
        sys.stdout.flush()
        pid = os.fork()
        return pid or self._become(words, before)

    def _become(self, words: tuple[str, ...], before: tuple[str, Callable[[], None]] | None) -> NoReturn:
        code = 1
        try:
            os.chdir(self.root)
            for number, name in ((1, "out"), (2, "err")):
                os.dup2(os.open(self.folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
            if before is not None and not before[0]:
                before[1]()
            elif before is not None:
                import tiny_house_plugin

                tiny_house_plugin.BEFORE = before
            code = main(words)
            sys.stdout.flush()
        finally:
            os._exit(code)

    def ended(self, pid: int, since: float) -> Ended:
        """Wait for a fork."""
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        out, err = ((self.folder / name).read_text(encoding="utf-8") if (self.folder / name).exists() else "" for name in ("out", "err"))
        return Ended(status, out, err, time.monotonic() - since)

    def run(self, *words: str, before: tuple[str, Callable[[], None]] | None = None) -> Ended:
        """Run `upshot WORDS` to its end."""
        since = time.monotonic()
        return self.ended(self.start(*words, before=before), since)

    def ledger(self) -> Ledger:
        """The ledger."""
        return Ledger(self.state / "ledger.db")

    def versions(self) -> tuple[VersionRow, ...]:
        """Registered versions."""
        return self.ledger().versions() if (self.state / "ledger.db").exists() else ()

    def refuse_loss(self, before: tuple[VersionRow, ...], when: str) -> None:
        """Everything that was registered still is, and nothing is registered in part."""
        now = self.versions()
        lost = [f"{row.name} {row.number}" for row in before if row not in now]
        half = [
            f"{row.name} {row.number}" for row in now if not row.manifest or not all(self._has(digest) for digest in row.manifest.values())
        ]
        hold(not lost, when, f"lost: {lost}")
        hold(not half, when, f"registered in part: {half}")

    def refuse_litter(self, when: str) -> None:
        """No run is open, no number is claimed and never completed, no lease is held, and the journal verifies."""
        ledger = self.ledger()
        hold(ledger.versions(claimed=True) == ledger.versions(), when, "a number was claimed and never completed")
        hold([row.number for row in ledger.versions()] == list(range(1, len(ledger.versions()) + 1)), when, "a number was left out")
        still = [run.id for run in ledger.runs(limit=10_000) if run.status == "running"]
        hold(not still, when, f"run for ever: {still}")
        hold(ledger.leases() == (), when, f"leases are held: {ledger.leases()}")
        hold(ledger.verify_journal() is None, when, f"the journal: {ledger.verify_journal()}")

    def deploy(self, number: int) -> None:
        """A version through both environments, by the rules."""
        self.admit(number)
        self.must("promote", f"tiny@{number}", "--env", "prod", "--as", "ops")

    def admit(self, number: int) -> None:
        """Everything that prod asks for of a version."""
        self.must("promote", f"tiny@{number}", "--env", "dev", "--as", "ops")
        self.must("approve", f"tiny@{number}", "--env", "prod", "--as", "mia")

    def must(self, *words: str) -> None:
        """A command that succeeds."""
        done = self.run(*words)
        hold(done.code == 0, "at the start", f"upshot {' '.join(words)} exits {done.code}: {done.stderr}")

    def promotions(self) -> tuple[PromotionRow, ...]:
        """What prod served, the oldest first."""
        return self.ledger().environments.promotions("tiny", "prod")

    def served(self) -> int | None:
        """Number of the version that prod serves."""
        rows = self.ledger().environments.served("tiny")
        return next((row.number for row in rows if row.environment == "prod"), None)

    def refuse_half_promotion(self, before: tuple[PromotionRow, ...], number: int, when: str) -> bool:
        """Every promotion of before is there; the new one, of a number, is whole or is not there. Whether it is."""
        now = self.promotions()
        hold(now[: len(before)] == before, when, f"promotions are lost: {before} became {now}")
        hold(len(now) <= len(before) + 1, when, f"there is more than one new promotion: {now[len(before) :]}")
        last = now[-1]
        hold(self.served() == last.number, when, f"prod serves {self.served()}, and the last promotion is of {last.number}")
        hold(len(now) == len(before) or last.number == number, when, f"another version was promoted: {last.number}")
        fault = self.ledger().verify_journal()
        hold(fault is None, when, f"the journal: {fault}")
        return len(now) > len(before)

    def refuse_damage(self, when: str) -> None:
        """Every file of the state folder is what it should be."""
        done = self.run("fsck")
        hold(done.code == 0, when, f"upshot fsck exits {done.code}: {done.stdout}{done.stderr}")

    def go_on(self, *words: str, when: str) -> None:
        """The next run completes, and leaves nothing behind."""
        done = self.run(*words)
        hold(done.code == 0, when, f"the next run exits {done.code}: {done.stderr}")
        self.refuse_litter(when)

    def _has(self, digest: str) -> bool:
        return (self.state / "artefacts" / digest[:2] / digest).is_file()


def hold(claim: bool, when: str, what: str) -> None:
    """End the script when a claim does not hold."""
    if not claim:
        print(f"BROKEN {when}: {what}")
        sys.exit(1)


def refuse_bad_refusal(code: int, said: str, when: str, *, output: bool = False) -> None:
    """A full or broken disk is told as exit code 7, a headline and one line with what is free; of `output` nobody knows that."""
    lines = said.strip().splitlines()
    hold(code == 7, when, f"exits {code}: {said}")
    hold(len(lines) == 3 and lines[0].startswith("StorageError: ") and lines[1] == "", when, f"says more than one line: {said}")
    hold(output or "bytes free" in lines[2], when, f"does not say what is free: {said}")
