from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from upshot.catalogue import load_catalogue

ROOT = Path(__file__).parents[2]
KINDS = ("model", "calibration", "metrics")
CATALOGUE = load_catalogue()
MEMBERS = {name: {"use": name} for name in ("logistic_regression", "lightgbm")}
NEEDED = {"ensemble": {"members": MEMBERS}}
"""Components that cannot be had without saying something, and the least to say."""
COMPONENTS = [component for component in CATALOGUE.components() if component.kind in KINDS]
FILES = [path for kind in KINDS for path in sorted((ROOT / "conf" / kind).glob("*.yaml"))]


@pytest.mark.parametrize("entry", COMPONENTS, ids=lambda entry: f"{entry.kind}-{entry.name}")
def test_every_parameter_has_a_sentence_and_a_default(entry):
    params, needed = CATALOGUE.params_class(entry), NEEDED.get(entry.name, {})
    least = params.model_validate(needed)

    assert least == params.model_validate(least.model_dump(mode="json"))
    assert {name for name, field in params.model_fields.items() if field.is_required()} == needed.keys()
    assert all(field.description and field.description.endswith(".") for field in params.model_fields.values())


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_choice_begins_with_a_sentence_and_holds_valid_parameters(path):
    text = path.read_text()
    content = yaml.safe_load(text.replace("${use_case.problem}", "classification"))
    nodes = content.values() if path.parent.name == "metrics" else [content]

    assert text.startswith("# ") and text.splitlines()[0].endswith(".")
    for node in nodes:
        entry = CATALOGUE.find(path.parent.name, node.pop("use"))
        stated = {key: value for key, value in node.items() if not (isinstance(value, str) and value.startswith("${"))}
        CATALOGUE.params_class(entry).model_validate(stated)


def test_making_and_validating_these_components_imports_no_heavy_library():
    code = f"""
import sys
from upshot.catalogue import load_catalogue
from upshot.contracts.records import Map, Spec
from upshot.contracts.tables import freeze
needed = {NEEDED!r}
catalogue = load_catalogue()
for entry in catalogue.components():
    if entry.kind in ("model", "calibration", "metrics"):
        catalogue.make(Spec(entry.kind, entry.name, freeze(needed.get(entry.name, {{}}))))
heavy = {{"numpy", "pandas", "sklearn", "xgboost", "lightgbm", "scipy", "skops", "pyarrow"}} & set(sys.modules)
assert not heavy, heavy
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
