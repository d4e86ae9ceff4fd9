"""One protocol per kind of component, and the catalogue entry that names it.

A component is a class made with its validated `Params`; the catalogue then sets `spec`. Nothing happens at construction, so a plan
may make components freely: heavy libraries are imported inside the methods. What a component takes and gives is an attribute, and
the plan proves that they fit before any data is read.

Kinds are named as their groups under `conf/`; one word for the group, the recipe key and the kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from upshot.contracts.records import (
    CPU,
    Breakdown,
    Cases,
    Champion,
    Checked,
    DecisionKind,
    Device,
    Direction,
    Evaluation,
    Finding,
    Fitted,
    Folds,
    Inspection,
    Kpi,
    PredictionKind,
    Predictor,
    Roles,
    Seed,
    Snapshot,
    Spec,
    Tested,
    Threads,
    Tuned,
    Valuations,
    Verdict,
)
from upshot.contracts.sections import Section
from upshot.contracts.tables import Blob, Map
from upshot.errors import Problem

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa


@dataclass(frozen=True)
class Component:
    """A catalogue entry: strings only, resolved when a recipe names it.

    Args:
        kind: One of `KINDS`.
        name: What recipes write after `use:`.
        params: "module:Class" of its `Params`.
        make: "module:callable" that takes the validated params and gives the component.
        sentence: What it is, in one sentence; shown by listings.
        libraries: Distributions whose version changes its results.
        by_key: For components of a map: the entry's key that implies it when `use` is left out (`{metric: roc_auc}`).
        watched: Whether a plan asks the component's `fingerprint` (see `WatchedSource`).
    """

    kind: str
    name: str
    params: str
    make: str
    sentence: str
    libraries: tuple[str, ...] = ()
    by_key: str | None = None
    watched: bool = False


class Source(Protocol):
    """Kind `data`: reads the rows. Files it reads are parameters of type `InputPath`, so a plan can hash them without importing it.

    `roles` says which column plays which part, `tables` holds the sources of side tables by name. `read` gives Arrow tables of one schema, in a fixed order; it raises `DataError`
    with file, line and column for rows that cannot be read exactly. The same parameters and files give the same rows.
    """

    spec: Spec
    table: str
    roles: Roles
    tables: Mapping[str, Source]

    def read(self) -> Iterator[pa.Table]: ...


@runtime_checkable
class GrowingSource(Source, Protocol):
    """A source that can go on from where its reading ended, used so while `append_only` is true.

    `read_after(mark)` gives the rows behind a mark, in the order in which `read` gives all; all of them after None. It raises
    `DataError` when rows before the mark are not what they were. `mark` says where that reading ended, in plain JSON; it is asked
    once all rows were taken.
    """

    append_only: bool

    def read_after(self, mark: Mapping[str, Any] | None) -> Iterator[pa.Table]: ...

    def mark(self) -> dict[str, Any]: ...


@runtime_checkable
class WatchedSource(Source, Protocol):
    """A source whose data lies where a plan cannot hash it, a database for one; its entry says `watched`.

    `fingerprint` is a short text that differs whenever the data may have changed; it is asked by every plan, so it must be cheap.
    """

    def fingerprint(self) -> str: ...


class Check(Protocol):
    """Kind `checks`: a rule on the data. `action` says what becomes of broken rows.

    "refuse" refuses the data, "quarantine" sets the rows aside, "warn" keeps them and tells.
    """

    spec: Spec
    action: str

    def check(self, frame: pd.DataFrame, roles: Roles) -> tuple[Finding, np.ndarray]:
        """What was found, and a bool array of shape (rows,): True where a row breaks the rule."""
        ...


@runtime_checkable
class ReferringCheck(Check, Protocol):
    """A check that holds the rows against side tables; `wants` names them, so that a plan can refuse a check on none: {"tables": "items"}.

    `check_against` stands in for `check`; `tables` are the pinned side tables by name.
    """

    wants: Mapping[str, str]

    def check_against(self, frame: pd.DataFrame, roles: Roles, tables: Mapping[str, Snapshot]) -> tuple[Finding, np.ndarray]: ...


class Labeller(Protocol):
    """Kind `labels`: makes the cases with outcome, the time it is known, and the block that intervals resample."""

    spec: Spec

    def label(self, checked: Checked) -> Cases: ...


class Splitter(Protocol):
    """Kind `split`: gives each case its part in each fold. `parts` names the parts it will fill, before any data is read."""

    spec: Spec
    parts: tuple[str, ...]

    def split(self, cases: Cases) -> Folds: ...


class Feature(Protocol):
    """Kind `features`: columns of X. Fitted on training cases only; `transform` is the same code in batch and for one row.

    `fit(train, history)`: the training cases and all rows before them (see `Folds.history`). `transform(cases, history)`: one row
    per case, aligned, index 0..n-1; `history` holds every row with its outcome, the cases among them, and the component itself
    uses of it only what was known at each case's `as_of`. `needs_history` False promises that it does not look.
    """

    spec: Spec
    needs_history: bool

    def inputs(self, roles: Roles) -> tuple[str, ...]:
        """Raw columns that it reads."""
        ...

    def fit(self, train: Cases, history: Cases) -> None: ...

    def transform(self, cases: Cases, history: Cases) -> pd.DataFrame: ...

    def state(self) -> Mapping[str, bytes]:
        """Learned state as files in a safe format (JSON, Arrow, npz without pickle, skops, XGBoost JSON, LightGBM text)."""
        ...

    def restore(self, files: Mapping[str, bytes]) -> None:
        """The opposite of `state`, on a component made with the same params."""
        ...


@runtime_checkable
class CrossFitted(Feature, Protocol):
    """A feature that learns from outcomes: its training rows are encoded by `cross_fit`, all others by `transform`.

    `cross_fit(train)` gives the columns of `transform` for the rows that it was fitted on, each encoded without its own outcome.
    """

    def cross_fit(self, train: Cases) -> pd.DataFrame: ...


@dataclass(frozen=True)
class Compute:
    """What a fit may use: the seed, how many threads, and the device that it runs on ("cpu", or "gpu" where it can)."""

    seed: Seed
    threads: Threads
    device: Device = CPU


@dataclass(frozen=True)
class Examples:
    """Cases with their encoded columns, aligned. X has index 0..n-1."""

    cases: Cases
    X: pd.DataFrame

    @property
    def y(self) -> np.ndarray:
        """Outcomes, shape (n,)."""
        return self.cases.labels.frame["label"].to_numpy()

    def seen(self) -> Examples:
        """Those whose outcome was seen to its end."""
        positions = self.cases.seen()
        if len(positions) == self.cases.size:
            return self
        return Examples(self.cases.take(positions), self.X.iloc[positions].reset_index(drop=True))


class Model(Protocol):
    """Kind `model`: predicts.

    `uses` says what it looks at: "features" (X), "history" (earlier rows with outcomes), or both; what it does not use is passed
    empty. `fit` gets as history the rows before the training rows, `predict` all rows before the part that is scored, training rows
    included. Training and validation hold no censored case, unless the model is a `CensoredModel`. `predict` gives the columns of its
    `PredictionKind` without `case` and one row per case in order, or, for kinds with several rows per case, `case` as the position 0..n-1
    among the given cases. It sees blind cases. It may declare `tunes` (that it chooses something on validation rows) and `depth` (places
    of a ranking that it gives at most); both are proven by the plan.
    """

    spec: Spec
    uses: tuple[str, ...]
    gives: PredictionKind

    def fit(self, train: Examples, validation: Examples | None, history: Cases, compute: Compute) -> None: ...

    def predict(self, examples: Examples, history: Cases) -> pd.DataFrame: ...

    def state(self) -> Mapping[str, bytes]: ...

    def restore(self, files: Mapping[str, bytes]) -> None: ...


@runtime_checkable
class Refittable(Model, Protocol):
    """A model that chooses something on validation rows, and can be fitted again with that choice kept.

    `refit` is asked of a copy of the fitted model, with training and validation rows together. A model without it is fitted again as it
    was fitted first, without validation rows.
    """

    def refit(self, train: Examples, history: Cases, compute: Compute) -> None: ...


@runtime_checkable
class Accelerated(Model, Protocol):
    """A model that can be fitted on other devices than the processor; `devices` names all that it can. It always predicts on the processor.

    `fit` raises `RecipeError` where the device that it is told is not there: it never falls back to another one.
    """

    devices: tuple[str, ...]


@runtime_checkable
class Composite(Protocol):
    """A component made of others that must agree with each other; the plan asks before any data is read."""

    spec: Spec

    def misfits(self) -> Iterator[Problem]:
        """What does not fit, each with its place below the component's own key."""
        ...


