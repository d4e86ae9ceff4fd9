"""The data must not have lost too many rows on the way."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from upshot.components.gates._verdicts import Bound, verdict
from upshot.contracts.components import Evidence
from upshot.contracts.params import Params, Stricter
from upshot.contracts.records import Measured, Spec, Verdict


class ChecksGateParams(Params):
    """How many rows may be set aside."""

    max_quarantined_share: Annotated[float, Stricter("down")] = Field(
        0.01, ge=0, le=1, description="Share of the rows that the checks may have set aside."
    )


class ChecksGate:
    """Holds the share of rows in quarantine against its bound; a count, so without an interval.

    Args:
        params: The bound.
    """

    spec: Spec

    def __init__(self, params: ChecksGateParams) -> None:
        self.params = params
        self.wants: dict[str, str] = {}

    def judge(self, name: str, evidence: Evidence) -> Verdict:
        """PASS or FAIL; data without rows fails."""
        kept, lost = evidence.checked.data.rows, evidence.checked.quarantined
        rows = kept + lost
        share = lost / rows if rows else float("nan")
        measured = Measured(share, None, None, rows, 0, "share", "minimize", "count of all rows")
        bound = Bound(self.params.max_quarantined_share, "max")
        return verdict(name, "share of rows set aside", measured, bound, "value", "case")
