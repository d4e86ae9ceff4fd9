"""The two files with which the README brings machines of one's own, run on tables of a small simulated fleet."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from upshot.components.data.fleet_simulator import FleetSimulatorParams, simulate

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
SENSORS = ["vibration", "bearing_temp", "oil_debris", "seal_pressure", "leak_rate", "motor_current", "drive_temp"]


@pytest.fixture
def tables() -> dict[str, str]:
    """Readings, events and sites of 30 machines, as somebody's plant would have them."""
    fleet, _ = simulate(FleetSimulatorParams(table="fleet", machines=30))
    ends = fleet.drop_duplicates("life_id")
    ends = ends[ends["ended_at"] < fleet["recorded_at"].max()]
    events = ends.assign(event=ends["running"].map({True: "service", False: "failure"}), recorded_at=ends["ended_at"])
    return {
        "data/readings.csv": fleet[["machine_id", "recorded_at", "speed", "load", *SENSORS]].to_csv(index=False),
        "data/events.csv": events[["machine_id", "recorded_at", "event", "failure_mode"]].to_csv(index=False),
        "data/machines.csv": fleet.drop_duplicates("machine_id")[["machine_id", "site"]].to_csv(index=False),
    }


def test_two_files_bring_machines_of_ones_own(recipe_project: Any, tables: dict[str, str]) -> None:
    files = dict(re.findall(r"^```yaml\n# (\S+)\n(.*?)^```$", README, re.M | re.S))
    assert set(files) == {"conf/data/plant.yaml", "recipes/plant.yaml"}
    project = recipe_project({**files, **tables})

    outcome = project.run("run", "plant", "threads=1", "model.n_estimators=20", "--json")

    assert outcome.exit_code == 0, outcome.stderr
    assert outcome.json["value"]["service_cost"]["gain"]["best_interval"]["low"] > 0
    assert outcome.json["version"]["name"] == "plant"