@runtime_checkable
class CensoredModel(Model, Protocol):
    """A model that learns from censored cases too: that something lasted at least so long. `takes_censored` is True."""

    takes_censored: bool


@runtime_checkable
class Explained(Model, Protocol):
    """A model that says what each column added to a prediction.

    `contributions` gives the columns of X and `bias`, one row a case; they sum to the model's raw prediction, before the link function
    and the calibration (log-odds for a probability of boosted trees). `contribution_unit` is the unit of that.
    """

    contribution_unit: str

    def contributions(self, examples: Examples) -> pd.DataFrame: ...


@runtime_checkable
class Reasoned(Model, Protocol):
    """A model of lists that says why an item stands on one.

    `reasons(lists, cases, history)` gives one text for each row of `lists` (`case`, the position among the blind cases, and `item`), "" where
    it has none; `history` is what `predict` was given.
    """

    def reasons(self, lists: pd.DataFrame, cases: Cases, history: Cases) -> list[str]: ...


class Calibrator(Protocol):
    """Kind `calibration`: maps predictions to trustworthy ones; fitted on validation only, without its censored cases. `fits` False needs no validation.

    `gives` is the kind of what comes out, None where it is the kind that went in.
    """

    spec: Spec
    accepts: tuple[PredictionKind, ...]
    gives: PredictionKind | None
    fits: bool

    def fit(self, predictions: pd.DataFrame, cases: Cases) -> None: ...

    def apply(self, predictions: pd.DataFrame) -> pd.DataFrame: ...

    def state(self) -> Mapping[str, bytes]: ...

    def restore(self, files: Mapping[str, bytes]) -> None: ...


