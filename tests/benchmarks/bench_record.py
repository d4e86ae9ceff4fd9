"""The record of a run in a local ledger: run with 20 parameters, lease, ten stages, ten metrics and one artefact of 1 kB. Goal: 10 ms."""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

from upshot.contracts.tables import Map
from upshot.ledger.artefacts import Artefacts
from upshot.ledger.ledger import Ledger, RunRow, StageRow, new_run_id, now

STAGES, NUMBERS = 10, 20


def record(ledger: Ledger, artefacts: Artefacts, number: int) -> None:
    """All that is written of one run."""
    config = Map({f"parameter_{index}": number * index / 7 for index in range(NUMBERS)})
    row = RunRow(new_run_id(), "j5", "0" * 64, now(), "0.1.0", 42, 1, config, person=Map({"name": "ada"}))
    with ledger.alone(row, "recipe j5") as lease:
        digest = artefacts.write(number.to_bytes(8) * 128, sync=True)
        for position in range(STAGES):
            ledger.add_stage(StageRow(row.id, position, f"stage {position}", f"{number:064d}", digest, cached=False, seconds=0.1))
        ledger.finish_run(row.id, "done", {f"metric_{index}": index / 3 for index in range(10)}, lease=lease)


def main(runs: int) -> None:
    """Print the median, least and most of so many runs, after three that open the database."""
    with tempfile.TemporaryDirectory() as folder:
        ledger, artefacts = Ledger(Path(folder) / "ledger.db"), Artefacts(Path(folder) / "artefacts")
        spent = []
        for number in range(runs + 3):
            started = time.perf_counter()
            record(ledger, artefacts, number)
            spent.append((time.perf_counter() - started) * 1000)
        spent = spent[3:]
        print(f"record of a run: {statistics.median(spent):.1f} ms ({min(spent):.1f} to {max(spent):.1f}), {runs} runs")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50)
