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
    "values": ["run", "card_fraud", "model.task="],
}


def main() -> None:
    """Print the median, least and most of eleven processes for each question."""
    refuse_without_bytecode()
    folder = Path(tempfile.mkdtemp())
    os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
    first = spend([PYTHON, "-m", "upshot.cli.main", "completion", "bash"], folder)
    print(f"{'the script, making the index':<30}{first.seconds:6.3f} s")
    for name, words in ASKED.items():
        seconds = [spend([PYTHON, "-m", "upshot.cli.main", "complete", *words], folder).seconds for _ in range(11)]
        print(f"{name:<30}{statistics.median(seconds):6.3f} s  ({min(seconds):.3f} to {max(seconds):.3f})")


if __name__ == "__main__":
    main()