class Game(Protocol):
    """Play and value in one: what a decision frame earns against outcomes, by the KPI that policies are tuned for.

    The stage passes it to policies, which stay strangers to rollouts and KPIs. Money is per row of the flows and signed so that
    more is better, whatever the KPI's direction. `history` holds the rows before the part, as the rollout gets them.
    """

    @property
    def history(self) -> Cases: ...

    def flows(self, decisions: pd.DataFrame, outcomes: Cases) -> pd.DataFrame:
        """The rollout's flows, with `case`."""
        ...

    def money(self, flows: pd.DataFrame) -> np.ndarray:
        """Objective KPI per row of flows, shape (n,); for a ratio KPI its numerator."""
        ...

    def total(self, flows: pd.DataFrame) -> float:
        """Objective KPI of these flows together; more is better, ratios are ratios of sums."""
        ...

    def worth(self, decisions: pd.DataFrame, outcomes: Cases) -> float:
        """Objective KPI of all rows together; more is better, ratios are ratios of sums."""
        ...


@dataclass(frozen=True)
class Window:
    """Validation rows of one fold: what was predicted for them, what happened, and the game that plays them from their own history on."""

    predictions: pd.DataFrame
    outcomes: Cases
    game: Game


class Policy(Protocol):
    """Kind `policy`: predictions to decisions. `tunes` says that it chooses something by money on validation data."""

    spec: Spec
    accepts: tuple[PredictionKind, ...]
    gives: DecisionKind
    tunes: bool

    def tune(self, predictions: pd.DataFrame, outcomes: Cases, game: Game) -> Tuned: ...

    def decide(self, predictions: pd.DataFrame, cases: Cases, tuned: Tuned, game: Game) -> pd.DataFrame:
        """Decision frame (see `DECISION_COLUMNS`) over blind cases; `case` is the position 0..n-1 among them."""
        ...


@runtime_checkable
class WindowPolicy(Policy, Protocol):
    """A policy that is chosen on windows one by one, because its decisions depend on each other within a window and not beyond.

    `tune_windows` stands in for `tune`, which other policies get with the rows of all windows in one table.
    """

    def tune_windows(self, windows: Sequence[Window]) -> Tuned: ...


@runtime_checkable
class NamesActions(Protocol):
    """A policy or baseline that gives actions, or a rollout that plays them, and says which: the plan proves that all of them are known."""

    spec: Spec
    actions: tuple[str, ...]


