"""Unit by unit, what was predicted, when a service was asked for, and when the unit failed: where trust in a model of lives is won or lost.

Shown are first the units that failed before their service, then those that lost most life to an early one, then others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from upshot.components.sections._tested_lives import TestedLives, level_of
from upshot.contracts.params import Params
from upshot.contracts.records import DecisionKind, PredictionKind, Spec, Tested
from upshot.contracts.sections import Block, ChartBlock, Column, Section
from upshot.contracts.tables import Table

if TYPE_CHECKING:
    import numpy as np

NAME = "section unit_timelines"
AS_IT_CAME = "as it came"


class UnitTimelinesParams(Params):
    """How many units are shown."""

    units: int = Field(20, ge=1, le=200, description="Units on the timeline.")
    curves: int = Field(6, ge=1, le=12, description="So many of these with their predictions, half of them units that broke down.")


class UnitTimelines:
    """A timeline of units with service and failure, and the predictions of some of them.

    Args:
        params: How many.
    """

    spec: Spec
    accepts: tuple[PredictionKind, ...] = ("probability", "anomaly", "point", "quantiles")
    decides: tuple[DecisionKind, ...] = ("schedule",)
    plays: tuple[str, ...] = ("breakdowns", "services")

    def __init__(self, params: UnitTimelinesParams) -> None:
        self.params = params

    def make(self, tested: Tested) -> Section:
        """Two charts."""
        import numpy as np

        lives = TestedLives.of(tested, NAME)
        shown = _most_telling(lives)[: self.params.units]
        broke = lives.flows["breakdowns"].to_numpy()[shown] > 0
        bad = shown[broke][: (self.params.curves + 1) // 2]
        curves = np.concatenate([bad, shown[~broke][: self.params.curves - len(bad)]])
        params, tuned = tested.decisions.policy.params, tested.decisions.tuned[tested.predictor.final]
        given = params.get("threshold")
        threshold = tuned.values.get("threshold", None if given is None else float(given))
        return Section(
            "Unit by unit",
            "engineering",
            (_timeline(lives, shown), _curves(lives, curves, threshold, tested.predictions.kind, level_of(tested))),
        )


def _most_telling(lives: TestedLives) -> np.ndarray:
    """Units, the most telling first."""
    import numpy as np

    lost = lives.watch.until - np.where(lives.asked >= 0, lives.asked, lives.watch.until)
    broke = lives.flows["breakdowns"].to_numpy() > 0
    return np.lexsort((np.arange(len(lost)), -lost, ~broke))


def _timeline(lives: TestedLives, shown: np.ndarray) -> Block:
    import pandas as pd

    watch, broke = lives.watch, lives.flows["breakdowns"].to_numpy() > 0
    served = lives.flows["services"].to_numpy() > 0
    spans = pd.DataFrame(
        {"unit": lives.names[shown], "kind": "watched", "low": lives.at(watch.begin[shown]), "high": lives.at(watch.until[shown])}
    )
    marks = []
    asked = shown[lives.asked[shown] >= 0]
    fails = shown[watch.fails[shown]]
    for kind, of, ticks in (  # what is told first is drawn on top
        ("breakdown", fails[broke[fails]], watch.until),
        ("service asked for", asked, lives.asked),
        ("failure that a service forestalled", fails[~broke[fails]], watch.until),
    ):
        marks.append(pd.DataFrame({"unit": lives.names[of], "kind": kind, "at": lives.at(ticks[of])}))
    rows = pd.concat([spans.assign(at=spans["low"]), *marks], ignore_index=True)
    note = (
        f"{len(shown)} of {len(lives.names):,} test units, those that broke down first, then those whose service came earliest; "
        f"of all, {int(broke.sum()):,} broke down and {int(served.sum()):,} were served."
    )
    return ChartBlock(
        "When units were watched, served and failed",
        "timeline",
        Table.of(rows),
        lives.column("at", "time"),
        (Column("kind", "what", "text"),),
        lives.column("low", "from"),
        lives.column("high", "until"),
        Column("unit", "unit", "code"),
        note=note,
    )


def _curves(lives: TestedLives, shown: np.ndarray, threshold: float | None, kind: PredictionKind, level: float) -> Block:
    import numpy as np
    import pandas as pd

    order = lives.watch.order
    place = np.concatenate([np.arange(order.first[unit], order.last[unit] + 1) for unit in shown])
    unit, time = lives.watch.unit[place], lives.watch.time[place]
    left = (lives.watch.until[unit] - time) / lives.watch.scale
    rows = pd.DataFrame({"unit": lives.names[unit], "left": left, "predicted": lives.value[order.order[place]]})
    what = f"predicted {kind}"
    note = f"Read from right to left: {lives.step}s until the unit failed, or was no longer watched."
    if lives.sign < 0:
        what = (
            f"predicted remaining life, {lives.step}s"
            if kind == "point"
            else f"{level * 100:g} % quantile of the remaining life, {lives.step}s"
        )
        most = min(float(rows["left"].max()), float(rows["predicted"].max()))
        came = pd.DataFrame({"unit": AS_IT_CAME, "left": [0.0, most], "predicted": [0.0, most]})
        rows = pd.concat([rows, came], ignore_index=True)
        note += f" {AS_IT_CAME.capitalize()}: what was left of a unit that failed."
    if threshold is not None:
        note += f" The level is that {'below' if lives.sign < 0 else 'above'} which a service is asked for."
    return ChartBlock(
        "What was predicted on the way",
        "line",
        Table.of(rows),
        Column("left", f"{lives.step}s until the end"),
        (Column("predicted", what),),
        by=Column("unit", "unit", "code"),
        note=note,
        level=threshold,
    )
