"""Tuning on several windows: what a policy is chosen on when validation is a row of forecasts made at different moments.

Each window is played by itself, from its own history on: stock at the end of one is not the beginning of the next, and two windows may
hold the same rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from upshot.contracts.components import Game, Policy, Rollout, Window, WindowPolicy
from upshot.contracts.records import Cases, Folds, Kpi, Predictions, Tuned
from upshot.stages.game import KpiGame

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


def windows_of(
    folds: Folds, names: Sequence[str], rollout: Rollout, objective: Kpi, predictions: Predictions | None = None
) -> list[Window]:
    """The validation rows of several folds as windows; without predictions for what makes its own."""
    import pandas as pd

    windows = []
    for name in names:
        outcomes, history = folds.part(name, "validation"), folds.history(name, "validation")
        frame = pd.DataFrame({"case": range(outcomes.size)}) if predictions is None else predictions.frames[f"{name}/validation"].frame
        windows.append(Window(frame, outcomes, KpiGame(rollout, objective, history)))
    return windows


def tune(policy: Policy, windows: Sequence[Window]) -> Tuned:
    """What the policy chooses on these windows; one that does not ask for windows sees their rows as one table."""
    if isinstance(policy, WindowPolicy):
        return policy.tune_windows(windows)
    joined = windows[0] if len(windows) == 1 else join(windows)
    return policy.tune(joined.predictions, joined.outcomes, joined.game)


def join(windows: Sequence[Window]) -> Window:
    """Several windows as one, `case` counted through."""
    import pandas as pd

    from upshot.contracts.tables import Table

    starts = _starts(windows)
    frames = [window.predictions.assign(case=window.predictions["case"] + start) for window, start in zip(windows, starts, strict=False)]
    parts = [window.outcomes for window in windows]
    rows, labels = (
        Table.of(pd.concat([table.frame for table in tables], ignore_index=True))
        for tables in ([part.rows for part in parts], [part.labels for part in parts])
    )
    outcomes = replace(parts[0], rows=rows, labels=labels)
    return Window(pd.concat(frames, ignore_index=True), outcomes, JoinedGame(tuple(windows)))


@dataclass(frozen=True)
class JoinedGame:
    """The games of several windows as one: what is played has as many cases as they have together."""

    windows: tuple[Window, ...]

    @property
    def history(self) -> Cases:
        """The rows before all windows."""
        return self.windows[0].game.history

    def flows(self, decisions: pd.DataFrame, outcomes: Cases) -> pd.DataFrame:
        """The flows of each window, played by itself."""
        import numpy as np
        import pandas as pd

        starts = _starts(self.windows)
        window = np.searchsorted(starts, decisions["case"].to_numpy(), side="right") - 1
        played = []
        for number, (start, end) in enumerate(pairwise(starts)):
            own = decisions[window == number]
            flows = self.windows[number].game.flows(own.assign(case=own["case"] - start), outcomes.take(np.arange(start, end)))
            played.append(flows.assign(case=flows["case"] + start))
        return pd.concat(played, ignore_index=True)

    def money(self, flows: pd.DataFrame) -> np.ndarray:
        """Objective KPI per row of flows, shape (n,); more is better."""
        return self._any.money(flows)

    def total(self, flows: pd.DataFrame) -> float:
        """Objective KPI of these flows together; more is better."""
        return self._any.total(flows)

    def worth(self, decisions: pd.DataFrame, outcomes: Cases) -> float:
        """Objective KPI of all rows together; more is better."""
        return self.total(self.flows(decisions, outcomes))

    @property
    def _any(self) -> Game:
        return self.windows[0].game


def _starts(windows: Sequence[Window]) -> np.ndarray:
    import numpy as np

    starts: np.ndarray = np.cumsum([0, *(window.outcomes.size for window in windows)])
    return starts