@runtime_checkable
class LooksAtLevel(Protocol):
    """A policy or metric that looks at one of predicted quantiles, `params.level`: the plan proves that it is among those that are given."""

    spec: Spec
    looks_at: float


class Rollout(Protocol):
    """Kind `rollout`: sets decisions against outcomes and gives flows.

    `play` gives one row per case or entity with `case` (position of the row's case, or of its first) and the declared `columns`
    (flow -> unit). It is pure: the same decisions and outcomes give the same flows.
    """

    spec: Spec
    accepts: DecisionKind
    columns: Mapping[str, str]

    def play(self, decisions: pd.DataFrame, outcomes: Cases, history: Cases) -> pd.DataFrame: ...


@runtime_checkable
class CautiousRollout(Rollout, Protocol):
    """A rollout of which a reader must know something before trusting its money."""

    def cautions(self, outcomes: Cases, decisions: pd.DataFrame) -> tuple[str, ...]:
        """What that is for these cases and what was decided on them, a sentence each; () for nothing."""
        ...


class Baseline(Protocol):
    """Kind `baselines`: what would be done without the model. Played and valued exactly as the candidate."""

    spec: Spec
    gives: DecisionKind

    def decide(self, cases: Cases, history: Cases) -> pd.DataFrame:
        """Decision frame over blind cases."""
        ...


@runtime_checkable
class TunedBaseline(Protocol):
    """A baseline that chooses something by money on the rows before the test rows, such as the best fixed interval.

    It goes through the same game as the candidate, and what it chose is kept beside its flows.
    """

    spec: Spec
    gives: DecisionKind

    def tune(self, history: Cases, game: Game) -> Tuned: ...

    def decide(self, cases: Cases, history: Cases, tuned: Tuned) -> pd.DataFrame: ...


@runtime_checkable
class WindowBaseline(Protocol):
    """A baseline that is chosen on the windows that the candidate's policy is chosen on, so that they are compared on equal terms.

    `tunes` says whether it chooses anything. `tune_windows` gets the windows without predictions.
    """

    spec: Spec
    gives: DecisionKind
    tunes: bool

    def tune_windows(self, windows: Sequence[Window]) -> Tuned: ...

    def decide(self, cases: Cases, history: Cases, tuned: Tuned) -> pd.DataFrame: ...


class Metric(Protocol):
    """Kind `metrics`: a statistical score. `scorer` prepares once, so that an interval may score many resamples.

    The callable takes one weight per case (shape (n,), e.g. how often its block was drawn) and gives the score; NaN where it is
    undefined, as for one class.
    """

    spec: Spec
    accepts: tuple[PredictionKind, ...]
    direction: Direction
    unit: str

    def scorer(self, predictions: pd.DataFrame, cases: Cases) -> Callable[[np.ndarray], float]: ...


@runtime_checkable
class InformedMetric(Metric, Protocol):
    """A score that looks at the rows before, such as how popular an item was.

    `inform` is called once a fold, before `scorer`: it gives the predictions of the fold with the columns added that the score needs.
    """

    def inform(self, predictions: pd.DataFrame, cases: Cases, history: Cases) -> pd.DataFrame: ...


class Trial(Protocol):
    """Test rows, whole blocks of them and of all folds, that can be encoded, scored, decided on and played again with other inputs."""

    @property
    def cases(self) -> Cases:
        """The rows with their outcomes; everything else is aligned with them, or counts `case` through them."""
        ...

    @property
    def encoded(self) -> pd.DataFrame:
        """Encoded columns, shape (n, columns)."""
        ...

    @property
    def features(self) -> Mapping[str, tuple[str, ...]]:
        """Feature -> its encoded columns."""
        ...

    @property
    def predictions(self) -> pd.DataFrame:
        """What was predicted."""
        ...

    @property
    def flows(self) -> pd.DataFrame:
        """What then happened."""
        ...

    @property
    def kpi(self) -> Kpi:
        """The objective."""
        ...

    @property
    def scale(self) -> float:
        """Factor from the flows of these rows to the KPI's period."""
        ...

    def inputs(self) -> tuple[str, ...]:
        """Raw columns that the features read, without key and time."""
        ...

    def encode(self, rows: pd.DataFrame, changed: tuple[str, ...]) -> pd.DataFrame:
        """Encoded columns of these rows, of which the named raw columns differ from those of `cases`; what happened before stays."""
        ...

    def predict(self, X: pd.DataFrame) -> pd.DataFrame:
        """Predictions by the calibrated model of each fold."""
        ...

    def play(self, predictions: pd.DataFrame) -> pd.DataFrame:
        """Flows of what the tuned policy decides on these predictions."""
        ...

    def scorer(self, metric: Metric, predictions: pd.DataFrame) -> Callable[[np.ndarray], float]:
        """Weights of the cases to the metric's score of these predictions, told of the rows before where it asks for them."""
        ...

    def contributions(self) -> tuple[pd.DataFrame, str]:
        """What each column adds to each raw prediction (see `Explained`), index 0..n-1, and the unit of that."""
        ...


