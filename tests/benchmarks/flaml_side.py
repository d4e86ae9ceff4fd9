"""FLAML's side of `bench_flaml.py`: it searches for the CPU seconds that it is given, and predicts the scored rows. Knows nothing of Upshot.

usage: python flaml_side.py FOLDER SECONDS METRIC

FOLDER holds `FOLD.npz` with the columns X and outcomes y of the rows to learn from (`X_train`, `y_train`), of those that tune (`X_validation`,
`y_validation`; without rows where there are none) and X of those that test (`X_test`). Writes `FOLD.out.npz`: probabilities of label 1 for
validation rows by a model that did not see them, for test rows by the best one fitted again on training and validation rows,
and the CPU seconds spent.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

time.time = time.process_time  # FLAML's budget is a clock on the wall; on a machine with others it would be robbed of its seconds

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from flaml import AutoML  # noqa: E402
from sklearn.base import clone  # noqa: E402


def learn(path: Path, seconds: float, metric: str) -> str:
    """One fold; what was found."""
    started = time.process_time()
    data = np.load(path)
    X, y, X_test = pd.DataFrame(data["X_train"]), data["y_train"], pd.DataFrame(data["X_test"])
    X.columns = X_test.columns = [f"f{i}" for i in range(X.shape[1])]
    search = {"task": "classification", "metric": metric, "time_budget": seconds, "n_jobs": 1, "seed": 0, "verbose": 0}
    automl = AutoML()
    if len(data["y_validation"]):
        X_validation = pd.DataFrame(data["X_validation"], columns=X.columns)
        automl.fit(X, y, X_val=X_validation, y_val=data["y_validation"], eval_method="holdout", retrain_full=False, **search)
        validation = automl.predict_proba(X_validation)[:, 1]
        final = clone(automl.model.estimator).fit(pd.concat([X, X_validation]), np.concatenate([y, data["y_validation"]]))
        test = final.predict_proba(X_test)[:, 1]
    else:  # the rows stand in the order of time: the last fifth of them judges, and the best is fitted again on all
        automl.fit(X, y, eval_method="holdout", split_type="time", split_ratio=0.2, **search)
        validation, test = np.zeros(0), automl.predict_proba(X_test)[:, 1]
    np.savez(path.with_suffix(".out.npz"), validation=validation, test=test, seconds=time.process_time() - started)
    return f"{automl.best_estimator} {automl.best_config}, {time.process_time() - started:.0f} CPU s"


def main(folder: Path, seconds: float, metric: str) -> None:
    """Every fold."""
    for path in sorted(folder.glob("*.npz")):
        print(f"{path.stem}: {learn(path, seconds, metric)}", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]), sys.argv[3])
