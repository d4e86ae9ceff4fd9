"""Slices by the values of a column, or of two together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from upshot.components.lists.facts import with_sides
from upshot.components.slices._groups import BINS, EDGES, MOST, Edges, groups_of
from upshot.components.slices._measures import MeasuredParams, Measures
from upshot.contracts.components import Bench
from upshot.contracts.records import Breakdown, DecisionKind, PredictionKind, Spec


class GroupsParams(MeasuredParams):
    """Columns whose values part the cases."""

    by: Annotated[tuple[str, ...], Field(strict=False, min_length=1, max_length=2)] = Field(
        description="One column, or two whose values are taken together; of the rows, or of a side table such as that of users."
    )
    edges: Edges = Field(default_factory=dict, description=EDGES)
    bins: int = Field(4, ge=2, le=20, description=BINS)
    most: int = Field(20, ge=2, le=200, description=MOST)


class Groups:
    """One entry a group, in the order of ranges, else by how frequent its value is; held against all test cases.

    Args:
        params: The columns, and what is measured.
    """

    spec: Spec
    wants: Mapping[str, tuple[str, ...]]
    accepts: tuple[PredictionKind, ...] = ()
    decides: tuple[DecisionKind, ...] = ()

    def __init__(self, params: GroupsParams) -> None:
        self.params = params
        self.wants = params.wanted()

    def gives(self, declared: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
        """Metrics and money of each group."""
        return self.params.names(declared)

    def inspect(self, bench: Bench) -> Breakdown:
        """Measure each group.

        Raises:
            DataError: A column does not exist.
        """
        p = self.params
        groups = groups_of(with_sides(bench.cases, p.by), p.by, "by", edges=p.edges, bins=p.bins, most=p.most)
        measures = Measures(bench, p)
        entries = tuple(measures.entry(group.name, group.part) for group in groups)
        return Breakdown("slices", f"test cases by {' and '.join(p.by)}", entries, reference=measures.all(), block=bench.cases.block)
