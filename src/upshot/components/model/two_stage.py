"""Two stages: several models offer candidates, and a ranking model orders them by what is known of user, item and both.

Scoring every item with a hundred columns would not end; scoring the few hundred that some source thinks of does. The ranking model learns
from training rows alone: their last part plays the future, and sources that have not seen it make the candidates, so that it meets them in
the state in which it will meet them later.

Source:
    Burges (2010), From RankNet to LambdaRank to LambdaMART: An Overview; candidates and ranking as in Covington, Adams & Sargin (2016),
    Deep Neural Networks for YouTube Recommendations, RecSys.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from copy import copy
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, field_validator

from upshot.components.durations import Duration
from upshot.components.lists.events import Events, moments, tick_of, together
from upshot.components.model._columns import Columns
from upshot.components.model._factors import names_file, names_of
from upshot.components.model._lists import FallbackParams, ListParams, NewItemsParams, finished, learnt_events
from upshot.components.model._rankers import ranker_of
from upshot.components.model._trial import some_lists
from upshot.components.model.popularity import PopularityParams
from upshot.components.times import span_of, span_ticks
from upshot.contracts.components import Compute, Examples, Model, Reasoned, Refittable
from upshot.contracts.params import ModelPart, Names
from upshot.contracts.records import Cases, PredictionKind, Spec
from upshot.errors import DataError, Problem, RecipeError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from upshot.components.lists.asked import Asked
    from upshot.components.lists.pairs import Wanted

LISTS_AT_ONCE = 10_000
"""Lists whose candidates and columns are in memory at once."""


class TwoStageParams(NewItemsParams):
    """Sources of candidates, and the model that orders them."""

    sources: dict[str, ModelPart] = Field(
        default_factory=lambda: {
            "bought": {"use": "own_history", "k": 50},
            "similar": {"use": "item_knn", "k": 100, "exclude_seen": False},
            "popular": {"use": "popularity", "k": 50, "exclude_seen": False},
        },
        description="Name -> model of lists, each as long as its own k: {bought: {use: own_history, k: 50}}; null leaves one out.",
    )
    ranker: Literal["lightgbm", "xgboost"] = Field(
        "lightgbm", description="LambdaRank of LightGBM, or pairwise ranking by NDCG of XGBoost."
    )
    n_estimators: int = Field(300, ge=1, le=100_000, description="Most rounds of boosting.")
    learning_rate: float = Field(0.05, gt=0, le=1, description="How much each tree adds.")
    num_leaves: int = Field(31, ge=2, le=131_072, description="Leaves of a tree.")
    min_child_samples: int = Field(50, ge=1, description="Least rows of a leaf.")
    early_stopping_rounds: int | None = Field(
        30, ge=1, description="Rounds without a better NDCG on validation lists before it stops; null grows all, and needs no validation."
    )
    learn_from: Duration | Literal["last_visit"] = Field(
        "last_visit",
        description="What plays the future when the ranking model learns: each user's last visit, or the last so many days (or steps) of training.",
    )
    most_lists: int = Field(20_000, ge=100, description="Lists that the ranking model learns from; drawn evenly where there are more.")
    windows: Annotated[tuple[Duration, ...], Field(strict=False)] = Field(
        (), description="Windows over which an item is counted, such as [7 days, 28 days]; steps on a counter."
    )
    item_columns: Names = Field((), description="Columns of items to look at, from a side table of items or the last row of the history.")
    user_columns: Names = Field((), description="Columns of users to look at, from a side table of users or the last row of the history.")
    category: str | None = Field(None, description="Column of items by which a user's taste is counted; null leaves taste to the sources.")

    @field_validator("sources")
    @classmethod
    def _some(cls, sources: dict[str, ModelPart]) -> dict[str, ModelPart]:
        if not any(source is not None for source in sources.values()):
            raise ValueError("must name at least one source of candidates, such as {similar: {use: item_knn, k: 50}}")
        return sources


class TwoStage:
    """Gives the k candidates with the highest score of the ranking model; higher is better."""

    spec: Spec
    uses: tuple[str, ...] = ("history",)
    gives: PredictionKind = "ranking"

    def __init__(self, params: TwoStageParams) -> None:
        self.params = params
        self.depth = params.k
        self.sources_: dict[str, Model] = {name: _without_fallback(source) for name, source in params.sources.items() if source is not None}
        odd = [name for name, source in self.sources_.items() if source.gives != "ranking" or "features" in source.uses]
        if odd:
            problems = [
                Problem(f"model.sources.{name}.use", "must give a ranking from the history alone", self.sources_[name].spec.use)
                for name in odd
            ]
            raise RecipeError("a source gives no candidates", problems)
        self.tunes = params.early_stopping_rounds is not None or any(getattr(source, "tunes", False) for source in self.sources_.values())

    def fit(self, train: Examples, validation: Examples | None, history: Cases, compute: Compute) -> None:
        """Fit the sources, then the ranking model on candidates of sources that have not seen its outcomes.

        Raises:
            DataError: No list to learn from has an outcome among its candidates, or a list is longer than the catalogue.
            RecipeError: Early stopping without a validation part.
        """
        self.items_ = learnt_events(train, self.params.k).items
        sources = {name: _within(source, len(self.items_)) for name, source in self.sources_.items()}
        for source in sources.values():
            source.fit(train, validation, history, compute)
        self.sources_ = sources
        stop = None
        if self.params.early_stopping_rounds is not None:
            if validation is None or not validation.cases.size:
                problem = Problem("model.early_stopping_rounds", "needs a validation part, and the split gives none", hint="set it to null")
                raise RecipeError("early stopping has nothing to stop by", [problem])
            stop = self._learnable(self.sources_, validation.cases, together(history, train.cases))
        self._learn(train, history, compute, stop)

    def refit(self, train: Examples, history: Cases, compute: Compute) -> None:
        """Fit sources and ranking model again on these rows, with as many trees as were kept."""
        self.items_ = learnt_events(train, self.params.k).items
        sources = {name: copy(source) for name, source in self.sources_.items()}
        for source in sources.values():
            _again(source, train, history, compute)
        self.sources_ = sources
        self.params = self.params.model_copy(update={"n_estimators": self.ranker_.rounds, "early_stopping_rounds": None})
        self._learn(train, history, compute, None)

    def predict(self, examples: Examples, history: Cases) -> pd.DataFrame:
        """Columns `case`, `item`, `rank`, `score`, `worst_rank`; where candidates run out the fallback fills, with scores below all others."""
        import numpy as np
        import pandas as pd

        from upshot.components.lists.best import best_of_entries

        frames = []
        for cases, positions in _in_parts(examples.cases, LISTS_AT_ONCE):
            asked, row, item, X = self._candidates(self.sources_, cases, history)
            score = self.ranker_.score(self.columns_.matrix(X)) if len(X) else np.zeros(0)
            score = 1.0 / (1.0 + np.exp(-score))  # above 0, where no filler is
            best = best_of_entries(row, item, score.astype(np.float32), len(asked.events.items), self.params.k)
            frame = finished(best, asked, self.params, without_had=self.params.exclude_seen)
            frames.append(frame.assign(case=positions[frame["case"].to_numpy()]))
        return pd.concat(frames, ignore_index=True).sort_values(["case", "rank"], ignore_index=True, kind="stable")

    def state(self) -> Mapping[str, bytes]:
        """The files of every source under its name, the trees, and the columns that they look at."""
        files = {f"{name}.{file}": content for name, source in self.sources_.items() for file, content in source.state().items()}
        lengths = {name: getattr(source, "depth", None) for name, source in self.sources_.items()}
        about = json.dumps({"ranker": self.params.ranker, "threads": self.ranker_.threads, "lengths": lengths}).encode()
        own = {"items.arrow": names_file(self.items_), "columns.json": self.columns_.to_json(), "ranker.json": about}
        return {**files, **self.ranker_.files(), **own}

    def restore(self, files: Mapping[str, bytes]) -> None:
        """The opposite of `state`."""
        about = json.loads(files["ranker.json"])
        self.sources_ = {name: _within(source, about["lengths"][name]) for name, source in self.sources_.items()}
        for name, source in self.sources_.items():
            source.restore({file[len(name) + 1 :]: content for file, content in files.items() if file.startswith(f"{name}.")})
        self.items_ = names_of(files["items.arrow"])
        self.columns_ = Columns.from_json(files["columns.json"])
        self.ranker_ = ranker_of(about["ranker"]).from_files(files, int(about["threads"]))

    def reasons(self, lists: pd.DataFrame, cases: Cases, history: Cases) -> list[str]:
        """Which sources offered each item at which rank, and why the one that had it highest did: "had twice (bought 1, popular 7)"."""
        import numpy as np
        import pandas as pd

        keys = pd.MultiIndex.from_arrays([lists["case"], lists["item"]])
        blind = _bare(cases.blind())
        ranks, words = {}, {}
        for name, source in self.sources_.items():
            offered = source.predict(blind, history)
            found = pd.Series(offered["rank"].to_numpy(), index=pd.MultiIndex.from_frame(offered[["case", "item"]]))
            ranks[name] = found.reindex(keys).to_numpy(dtype=np.float64)
            words[name] = source.reasons(lists, cases, history) if isinstance(source, Reasoned) else [""] * len(lists)
        told = []
        for row in range(len(lists)):
            offers = sorted((ranks[name][row], name) for name in ranks if not np.isnan(ranks[name][row]))
            why = next((words[name][row] for _, name in offers if words[name][row]), "")
            where = ", ".join(f"{name} {rank:.0f}" for rank, name in offers)
            told.append(f"{why} ({where})" if why and where else why or where)
        return told

    def _learn(self, train: Examples, history: Cases, compute: Compute, stop: _Learnable | None) -> None:
        before, after = self._in_two(train.cases)
        inner = {name: _within(source, len(Events.of(before).items)) for name, source in self.sources_.items()}
        for source in inner.values():
            _again(source, _bare(before), history, compute)
        learnable = self._learnable(inner, some_lists(after, self.params.most_lists), together(history, before))
        if not len(learnable.label):
            hint = "give the sources a larger k, or learn from a longer part: model.learn_from"
            rule = "must hold an outcome of some list that is learned from"
            raise DataError("there is nothing to rank", [Problem("model.sources", rule, "candidates without any", hint)])
        self.columns_ = Columns.of(learnable.X)
        matrix = self.columns_.matrix(learnable.X)
        tried = None if stop is None or not len(stop.label) else (self.columns_.matrix(stop.X), stop.label, stop.sizes)
        self.ranker_ = ranker_of(self.params.ranker).fit(
            matrix, learnable.label, learnable.sizes, tried, self.params, self.columns_.categorical, int(compute.seed), int(compute.threads)
        )

    def _in_two(self, cases: Cases) -> tuple[Cases, Cases]:
        """Training rows before and after the moment from which they play the future, and the latter decided on at that moment."""
        import numpy as np

        events = Events.of(cases)
        if self.params.learn_from == "last_visit":
            last = (events.visits_ago == 0) & (events.visit > 0)
            return cases.take(np.sort(events.row[~last])), cases.take(np.sort(events.row[last]))
        now = moments(cases)
        cut = int(now.max()) - span_ticks(self.params.learn_from, tick_of(cases) > 1, "model.learn_from") + 1
        return cases.take(np.flatnonzero(now < cut)), _decided_at(cases.take(np.flatnonzero(now >= cut)), cut)

    def _learnable(self, sources: Mapping[str, Model], cases: Cases, history: Cases) -> _Learnable:
        """Candidates of the lists that hold an outcome, with their columns, list by list."""
        import numpy as np
        import pandas as pd

        from upshot.components.lists.groups import Groups
        from upshot.components.lists.judged import asked_for

        asked, row, item, X = self._candidates(sources, cases, history)
        taken = asked_for(cases) & cases.labels.frame["label"].notna().to_numpy()
        size = len(asked.events.items) + 1
        wanted = Groups.of(cases).code * size + asked.events.items.get_indexer(pd.Index(cases.labels.frame["label"]))
        label = np.isin(row * size + item, wanted[taken])
        useful = np.isin(row, row[label])
        sizes = np.unique(row[useful], return_counts=True)[1]
        return _Learnable(X[useful].reset_index(drop=True), label[useful].astype(np.int64), sizes)

    def _candidates(self, sources: Mapping[str, Model], cases: Cases, history: Cases) -> tuple[Asked, np.ndarray, np.ndarray, pd.DataFrame]:
        """Lists, and list, item and columns of every candidate, list by list."""
        import numpy as np
        import pandas as pd

        from upshot.components.lists.asked import Asked
        from upshot.components.lists.pairs import Pairs

        asked = Asked.of(cases.blind(), history, self.items_)
        size = max(len(asked.events.items), 1)
        offers = {}
        for name, source in sources.items():
            offered = source.predict(_bare(cases.blind()), history)
            code = asked.events.items.get_indexer(pd.Index(offered["item"]))
            row = asked.groups.code[offered["case"].to_numpy()]
            offers[name] = (row * size + code, offered["rank"].to_numpy(dtype=np.float32), offered["score"].to_numpy(dtype=np.float32))
        keys = np.unique(np.concatenate([key for key, _, _ in offers.values()]))
        if self.params.exclude_seen:
            had = asked.had
            held = np.repeat(np.arange(asked.size), np.diff(had.indptr)) * size + had.indices
            keys = keys[~np.isin(keys, held)]
        row, item = np.divmod(keys, size)
        X = Pairs(asked, row, item).columns(self._wanted(history))
        for name, (key, rank, score) in offers.items():
            order = np.argsort(key)
            at = order[np.minimum(np.searchsorted(key[order], keys), len(key) - 1)] if len(key) else np.zeros(len(keys), dtype=np.int64)
            there = key[at] == keys if len(key) else np.zeros(len(keys), dtype=bool)
            X[f"{name}.rank"] = np.where(there, rank[at], np.nan).astype(np.float32) if len(key) else np.float32(np.nan)
            X[f"{name}.score"] = np.where(there, score[at], np.nan).astype(np.float32) if len(key) else np.float32(np.nan)
        return asked, row, item, X

    def _wanted(self, history: Cases) -> Wanted:
        from upshot.components.lists.pairs import Wanted

        clock = tick_of(history) > 1
        windows = {span_of(text).short(): span_ticks(text, clock, "model.windows") for text in self.params.windows}
        p = self.params
        return Wanted(windows, p.item_columns, p.user_columns, p.category, history.roles.amount)


class _Learnable:
    """Candidates with columns and outcomes, and how many each list has."""

    def __init__(self, X: pd.DataFrame, label: np.ndarray, sizes: np.ndarray) -> None:
        self.X, self.label, self.sizes = X, label, sizes


def _again(source: Model, rows: Examples, history: Cases, compute: Compute) -> None:
    """Fit a source on other rows, with what it chose kept."""
    if isinstance(source, Refittable):
        source.refit(rows, history, compute)
    else:
        source.fit(rows, None, history, compute)


def _bare(cases: Cases) -> Examples:
    """Cases without columns of features."""
    import pandas as pd

    return Examples(cases, pd.DataFrame(index=pd.RangeIndex(cases.size)))


def _without_fallback(source: Model) -> Model:
    """The source as it is, but offering only what it knows: fillers would be candidates that it knows nothing of."""
    params = getattr(source, "params", None)
    if isinstance(params, ListParams):
        source.params = params.model_copy(update={"fallback": FallbackParams(by="nothing")})  # type: ignore[attr-defined]
    return source


def _within(source: Model, items: int | None) -> Model:
    """A copy that offers no more than there are: candidates may be all items, lists may not."""
    made = copy(source)
    params = getattr(made, "params", None)
    if isinstance(params, (ListParams, PopularityParams)) and items is not None and params.k > items:
        made.params = params.model_copy(update={"k": items})  # type: ignore[attr-defined]
        made.depth = items  # type: ignore[attr-defined]
    return made


def _in_parts(cases: Cases, lists: int) -> Iterator[tuple[Cases, np.ndarray]]:
    """The cases of so many lists at a time, with their positions."""
    import numpy as np

    from upshot.components.lists.groups import Groups

    code = Groups.of(cases).code
    order = np.argsort(code, kind="stable")
    for start in range(0, max(int(code.max(initial=-1)) + 1, 1), lists):
        positions = np.sort(order[np.searchsorted(code[order], start) : np.searchsorted(code[order], start + lists)])
        yield cases.take(positions), positions


def _decided_at(cases: Cases, tick: int) -> Cases:
    """The cases decided on at one moment."""
    from dataclasses import replace

    import numpy as np

    from upshot.contracts.tables import Table

    labels = cases.labels.frame
    moment = np.datetime64(tick, "us") if tick_of(cases) > 1 else tick
    return replace(cases, labels=Table.of(labels.assign(as_of=np.full(len(labels), moment))))
