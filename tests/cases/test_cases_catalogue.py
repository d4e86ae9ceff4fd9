from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from upshot.catalogue import Catalogue, Plugin
from upshot.components import features, labels, split
from upshot.contracts.records import Map, Spec

CONF = Path(__file__).parents[2] / "conf"
ENTRIES = (*labels.ENTRIES, *split.ENTRIES, *features.ENTRIES)
CATALOGUE = Catalogue((Plugin("upshot", "upshot", "0", None, ENTRIES, (), ()),))


def choices() -> list[tuple[str, str, dict]]:
    """Every component that the packaged groups of this room name: kind, place and what is written."""
    found = []
    for kind in ("labels", "split", "features"):
        for file in sorted((CONF / kind).glob("*.yaml")):
            content = yaml.safe_load(file.read_text(encoding="utf-8"))
            entries = content if kind == "features" else {file.stem: content}
            found += [(kind, f"{kind}/{file.stem}.{name}", entry) for name, entry in entries.items()]
    return found


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: f"{entry.kind} {entry.name}")
def test_every_parameter_has_a_sentence(entry):
    params = CATALOGUE.params_class(entry)

    assert params.__doc__
    assert [name for name, field in params.model_fields.items() if not field.description] == []


@pytest.mark.parametrize(("kind", "place", "written"), choices(), ids=lambda value: value if isinstance(value, str) else "")
def test_every_packaged_choice_can_be_made_and_states_only_what_differs(kind, place, written):
    params = {name: value for name, value in written.items() if name != "use"}

    component = CATALOGUE.make(Spec(kind, written["use"], Map(params)))

    stated = component.params.model_dump(exclude_defaults=True)
    assert set(stated) == set(params)
    assert component.spec.use == written["use"]


def test_every_group_file_begins_with_one_sentence():
    files = [file for kind in ("labels", "split", "features") for file in (CONF / kind).glob("*.yaml")]

    assert [file.name for file in files if not file.read_text(encoding="utf-8").startswith("# ")] == []
