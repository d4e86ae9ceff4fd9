"""What all KPIs declare: unit, direction, kind of impact, scaling, and money parameters with whoever answers for them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from upshot.contracts.params import Params
from upshot.contracts.records import Direction, Impact, Kpi, Money
from upshot.contracts.tables import Map
from upshot.value.expressions import Expression
from upshot.value.grammar import FUNCTIONS, MAX_LENGTH, is_name
from upshot.value.units import Unit

LARGEST = 1e15
"""No amount of money or number of cases is larger."""


def readable_unit(text: str) -> str:
    """The unit as it was written, once it can be read."""
    Unit.parse(text)
    return text


def readable_expression(text: str) -> str:
    """The formula as it was written, once it can be read."""
    Expression.parse(text)
    return text


def _day(value: object) -> object:
    """Days are texts in YAML; numbers stay what they are, and are refused, rather than becoming seconds since 1970."""
    if not isinstance(value, str):
        return value
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise ValueError("a day is written as 2027-12-31") from error


def _parameter_name(text: str) -> str:
    if not is_name(text):
        raise ValueError(f"a parameter's name is letters, digits and _, and none of {', '.join(FUNCTIONS)}")
    return text


ExpressionText = Annotated[str, Field(max_length=MAX_LENGTH), AfterValidator(readable_expression)]
UnitText = Annotated[str, AfterValidator(readable_unit), Field(min_length=1, max_length=100)]
ParameterName = Annotated[str, AfterValidator(_parameter_name), Field(max_length=60)]
Amount = Annotated[float, Field(ge=-LARGEST, le=LARGEST, allow_inf_nan=False)]


class MoneyParams(Params):
    """One money parameter: its value, how sure it is, and who answers for it."""

    value: Amount = Field(description="The value that is used.")
    unit: UnitText = Field(description='Its unit: "EUR/case", "EUR", "1" for a share.')
    low: Amount | None = Field(None, description="Lowest plausible value.")
    high: Amount | None = Field(None, description="Highest plausible value.")
    owner: str | None = Field(None, max_length=200, description="Who answers for the value.")
    source: str | None = Field(None, max_length=500, description="Where the value comes from.")
    valid_until: Annotated[date | None, BeforeValidator(_day)] = Field(
        None, description="Last day on which the value may be used, as 2027-12-31; afterwards the KPI is inconclusive."
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        given = [number for number in (self.low, self.value, self.high) if number is not None]
        if given != sorted(given):
            raise ValueError(f"low <= value <= high must hold: low {self.low}, value {self.value}, high {self.high}")
        return self

    def money(self) -> Money:
        """The same as a plain record."""
        return Money(**self.model_dump())


class KpiParams(Params):
    """What every KPI declares beside its formula."""

    unit: UnitText = Field(description='Unit of the whole, checked against the formula: "EUR", "EUR/hour".')
    direction: Direction = Field("maximize", description="Whether more or less of it is better.")
    impact: Impact = Field(description="Kind of business impact.")
    period: Literal["day", "week", "month", "year"] | None = Field(
        None, description="Time that the test rows are scaled to; left out, the value is that of the test rows."
    )
    volume: float | None = Field(
        None, gt=0, le=LARGEST, allow_inf_nan=False, description="Expected cases per period, to scale by instead of time."
    )
    parameters: dict[ParameterName, MoneyParams] = Field(
        default_factory=dict, description="Money parameters by name, for use in the formula."
    )

    def kpi(self, expression: str, per: str | None = None, extra: dict[str, Money] | None = None) -> Kpi:
        """The KPI with this formula; its name is the recipe's key, which is set by whoever reads the recipe."""
        return Kpi(
            name="",
            expression=expression,
            unit=self.unit,
            direction=self.direction,
            impact=self.impact,
            parameters=Map({name: params.money() for name, params in self.parameters.items()} | (extra or {})),
            per=per,
            period=self.period,
            volume=self.volume,
        )
