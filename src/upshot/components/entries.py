"""The built-in catalogue: each kind's folder lists its own components."""

from __future__ import annotations

from upshot.components import (
    baselines,
    calibration,
    checks,
    data,
    features,
    gates,
    kpi,
    labels,
    metrics,
    model,
    policy,
    probes,
    rollout,
    sections,
    slices,
    split,
)
from upshot.contracts.components import Component

ENTRIES: tuple[Component, ...] = (
    *data.ENTRIES,
    *checks.ENTRIES,
    *labels.ENTRIES,
    *split.ENTRIES,
    *features.ENTRIES,
    *model.ENTRIES,
    *calibration.ENTRIES,
    *policy.ENTRIES,
    *rollout.ENTRIES,
    *baselines.ENTRIES,
    *kpi.ENTRIES,
    *metrics.ENTRIES,
    *slices.ENTRIES,
    *probes.ENTRIES,
    *sections.ENTRIES,
    *gates.ENTRIES,
)
