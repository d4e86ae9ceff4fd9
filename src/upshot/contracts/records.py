"""The values that stages give each other: one frozen dataclass each, the same for every family of use cases.

Two ideas carry all families: **cases** (what is decided on, with its outcome) and **history** (all rows known then). A result type
is given by exactly one stage, so a stage's signature says where it stands in the lifecycle.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any, Literal, NewType

from upshot.contracts.sections import Section
from upshot.contracts.tables import Blob, Map, Table

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

Seed = NewType("Seed", int)
Threads = NewType("Threads", int)
Device = NewType("Device", str)
"""What fits run on: "cpu" or "gpu"."""
CPU = Device("cpu")
Today = NewType("Today", date)
"""The day on which assumptions are held against their `valid_until`."""

CANDIDATE, CHAMPION = "candidate", "champion"
"""The subjects that no baseline may be named after: the version that is judged, and the one that an environment serves."""

Part = Literal["history", "train", "validation", "test", "unused"]
Leak = Literal[
    "shared_entity",
    "test_before_train",
    "own_future",
    "duplicates",
    "near_duplicates",
    "target_proxy",
    "made_after_label",
    "value_of_one_label",
    "single_feature_auc",
    "constant_in_training",
]
PARTS: tuple[Part, ...] = ("history", "train", "validation", "test", "unused")
"""Role of a row in a fold. The code of a part in `Folds.assignment` is its position here."""

PredictionKind = Literal["probability", "point", "quantiles", "ranking", "survival", "uplift", "anomaly"]
DecisionKind = Literal["action", "quantity", "ranking", "schedule"]
Direction = Literal["maximize", "minimize"]
Outcome = Literal["PASS", "FAIL", "INCONCLUSIVE"]
Topic = Literal["slices", "fairness", "drivers", "robustness", "footprint"]
"""What a breakdown is about: parts of the cases, protected groups, what the model looks at, inputs that went wrong, time and size."""
Impact = Literal["revenue_uplift", "cost_reduction", "process_efficiency", "risk_mitigation"]

PREDICTION_COLUMNS: dict[PredictionKind, tuple[str, ...]] = {
    "probability": ("case", "probability"),
    "point": ("case", "point"),
    "quantiles": ("case",),  # and one column a level: "q0.1", "q0.5", ...
    "ranking": ("case", "item", "rank", "score"),  # optionally "worst_rank": the rank if items of equal score stand before it
    "survival": ("case", "time"),
    "uplift": ("case", "uplift"),
    "anomaly": ("case", "anomaly"),
}
"""Columns of a prediction frame by kind: long, one row per case, or per (case, item). `case` is the position 0..n-1 in the part.

