"""A million purchases, 100,000 users, 50,000 items: trained and scored over all items, beside bare implicit on the same job.

usage: uv run python tests/benchmarks/bench_lists.py [PAIRS]
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path

from timing import PYTHON, Spent, ratio, refuse_without_bytecode, spend

HERE = Path(__file__).parent
NEIGHBOURS = ("model.use=item_knn", "~model.factors", "~model.alpha", "~model.iterations")


def make_data(path: Path) -> tuple[int, int, int]:
    """Purchases of the simulated shop; how many, of how many users and items."""
    from upshot.components.data.shop_simulator import ShopSimulatorParams, simulate

    events = simulate(ShopSimulatorParams(table="shop", users=105_000, items=58_000)).events.dropna()
    events[["user_id", "item_id", "at", "price"]].to_parquet(path, index=False)
    return len(events), events["user_id"].nunique(), events["item_id"].nunique()


def main(pairs: int) -> None:
    """Measure and print."""
    refuse_without_bytecode()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        events, users, items = make_data(folder / "events.parquet")
        print(
            f"{events:,} purchases of {users:,} users, {items:,} items; CPU seconds, to bare implicit; medians of {pairs} pairs (least to most)"
        )
        shutil.copy(HERE / "lists.yaml", folder / "lists.yaml")

        def upshot(*words: str) -> Spent:
            shutil.rmtree(folder / ".upshot", ignore_errors=True)
            return spend([str(Path(PYTHON).with_name("upshot")), "run", "lists.yaml", *words], folder)

        def bare() -> Spent:
            return spend([PYTHON, str(HERE / "bare_lists.py"), "events.parquet", "out"], folder)

        print(ratio("als, to bare implicit", upshot, bare, pairs=pairs, by="processor"))
        for label, words in (
            ("als", ()),
            ("item_knn", NEIGHBOURS),
            ("item_knn, settings tried", (*NEIGHBOURS, "+model.decay=[0.8,0.6,1.0]", "+model.backward=[1.0,0.5]", "split.refit=true")),
        ):
            spent = upshot(*words)
            print(f"{label:<28}{spent.seconds:6.1f} s wall {spent.processor:6.1f} s of cores   {spent.megabytes:6.0f} MB")
        print(f"bare implicit scored: {json.loads((folder / 'out' / 'metrics.json').read_text())['test']}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
