"""Our own output may go to a disk that is full."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from upshot.ledger.ledger import Ledger
from upshot.testing import RecipeProject

FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="the system has no /dev/full")
@pytest.mark.parametrize("words", [["recipes"], ["run", "tiny", "--json"]], ids=lambda words: words[0])
def test_output_to_a_full_disk_is_exit_code_7_and_one_line(tiny: RecipeProject, words: list[str]) -> None:
    with FULL.open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "upshot.cli.main", *words], cwd=tiny.root, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )

    assert done.stderr == "StorageError: something cannot be written or read\n\n  output  No space left on device\n"
    assert done.returncode == 7
    if words[0] == "run":
        ledger = Ledger(tiny.root / ".upshot" / "ledger.db")
        assert [row.number for row in ledger.versions(claimed=True)] == [1]
        assert ledger.leases() == ()
