"""Decide: tune the policy by money on validation rows, freeze it, and decide on every scored row."""

from __future__ import annotations

from upshot.contracts.components import Policy, Rollout
from upshot.contracts.records import Decisions, Folds, Kpis, Predictions, Tuned
from upshot.contracts.tables import Map, Table
from upshot.stages.game import KpiGame


def decide(predictions: Predictions, folds: Folds, policy: Policy, rollout: Rollout, kpis: Kpis) -> Decisions:
    """Decide by the tuned policy; the test rows' outcomes are not looked at."""
    objective = kpis.kpis[kpis.objective]
    tuned: dict[str, Tuned] = {}
    frames: dict[str, Table] = {}
    for fold in folds.folds:
        choice = Tuned(Map())
        for part in folds.scored(fold.name):
            game = KpiGame(rollout, objective, folds.history(fold.name, part))
            frame = predictions.frames[f"{fold.name}/{part}"].frame
            cases = folds.part(fold.name, part)
            if part == "validation" and policy.tunes:
                choice = policy.tune(frame, cases, game)
            frames[f"{fold.name}/{part}"] = Table.of(policy.decide(frame, cases.blind(), choice, game))
        tuned[fold.name] = choice
    return Decisions(policy.gives, Map(frames), policy.spec, Map(tuned))
