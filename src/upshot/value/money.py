"""A KPI checked and put into money: the expression over flows, with its parameters.

The one place where flows become money. Tuning a policy, valuing a test set, a gate, and later monitoring all call these functions.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Literal

from upshot.contracts.records import Kpi, Money
from upshot.errors import DataError, Problem, did_you_mean, nearest
from upshot.value.columns import columns_of
from upshot.value.expressions import Expression, ExpressionError
from upshot.value.grammar import shortened
from upshot.value.units import Unit

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

PERIOD_DAYS: dict[str, float] = {"day": 1.0, "week": 7.0, "month": 365.25 / 12, "year": 365.25}
"""Length of a period in days; a month is a twelfth of a year."""


def money_rows(kpi: Kpi, flows: pd.DataFrame) -> np.ndarray:
    """The KPI's expression per row of flows, shape (n,), in its unit; for a ratio the numerator.

    Raises:
        DataError: A row has no value, or a flow is missing.

    Example:
        >>> import pandas as pd
        >>> from upshot.contracts.tables import Map
        >>> cost = Money(5.0, "EUR/case")
        >>> kpi = Kpi("savings", "blocked - reviewed * cost", "EUR", "maximize", "risk_mitigation", Map({"cost": cost}))
        >>> money_rows(kpi, pd.DataFrame({"blocked": [100.0, 0.0], "reviewed": [1, 1]}))
        array([95., -5.])
    """
    return rows_of(Expression.parse(kpi.expression), kpi, flows, f"kpi.{kpi.name}.expression")


def per_rows(kpi: Kpi, flows: pd.DataFrame) -> np.ndarray | None:
    """The denominator per row of flows, shape (n,); None where the KPI is no ratio."""
    return None if kpi.per is None else rows_of(Expression.parse(kpi.per), kpi, flows, f"kpi.{kpi.name}.per")


def rows_of(expression: Expression, kpi: Kpi, flows: pd.DataFrame, what: str) -> np.ndarray:
    """An expression per row of flows, with the KPI's parameters; shape (n,), float64."""
    import numpy as np

    parameters = {name: money.value for name, money in kpi.parameters.items()}
    columns = columns_of(flows, expression.names)
    return expression.evaluate({**columns, **parameters}, rows=len(flows), what=what).astype(np.float64, copy=False)


def total(kpi: Kpi, flows: pd.DataFrame) -> float:
    """The KPI of all rows together, in its unit and without scaling; a ratio is a ratio of sums.

    Raises:
        DataError: A row has no value, or a ratio's denominator sums to 0.
    """
    above, below = money_rows(kpi, flows), per_rows(kpi, flows)
    return float(above.sum()) if below is None else float(above.sum()) / denominator(kpi, float(below.sum()))


def denominator(kpi: Kpi, value: float) -> float:
    """A ratio's denominator.

    Raises:
        DataError: It is 0.
    """
    if value == 0:
        raise DataError("a ratio has no value", [Problem(f"kpi.{kpi.name}.per", "must not sum to 0 over the rows", repr(kpi.per))])
    return value


def sign(kpi: Kpi) -> Literal[1, -1]:
    """1 where more of the KPI is better, -1 where less is."""
    return 1 if kpi.direction == "maximize" else -1


def expired(kpi: Kpi, today: date) -> tuple[str, ...]:
    """Money parameters whose last valid day lies before today."""
    return tuple(name for name, money in kpi.parameters.items() if money.valid_until is not None and money.valid_until < today)


