"""What is shipped: the wheel works from an empty folder, and a plugin that is really installed acts as it should."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLUGIN = ROOT / "tests" / "assets" / "upshot-house-style"
TINY = """
defaults:
  - _self_
use_case: {name: tiny, problem: classification}
data:
  use: csv
  path: data/cases.csv
  table: tiny
  roles: {key: [id], time: day, target: bad, amount: amount}
  columns: {day: timestamp}
split: {use: by_time, validation_from: 2026-01-09, test_from: 2026-01-13}
features:
  amount: {use: numeric, columns: [amount]}
model: {use: logistic_regression}
policy: {use: threshold, threshold: 0.5}
rollout: {use: case_actions}
baselines:
  do_nothing: {}
kpi:
  saved: {expression: blocked_fraud - blocked_good_amount, unit: EUR, impact: risk_mitigation, parameters: {}}
metrics:
  accuracy: {}
gates:
  value: {kpi: saved, min: 0, by: value}
"""


def cases() -> str:
    """Sixteen days, one good case of 10 and one bad case of 100 a day."""
    lines = ["id,day,amount,bad"]
    for day in range(1, 17):
        lines += [f"{2 * day},2026-01-{day:02d} 08:00:00,10,0", f"{2 * day + 1},2026-01-{day:02d} 20:00:00,100,1"]
    return "\n".join(lines) + "\n"


def install(project: Path, site: Path) -> None:
    command = ["uv", "pip", "install", "--quiet", "--offline", "--no-deps", "--no-build-isolation", "--target", str(site), str(project)]
    subprocess.run([*command, "--python", sys.executable], check=True, cwd=site.parent)


def upshot(folder: Path, site: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(site)}
    command = [sys.executable, "-m", "upshot.cli.main", *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def wheel_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    site = tmp_path_factory.mktemp("wheel") / "site"
    install(ROOT, site)
    return site


@pytest.fixture(scope="module")
def plugin_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    site = tmp_path_factory.mktemp("plugin") / "site"
    install(PLUGIN, site)
    return site


def test_the_wheel_carries_recipes_and_config_and_works_in_an_empty_folder(wheel_site: Path, tmp_path: Path) -> None:
    listed = upshot(tmp_path, wheel_site, "recipes", "--json")
    sound = upshot(tmp_path, wheel_site, "validate", "card_fraud")
    home = subprocess.run(
        [sys.executable, "-c", "import upshot; print(upshot.__file__)"],
        env={**os.environ, "PYTHONPATH": str(wheel_site)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert Path(home.stdout.strip()).is_relative_to(wheel_site)
    assert "card_fraud" in [recipe["name"] for recipe in json.loads(listed.stdout)["recipes"]]
    assert (sound.returncode, sound.stderr) == (0, "")


def test_the_wheel_writes_a_report(wheel_site: Path, tmp_path: Path) -> None:
    ran = tiny_run(tmp_path, wheel_site)
    written = upshot(tmp_path, wheel_site, "report", "-o", "report.html")

    assert (ran.returncode, written.returncode, written.stderr) == (0, 0, "")
    assert (tmp_path / "report.html").read_text(encoding="utf-8").startswith('<!doctype html><html lang="en"><head>')


def tiny_run(folder: Path, site: Path, *words: str) -> subprocess.CompletedProcess[str]:
    (folder / "recipes").mkdir()
    (folder / "data").mkdir()
    (folder / "recipes" / "tiny.yaml").write_text(TINY)
    (folder / "data" / "cases.csv").write_text(cases())
    return upshot(folder, site, "run", "tiny", "--json", *words)


def test_a_plugins_section_stands_in_the_report_of_a_recipe_that_names_it(plugin_site: Path, tmp_path: Path) -> None:
    ran = tiny_run(tmp_path, plugin_site, "+sections.counts.use=outcome_counts")

    sections = json.loads(upshot(tmp_path, plugin_site, "report", "--format", "json").stdout)["sections"]

    assert ran.returncode == 0, ran.stderr
    (block,) = next(section for section in sections if section["name"] == "counts")["blocks"]
    assert block["rows"] == [{"outcome": 0, "cases": 4}, {"outcome": 1, "cases": 4}]


def test_an_installed_plugin_is_listed_with_what_it_offers(plugin_site: Path, tmp_path: Path) -> None:
    listed = json.loads(upshot(tmp_path, plugin_site, "plugins", "list", "--json").stdout)

    offered = next(plugin for plugin in listed["plugins"] if plugin["name"] == "house_style")
    assert (offered["distribution"], offered["version"]) == ("upshot-house-style", "1.2.0")
    assert [(c["kind"], c["name"]) for c in offered["components"]] == [("model", "base_rate"), ("sections", "outcome_counts")]
    assert offered["hooks"] == ["after_stage", "register_components", "register_config", "register_stages"]


def test_a_plugins_model_and_config_act_when_a_recipe_names_them(plugin_site: Path, tmp_path: Path) -> None:
    (tmp_path / "recipes").mkdir()
    (tmp_path / "data").mkdir()
    (tmp_path / "recipes" / "tiny.yaml").write_text(
        TINY.replace("  - _self_", "  - model: base_rate\n  - _self_").replace("model: {use: logistic_regression}\n", "")
    )
    (tmp_path / "data" / "cases.csv").write_text(cases())

    shown = json.loads(upshot(tmp_path, plugin_site, "show", "tiny", "--json").stdout)
    done = upshot(tmp_path, plugin_site, "run", "tiny", "--json")

    assert shown["nodes"]["model"] == {"use": "base_rate", "params": {"prior": 2.0}, "inputs": []}
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / ".upshot" / "house_style.log").exists(), "a watcher that no one listed must not act"


def test_a_plugins_stage_and_watcher_act_only_when_the_project_lists_it(plugin_site: Path, tmp_path: Path) -> None:
    (tmp_path / "upshot.yaml").write_text("name: house\nuse_plugins: [house_style]\n")

    done = tiny_run(tmp_path, plugin_site)

    assert done.returncode == 0, done.stderr
    stages = [stage["stage"] for stage in json.loads(done.stdout)["stages"]]
    assert stages.index("profile") == stages.index("split") + 1
    assert (tmp_path / ".upshot" / "house_style.log").read_text().split() == stages
