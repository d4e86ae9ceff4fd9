"""The same job by hand with implicit: lists for validation and test users over all items, two scores. usage: bare_lists.py EVENTS OUT"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main(events: str, out: str) -> None:
    import numpy as np
    import pandas as pd

    frame = pd.read_parquet(events).sort_values(["user_id", "at"], kind="stable")
    user, users = pd.factorize(frame["user_id"], sort=True)
    left = frame.groupby("user_id").cumcount(ascending=False).to_numpy()
    size = np.bincount(user)[user]
    part = np.where((size >= 3) & (left == 0), 2, np.where((size >= 3) & (left == 1), 1, 0))
    item, items = pd.factorize(frame["item_id"], sort=True)
    from scipy.sparse import csr_matrix
    from threadpoolctl import threadpool_limits

    def seen(parts: int) -> csr_matrix:
        rows = part < parts
        matrix = csr_matrix((np.ones(int(rows.sum()), dtype=np.float32), (user[rows], item[rows])), shape=(len(users), len(items)))
        matrix.data[:] = 1.0
        return matrix

    from implicit.cpu.als import AlternatingLeastSquares

    scores = {}
    with threadpool_limits(1, "blas"):
        model = AlternatingLeastSquares(factors=64, alpha=10.0, regularization=0.01, iterations=15, num_threads=2, random_state=42)
        model.fit(seen(1), show_progress=False)
        for name, scored in (("validation", 1), ("test", 2)):
            rows = np.flatnonzero(part == scored)
            known = seen(scored)[user[rows]]
            lists, _ = model.recommend(user[rows], known, N=10, recalculate_user=True)
            hit = lists == item[rows][:, None]
            rank = np.where(hit.any(axis=1), hit.argmax(axis=1) + 1, np.inf)
            scores[name] = {"hit_rate_at_k": float(np.isfinite(rank).mean()), "ndcg_at_k": float((1 / np.log2(1 + rank)).mean())}
            pd.DataFrame({"user_id": np.repeat(users[user[rows]], 10), "item_id": items[lists.ravel()]}).to_parquet(f"{name}.parquet")
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "item_factors.npy", model.item_factors)
    (folder / "metrics.json").write_text(json.dumps(scores))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
