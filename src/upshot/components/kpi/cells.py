"""A KPI as the four cells of a yes/no decision: what one true or false positive or negative is worth.

The cells become one formula over the rollout's indicator flows, so that everything else treats both forms alike. A cell says what *one*
such case is worth. Its terms may be flows of that case (`amount`), money by case (`-review_cost`, in EUR/case), or a plain number, which
gets a name of its own (`true_positive_worth`) so that it can be varied as any money parameter.
"""

from __future__ import annotations

import ast
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from upshot.components.kpi._parameters import LARGEST, KpiParams, readable_expression
from upshot.contracts.params import Params
from upshot.contracts.records import Kpi, Money
from upshot.value.expressions import Expression, signed_terms
from upshot.value.grammar import ExpressionError
from upshot.value.units import Unit


def _readable_cell(worth: str | float) -> str | float:
    """The cell as it was written, once it can be read."""
    if isinstance(worth, str):
        return readable_expression(worth)
    if not abs(worth) <= LARGEST:
        raise ValueError(f"a number is at most {LARGEST:g}")
    return worth


Cell = Annotated[str | float, AfterValidator(_readable_cell)]
"""A formula of flows and parameters, or a number."""


class Cells(Params):
    """What one case of each kind is worth; "positive" is a case on which the policy acts."""

    true_positive: Cell = Field(0.0, description="Acted on, and rightly.")
    false_positive: Cell = Field(0.0, description="Acted on without need.")
    false_negative: Cell = Field(0.0, description="Missed.")
    true_negative: Cell = Field(0.0, description="Rightly left alone.")


class CellsKpiParams(KpiParams):
    """What one true or false positive or negative is worth, in the KPI's unit."""

    cells: Cells = Field(description="Worth of one case of each kind; what is left out is worth 0.")

    @model_validator(mode="after")
    def _gives_a_formula(self) -> Self:
        Expression.parse(self.formula())
        return self

    def worths(self) -> dict[str, Money]:
        """The numbers among the cells, as money parameters by case."""
        unit = str(Unit.parse(self.unit) / Unit.parse("case"))
        numbers = {cell: worth for cell, worth in self.cells if not isinstance(worth, str) and worth != 0}
        taken = [f"{cell}_worth" for cell in numbers if f"{cell}_worth" in self.parameters]
        if taken:
            raise ValueError(f"the parameter name {taken[0]!r} is taken by the cell's own number; write it as the cell, or rename it")
        return {f"{cell}_worth": Money(float(worth), unit) for cell, worth in numbers.items()}

    def formula(self) -> str:
        """The cells as one formula over the indicator flows."""
        named = {cell: f"{cell}_worth" if not isinstance(worth, str) else worth for cell, worth in self.cells if worth != 0}
        units = {name: Unit.parse(money.unit) for name, money in self.parameters.items()}
        units |= {name: Unit.parse(money.unit) for name, money in self.worths().items()}
        by_case = Unit.parse(self.unit) / Unit.parse("case")
        terms = [
            ("- " if minus else "+ ") + _counted(cell, term, is_by_case=_is_in(by_case, term, units))
            for cell, worth in named.items()
            for minus, term in signed_terms(Expression.parse(worth).tree)
        ]
        if not terms:
            raise ValueError("at least one cell must be worth something")
        return " ".join(terms).removeprefix("+ ")


def _is_in(unit: Unit, term: ast.expr, units: dict[str, Unit]) -> bool:
    """Whether a term is made of parameters only, and comes out in this unit."""
    known = Expression.of_tree(term)
    try:
        return not known.unknown(units) and known.dimension(units) == unit
    except ExpressionError:
        return False


def _counted(cell: str, term: ast.expr, *, is_by_case: bool) -> str:
    """Cases times money by case; or, for flows of the case itself, the bare number of cases times the flow."""
    name = ast.Name(cell)
    count = name if is_by_case else ast.Call(ast.Name("number"), [name], [])
    return ast.unparse(ast.BinOp(count, ast.Mult(), term))


def cells_kpi(params: CellsKpiParams) -> Kpi:
    """The KPI, without its name.

    Example:
        >>> cost = {"value": 5.0, "unit": "EUR/case"}
        >>> cells = {"true_positive": "amount - review_cost", "false_positive": "-review_cost", "false_negative": -40.0}
        >>> kpi = cells_kpi(CellsKpiParams(cells=cells, unit="EUR", impact="risk_mitigation", parameters={"review_cost": cost}))
        >>> kpi.expression.split(" + ")[0]
        'number(true_positive) * amount - true_positive * review_cost - false_positive * review_cost'
        >>> kpi.expression.split(" + ")[1], kpi.parameters["false_negative_worth"].value
        ('false_negative * false_negative_worth', -40.0)
    """
    return params.kpi(params.formula(), extra=params.worths())
