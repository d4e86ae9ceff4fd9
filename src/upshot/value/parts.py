"""The money of a part of the cases: what a KPI comes to among some of them, and what is gained or lost there.

The same expression, blocks and intervals as for the whole (see `upshot.value.valuation`): block sums are taken over the rows of the part, and
a block in which it has none counts as 0, so the parts of a sum add up to it. An entity's flows belong to the case that they name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from upshot.contracts.records import Direction, Entry, Kpi, Measured
from upshot.value.money import money_rows, per_rows, sign
from upshot.value.studentised import MIN_BLOCKS, RESAMPLES, Interval, Quantity, studentised_intervals

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

VALUE, PER_CASE, LOST, GAIN = "value", "value_per_case", "lost.", "gain."
"""Names of what is measured: the objective KPI, the same a case, `lost.METRIC` and `lost.value`, `gain.BASELINE`."""


def is_money(measure: str) -> bool:
    """Whether a number of this name comes from the objective KPI.

    Example:
        >>> is_money("lost.value"), is_money("gain.do_nothing"), is_money("lost.roc_auc")
        (True, True, False)
    """
    return measure in (VALUE, PER_CASE, f"{LOST}{VALUE}") or measure.startswith(GAIN)


def spoken(measure: str) -> str:
    """A measure as people read it.

    Example:
        >>> spoken("gain.current_rule"), spoken("lost.value"), spoken("value_per_case")
        ('gain over current rule', 'value lost', 'value per case')
    """
    words = measure.replace("_", " ")
    if measure.startswith(GAIN):
        return f"gain over {words.removeprefix(GAIN)}"
    return f"{words.removeprefix(LOST)} lost" if measure.startswith(LOST) else words


def worth_telling(entries: Sequence[Entry]) -> list[str]:
    """Names of what was measured in these parts, in order. Of a ratio the value is one a case already, and is told once."""
    names = list(dict.fromkeys(measure for entry in entries for measure in entry.measures))
    same = all(entry.measures.get(PER_CASE) == entry.measures.get(VALUE) for entry in entries)
    return [name for name in names if not (same and name == PER_CASE)]


@dataclass(frozen=True)
class CaseMoney:
    """A KPI's numerator, and denominator for a ratio, by subject and case.

    Attributes:
        kpi: The KPI.
        scale: Factor from the sum over these cases to the KPI's period.
        codes: Block of each case, coded 0..blocks-1, shape (cases,).
        blocks: Number of blocks.
        block: What a block is.
        money: Subject -> money of each case, in the KPI's own sign.
        per: Subject -> denominator of each case; empty for a sum.
        seed: Of the intervals.
        late: Parameters that have expired: no interval is made.
    """

    kpi: Kpi
    scale: float
    codes: np.ndarray
    blocks: int
    block: str
    money: Mapping[str, np.ndarray]
    per: Mapping[str, np.ndarray]
    seed: int
    late: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        kpi: Kpi,
        flows: Mapping[str, pd.DataFrame],
        blocks: np.ndarray,
        *,
        block: str,
        scale: float,
        seed: int,
        late: tuple[str, ...] = (),
    ) -> CaseMoney:
        """Value every subject's flows and add them up by case.

        Args:
            kpi: The KPI.
            flows: Subject -> flows, with `case` 0..n-1.
            blocks: Block of each case, shape (n,).
            block: What a block is.
            scale: Factor to the KPI's period.
            seed: Of the intervals.
            late: Parameters that have expired.
        """
        import numpy as np

        known, codes = np.unique(blocks, return_inverse=True)
        money, per = {}, {}
        for subject, frame in flows.items():
            case = frame["case"].to_numpy()
            money[subject] = np.bincount(case, weights=money_rows(kpi, frame), minlength=len(blocks))
            below = per_rows(kpi, frame)
            if below is not None:
                per[subject] = np.bincount(case, weights=below, minlength=len(blocks))
        return cls(kpi, scale, codes, len(known), block, money, per, seed, late)

    def within(self, part: np.ndarray) -> CaseMoney:
        """The money of some cases as if there were no others: their blocks alone, scaled up to the period by their share."""
        import numpy as np

        known, inverse = np.unique(self.codes[part], return_inverse=True)
        codes = np.zeros_like(self.codes)
        codes[part] = inverse
        scale = self.scale if self.per else self.scale * len(part) / max(int(part.sum()), 1)
        return replace(self, codes=codes, blocks=len(known), scale=scale)

    def rows(self, subject: str) -> np.ndarray:
        """What each case adds to the KPI beyond its share, signed so that more is better, shape (cases,); of a sum its money."""
        money = self.money[subject]
        if self.per:
            below = self.per[subject]
            money = money - below * (float(money.sum()) / (float(below.sum()) or 1.0))
        return sign(self.kpi) * money

    def value(self, subject: str, part: np.ndarray) -> Measured:
        """The KPI of the cases of a part, a bool array of shape (cases,), scaled to the period; NaN where a ratio has no denominator."""
        return self._measured((self._quantity(subject, part),), part, self.kpi.direction)

    def per_case(self, subject: str, part: np.ndarray) -> Measured:
        """Money a case, in the KPI's unit; of a KPI that is a sum."""
        import numpy as np

        quantity = self._ratio(self.money[subject], np.ones(len(part)), part)
        return self._measured((quantity,), part, self.kpi.direction, scale=1.0)

    def gain(self, subject: str, other: str, part: np.ndarray, direction: Direction = "maximize") -> Measured:
        """What a subject gains over another one there, paired by block; positive is better, whatever the KPI's direction."""
        quantities = (self._quantity(subject, part), self._quantity(other, part))
        return self._measured(quantities, part, direction, better=sign(self.kpi))

    def _quantity(self, subject: str, part: np.ndarray) -> Quantity | None:
        return (
            self._ratio(self.money[subject], self.per[subject], part)
            if self.per
            else Quantity.of_sum(self._sums(self.money[subject], part))
        )

    def _ratio(self, above: np.ndarray, below: np.ndarray, part: np.ndarray) -> Quantity | None:
        sums = self._sums(below, part)
        return Quantity.of_ratio(self._sums(above, part), sums) if sums.sum() else None

    def _sums(self, values: np.ndarray, part: np.ndarray) -> np.ndarray:
        import numpy as np

        return np.bincount(self.codes[part], weights=values[part], minlength=self.blocks)

    def _measured(
        self, parts: tuple[Quantity | None, ...], part: np.ndarray, direction: Direction, *, scale: float | None = None, better: int = 1
    ) -> Measured:
        factor = (self.scale if scale is None else scale) * better
        known = [quantity for quantity in parts if quantity is not None]
        if len(known) < len(parts):
            return Measured(float("nan"), None, None, int(part.sum()), self.blocks, self.kpi.unit, direction, "no interval: no denominator")
        value = known[0].value - (known[1].value if len(known) == 2 else 0.0)
        interval = None if self.late else studentised_intervals([tuple(known)], seed=self.seed)[0]
        ends = None if interval is None else tuple(sorted(end * factor for end in interval))
        low, high = (None, None) if ends is None else ends
        method = self._method(interval, paired=len(known) == 2)
        return Measured(value * factor, low, high, int(part.sum()), self.blocks, self.kpi.unit, direction, method)

    def _method(self, interval: Interval | None, *, paired: bool) -> str:
        kind = f"{self.blocks:,} {self.block} block{'s' if self.blocks != 1 else ''}"
        if self.late:
            return f"no interval: expired {', '.join(self.late)}"
        if interval is None:
            return f"no interval: {kind}, at least {MIN_BLOCKS} that differ are needed"
        return f"{'paired ' if paired else ''}studentised block bootstrap, {RESAMPLES:,} resamples of {kind}, 95 %"


__all__ = ["GAIN", "LOST", "PER_CASE", "VALUE", "CaseMoney", "is_money", "spoken", "worth_telling"]