class Bench(Protocol):
    """Service of the stage `inspect`: the test rows, and the way to go through them again."""

    @property
    def tested(self) -> Tested:
        """What is known of them."""
        ...

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """The recipe's metrics."""
        ...

    @property
    def predictions(self) -> pd.DataFrame:
        """Of the test rows of all folds, with `case` 0..n-1."""
        ...

    @property
    def cases(self) -> Cases:
        """The test cases, aligned with that."""
        ...

    def scorer(self, metric: Metric, part: np.ndarray) -> Callable[[np.ndarray], float]:
        """Weights of the cases of a part (a bool array over all of them) to the metric's score, told of the rows before where it asks."""
        ...

    def trial(self, rows: int | None, *, whole_blocks: bool = True) -> Trial:
        """About so many test rows, drawn by the seed; all of them for None.

        What is decided on a case, and some scores, may depend on the other cases of its day: then whole blocks are drawn.
        """
        ...

    def answer(self, rows: int) -> Callable[[], object]:
        """A call that scores so many test rows by the path that serves: raw rows in, calibrated predictions out."""
        ...

    def files(self) -> Map[int]:
        """Files that a registered version would have -> their size in bytes."""
        ...


class Slicer(Protocol):
    """Kind `slices`: looks at parts of the test cases. Predicts nothing again, so it is cheap.

    `wants` names what must be declared, by kind: {"metrics": ("roc_auc",)}; `accepts` and `decides` are the kinds of prediction and
    decision that it can look at, () for any. `gives(declared)`, by the names of the recipe's metrics and baselines, names the numbers
    that it measures, so that a plan can refuse a gate on none of them.
    """

    spec: Spec
    wants: Mapping[str, tuple[str, ...]]
    accepts: tuple[PredictionKind, ...]
    decides: tuple[DecisionKind, ...]

    def gives(self, declared: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]: ...

    def inspect(self, bench: Bench) -> Breakdown: ...


class Probe(Protocol):
    """Kind `probes`: tries the model out, as on permuted features, noise or missing columns. Costs predictions.

    As `Slicer`; `uses` names what the model must look at ("features"), and `asks` what it must be able to do ("contributions").
    """

    spec: Spec
    wants: Mapping[str, tuple[str, ...]]
    accepts: tuple[PredictionKind, ...]
    decides: tuple[DecisionKind, ...]
    uses: tuple[str, ...]
    asks: tuple[str, ...]

    def gives(self, declared: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]: ...

    def inspect(self, bench: Bench) -> Breakdown: ...


class SectionMaker(Protocol):
    """Kind `sections`: a part of the report, made on the test rows and stored with the run.

    What it needs is declared, and proven by the plan: `accepts` names the kinds of prediction and `decides` the kinds of decision that it
    can show, () for any; `plays` the flows that it reads. It may declare `wants`, what the recipe must declare by kind, as a `Slicer` does.
    """

    spec: Spec
    accepts: tuple[PredictionKind, ...]
    decides: tuple[DecisionKind, ...]
    plays: tuple[str, ...]

    def make(self, tested: Tested) -> Section: ...


@dataclass(frozen=True)
class Evidence:
    """All that a gate may judge."""

    checked: Checked
    evaluation: Evaluation
    inspection: Inspection
    valuations: Valuations


