"""How long a shell waits after TAB: whole processes that answer, once the index is there. Goal: each below 0.3 s."""

from __future__ import annotations

import os
import statistics
import tempfile
from pathlib import Path

from timing import PYTHON, refuse_without_bytecode, spend

ASKED = {
    "commands": ["va"],
    "recipes": ["run", "card"],
    "options": ["plan", "card_fraud", "--"],
    "groups": ["run", "card_fraud", "mod"],
    "choices": ["run", "card_fraud", "model=xg"],
    "keys": ["run", "card_fraud", "model=xgboost", "model.max_d"],
    "nested keys": ["run", "card_fraud", "kpi.fraud_savings.parameters.review_cost."],
    "runs": ["show", "r2"],
    "values": ["run", "card_fraud", "model.task="],
}


def main() -> None:
    """Print the median, least and most of eleven processes for each question."""
    refuse_without_bytecode()
    folder = Path(tempfile.mkdtemp())
    os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
    first = spend([PYTHON, "-m", "upshot.cli.main", "completion", "bash"], folder)
    print(f"{'the script, making the index':<30}{first.seconds:6.3f} s")
    logs = folder / ".upshot" / "logs"
    logs.mkdir(parents=True)
    for number in range(2_000):
        line = "2026-11-24T02:15:30.000+00:00  run        r20261124T021530-000000 of recipe card_fraud begins with 2 threads\n"
        (logs / f"r20261124T021530-{number:06x}.log").write_text(line, encoding="utf-8")
    for name, words in ASKED.items():
        seconds = [spend([PYTHON, "-m", "upshot.cli.main", "complete", *words], folder).seconds for _ in range(11)]
        print(f"{name:<30}{statistics.median(seconds):6.3f} s  ({min(seconds):.3f} to {max(seconds):.3f})")


if __name__ == "__main__":
    main()