def check_kpi(kpi: Kpi, flow_units: Mapping[str, str]) -> list[Problem]:
    """All that is wrong with a KPI, before any data is read.

    Args:
        kpi: What the recipe says.
        flow_units: Flow -> unit, as the rollout declares them.

    Returns:
        Problems under the recipe keys of the KPI; empty where it fits.
    """
    where = f"kpi.{kpi.name}"
    problems = [problem for name, money in kpi.parameters.items() for problem in _check_money(f"{where}.parameters.{name}", money)]
    problems += [
        Problem(f"{where}.parameters.{name}", "a parameter may not bear the name of a flow", repr(name), "give it another name")
        for name in kpi.parameters
        if name in flow_units
    ]
    read = _read(kpi, problems)
    known = {*flow_units, *kpi.parameters}
    for key, expression in read.items():
        problems += [
            Problem(f"{where}.{key}", "unknown flow or parameter", repr(name), did_you_mean(name, known))
            for name in expression.unknown(known)
        ]
        if expression.names.isdisjoint(flow_units) and not expression.unknown(known):
            problems.append(Problem(f"{where}.{key}", "must read a flow", repr(expression.text), f"flows: {', '.join(flow_units)}"))
    problems += _check_unused(kpi, read.values())
    problems += _check_scaling(kpi)
    return problems or _check_unit(kpi, read, flow_units)


def _check_money(where: str, money: Money) -> list[Problem]:
    shown = ", ".join(
        f"{key} {value:g}" for key, value in (("low", money.low), ("value", money.value), ("high", money.high)) if value is not None
    )
    given = [value for value in (money.low, money.value, money.high) if value is not None]
    if not all(map(math.isfinite, given)):
        return [Problem(where, "must be finite numbers", shown)]
    return [] if given == sorted(given) else [Problem(where, "low <= value <= high must hold", shown)]


def _check_unused(kpi: Kpi, expressions: Iterable[Expression]) -> list[Problem]:
    """A parameter that nothing reads is a misspelt one, or a cost that somebody believes to be counted."""
    read = {name for expression in expressions for name in expression.names}
    unread = [name for name in kpi.parameters if name not in read]
    return [Problem(f"kpi.{kpi.name}.parameters.{name}", "is read by no expression", repr(name), _meant(name, read)) for name in unread]


def _meant(name: str, read: set[str]) -> str:
    close = nearest(name, read)
    return f"did you mean {close!r}?" if close else "remove it, or use it in the expression"


def _check_scaling(kpi: Kpi) -> list[Problem]:
    if kpi.per is None:
        return []
    given = [key for key in ("period", "volume") if getattr(kpi, key) is not None]
    return [Problem(f"kpi.{kpi.name}.{key}", "a ratio is not scaled", str(getattr(kpi, key)), "remove it") for key in given]


def _read(kpi: Kpi, problems: list[Problem]) -> dict[str, Expression]:
    """The expressions that can be read, by key; the others are added to the problems."""
    read = {}
    for key, text in (("expression", kpi.expression), ("per", kpi.per)):
        if text is not None:
            try:
                read[key] = Expression.parse(text)
            except ExpressionError as error:
                problems.append(_problem(f"kpi.{kpi.name}.{key}", error))
    return read


def _problem(where: str, error: ExpressionError) -> Problem:
    return Problem(where, error.rule, repr(error.fragment), error.hint)


def _check_unit(kpi: Kpi, read: Mapping[str, Expression], flow_units: Mapping[str, str]) -> list[Problem]:
    """The unit of the expression against the declared one."""
    where = f"kpi.{kpi.name}"
    used = {name for expression in read.values() for name in expression.names}
    texts = {f"flow {name}": unit for name, unit in flow_units.items() if name in used}
    texts |= {f"{where}.parameters.{name}.unit": money.unit for name, money in kpi.parameters.items()}
    unreadable = [problem for place, text in {**texts, f"{where}.unit": kpi.unit}.items() for problem in _check_unit_text(place, text)]
    if unreadable:
        return unreadable
    units = {name: Unit.parse(text) for name, text in flow_units.items() if name in used}
    units |= {name: Unit.parse(money.unit) for name, money in kpi.parameters.items()}
    whole = Unit()
    for key, expression in read.items():
        try:
            found = expression.dimension(units)
        except ExpressionError as error:
            return [_problem(f"{where}.{key}", error)]
        whole = whole / found if key == "per" else whole * found
    if whole == Unit.parse(kpi.unit):
        return []
    return [Problem(f"{where}.unit", f"must be {whole}, the unit of {shortened(kpi.formula)!r}", repr(kpi.unit))]


def _check_unit_text(place: str, text: str) -> list[Problem]:
    try:
        Unit.parse(text)
    except ExpressionError as error:
        return [_problem(place, error)]
    return []