class Gate(Protocol):
    """Kind `gates`: PASS, FAIL or INCONCLUSIVE on recorded evidence. NaN never passes.

    `wants` names what must exist, so that a plan can refuse a gate on nothing: {"metrics": "roc_auc"}, {"kpi": ..., "baselines": ...},
    or a number of a slice or probe, {"slices": "by_region", "measure": "roc_auc"}.
    """

    spec: Spec
    wants: Mapping[str, str]

    def judge(self, name: str, evidence: Evidence) -> Verdict: ...


@dataclass(frozen=True)
class Deployed:
    """A registered version made again from its files: how it scores, and how it decides.

    Args:
        predictor: Its scoring path, under the fold `predictor.final`.
        policy: Its policy, as it was configured.
        tuned: What the policy had chosen.
        seen_until: Moment of the last row that it was fitted or tuned on; None without a clock.
    """

    predictor: Predictor
    policy: Policy
    tuned: Tuned
    seen_until: str | None


class Incumbent(Protocol):
    """Service of the engine: the version that an environment serves, which a candidate is held against."""

    champion: Champion

    def deployed(self) -> Deployed:
        """The version, ready to score and decide; only where `champion.version` is set."""
        ...


class Lake(Protocol):
    """Service of the engine: where snapshots are pinned."""

    def pin(self, table: str, tables: Iterator[pa.Table], roles: Roles) -> Snapshot: ...

    def grow(self, source: GrowingSource) -> Snapshot: ...


class Registry(Protocol):
    """Service of the engine: keeps a version's files for good, then gives it a number and seals its record.

    `publish` is idempotent: the same name, files and record give the number that they already have.
    """

    def reload(self, fitted: Fitted) -> Fitted:
        """The same component, made again from its files alone."""
        ...

    def publish(self, name: str, files: Map[Blob], record: Map[str]) -> tuple[int, Map[str]]:
        """Number of the version, and its manifest: path -> SHA-256."""
        ...


@dataclass(frozen=True)
class Kind:
    """One kind of component: its recipe key, its protocol, and whether the recipe holds a map of them."""

    name: str
    protocol: type
    many: bool
    sentence: str


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("data", Source, False, "Where the rows come from, and which column plays which part."),
        Kind("checks", Check, True, "Rules that the data must meet."),
        Kind("labels", Labeller, False, "What is decided on, and when its outcome is known."),
        Kind("split", Splitter, False, "Which cases train, which tune, which test."),
        Kind("features", Feature, True, "What the model looks at."),
        Kind("model", Model, False, "What predicts."),
        Kind("calibration", Calibrator, False, "What makes predictions trustworthy."),
        Kind("policy", Policy, False, "What turns predictions into decisions."),
        Kind("rollout", Rollout, False, "What then happens."),
        Kind("baselines", Baseline, True, "What would be done without the model."),
        Kind("kpi", object, True, "What the business pays for."),
        Kind("metrics", Metric, True, "Statistical scores."),
        Kind("slices", Slicer, True, "Parts of the test cases that are looked at by themselves."),
        Kind("probes", Probe, True, "What is tried on the model: what it looks at, what it withstands, what it costs to run."),
        Kind("sections", SectionMaker, True, "What the report shows beside what it always shows."),
        Kind("gates", Gate, True, "What a version must pass."),
    )
}

DEFAULT_USE: dict[str, str] = {"labels": "column", "calibration": "none"}
"""Kinds that a recipe may leave out, and the component that then stands in. Kinds that hold a map may be empty, gates excepted."""

__all__ = [
    "DEFAULT_USE",
    "KINDS",
    "Accelerated",
    "Baseline",
    "Bench",
    "Calibrator",
    "CautiousRollout",
    "CensoredModel",
    "Check",
    "Component",
    "Composite",
    "Compute",
    "CrossFitted",
    "Deployed",
    "Evidence",
    "Examples",
    "Explained",
    "Feature",
    "Game",
    "Gate",
    "Incumbent",
    "InformedMetric",
    "Kind",
    "Labeller",
    "Lake",
    "LooksAtLevel",
    "Metric",
    "Model",
    "NamesActions",
    "Policy",
    "Probe",
    "Reasoned",
    "Refittable",
    "Registry",
    "Rollout",
    "SectionMaker",
    "Slicer",
    "Source",
    "Splitter",
    "Trial",
    "TunedBaseline",
    "Window",
    "WindowBaseline",
    "WindowPolicy",
]