Cases of one entity at one `as_of` share a ranking, because it is shown once: it stands at the first of them.
"""

DECISION_COLUMNS: dict[DecisionKind, tuple[str, ...]] = {
    "action": ("case", "action"),  # optionally "effort", units of capacity that the action costs; "priority", higher is done first
    "quantity": ("case", "quantity"),
    "ranking": ("case", "item", "rank"),
    "schedule": ("case", "service"),  # optionally "priority", higher is served first
}
"""Columns of a decision frame by kind. `service` is True where the unit is taken out for service at that case."""


@dataclass(frozen=True)
class UseCase:
    """What the recipe is about and who answers for it."""

    name: str
    problem: str
    owners: Map[str] = field(default_factory=Map)


@dataclass(frozen=True)
class Roles:
    """Which column plays which part. Names only; the columns are those of the snapshot."""

    key: tuple[str, ...] = ()
    time: str | None = None
    target: str | None = None
    label_time: str | None = None
    entities: tuple[str, ...] = ()
    item: str | None = None
    amount: str | None = None
    weight: str | None = None
    censored: str | None = None
    known_ahead: tuple[str, ...] = ()
    static: tuple[str, ...] = ()
    protected: tuple[str, ...] = ()
    action: str | None = None
    propensity: str | None = None
    afterwards: tuple[str, ...] = ()

    @property
    def known_after(self) -> tuple[str, ...]:
        """Columns that nobody knows when the decision falls: the outcome, what came with it, and what was done.

        Where the outcome is the item itself, its money and its weight are known no sooner.

        Example:
            >>> Roles(time="at", item="product", amount="price").known_after, Roles(item="product", target="sold").known_after
            (('product', 'price'), ('sold',))
        """
        of_item = (self.item, self.amount, self.weight) if self.item and self.target in (None, self.item) else ()
        names = (self.target, self.label_time, self.censored, self.action, self.propensity, *self.afterwards, *of_item)
        return tuple(dict.fromkeys(name for name in names if name))

    def columns(self) -> dict[str, tuple[str, ...]]:
        """Role -> the columns that play it, empty ones left out."""
        every = {
            "key": self.key,
            "time": (self.time,),
            "target": (self.target,),
            "label_time": (self.label_time,),
            "entities": self.entities,
            "item": (self.item,),
            "amount": (self.amount,),
            "weight": (self.weight,),
            "censored": (self.censored,),
            "known_ahead": self.known_ahead,
            "static": self.static,
            "protected": self.protected,
            "action": (self.action,),
            "propensity": (self.propensity,),
            "afterwards": self.afterwards,
        }
        return {role: tuple(n for n in names if n) for role, names in every.items() if any(names)}


@dataclass(frozen=True)
class SideTable:
    """Rows beside the cases, such as the catalogue of items. `roles.key` names them, `roles.time` says since when a row holds."""

    rows: Table
    roles: Roles


@dataclass(frozen=True)
class Snapshot:
    """One pinned version of the data. `digest` is the SHA-256 of its content, whatever file it came from.

    `tables` are the side tables by name, each pinned as a snapshot of its own.
    """

    table: str
    version: int
    rows: int
    digest: str
    columns: Map[str]
    roles: Roles
    data: Table
    tables: Map[Snapshot] = field(default_factory=Map)


@dataclass(frozen=True)
class Finding:
    """What one check found: how many rows break it, and a few of them.

    `action` says what became of them: "refuse", "quarantine", "warn"; `remedy` what their owner can do, where more than the rule is to be said.
    """

    check: str
    column: str | None
    rule: str
    rows: int
    examples: tuple[str, ...] = ()
    action: str = "refuse"
    remedy: str = ""


@dataclass(frozen=True)
class Checked:
    """A snapshot whose rows passed the declared checks; those that were set aside are left out of `data`, counted and kept.

    Attributes:
        snapshot: What was checked.
        data: The rows that go on.
        findings: One a check, in the recipe's order.
        quarantined: How many rows were set aside.
        aside: Those rows with `_row` (position in the snapshot, from 0) and `_checks` (which checks they break) before their columns;
            None where there are none.
    """

    snapshot: Snapshot
    data: Table
    findings: tuple[Finding, ...] = ()
    quarantined: int = 0
    aside: Table | None = None


@dataclass(frozen=True)
class Cases:
    """What is decided on. `rows` and `labels` are aligned, one row a case, in one order for good.

    Attributes:
        rows: The columns of the snapshot.
        labels: Columns `label`; where the data has them `as_of` (when the decision falls), `label_known_at` (when the outcome is
            known; a row may feed features of cases with a later `as_of` only), `censored` (bool: the outcome was not seen to its
            end), `asked` (bool: False for a row that is history for later parts, while nobody asks for its own outcome), `matured` (bool: False where
            the outcome was not known yet when the rows were drawn, so that no part may hold the case) and always `block` (int64: the unit that intervals resample: a day, a week, an entity, a case). Of things that wear out also `age`,
            `remaining` (time until they were seen for the last time, however the label is made; both in days, or in steps of a
            counter) and `fails` (bool: that end is a failure, and not the end of watching).
        roles: Column roles of `rows`.
        block: What a block is: "day", "week", "month", "entity" or "case".
        tables: Side tables by name.
    """

    rows: Table
    labels: Table
    roles: Roles
    block: str
    tables: Map[SideTable] = field(default_factory=Map)

    @property
    def size(self) -> int:
        """Number of cases."""
        return self.labels.rows

    def take(self, positions: np.ndarray) -> Cases:
        """The cases at these positions, in this order."""
        return replace(self, rows=self.rows.take(positions), labels=self.labels.take(positions))

    def blind(self) -> Cases:
        """The same cases without their outcome: what a model may see when it predicts."""
        outcome = ("label", "label_known_at", "censored", "asked", "matured", "remaining", "fails")
        return replace(self, rows=self.rows.without(self.roles.known_after), labels=self.labels.without(outcome))

    def seen(self) -> np.ndarray:
        """Positions of the cases whose outcome was seen to its end, ascending."""
        import numpy as np

        if "censored" not in self.labels.columns:
            return np.arange(self.size)
        return np.flatnonzero(~self.labels.frame["censored"].to_numpy(dtype=bool))


@dataclass(frozen=True)
class Fold:
    """One way to divide the cases.

    Attributes:
        parts: Rows by part.
        cutoff: The last moment of its training rows.
        fitted_by: An earlier fold whose fitted features and model it uses; None fits its own on its training rows.
        tuned_on: The folds on whose validation rows calibration and policy are chosen for it; () for its own.
    """

    name: str
    parts: Map[int]
    cutoff: str | None = None
    fitted_by: str | None = None
    tuned_on: tuple[str, ...] = ()

    @property
    def tunes_on(self) -> tuple[str, ...]:
        """The folds on whose validation rows calibration and policy are chosen for it."""
        return self.tuned_on or (self.name,)


@dataclass(frozen=True)
class Folds:
    """The declared split: each row's part in each fold.

    Attributes:
        cases: All cases, history included.
        assignment: One int8 column a fold, the code of the part (see `PARTS`), aligned with the cases.
        folds: The folds in order.
        gap: What is left out between training and scored rows, in words ("7 days"), None without.
        reason: Why a split that ignores time or entities is allowed; written by the user.
        apart: Columns of which no value may have rows in two parts: what the split promises to keep apart.
        in_time: Whether the split promises that every test row lies after every training row.
        in_order: Columns within whose values every scored row lies after the rows of the parts before it.
        at_cutoff: Whether all rows of a scored part are decided on before the first of them, as a forecast is: outcomes of the part itself
            feed none of its features.
        allowed: Leak (see `Leak`) -> why it is not looked for; written by the user.
        refit: Whether the model that is tested and registered is fitted again, on training and validation rows together.
        notes: What a reader of the figures must know of this split, a sentence each.
    """

    cases: Cases
    assignment: Table
    folds: tuple[Fold, ...]
    gap: str | None = None
    reason: str | None = None
    apart: tuple[str, ...] = ()
    in_time: bool = False
    allowed: Map[str] = field(default_factory=Map)
    in_order: tuple[str, ...] = ()
    refit: bool = False
    notes: tuple[str, ...] = ()
    at_cutoff: bool = False

    def positions(self, fold: str, *parts: Part) -> np.ndarray:
        """Row positions of these parts in a fold, ascending."""
        import numpy as np

        codes = self.assignment.frame[fold].to_numpy()
        is_wanted = np.zeros(len(codes), dtype=bool)
        for part in parts:
            is_wanted |= codes == PARTS.index(part)
        return np.flatnonzero(is_wanted)

    def part(self, fold: str, part: Part) -> Cases:
        """The cases of one part."""
        return self.cases.take(self.positions(fold, part))

    def history(self, fold: str, part: Part) -> Cases:
        """All rows of a fold that lie before a part: history, then train, then validation. Their outcomes are included."""
        before = PARTS[: PARTS.index(part)]
        return self.cases.take(self.positions(fold, *before))

    def fold(self, name: str) -> Fold:
        """The fold of this name."""
        return next(fold for fold in self.folds if fold.name == name)

    def tested(self) -> tuple[Fold, ...]:
        """The folds that have test rows, in order; the others only tune."""
        return tuple(fold for fold in self.folds if fold.parts.get("test", 0) > 0)

    def scored(self, fold: str) -> tuple[Part, ...]:
        """The parts that are predicted, in order: validation and test where they have rows."""
        counts = self.fold(fold).parts
        return tuple(part for part in ("validation", "test") if counts.get(part, 0) > 0)


@dataclass(frozen=True)
class Spec:
    """How a component was named in the recipe: enough to make it again."""

    kind: str
    use: str
    params: Map[Any]


class Fitted:
    """A component with learned state: in memory after `fit`, or files from which it is made again when somebody looks.

    Args:
        spec: Kind, name and parameters.
        files: File name -> content, in safe formats only; asked of the component when it is first stored.
        live: The component itself, where it was fitted in this process.
        revive: Makes the component from spec and files; set by whoever read them from disk.
    """

    __slots__ = ("_files", "_live", "_revive", "spec")

    def __init__(
        self,
        spec: Spec,
        *,
        files: Map[Blob] | None = None,
        live: Any = None,
        revive: Callable[[Fitted], Any] | None = None,
    ) -> None:
        self.spec = spec
        self._files = files
        self._live = live
        self._revive = revive

    @property
    def live(self) -> Any:
        """The component, ready to predict or transform."""
        if self._live is None:
            assert self._revive is not None
            self._live = self._revive(self)
        return self._live

    @property
    def files(self) -> Map[Blob]:
        """Its state as files."""
        if self._files is None:
            self._files = Map({name: Blob(content) for name, content in self._live.state().items()})
        return self._files


@dataclass(frozen=True)
class Features:
    """Encoded cases. `encoders` by fold, each fitted on that fold's training rows alone; `frames` by "fold/part"."""

    columns: tuple[str, ...]
    encoders: Map[Map[Fitted]]
    frames: Map[Table]

    def frame(self, fold: str, part: Part) -> Table:
        """The encoded rows of a part, aligned with `folds.part(fold, part)`."""
        return self.frames[f"{fold}/{part}"]


