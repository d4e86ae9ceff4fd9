"""The common job by hand, in one process and without any framework. usage: bare_j1.py RAW OUT [learning_rate]"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main(raw: str, out: str, learning_rate: float = 0.1) -> None:
    import pandas as pd

    frame = pd.read_parquet(raw)
    features = [f"f{i:02d}" for i in range(20)]
    if list(frame.columns) != [*features, "target"] or frame.isna().to_numpy().any():
        raise ValueError("bad table")
    from sklearn.model_selection import train_test_split

    train, test = train_test_split(frame, test_size=0.2, random_state=42, stratify=frame["target"])
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(
        learning_rate=learning_rate, max_iter=20, max_leaf_nodes=15, l2_regularization=0.0, early_stopping=False, random_state=42
    )
    model.fit(train[features].to_numpy(), train["target"].to_numpy())
    from sklearn.metrics import accuracy_score, log_loss, roc_auc_score

    p, y = model.predict_proba(test[features].to_numpy())[:, 1], test["target"].to_numpy()
    scores = {
        "accuracy": float(accuracy_score(y, p > 0.5)),
        "roc_auc": float(roc_auc_score(y, p)),
        "log_loss": float(log_loss(y, p)),
    }
    import joblib

    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    joblib.dump(model, folder / "model.joblib")
    (folder / "metrics.json").write_text(json.dumps(scores))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], *(float(word) for word in sys.argv[3:]))
