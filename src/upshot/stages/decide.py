"""Decide: tune the policy by money on validation rows, freeze it, and decide on every scored row."""

from __future__ import annotations

from upshot.contracts.components import Policy, Rollout
from upshot.contracts.records import Decisions, Folds, Kpis, Predictions, Tuned
from upshot.contracts.tables import Map, Table
from upshot.stages.game import KpiGame
from upshot.stages.scoring import as_table
from upshot.stages.tuning import tune, windows_of


def decide(predictions: Predictions, folds: Folds, policy: Policy, rollout: Rollout, kpis: Kpis) -> Decisions:
    """Decide by the tuned policy; the test rows' outcomes are not looked at."""
    objective = kpis.kpis[kpis.objective]
    tuned: dict[str, Tuned] = {}
    frames: dict[str, Table] = {}
    by_windows: dict[tuple[str, ...], Tuned] = {}
    for fold in folds.folds:
        if fold.tunes_on not in by_windows:
            windows = windows_of(folds, fold.tunes_on, rollout, objective, predictions) if policy.tunes else []
            by_windows[fold.tunes_on] = tune(policy, windows) if windows else Tuned(Map())
        tuned[fold.name] = by_windows[fold.tunes_on]
        for part in folds.scored(fold.name):
            game = KpiGame(rollout, objective, folds.history(fold.name, part))
            frame = predictions.frames[f"{fold.name}/{part}"].frame
            cases = folds.part(fold.name, part).blind()
            frames[f"{fold.name}/{part}"] = Table.of(as_table(policy.decide(frame, cases, tuned[fold.name], game), policy.spec))
    return Decisions(policy.gives, Map(frames), policy.spec, Map(tuned))