@dataclass(frozen=True)
class FittedModels:
    """One fitted model a fold. `final` names the fold whose model is registered.

    `refitted` holds, by fold, the same fitted again on training and validation rows; empty where the split does not ask for it.
    """

    models: Map[Fitted]
    final: str
    gives: PredictionKind
    seed: int
    threads: int
    refitted: Map[Fitted] = field(default_factory=Map)
    device: str = CPU


@dataclass(frozen=True)
class Signature:
    """What the scoring path takes and gives: raw column -> Arrow type, feature columns, kind of prediction."""

    columns: Map[str]
    features: tuple[str, ...]
    gives: PredictionKind


@dataclass(frozen=True)
class Golden:
    """A few cases with the answer that the registered model gave: whoever loads it must get the same."""

    cases: Cases
    history: Cases
    expected: Table


@dataclass(frozen=True)
class Predictor:
    """The one scoring path: features, model and calibration by fold, and the final fold's for serving.

    Attributes:
        raw: Predictions before calibration of the validation rows on which it was fitted, by fold, so that nobody makes them again; none of
            a fold where some outcomes were not seen.
    """

    encoders: Map[Map[Fitted]]
    models: Map[Fitted]
    calibrators: Map[Fitted]
    final: str
    signature: Signature
    golden: Golden
    refitted: Map[Fitted] = field(default_factory=Map)
    raw: Map[Table] = field(default_factory=Map)

    def model(self, fold: str, part: Part = "test") -> Fitted:
        """The model that scores a part: for all but validation rows the one fitted again, where there is one."""
        return self.refitted.get(fold, self.models[fold]) if part != "validation" else self.models[fold]


