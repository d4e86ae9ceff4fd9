"""Ranking models of the tree libraries: trained on lists, one score a candidate, saved in the library's own safe format."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol, Self

if TYPE_CHECKING:
    import numpy as np

    Tried = tuple[np.ndarray, np.ndarray, np.ndarray] | None


class Growth(Protocol):
    """How trees are grown, whatever else a model is told."""

    @property
    def k(self) -> int:
        """Length of the lists that are made."""

    @property
    def n_estimators(self) -> int:
        """Most rounds of boosting."""

    @property
    def learning_rate(self) -> float:
        """How much each tree adds."""

    @property
    def num_leaves(self) -> int:
        """Leaves of a tree."""

    @property
    def min_child_samples(self) -> int:
        """Least rows of a leaf."""

    @property
    def early_stopping_rounds(self) -> int | None:
        """Rounds without a better NDCG before it stops; None grows all."""


class Ranker(Protocol):
    """Trees that order candidates."""

    rounds: int
    threads: int

    @classmethod
    def fit(
        cls,
        X: np.ndarray,
        label: np.ndarray,
        sizes: np.ndarray,
        tried: Tried,
        params: Growth,
        categorical: tuple[int, ...],
        seed: int,
        threads: int,
    ) -> Self:
        """Grow trees on lists of candidates.

        Args:
            X: Columns, list by list, float64 with NaN where nothing is known; shape (n, columns).
            label: 1 for what was taken, else 0, shape (n,).
            sizes: Candidates of each list.
            tried: The same of validation lists, to stop early; None grows all trees.
            params: How to grow them.
            categorical: Positions of categorical columns.
            seed: Seed.
            threads: Threads.
        """
        ...

    def score(self, X: np.ndarray) -> np.ndarray:
        """One number a candidate; higher is better."""
        ...

    def files(self) -> dict[str, bytes]:
        """The trees."""
        ...

    @classmethod
    def from_files(cls, files: Mapping[str, bytes], threads: int) -> Self:
        """The opposite of `files`."""
        ...


def ranker_of(name: str) -> type[LightGBMRanker] | type[XGBoostRanker]:
    """The ranking model of a library."""
    return LightGBMRanker if name == "lightgbm" else XGBoostRanker


class LightGBMRanker:
    """LambdaRank of LightGBM."""

    def __init__(self, booster: Any, rounds: int, threads: int) -> None:
        self._booster, self.rounds, self.threads = booster, rounds, threads

    @classmethod
    def fit(
        cls,
        X: np.ndarray,
        label: np.ndarray,
        sizes: np.ndarray,
        tried: Tried,
        params: Growth,
        categorical: tuple[int, ...],
        seed: int,
        threads: int,
    ) -> Self:
        """See `Ranker.fit`."""
        import lightgbm

        settings = {
            "objective": "lambdarank",
            "metric": "ndcg",
            "eval_at": [params.k],
            "lambdarank_truncation_level": params.k + 5,
            "learning_rate": params.learning_rate,
            "num_leaves": params.num_leaves,
            "min_child_samples": params.min_child_samples,
            "verbosity": -1,
            "deterministic": True,
            "force_col_wise": True,
            "seed": seed,
            "num_threads": threads,
        }
        data = lightgbm.Dataset(X, label, group=sizes, categorical_feature=list(categorical), params=settings)
        stop = None if tried is None else data.create_valid(tried[0], tried[1], group=tried[2])
        rounds = params.early_stopping_rounds
        booster = lightgbm.train(
            settings,
            data,
            num_boost_round=params.n_estimators,
            valid_sets=None if stop is None else [stop],
            callbacks=[lightgbm.early_stopping(rounds, verbose=False)] if stop is not None and rounds is not None else None,
        )
        return cls(booster, booster.best_iteration if stop is not None else booster.current_iteration(), threads)

    def score(self, X: np.ndarray) -> np.ndarray:
        """See `Ranker.score`."""
        import numpy as np

        return np.asarray(self._booster.predict(X, num_iteration=self.rounds, num_threads=self.threads), dtype=np.float64)

    def files(self) -> dict[str, bytes]:
        """LightGBM text."""
        return {"trees.txt": self._booster.model_to_string(num_iteration=self.rounds).encode()}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes], threads: int) -> Self:
        """The opposite of `files`."""
        import lightgbm

        booster = lightgbm.Booster(model_str=files["trees.txt"].decode())
        return cls(booster, booster.current_iteration(), threads)


class XGBoostRanker:
    """Pairwise ranking of XGBoost, pairs weighted by NDCG."""

    def __init__(self, booster: Any, rounds: int, threads: int) -> None:
        self._booster, self.rounds, self.threads = booster, rounds, threads

    @classmethod
    def fit(
        cls,
        X: np.ndarray,
        label: np.ndarray,
        sizes: np.ndarray,
        tried: Tried,
        params: Growth,
        categorical: tuple[int, ...],
        seed: int,
        threads: int,
    ) -> Self:
        """See `Ranker.fit`."""
        import xgboost

        settings = {
            "objective": "rank:ndcg",
            "eval_metric": f"ndcg@{params.k}",
            "lambdarank_pair_method": "topk",
            "lambdarank_num_pair_per_sample": params.k,
            "tree_method": "hist",
            "grow_policy": "lossguide",
            "max_depth": 0,
            "max_leaves": params.num_leaves,
            "min_child_weight": 1.0,
            "learning_rate": params.learning_rate,
            "seed": seed,
            "nthread": threads,
        }
        types = ["c" if place in categorical else "q" for place in range(X.shape[1])]

        def matrix(columns: np.ndarray, outcome: np.ndarray, groups: np.ndarray) -> Any:
            made = xgboost.DMatrix(columns, outcome, feature_types=types, enable_categorical=True, nthread=threads)
            made.set_group(groups)
            return made

        booster = xgboost.train(
            settings,
            matrix(X, label, sizes),
            num_boost_round=params.n_estimators,
            evals=None if tried is None else [(matrix(*tried), "validation")],
            early_stopping_rounds=None if tried is None else params.early_stopping_rounds,
            verbose_eval=False,
        )
        kept = booster if tried is None else booster[: booster.best_iteration + 1]
        return cls(kept, kept.num_boosted_rounds(), threads)

    def score(self, X: np.ndarray) -> np.ndarray:
        """See `Ranker.score`."""
        import numpy as np
        import xgboost

        types = self._booster.feature_types
        data = xgboost.DMatrix(X, feature_types=types, enable_categorical=True, nthread=self.threads)
        return np.asarray(self._booster.predict(data), dtype=np.float64)

    def files(self) -> dict[str, bytes]:
        """XGBoost JSON."""
        return {"trees.json": bytes(self._booster.save_raw("json"))}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes], threads: int) -> Self:
        """The opposite of `files`."""
        import xgboost

        booster = xgboost.Booster({"nthread": threads})
        booster.load_model(bytearray(files["trees.json"]))
        return cls(booster, booster.num_boosted_rounds(), threads)
