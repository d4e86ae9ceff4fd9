"""Let the clock jump by up to ten years, forwards and backwards, between all things that a ledger notes, and hold what it holds anyway.

`python tests/rel/clock_jumps.py --runs 500` is the long form. The clock is the one that the ledger is given; the machine's own clock that
only goes forward cannot be set, and waiting is measured by it alone.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from upshot.contracts.tables import Map
from upshot.ledger.ledger import Ledger, RunRow

TEN_YEARS = 10 * 365 * 24 * 3600
START = datetime(2026, 11, 24, tzinfo=UTC)


class JumpingClock:
    """A clock that is somewhere else each time somebody looks.

    Args:
        seed: Of the jumps.
    """

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)

    def __call__(self) -> datetime:
        """A time within ten years of the start, either way."""
        return START + timedelta(seconds=self._rng.uniform(-TEN_YEARS, TEN_YEARS))


def main() -> None:
    """Run, register, look."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger(Path(folder) / "ledger.db", clock=JumpingClock(arguments.seed))
        for number in range(1, arguments.runs + 1):
            _register(ledger, number)
        assert [run.id for run in ledger.runs(limit=arguments.runs)] == [f"r{number}" for number in range(arguments.runs, 0, -1)]
        assert {run.status for run in ledger.runs(limit=arguments.runs)} == {"done"}
        assert [row.number for row in ledger.versions(claimed=True)] == list(range(1, arguments.runs + 1))
        assert all(row.is_complete for row in ledger.versions(claimed=True))
        assert ledger.leases() == ()
        assert ledger.verify_journal() is None
        back = sum(entry.kind == "clock.skew" for entry in ledger.journal())
    assert back > 0
    print(f"{arguments.runs} runs under a jumping clock: in their order, all registered, the journal verifies and tells {back} jumps back")


def _register(ledger: Ledger, number: int) -> None:
    """One run that registers a version, as the engine does."""
    row = RunRow(f"r{number}", "tiny", "1e" * 32, "", "0.1.0", 7, 2, Map({}))
    with ledger.alone(row, "recipe tiny") as lease:
        lease.check()
        claimed = ledger.number("tiny", f"{number:064x}", row.id)
        ledger.complete_version("tiny", claimed, {"model/model.json": f"{number:064x}"}, f"{number:064x}")
        ledger.finish_run(row.id, "done", {}, lease=lease)


if __name__ == "__main__":
    main()