@dataclass(frozen=True)
class Predictions:
    """Out-of-sample predictions by "fold/part"; columns by kind, see `PREDICTION_COLUMNS`. `case` counts within the part."""

    kind: PredictionKind
    frames: Map[Table]
    levels: tuple[float, ...] = ()

    def tested(self, folds: Folds) -> tuple[pd.DataFrame, Cases]:
        """The predictions of all folds' test rows with their cases; `case` counts through the folds."""
        import numpy as np

        positions = [folds.positions(fold.name, "test") for fold in folds.tested()]
        return _test_rows(self.frames, folds), folds.cases.take(np.concatenate(positions))


@dataclass(frozen=True)
class Tuned:
    """What a policy chose, on what, and the curve it chose from."""

    values: Map[float]
    on: str | None = None
    curve: Table | None = None


@dataclass(frozen=True)
class Decisions:
    """What would be done with each case, by "fold/part"; columns by kind, see `DECISION_COLUMNS`."""

    kind: DecisionKind
    frames: Map[Table]
    policy: Spec
    tuned: Map[Tuned]

    def tested(self, folds: Folds) -> pd.DataFrame:
        """The decisions on all folds' test rows; `case` counts through the folds."""
        return _test_rows(self.frames, folds)


def _test_rows(frames: Map[Table], folds: Folds) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    starts = np.cumsum([0, *(fold.parts["test"] for fold in folds.tested())])
    tested = [frames[f"{fold.name}/test"].frame for fold in folds.tested()]
    return pd.concat([frame.assign(case=frame["case"] + start) for frame, start in zip(tested, starts, strict=False)], ignore_index=True)


