"""Play: set decisions against outcomes on the test rows, the candidate's and every baseline's in the same way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from upshot.contracts.components import Baseline, CautiousRollout, Incumbent, Rollout, TunedBaseline, WindowBaseline
from upshot.contracts.records import CANDIDATE, CHAMPION, Cases, Decisions, Flows, Folds, Kpis, Tuned
from upshot.contracts.tables import Map, Table
from upshot.errors import PluginError, Problem
from upshot.stages.game import KpiGame
from upshot.stages.rivals import rival
from upshot.stages.scoring import as_table
from upshot.stages.tuning import windows_of

if TYPE_CHECKING:
    import pandas as pd


def play(
    decisions: Decisions, folds: Folds, rollout: Rollout, baselines: Mapping[str, Baseline], kpis: Kpis, incumbent: Incumbent
) -> Flows:
    """Play candidate, baselines and champion; a baseline that chooses something does so by money on the rows before the test rows.

    Raises:
        PluginError: The rollout does not give the flows that it declares.
    """
    import pandas as pd

    served = rival(incumbent, folds, rollout, kpis.kpis[kpis.objective])
    others = (*baselines, CHAMPION) if served.decided else tuple(baselines)
    rows: dict[str, list[pd.DataFrame]] = {subject: [] for subject in (CANDIDATE, *others)}
    tuned: dict[str, Tuned] = {}
    cases, notes = 0, dict[str, None]()
    for fold in folds.tested():
        test, history = folds.part(fold.name, "test"), folds.history(fold.name, "test")
        for subject in rows:
            if subject == CANDIDATE:
                decided = decisions.frames[f"{fold.name}/test"].frame
            elif subject == CHAMPION:
                decided = served.decided[fold.name]
            elif isinstance(baseline := baselines[subject], TunedBaseline):
                choice = baseline.tune(history, KpiGame(rollout, kpis.kpis[kpis.objective], history))
                tuned[f"{fold.name}/{subject}"] = choice
                decided = baseline.decide(test.blind(), history, choice)
            elif isinstance(baseline, WindowBaseline):
                windows = windows_of(folds, fold.tunes_on, rollout, kpis.kpis[kpis.objective]) if baseline.tunes else []
                choice = baseline.tune_windows(windows) if windows else Tuned(Map())
                tuned[f"{fold.name}/{subject}"] = choice
                decided = baseline.decide(test.blind(), history, choice)
            else:
                decided = baseline.decide(test.blind(), history)
            rows[subject].append(_played(rollout, decided, test, history, cases))
        cases += test.size
        own = decisions.frames[f"{fold.name}/test"].frame
        notes |= dict.fromkeys(rollout.cautions(test, own) if isinstance(rollout, CautiousRollout) else ())
    tables = {subject: Table.of(pd.concat(frames, ignore_index=True)) for subject, frames in rows.items()}
    units = Map(dict(rollout.columns))
    return Flows(Map(tables), units, _days(folds), cases, folds.cases.block, tuple(notes), Map(tuned), served.champion)


def _played(rollout: Rollout, decided: pd.DataFrame, test: Cases, history: Cases, offset: int) -> pd.DataFrame:
    flows = as_table(rollout.play(decided, test, history), rollout.spec)
    missing = [name for name in ("case", *rollout.columns) if name not in flows.columns]
    if missing:
        raise PluginError(
            f"rollout {rollout.spec.use!r} breaks its contract",
            [Problem("rollout", "must give every flow that it declares", f"no {missing}")],
        )
    case = flows["case"].to_numpy()
    block = test.labels.frame["block"].to_numpy()[case]
    return flows[["case", *rollout.columns]].assign(case=case + offset, block=block)


def _days(folds: Folds) -> float | None:
    """Calendar days from the first to the last test case, both counted; None where cases have no clock.

    Counted by when the rows happened: several may be decided on at one moment before. Where cases stand on steps of a calendar the last
    step counts as long as the others, so that twelve months are a year and not eleven months and a day.
    """
    import numpy as np
    import pandas as pd

    cases = folds.cases
    if "as_of" not in cases.labels.columns or not pd.api.types.is_datetime64_any_dtype(cases.labels.frame["as_of"]):
        return None
    at = cases.roles.time
    happened = cases.rows.frame[at] if at in cases.rows.columns else cases.labels.frame["as_of"]
    positions = np.unique(np.concatenate([folds.positions(fold.name, "test") for fold in folds.tested()]))
    moments = happened.iloc[positions]
    if "step" in cases.labels.columns:
        steps = cases.labels.frame["step"].to_numpy()[positions]
        between = int(steps.max() - steps.min())
        if between:
            return float((moments.max() - moments.min()) / pd.Timedelta(days=1)) * (between + 1) / between
    days = moments.dt.floor("D")
    return float((days.max() - days.min()).days + 1)
