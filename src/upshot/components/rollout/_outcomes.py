"""What several rollouts ask: decisions in order, the money at stake, a label that is a number, the time and the unit of a case."""

from __future__ import annotations

from typing import TYPE_CHECKING

from upshot.errors import DataError, PluginError, Problem

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from upshot.contracts.records import Cases


def refuse(wrong: np.ndarray, values: np.ndarray, where: str, rule: str, headline: str) -> None:
    """Refuse rows of the scored part, up to five of them as examples.

    Args:
        wrong: Bool array, shape (n,): True where the rule is broken.
        values: What was there, shape (n,).
        where: Column or role.
        rule: What must hold.
        headline: What cannot be done because of it.

    Raises:
        DataError: A row is wrong.
    """
    import pandas as pd

    from upshot.components.faults import rows_problem

    if wrong.any():
        raise DataError(headline, [rows_problem(where, rule, wrong, pd.Series(values))])


def in_order(decisions: pd.DataFrame, n: int) -> pd.DataFrame:
    """The decisions in the order of the cases 0..n-1.

    Raises:
        PluginError: There is not exactly one decision for each case.
    """
    import numpy as np

    case = decisions["case"].to_numpy()
    if np.array_equal(case, np.arange(n)):
        return decisions
    if not np.array_equal(np.sort(case), np.arange(n)):
        raise PluginError(
            "the policy breaks its contract",
            [Problem("case", "there must be one decision for each case", f"{len(case)} decisions for {n} cases")],
        )
    return decisions.sort_values("case", ignore_index=True)


def stakes(outcomes: Cases, otherwise: float) -> np.ndarray:
    """Money at stake in each case, float64, shape (n,): the column of the role `amount`, or one number for all.

    Raises:
        DataError: An amount is missing or not finite.
    """
    import numpy as np

    name = outcomes.roles.amount
    if name is None:
        return np.full(outcomes.size, otherwise)
    amount = outcomes.rows.frame[name].to_numpy(dtype="float64", na_value=np.nan)
    refuse(~np.isfinite(amount), amount, name, "must be a finite amount of money", "the money at stake is not known")
    return amount


def numbers(outcomes: Cases, rule: str) -> np.ndarray:
    """The label as float64, shape (n,).

    Raises:
        DataError: A label is not a finite number; `rule` says what it stands for.
    """
    import numpy as np
    import pandas as pd

    label = outcomes.labels.frame["label"]
    where = outcomes.roles.target or "label"
    if not pd.api.types.is_numeric_dtype(label):
        raise DataError("the outcome does not fit the rollout", [Problem(where, rule, str(label.dtype))])
    values = label.to_numpy(dtype="float64", na_value=np.nan)
    refuse(~np.isfinite(values), values, where, rule, "the outcome does not fit the rollout")
    return values


def one_or_zero(outcomes: Cases, rule: str) -> np.ndarray:
    """The label as 1.0 or 0.0, shape (n,).

    Raises:
        DataError: A label is something else; `rule` says what the two stand for.
    """
    label = numbers(outcomes, rule)
    refuse((label != 0) & (label != 1), label, outcomes.roles.target or "label", rule, "the outcome does not fit the rollout")
    return label


def moments(outcomes: Cases, rollout: str) -> pd.Series:
    """When each case was decided on.

    Raises:
        DataError: The cases have no time.
    """
    if "as_of" not in outcomes.labels.columns:
        rule = f"rollout {rollout} follows the cases in time: name the column under data.roles.time"
        raise DataError("the cases have no time", [Problem("data.roles.time", rule)])
    return outcomes.labels.frame["as_of"]


def days(outcomes: Cases, rollout: str) -> np.ndarray:
    """The calendar day of each case, coded 0, 1, ... in time order, shape (n,).

    Raises:
        DataError: The cases have no clock.
    """
    import numpy as np
    import pandas as pd

    at = moments(outcomes, rollout)
    if not pd.api.types.is_datetime64_any_dtype(at):
        rule = f"rollout {rollout} goes day by day, so the time of a case must be a timestamp"
        raise DataError("the cases have no days", [Problem(outcomes.roles.time or "data.roles.time", rule, str(at.dtype))])
    return np.asarray(pd.factorize(at.dt.normalize(), sort=True)[0])


def units(outcomes: Cases, rollout: str) -> np.ndarray:
    """The first entity role of each case, coded by first appearance, shape (n,).

    Raises:
        DataError: No column plays the role of an entity.
    """
    import pandas as pd

    if not outcomes.roles.entities:
        rule = f"rollout {rollout} follows each entity by itself: name the column under data.roles.entities"
        raise DataError("the cases have no entities", [Problem("data.roles.entities", rule)])
    codes, _ = pd.factorize(outcomes.rows.frame[outcomes.roles.entities[0]])
    return codes
