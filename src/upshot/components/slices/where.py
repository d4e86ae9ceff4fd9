"""A slice that somebody names: the cases for which a condition holds."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from upshot.components.lists.facts import with_sides
from upshot.components.raw_expressions import ExpressionText, condition
from upshot.components.slices._measures import MeasuredParams, Measures
from upshot.contracts.components import Bench
from upshot.contracts.records import Breakdown, DecisionKind, PredictionKind, Spec


class WhereParams(MeasuredParams):
    """A condition on the columns of the data."""

    when: ExpressionText = Field(
        description="Condition on the columns of the data, e.g. \"amount > 500 and channel == 'web'\"; missing(x) tells nulls apart."
    )


class Where:
    """One entry, held against all test cases.

    Args:
        params: The condition, and what is measured.
    """

    spec: Spec
    wants: Mapping[str, tuple[str, ...]]
    accepts: tuple[PredictionKind, ...] = ()
    decides: tuple[DecisionKind, ...] = ()

    def __init__(self, params: WhereParams) -> None:
        self.params = params
        self.wants = params.wanted()

    def gives(self, declared: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
        """Metrics and money of the part."""
        return self.params.names(declared)

    def inspect(self, bench: Bench) -> Breakdown:
        """Measure the part.

        Raises:
            DataError: The condition names a column that is not there, or has no value in a row.
        """
        from upshot.value.expressions import Expression

        rows = with_sides(bench.cases, Expression.parse(self.params.when).names)
        part = condition(self.params.when, rows, "when", "a slice cannot be made")
        measures = Measures(bench, self.params)
        entry = measures.entry(self.params.when, part)
        return Breakdown("slices", "test cases for which a condition holds", (entry,), reference=measures.all(), block=bench.cases.block)