@dataclass(frozen=True)
class Champion:
    """The version that an environment serves, as a candidate is held against it.

    Attributes:
        environment: Whose champion it is; None where the recipe has no environments.
        version: "card_fraud 3"; None where nothing is served there.
        record: Digest of the version's content.
        trouble: Why it could not be played on the test rows; None where it was.
        seen: Test rows that it may have been fitted or tuned on, which favours it.
    """

    environment: str | None = None
    version: str | None = None
    record: str | None = None
    trouble: str | None = None
    seen: int = 0


@dataclass(frozen=True)
class Flows:
    """What then happened on the test rows, by subject ("candidate", each baseline, and "champion" where one was played).

    Attributes:
        tables: Subject -> frame with `case` (position among the test cases), `block` and one column a flow.
        units: Flow column -> unit ("EUR", "case", "unit*day").
        days: Calendar days that the test rows span, for scaling to a period; None where the cases have no clock.
        cases: Number of test cases.
        block: What a block is: "day", "entity", ...
        notes: What a reader of the money must know of how it was played, a sentence each.
        tuned: "fold/baseline" -> what the baseline chose, for those that choose.
        champion: What was served when this was played.
    """

    tables: Map[Table]
    units: Map[str]
    days: float | None
    cases: int
    block: str
    notes: tuple[str, ...] = ()
    tuned: Map[Tuned] = field(default_factory=Map)
    champion: Champion = field(default_factory=Champion)


@dataclass(frozen=True)
class Money:
    """One parameter of a KPI, with its range and whoever answers for it. Expired after `valid_until`."""

    value: float
    unit: str
    low: float | None = None
    high: float | None = None
    owner: str | None = None
    source: str | None = None
    valid_until: date | None = None


@dataclass(frozen=True)
class Kpi:
    """What the business pays for, as an expression over flows and money parameters.

    Attributes:
        expression: Per row of the flows, in the closed grammar of `upshot.value`.
        per: Denominator expression where the KPI is a ratio of sums ("cost per operating hour"); None for a sum.
        unit: Unit of the whole, e.g. "EUR".
        direction: Whether more is better.
        period: Time to scale a sum to: "day", "week", "month", "year"; None to report the test rows as they are.
        volume: Cases per period, where the business expects another volume than the test rows had.
    """

    name: str
    expression: str
    unit: str
    direction: Direction
    impact: Impact
    parameters: Map[Money] = field(default_factory=Map)
    per: str | None = None
    period: str | None = None
    volume: float | None = None

    @property
    def formula(self) -> str:
        """The whole expression: of a ratio both sides, each of which is summed over the rows before they are divided."""
        return self.expression if self.per is None else f"({self.expression}) / ({self.per})"


@dataclass(frozen=True)
class Kpis:
    """The KPIs of a recipe. `objective` is the one that policies are tuned by."""

    kpis: Map[Kpi]
    objective: str


TIMED = "timed"
"""How the method of a measurement begins that a clock made: it differs each time it is made again."""


@dataclass(frozen=True)
class Measured:
    """A number that can be trusted: with interval, sample size and method. `low` and `high` are None when inconclusive."""

    value: float
    low: float | None
    high: float | None
    n: int
    blocks: int
    unit: str
    direction: Direction
    method: str


