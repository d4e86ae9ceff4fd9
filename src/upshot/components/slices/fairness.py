"""How decisions fall on the groups of a protected attribute.

Demographic parity asks that each group is treated favourably as often as another; equal opportunity asks it of those who deserve it (who
would have paid, whose payment was good), equalised odds also of the others. They cannot all hold where the groups' outcomes differ, so
the recipe says by its gates which one is asked for. A gap is the largest difference between two groups; with many small groups it is above 0
by chance alone, which is why groups with few cases are left out and the gap has an interval.

Source:
    Hardt, Price & Srebro (2016), Equality of Opportunity in Supervised Learning, NeurIPS; the ratio: the four-fifths rule of the US
    Uniform Guidelines on Employee Selection Procedures (1978), 29 CFR 1607.4 D.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from upshot.components.lists.facts import with_sides
from upshot.components.slices._groups import BINS, EDGES, MOST, Edges, Group, groups_of
from upshot.contracts.components import Bench
from upshot.contracts.params import Params
from upshot.contracts.records import Breakdown, Cases, DecisionKind, Entry, Measured, PredictionKind, Spec
from upshot.contracts.tables import Map
from upshot.errors import DataError, Problem
from upshot.value.scores import Score, measured_scores

if TYPE_CHECKING:
    import numpy as np

FAVOURABLE, OPPORTUNITY, ODDS, OBSERVED, PREDICTED = "favourable_rate", "opportunity", "other_rate", "observed_rate", "predicted_rate"
PARITY, EQUAL_OPPORTUNITY, EQUALISED, RATIO = "demographic_parity", "equal_opportunity", "equalised_odds", "disparate_impact"


class FairnessParams(Params):
    """A protected attribute, and what is favourable to whom."""

    protected: Annotated[tuple[str, ...], Field(strict=False, min_length=1, max_length=2)] = Field(
        description="Protected attribute, one of data.roles.protected, or two whose values are taken together."
    )
    favourable: Annotated[tuple[str, ...], Field(strict=False, min_length=1)] = Field(
        ("approve",), description="Actions that are good for whom the case is about."
    )
    deserving: int = Field(0, ge=0, le=1, description="Outcome of those who deserve it: 0 where label 1 is the bad outcome, as in risk.")
    edges: Edges = Field(default_factory=dict, description=EDGES)
    bins: int = Field(4, ge=2, le=20, description=BINS)
    most: int = Field(20, ge=2, le=200, description=MOST)
    min_cases: int = Field(30, ge=1, description="Groups with fewer cases, or fewer deserving ones, are counted and not compared.")


class Fairness:
    """Rates by group, and the gaps between groups.

    A group's numbers: `favourable_rate`, `opportunity` (favourable among the deserving), `other_rate` (favourable among the others),
    `observed_rate` (share of label 1) and, of probabilities, `predicted_rate`. Of all groups: `demographic_parity`, `equal_opportunity`
    and `equalised_odds` are largest differences (0 is equal), `disparate_impact` the smallest favourable rate over the largest (1 is equal).

    Args:
        params: Attribute, favourable actions, deserving outcome.
    """

    spec: Spec
    wants: Mapping[str, tuple[str, ...]]
    accepts: tuple[PredictionKind, ...] = ()
    decides: tuple[DecisionKind, ...] = ("action",)

    def __init__(self, params: FairnessParams) -> None:
        self.params = params
        self.wants = {"protected": params.protected, "actions": params.favourable}

    def gives(self, declared: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
        """Rates of each group, and the gaps."""
        return (FAVOURABLE, OPPORTUNITY, ODDS, OBSERVED, PREDICTED, PARITY, EQUAL_OPPORTUNITY, EQUALISED, RATIO)

    def inspect(self, bench: Bench) -> Breakdown:
        """Measure each group and the gaps.

        Raises:
            DataError: A label is neither 0 nor 1.
        """
        import numpy as np

        p, cases = self.params, bench.cases
        facts = _Facts.of(bench, p)
        groups = groups_of(with_sides(cases, p.protected), p.protected, "protected", edges=p.edges, bins=p.bins, most=p.most)
        compared = [group for group in groups if facts.is_enough(group.part, p.min_cases)]
        entries = tuple(facts.entry(group) if group in compared else _too_small(group, p.min_cases) for group in groups)
        everybody = facts.entry(Group("all test cases", np.ones(cases.size, dtype=bool)))
        title = f"decisions by {' and '.join(p.protected)}"
        return Breakdown("fairness", title, entries, facts.gaps([group.part for group in compared]), everybody, cases.block)


def _too_small(group: Group, least: int) -> Entry:
    return Entry(group.name, int(group.part.sum()), Map(), f"fewer than {least} cases, or deserving ones")


@dataclass(frozen=True)
class _Facts:
    """What is known of each test case, shape (cases,) each.

    Attributes:
        favourable: Whether the decision is good for whom it is about; None where no test decision is, so that nothing can be said.
        deserving: Whether the outcome deserves it.
        label: 0.0 or 1.0.
        predicted: Probability of label 1; None for other kinds of prediction.
    """

    cases: Cases
    seed: int
    favourable: np.ndarray | None
    deserving: np.ndarray
    label: np.ndarray
    predicted: np.ndarray | None

    @classmethod
    def of(cls, bench: Bench, params: FairnessParams) -> _Facts:
        import numpy as np

        tested, cases = bench.tested, bench.cases
        decided = tested.decisions.tested(tested.folds).sort_values("case", kind="stable")
        favourable = decided["action"].isin(params.favourable).to_numpy()
        label = cases.labels.frame["label"].to_numpy(dtype="float64", na_value=np.nan)
        if not np.isin(label, (0.0, 1.0)).all():
            rule = "must be 0 or 1 where fairness is looked at"
            raise DataError("fairness is not defined", [Problem(cases.roles.target or "label", rule)])
        predicted = bench.predictions["probability"].to_numpy() if "probability" in bench.predictions else None
        return cls(cases, tested.seed, favourable if favourable.any() else None, label == params.deserving, label, predicted)

    def is_enough(self, part: np.ndarray, least: int) -> bool:
        return int(part.sum()) >= least and int((part & self.deserving).sum()) >= least

    def entry(self, group: Group) -> Entry:
        part = group.part
        of = {FAVOURABLE: part, OPPORTUNITY: part & self.deserving, ODDS: part & ~self.deserving}
        rates = {name: Score(self._favourable(some), "share", "maximize", n=int(some.sum())) for name, some in of.items()}
        for name, values in ((OBSERVED, self.label), (PREDICTED, self.predicted)):
            rates |= {} if values is None else {name: Score(self._mean(part, values), "share", "maximize", n=int(part.sum()))}
        return Entry(group.name, int(part.sum()), self._measured(rates))

    def gaps(self, parts: list[np.ndarray]) -> Map[Measured]:
        """The gaps between the groups; undefined with fewer than two."""
        rate = [self._favourable(part) for part in parts]
        good = [self._favourable(part & self.deserving) for part in parts]
        other = [self._favourable(part & ~self.deserving) for part in parts]
        return self._measured(
            {
                PARITY: Score(_gap(rate), "share", "minimize"),
                EQUAL_OPPORTUNITY: Score(_gap(good), "share", "minimize"),
                EQUALISED: Score(lambda weights: max(_gap(good)(weights), _gap(other)(weights)), "share", "minimize"),
                RATIO: Score(_ratio(rate), "share", "maximize"),
            }
        )

    def _favourable(self, part: np.ndarray) -> Rate:
        return self._mean(part, self.favourable)

    def _mean(self, part: np.ndarray, values: np.ndarray | None) -> Rate:
        """The weighted mean of the part; NaN where it has no weight, or nothing is known."""
        if values is None:
            return lambda weights: float("nan")
        at = part.nonzero()[0]
        numbers = values[at].astype("float64")

        def mean(weights: np.ndarray) -> float:
            drawn = weights[at]
            total = float(drawn.sum())
            return float((drawn * numbers).sum()) / total if total > 0 else float("nan")

        return mean

    def _measured(self, scores: Mapping[str, Score]) -> Map[Measured]:
        return Map(measured_scores(scores, self.cases, seed=self.seed))


Rate = Callable[["np.ndarray"], float]


def _gap(rates: list[Rate]) -> Rate:
    """The largest difference; NaN with fewer than two groups, or where a group has no rate."""

    def gap(weights: np.ndarray) -> float:
        values = [rate(weights) for rate in rates]
        return max(values) - min(values) if _known(values) else float("nan")

    return gap


def _ratio(rates: list[Rate]) -> Rate:
    def ratio(weights: np.ndarray) -> float:
        values = [rate(weights) for rate in rates]
        return min(values) / max(values) if _known(values) and max(values) > 0 else float("nan")

    return ratio


def _known(values: list[float]) -> bool:
    return len(values) > 1 and all(value == value for value in values)
