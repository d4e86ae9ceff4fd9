"""The private parts of Hydra and OmegaConf that composition stands on, held here and nowhere else."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import hydra
import omegaconf
import pytest
from hydra._internal import defaults_list
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.config_repository import ConfigRepository
from hydra._internal.defaults_list import create_defaults_list
from hydra.core.override_parser.overrides_visitor import HydraErrorListener
from hydra.version import VersionBase
from omegaconf import OmegaConf
from omegaconf._utils import get_yaml_loader, split_key
from omegaconf.grammar_parser import parse

import upshot.recipe
from upshot.recipe.interpolation import references
from upshot.recipe.sources import GrammarError, hydra_base, parse_override


def test_the_versions_are_those_whose_internals_were_read() -> None:
    assert hydra.__version__.startswith("1.3.")
    assert omegaconf.__version__.startswith("2.3.")


def test_the_private_signatures_that_are_called_stand() -> None:
    assert list(inspect.signature(create_defaults_list).parameters) == [
        "repo",
        "config_name",
        "overrides_list",
        "prepend_hydra",
        "skip_missing",
    ]
    assert list(inspect.signature(ConfigLoaderImpl._apply_overrides_to_config).parameters) == ["overrides", "cfg"]
    assert list(inspect.signature(ConfigRepository._create_defaults_list).parameters) == ["self", "config_path", "defaults"]
    assert list(inspect.signature(ConfigRepository._find_object_source).parameters) == ["self", "config_path", "object_type"]
    assert list(inspect.signature(HydraErrorListener.syntaxError).parameters)[-3:] == ["column", "msg", "e"]


def test_hydras_map_of_choices_is_left_out_where_no_choice_points_at_another_and_put_back() -> None:
    theirs = defaults_list._create_interpolation_map
    assert list(inspect.signature(theirs).parameters) == ["overrides", "defaults_list", "self_added"]

    with hydra_base():
        assert defaults_list._create_interpolation_map is not theirs

    assert defaults_list._create_interpolation_map is theirs


def test_a_choice_may_point_at_another_choice(bench: Any) -> None:
    bench.write(
        {
            "recipes/pointing.yaml": "defaults: [fraud, {features: '${model}'}]\n",
            "conf/features/boost.yaml": "amount: {use: numeric}\n",
            "conf/features/forest.yaml": "card: {use: numeric}\n",
        }
    )

    assert list(bench.load(name="pointing").groups["features"]) == ["amount"]
    assert list(bench.load("model=forest", name="pointing").groups["features"]) == ["card"]


def test_overrides_parse_into_the_parts_that_are_read() -> None:
    override = parse_override("+a.b@c=[1,'x']")

    assert (override.key_or_group, override.package, override.value(), override.is_add()) == ("a.b", "c", [1, "x"], True)
    assert parse_override("a=1,2").is_sweep_override()
    with pytest.raises(GrammarError) as caught:
        parse_override("a==3")
    assert caught.value.column == 2


def test_the_behaviour_version_is_put_back() -> None:
    before = VersionBase.instance().version_base

    with hydra_base():
        assert str(VersionBase.instance().version_base) == "1.3"

    assert VersionBase.instance().version_base is before


def test_omegaconfs_scalars_keys_and_grammar_are_as_they_were_read() -> None:
    assert get_yaml_loader()("a: 1e3\n").get_single_data() == {"a": 1000.0}
    assert split_key("a[b].c") == ["a", "b", "c"]
    assert parse("${a}").getText() == "${a}<EOF>"
    assert references("x ${a.b} ${..c} ${f:${d}}").keys == ("a.b", "..c", "d")
    assert references("x ${f.g:1}").resolvers == ("f.g",)


def test_unset_struct_mode_lets_an_override_make_a_key() -> None:
    config = OmegaConf.create({"a": {}})

    ConfigLoaderImpl._apply_overrides_to_config([parse_override("a.b.c=1")], config)

    assert config == {"a": {"b": {"c": 1}}}


def test_only_these_modules_import_hydra_or_omegaconf() -> None:
    importers = {
        path.stem
        for path in Path(upshot.recipe.__file__).parent.parent.rglob("*.py")
        if re.search(r"^\s*(from|import) (hydra|omegaconf|antlr4)\b", path.read_text(), re.MULTILINE)
    }

    assert importers == {"sources", "composition", "interpolation", "reading", "points", "launch"}
