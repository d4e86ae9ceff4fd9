"""Every component of the catalogue, whoever offers it, holds the contract of its kind."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from upshot.catalogue import load_catalogue
from upshot.contracts.components import KINDS, Component
from upshot.testing import checks_for

CATALOGUE = load_catalogue()
CONF = Path(__file__).parents[1] / "conf"
CASES = [(entry, check) for entry in CATALOGUE.components() for check in checks_for(entry.kind)]


@pytest.mark.parametrize(("entry", "check"), CASES, ids=[f"{e.kind}-{e.name}-{c.__name__}" for e, c in CASES])
def test_a_component_holds_the_contract_of_its_kind(entry: Component, check: object) -> None:
    assert callable(check)
    check(CATALOGUE, entry)


def test_every_kind_has_a_component() -> None:
    assert [kind for kind in KINDS if not CATALOGUE.names(kind)] == []


@pytest.mark.parametrize("path", sorted(CONF.glob("*/*.yaml")), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_named_choice_says_what_it_is_and_names_components_that_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    content = yaml.safe_load(text)

    assert text.startswith("# ")
    if path.parent.name == "env":
        assert [name for name, entry in content.items() if not isinstance(entry, dict)] == []
        return
    assert path.parent.name in KINDS
    entries = content.items() if KINDS[path.parent.name].many else [(path.stem, content)]
    for name, entry in entries:
        by_key = [c.name for c in CATALOGUE.components() if c.kind == path.parent.name and c.by_key in (entry or {})]
        assert ((entry or {}).get("use") or (by_key[0] if by_key else name)) in CATALOGUE.names(path.parent.name)