@dataclass(frozen=True)
class Valuation:
    """One KPI of all subjects.

    Attributes:
        kpi: The KPI that was valued.
        total: Subject -> its KPI on the test rows, without scaling.
        per_period: Subject -> the same, scaled to the KPI's period and volume.
        gain: Baseline -> paired gain of the candidate over it, per period; positive is better whatever the direction.
        terms: Top-level term of the expression -> its sum for the candidate, per period.
        scale: Factor from total to per_period.
        expired: Money parameters whose `valid_until` has passed.
        blocks: One row a block: `block`, and per subject the block's numerator (and denominator, for a ratio).
        notes: What a reader must know before trusting the intervals, a sentence each: few blocks, heavy tails.
    """

    kpi: Kpi
    total: Map[Measured]
    per_period: Map[Measured]
    gain: Map[Measured]
    terms: Map[float]
    scale: float
    expired: tuple[str, ...]
    blocks: Table
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Valuations:
    """All KPIs by name, valued on the test rows, and what was served then."""

    by_kpi: Map[Valuation]
    objective: str
    champion: Champion = field(default_factory=Champion)


@dataclass(frozen=True)
class Evaluation:
    """Statistical scores on the test rows. `rows` counts the test cases, `block` says what the intervals resample."""

    metrics: Map[Measured]
    rows: int
    block: str


@dataclass(frozen=True)
class Entry:
    """One line of a breakdown: a part of the cases, a feature, an input that went wrong.

    Attributes:
        name: As people read it: "region = north", "without amount".
        cases: Test cases that it was measured on.
        measures: Name -> number; empty where `note` says why nothing was measured.
        note: What the numbers do not say, such as too few cases.
    """

    name: str
    cases: int
    measures: Map[Measured]
    note: str | None = None


@dataclass(frozen=True)
class Breakdown:
    """One look behind the scores, as named entries with measured numbers. A gate may bound each of them.

    Attributes:
        topic: What it is about.
        title: What it shows, on which rows.
        entries: In the order in which they are read.
        whole: Numbers that belong to no single entry, such as the gap between two; named unlike the entries' own.
        reference: The whole that the entries are parts of, or what they are held against.
        block: What the intervals resample: "day", "entity", "call", ...
        nothing: What it means that there is no entry, where that is good to hear.
    """

    topic: Topic
    title: str
    entries: tuple[Entry, ...]
    whole: Map[Measured] = field(default_factory=Map)
    reference: Entry | None = None
    block: str = "case"
    nothing: str | None = None


@dataclass(frozen=True)
class Tested:
    """All that is known of the test rows once they were predicted, decided on, played and valued.

    `slices` and `probes` are what was found by the recipe's own; sections show them.
    """

    checked: Checked
    folds: Folds
    predictor: Predictor
    features: Features
    predictions: Predictions
    decisions: Decisions
    flows: Flows
    valuations: Valuations
    evaluation: Evaluation
    seed: int
    slices: Map[Breakdown] = field(default_factory=Map)
    probes: Map[Breakdown] = field(default_factory=Map)


@dataclass(frozen=True)
class Inspection:
    """What is worth a look behind the scores, by the names that the recipe gives: slices, probes, and the sections of its report."""

    sections: Map[Section]
    slices: Map[Breakdown] = field(default_factory=Map)
    probes: Map[Breakdown] = field(default_factory=Map)


@dataclass(frozen=True)
class Verdict:
    """What one gate found. INCONCLUSIVE says in `would_decide` what would settle it."""

    gate: str
    outcome: Outcome
    what: str
    measured: Measured | None
    threshold: float | None
    reason: str
    would_decide: str | None = None


@dataclass(frozen=True)
class Verdicts:
    """All gates, in the recipe's order."""

    verdicts: tuple[Verdict, ...]

    def count(self, outcome: Outcome) -> int:
        """How many gates came out so."""
        return sum(verdict.outcome == outcome for verdict in self.verdicts)


@dataclass(frozen=True)
class ModelVersion:
    """A registered version: its files by SHA-256, what it takes and gives, where it came from, and the evidence it passed on."""

    name: str
    number: int
    manifest: Map[str]
    signature: Signature
    lineage: Map[str]
    verdicts: Verdicts
    card: Map[str]
