"""The data must not have lost too many rows on the way."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from upshot.components.gates._verdicts import Bound, verdict
from upshot.contracts.components import Evidence
from upshot.contracts.params import Params, Stricter
from upshot.contracts.records import Checked, Measured, Spec, Verdict


class ChecksGateParams(Params):
    """How many rows may be set aside, or break one check."""

    max_quarantined_share: Annotated[float, Stricter("down")] = Field(
        0.01, ge=0, le=1, description="Share of the rows that the checks may have set aside; with `check`, that may break it."
    )
    check: str | None = Field(None, min_length=1, description="One check whose broken rows are counted, also where it warns only.")


class ChecksGate:
    """Holds the share of rows in quarantine, or of rows that break one check, against its bound; a count, so without an interval.

    Args:
        params: The bound.
    """

    spec: Spec

    def __init__(self, params: ChecksGateParams) -> None:
        self.params = params
        self.wants: dict[str, str] = {} if params.check is None else {"checks": params.check}

    def judge(self, name: str, evidence: Evidence) -> Verdict:
        """PASS or FAIL; data without rows fails, and so does a check that was not made."""
        rows = evidence.checked.data.rows + evidence.checked.quarantined
        bound = Bound(self.params.max_quarantined_share, "max")
        what = "share of rows set aside" if self.params.check is None else f"share of rows that break {self.params.check}"
        broken = self._broken(evidence.checked)
        if broken is None:
            return verdict(name, what, None, bound, "value", "case")
        share = broken / rows if rows else float("nan")
        measured = Measured(share, None, None, rows, 0, "share", "minimize", "count of all rows")
        return verdict(name, what, measured, bound, "value", "case")

    def _broken(self, checked: Checked) -> int | None:
        if self.params.check is None:
            return checked.quarantined
        return next((found.rows for found in checked.findings if found.check == self.params.check), None)
