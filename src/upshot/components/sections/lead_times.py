"""How long before a failure its service was asked for: too late, just in time, or so early that life was thrown away.

Of units that failed, whatever the policy did: had it not asked, they would have broken down. Requests for units that were not seen to fail
are counted, and nobody knows how early they were.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from upshot.components.sections._tested_lives import TestedLives
from upshot.contracts.params import Params
from upshot.contracts.records import DecisionKind, PredictionKind, Spec, Tested
from upshot.contracts.sections import Block, ChartBlock, Column, Section, TableBlock, TextBlock
from upshot.contracts.tables import Table

if TYPE_CHECKING:
    import numpy as np

NAME = "section lead_times"


class LeadTimesParams(Params):
    """How many bins."""

    bins: int = Field(20, ge=2, le=200, description="Bins of the histogram.")


class LeadTimes:
    """A histogram of the time from request to failure, and how many units were asked for in time, too late or never.

    Args:
        params: How many bins.
    """

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("probability", "anomaly", "point", "quantiles")
    decides: tuple[DecisionKind, ...] = ("schedule",)
    plays: tuple[str, ...] = ("breakdowns", "services")

    def __init__(self, params: LeadTimesParams) -> None:
        self.params = params

    def make(self, tested: Tested) -> Section:
        """A chart and a table; a sentence instead of the chart where no request was followed by a failure."""
        lives = TestedLives.of(tested, NAME)
        known = lives.watch.fails & (lives.asked >= 0)
        leads = (lives.watch.until - lives.asked)[known] / lives.watch.scale
        return Section("How early services were asked for", "engineering", (self._histogram(leads, lives), _counts(lives)))

    def _histogram(self, leads: np.ndarray, lives: TestedLives) -> Block:
        import numpy as np
        import pandas as pd

        if not len(leads):
            return TextBlock(("No service was asked for of a unit that was seen to fail.",))
        counts, edges = np.histogram(leads, bins=self.params.bins)
        unit, half = lives.step, f"{np.median(leads):.3g}"
        note = f"{len(leads):,} units that failed and for which a service was asked; half of the requests came {half} {unit}{'s' * (half != '1')} before or earlier."
        return ChartBlock(
            "From request to failure",
            "histogram",
            Table.of(pd.DataFrame({"lead": edges[:-1], "units": counts})),
            Column("lead", f"{unit}s before the failure", unit=unit),
            (Column("units", "units", "count"),),
            note=note,
        )


def _counts(lives: TestedLives) -> Block:
    import pandas as pd

    fails, asked = lives.watch.fails, lives.asked >= 0
    served, broke = lives.flows["services"].to_numpy() > 0, lives.flows["breakdowns"].to_numpy() > 0
    found = {
        "served before the failure": fails & served,
        "asked for, and broke down before the service": fails & asked & broke,
        "broke down without a request": fails & ~asked & broke,
        "served, and not seen to fail": ~fails & served,
        "asked for, and watching ended first": ~fails & asked & ~served,
        "neither asked for nor seen to fail": ~fails & ~asked,
    }
    rows = pd.DataFrame({"what": list(found), "units": [int(which.sum()) for which in found.values()]})
    columns = (Column("what", "what became of them", "text"), Column("units", "units", "count"))
    return TableBlock("Units by what became of them", columns, Table.of(rows), f"All {len(fails):,} test units.")
