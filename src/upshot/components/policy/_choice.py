"""Choose what a policy is set to: play every candidate on validation data, drop those that break a limit, take what is worth most.

Money alone may choose what the house cannot carry: more alerts than there are reviewers, or too many frauds let through because they are
cheap. Limits are kept on validation; what the test rows then show may differ, as everything that was chosen does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from upshot.components.actions import APPROVE
from upshot.contracts.params import Params
from upshot.contracts.records import Tuned
from upshot.contracts.tables import Map, Table
from upshot.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from upshot.contracts.components import Game
    from upshot.contracts.records import Cases

Share = Annotated[float, Field(ge=0, le=1)]

LIMITS_SENTENCE = "What the choice must keep to on validation data, such as {max_alert_rate: 0.02, min_recall: 0.6}."


class LimitsParams(Params):
    """What a choice by money must keep to on validation data; an alert is any action but approval, a positive a case of label 1."""

    max_alert_rate: Share | None = Field(None, description="Largest share of the cases that are acted on.")
    max_rate: dict[str, Share] = Field(default_factory=dict, description="By action, the largest share of the cases that get it.")
    min_recall: Share | None = Field(None, description="Least share of the positives that are acted on.")
    min_precision: Share | None = Field(None, description="Least share of positives among the cases that are acted on.")

    @property
    def are_set(self) -> bool:
        """Whether there is any."""
        return bool(self.max_rate) or any(limit is not None for limit in (self.max_alert_rate, self.min_recall, self.min_precision))


def choose_by_money(
    options: Mapping[str, np.ndarray],
    decided: Callable[[int], pd.DataFrame],
    outcomes: Cases,
    game: Game,
    limits: LimitsParams,
) -> Tuned:
    """Play every option, and take the one that is worth most among those that keep the limits; of equals the first.

    Args:
        options: What is chosen -> its value in each option, shape (options,) each.
        decided: Decision frame of an option, of kind action.
        outcomes: The validation cases.
        game: Plays and values a decision frame.
        limits: What an option must keep to.

    Returns:
        The chosen values, and the curve: one row an option, its values, then `alerts`, `alert_rate`, `recall`, `precision`, `allowed`, `worth`.

    Raises:
        DataError: No option keeps the limits; says how near each limit can be come to.
    """
    curve = played(options, decided, outcomes, game, limits)
    if not curve["allowed"].any():
        raise DataError("no choice of the policy keeps its limits on validation", _how_near(curve, limits))
    best = best_option(curve)
    return Tuned(Map({name: float(values[best]) for name, values in options.items()}), "validation", Table.of(curve))


def best_option(curve: pd.DataFrame) -> int:
    """Position of the option that is worth most among those that keep the limits, or among all where none does; of equals the first."""
    import numpy as np

    worth, allowed = curve["worth"].to_numpy(), curve["allowed"].to_numpy()
    return int(np.argmax(np.where(allowed, worth, -np.inf) if allowed.any() else worth))


def played(
    options: Mapping[str, np.ndarray],
    decided: Callable[[int], pd.DataFrame],
    outcomes: Cases,
    game: Game,
    limits: LimitsParams,
) -> pd.DataFrame:
    """The curve of `choose_by_money`, with a column `rate_ACTION` for each limited action."""
    import pandas as pd

    label = _positives(outcomes)
    count = len(next(iter(options.values())))
    rows = []
    for option in range(count):
        frame = decided(option)
        standing = _standing(frame["action"], label, tuple(limits.max_rate))
        rows.append({**standing, "worth": game.worth(frame, outcomes)})
    curve = pd.concat([pd.DataFrame(dict(options)), pd.DataFrame(rows)], axis=1)
    kept = pd.Series(True, index=curve.index)
    for measure, bound, is_most in _bounds(limits):
        kept &= curve[measure] <= bound if is_most else curve[measure] >= bound
    curve.insert(len(curve.columns) - 1, "allowed", kept)
    return curve


def _standing(action: pd.Series, label: np.ndarray | None, limited: tuple[str, ...]) -> dict[str, float]:
    """How many cases are acted on, and how well; recall and precision are NaN where they are not defined."""
    import numpy as np

    acted = (action != APPROVE).to_numpy()
    n, alerts = len(acted), int(acted.sum())
    found = float("nan") if label is None else float(label[acted].sum())
    positives = float("nan") if label is None else float(label.sum())
    rates = {f"rate_{name}": float((action == name).mean()) if n else 0.0 for name in limited}
    with np.errstate(all="ignore"):
        recall, precision = np.float64(found) / positives, np.float64(found) / alerts
    return {"alerts": alerts, "alert_rate": alerts / n if n else 0.0, "recall": float(recall), "precision": float(precision), **rates}


def _bounds(limits: LimitsParams) -> list[tuple[str, float, bool]]:
    """Measure, bound, and whether the bound is a largest value."""
    bounds = [(f"rate_{name}", most, True) for name, most in limits.max_rate.items()]
    for measure, bound, is_most in (
        ("alert_rate", limits.max_alert_rate, True),
        ("recall", limits.min_recall, False),
        ("precision", limits.min_precision, False),
    ):
        bounds += [(measure, bound, is_most)] if bound is not None else []
    return bounds


def _how_near(curve: pd.DataFrame, limits: LimitsParams) -> list[Problem]:
    """For each limit, how near one comes where all others are kept."""
    problems = []
    bounds = _bounds(limits)
    for measure, bound, is_most in bounds:
        others = [curve[m] <= b if most else curve[m] >= b for m, b, most in bounds if m != measure]
        left = curve[measure]
        for kept in others:
            left = left[kept]
        near = left.min() if is_most else left.max()
        key = "max_rate." + measure.removeprefix("rate_") if measure.startswith("rate_") else f"{'max' if is_most else 'min'}_{measure}"
        beside = " where the other limits are kept" if others else ""
        got = f"{'at least' if is_most else 'at most'} {near:.3g}{beside}" if near == near else f"not defined{beside}"
        problems.append(Problem(f"policy.limits.{key}", f"must be {'<=' if is_most else '>='} {bound:g} for some candidate", got))
    return problems


def _positives(outcomes: Cases) -> np.ndarray | None:
    """Labels of 0 and 1 as float64, shape (n,); None where they are something else."""
    import numpy as np

    label = outcomes.labels.frame["label"]
    if label.dtype.kind not in "biuf":
        return None
    values: np.ndarray = label.to_numpy(dtype=np.float64, na_value=np.nan)
    return values if np.isin(values, (0.0, 1.0)).all() else None
