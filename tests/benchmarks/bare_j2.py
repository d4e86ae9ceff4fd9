"""Twenty points of the common job by hand: one process, a loop, every point reads, splits, fits, scores and writes. usage: bare_j2.py RAW OUT"""

from __future__ import annotations

import json
import sys
from itertools import product
from pathlib import Path

RATES, PENALTIES = (0.05, 0.08, 0.1, 0.15, 0.2), (0.0, 0.1, 1.0, 10.0)


def point(raw: str, out: Path, learning_rate: float, l2_regularization: float) -> None:
    import joblib
    import pandas as pd
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import accuracy_score, log_loss, roc_auc_score
    from sklearn.model_selection import train_test_split

    frame = pd.read_parquet(raw)
    features = [f"f{i:02d}" for i in range(20)]
    if list(frame.columns) != [*features, "target"] or frame.isna().to_numpy().any():
        raise ValueError("bad table")
    train, test = train_test_split(frame, test_size=0.2, random_state=42, stratify=frame["target"])
    model = HistGradientBoostingClassifier(
        learning_rate=learning_rate,
        max_iter=20,
        max_leaf_nodes=15,
        l2_regularization=l2_regularization,
        early_stopping=False,
        random_state=42,
    )
    model.fit(train[features].to_numpy(), train["target"].to_numpy())
    p, y = model.predict_proba(test[features].to_numpy())[:, 1], test["target"].to_numpy()
    out.mkdir(parents=True, exist_ok=True)
    joblib.dump(model, out / "model.joblib")
    scores = {"accuracy": accuracy_score(y, p > 0.5), "roc_auc": roc_auc_score(y, p), "log_loss": log_loss(y, p)}
    (out / "metrics.json").write_text(json.dumps({name: float(score) for name, score in scores.items()}))


if __name__ == "__main__":
    for number, (rate, penalty) in enumerate(product(RATES, PENALTIES)):
        point(sys.argv[1], Path(sys.argv[2]) / str(number), rate, penalty)
