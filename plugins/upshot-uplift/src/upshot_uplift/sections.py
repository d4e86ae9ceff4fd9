"""What a report shows of uplift: the gain by share acted on, whether predicted uplift comes, and what acting on each share is worth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from upshot.contracts.params import Params
from upshot.contracts.records import CANDIDATE, DecisionKind, PredictionKind, Spec, Tested
from upshot.contracts.sections import ChartBlock, Column, Section, TableBlock
from upshot.contracts.tables import Table
from upshot.errors import DataError, Problem
from upshot.value.intervals import interval_of_score, interval_of_sum, intervals_of_scores
from upshot.value.money import money_rows, sign
from upshot_uplift.curves import Curve, Ranked
from upshot_uplift.logs import ArmParams
from upshot_uplift.metrics import ranked_cases

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import pandas as pd

_NAN = (float("nan"), float("nan"))
_SHARE = Column("share", "share of the cases, highest predicted uplift first", "share")


class UpliftCurveParams(ArmParams):
    """How fine."""

    bins: int = Field(10, ge=2, le=50, description="Parts of as many cases each, by falling predicted uplift.")


class UpliftCurve:
    """Gain of acting on the first share by predicted uplift against acting by chance, and predicted beside observed uplift by part.

    Args:
        params: How fine.
    """

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("uplift",)
    decides: tuple[DecisionKind, ...] = ()
    plays: tuple[str, ...] = ()

    def __init__(self, params: UpliftCurveParams) -> None:
        self.params = params

    def make(self, tested: Tested) -> Section:
        """Two charts and a table.

        Raises:
            RecipeError: No column has the role `action`.
        """
        predictions, cases = tested.predictions.tested(tested.folds)
        ranked = ranked_cases(predictions, cases, self.params)
        blocks = cases.labels.frame["block"].to_numpy()
        note = f"{cases.size:,} test cases; intervals by {cases.block} blocks, 95 %."
        curve = Table.of(gains(ranked, blocks, self.params.bins, tested.seed))
        parts = Table.of(observed(ranked, predictions, blocks, self.params.bins, tested.seed))
        gain, chance = Column("gain", "by predicted uplift", "number"), Column("chance", "by chance", "number")
        predicted = Column("predicted", "predicted uplift", "number")
        seen = Column("observed", "observed uplift", "number", low="low", high="high")
        low, high = Column("low", "low", "number"), Column("high", "high", "number")
        counts = (Column("cases", "cases", "count"), Column("acted", "acted on", "count"))
        above = "Outcomes gained per case of all; where the line runs above that of chance, the prediction finds whom acting changes."
        return Section(
            "Whom acting changes",
            "data_science",
            (
                ChartBlock("Outcomes gained by share acted on", "line", curve, _SHARE, (gain, chance), note=f"{above} {note}"),
                ChartBlock("The gain with its interval", "band", curve, _SHARE, (gain,), low, high, level=0.0),
                ChartBlock(
                    "Observed uplift by part, highest predicted first",
                    "interval",
                    parts,
                    Column("part", "part", "text"),
                    (seen,),
                    low,
                    high,
                    level=0.0,
                    note="An uplift of 0.02 is two outcomes more for a hundred acted on.",
                ),
                TableBlock("Predicted and observed uplift", (Column("part", "part", "text"), predicted, seen, *counts), parts, note),
            ),
        )


class PolicyByShareParams(Params):
    """Between which of the baselines shares lie, and how many are valued."""

    none: str = Field("do_nothing", description="Baseline that acts on nobody.")
    everybody: str = Field("act_on_all", description="Baseline that acts on everybody: {use: same_action}.")
    shares: int = Field(10, ge=2, le=100, description="Shares that are valued, evenly spaced up to all cases.")


class PolicyByShare:
    """What acting on each share by predicted uplift is worth over acting on nobody, with intervals, beside what was decided.

    Each case's money if acted on and if left alone are those of the two baselines, so a share is valued by the recipe's own rollout and KPI.

    Args:
        params: The baselines.
    """

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("uplift",)
    decides: tuple[DecisionKind, ...] = ("action",)
    plays: tuple[str, ...] = ()

    def __init__(self, params: PolicyByShareParams) -> None:
        self.params = params
        self.wants = {"baselines": (params.none, params.everybody)}

    def make(self, tested: Tested) -> Section:
        """A chart and a table.

        Raises:
            DataError: The KPI is a ratio, or the rollout does not play case by case.
        """
        import numpy as np

        predictions, cases = tested.predictions.tested(tested.folds)
        valuation = tested.valuations.by_kpi[tested.valuations.objective]
        kpi = valuation.kpi
        if kpi.per is not None:
            self._refuse("needs an objective that is a sum over cases", f"{kpi.name}, a ratio", "leave the section out")
        money = {name: self._money(tested, name, cases.size) for name in (self.params.none, self.params.everybody, CANDIDATE)}
        added = (money[self.params.everybody] - money[self.params.none]) * valuation.scale
        decided = (money[CANDIDATE] - money[self.params.none]) * valuation.scale
        blocks = np.unique(cases.labels.frame["block"].to_numpy(), return_inverse=True)[1]
        rows = values_by_share(added, predictions.sort_values("case")["uplift"].to_numpy(), blocks, self.params.shares, tested.seed)
        acted = tested.decisions.tested(tested.folds)["action"]
        mark = float((acted.astype(str) != "approve").mean())
        value = Column("value", f"{kpi.name} over acting on nobody", "money", kpi.unit, low="low", high="high")
        low, high = Column("low", "low", "money", kpi.unit), Column("high", "high", "money", kpi.unit)
        own = sum_with_interval(decided, blocks, tested.seed)
        period = "" if kpi.period is None else f" a {kpi.period}"
        says = f"Decided: {mark:.1%} of the cases acted on, worth {own[0]:,.0f} ({own[1]:,.0f} to {own[2]:,.0f}) {kpi.unit}{period}."
        note = f"{says} {cases.size:,} test cases; intervals by {cases.block} blocks, 95 %."
        table = Table.of(rows)
        return Section(
            "What acting on each share is worth",
            "business",
            (
                ChartBlock(f"{kpi.name} by share acted on", "band", table, _SHARE, (value,), low, high, mark=mark, level=0.0, note=note),
                TableBlock(
                    "Value by share",
                    (_SHARE, value),
                    table,
                    "Shares were not chosen on these rows: the share that is best here is no promise.",
                ),
            ),
        )

    def _money(self, tested: Tested, subject: str, cases: int) -> np.ndarray:
        """Objective money of each case under a policy, more is better, shape (cases,)."""
        import numpy as np

        flows = tested.flows.tables[subject].frame
        kpi = tested.valuations.by_kpi[tested.valuations.objective].kpi
        case = flows["case"].to_numpy()
        if not np.array_equal(np.sort(case), np.arange(cases)):
            self._refuse("needs a rollout that gives one row a case", f"{len(case)} rows for {cases} cases", "leave the section out")
        money = np.empty(cases)
        money[case] = sign(kpi) * money_rows(kpi, flows)
        return money

    def _refuse(self, rule: str, got: str, hint: str | None) -> None:
        raise DataError("the shares cannot be valued", [Problem("sections.policy_by_share", rule, got, hint)])


def gains(ranked: Ranked, blocks: np.ndarray, bins: int, seed: int) -> pd.DataFrame:
    """Gain per case of all by share acted on, with interval, and that of acting on as many by chance: `share`, `gain`, `low`, `high`, `chance`."""
    import numpy as np
    import pandas as pd

    shares = np.linspace(0.0, 1.0, bins + 1)[1:]
    whole = ranked.curve(np.ones(len(blocks)))

    def at(share: float) -> Callable[[np.ndarray], float]:
        return lambda weights: share * ranked.curve(weights).uplift_within(share)

    ends = intervals_of_scores([at(float(share)) for share in shares], blocks, seed=seed)
    gain = np.array([share * whole.uplift_within(float(share)) for share in shares])
    low, high = np.array([end or _NAN for end in ends]).T
    frame = pd.DataFrame({"share": shares, "gain": gain, "low": low, "high": high, "chance": shares * gain[-1]})
    none = pd.DataFrame({"share": [0.0], "gain": [0.0], "low": [0.0], "high": [0.0], "chance": [0.0]})
    return pd.concat([none, frame], ignore_index=True)


def observed(ranked: Ranked, predictions: pd.DataFrame, blocks: np.ndarray, bins: int, seed: int) -> pd.DataFrame:
    """By part of the order: `part`, mean `predicted` uplift, `observed` with `low` and `high`, `cases`, `acted`."""
    import numpy as np
    import pandas as pd

    falling = np.sort(predictions["uplift"].to_numpy(dtype=np.float64))[::-1]
    rows = []
    for number, places in enumerate(np.array_split(np.arange(len(falling)), bins), start=1):
        part = Ranked(np.arange(len(places)), np.array([len(places) - 1]), ranked.acted[places], ranked.y[places], ranked.weight[places])

        def uplift(weights: np.ndarray, part: Ranked = part) -> float:
            curve: Curve = part.curve(weights)
            return curve.uplift_within(1.0)

        ends = interval_of_score(uplift, blocks[ranked.order[places]], seed=seed) or _NAN
        rows.append((f"{number} of {bins}", falling[places].mean(), uplift(np.ones(len(places))), *ends, len(places), part.acted.sum()))
    return pd.DataFrame(rows, columns=["part", "predicted", "observed", "low", "high", "cases", "acted"])


def values_by_share(added: np.ndarray, uplift: np.ndarray, blocks: np.ndarray, shares: int, seed: int) -> pd.DataFrame:
    """Money that acting on each share adds, the highest uplift first: `share`, `value`, `low`, `high`.

    Args:
        added: Money that acting adds in each case, shape (n,).
        uplift: What was predicted, shape (n,).
        blocks: Codes of the blocks, 0, 1, ..., shape (n,).
        shares: How many.
        seed: Of the intervals.

    Example:
        >>> import numpy as np
        >>> values_by_share(np.array([2.0, -1.0]), np.array([0.3, 0.1]), np.array([0, 1]), 2, seed=1)[["share", "value"]].values.tolist()
        [[0.0, 0.0], [0.5, 2.0], [1.0, 1.0]]
    """
    import numpy as np
    import pandas as pd

    order = np.argsort(-uplift, kind="stable")
    rows = [(0.0, 0.0, 0.0, 0.0)]
    for number in range(1, shares + 1):
        acted = np.zeros(len(order))
        acted[order[: round(number / shares * len(order))]] = 1.0
        rows.append((number / shares, *sum_with_interval(added * acted, blocks, seed)))
    return pd.DataFrame(rows, columns=["share", "value", "low", "high"])


def sum_with_interval(money: np.ndarray, blocks: np.ndarray, seed: int) -> tuple[float, float, float]:
    """Sum, and the ends of its interval; NaN where blocks are too few."""
    import numpy as np

    low, high = interval_of_sum(np.bincount(blocks, weights=money), seed=seed) or _NAN
    return float(money.sum()), low, high
