"""A plugin whose data source needs secrets, installed for one test beside the project that uses it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent

RECIPE = """\
# Events behind a password.
use_case: {name: locked, problem: ranking}
data:
  use: vault
  table: events
  password: ${secret:VAULT_PASSWORD}
  address: vault://reader:${secret:VAULT_TOKEN}@host/events
  doors: {front: "${secret:FRONT_DOOR}"}
  roles: {key: [user_id, at], time: at, entities: [user_id], item: item_id, amount: price}
labels: {use: column, block: entity}
split: {use: leave_last_out}
model: {use: popularity, k: 2}
policy: {use: top_k, k: 2}
rollout: {use: ranked_hits}
kpi:
  margin: {expression: hit_amount * 0.3, unit: EUR, impact: revenue_uplift}
gates:
  any: {kpi: margin, min: 0}
"""


@pytest.fixture
def vault(recipe_project: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A project with the recipe `locked`; its plugin is on the import path, as pip would put it there."""
    site = tmp_path / "site"
    facts = site / "upshot_vault-1.0.dist-info"
    facts.mkdir(parents=True)
    (site / "upshot_vault.py").write_text((HERE / "vault_plugin.py").read_text(encoding="utf-8"), encoding="utf-8")
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: upshot-vault\nVersion: 1.0\n", encoding="utf-8")
    (facts / "entry_points.txt").write_text("[upshot]\nvault = upshot_vault\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(site))
    yield recipe_project({"recipes/locked.yaml": RECIPE})
    sys.modules.pop("upshot_vault", None)
