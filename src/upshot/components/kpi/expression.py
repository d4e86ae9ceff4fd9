"""A KPI as one formula over flows and money parameters."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from upshot.components.kpi._parameters import ExpressionText, KpiParams
from upshot.contracts.records import Kpi


class ExpressionKpiParams(KpiParams):
    """A formula over flows and money parameters; with `per`, a ratio of sums."""

    expression: ExpressionText = Field(description="Per row of the flows: + - * / comparisons, and, or, not, a if b else c, min, max, ...")
    per: ExpressionText | None = Field(None, description="Denominator of a ratio of sums, such as operating hours.")

    @model_validator(mode="after")
    def _ratio_is_not_scaled(self) -> Self:
        if self.per is not None and (self.period is not None or self.volume is not None):
            raise ValueError("a ratio (per) is not scaled: remove period and volume")
        return self


def expression_kpi(params: ExpressionKpiParams) -> Kpi:
    """The KPI, without its name.

    Example:
        >>> kpi = expression_kpi(ExpressionKpiParams(expression="sold * 3", unit="1", impact="revenue_uplift"))
        >>> kpi.expression, kpi.direction
        ('sold * 3', 'maximize')
    """
    return params.kpi(params.expression, params.per)
