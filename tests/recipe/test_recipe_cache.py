from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from upshot.recipe.cache import cached_recipe, composition_key, keep

HIT = """
import sys
sys.path.insert(0, {here!r})
from pathlib import Path
from tiny_entries import catalogue
from upshot.project import Project
from upshot.recipe.cache import cached_recipe
root = Path({root!r})
recipe = cached_recipe("fraud", ["seed=3"], catalogue=catalogue(), project=Project(root, root / ".upshot"))
heavy = sorted({{name.partition(".")[0] for name in sys.modules}} & {{"hydra", "omegaconf", "pydantic", "pandas", "numpy", "yaml", "sqlalchemy"}})
print(recipe.seed if recipe else None, heavy)
"""


def kept(bench: Any, *overrides: str) -> str:
    context = {"catalogue": bench.catalogue, "project": bench.project}
    key = composition_key("fraud", overrides, **context)
    keep(bench.load(*overrides), key, **context)
    return key


def found(bench: Any, *overrides: str) -> Any:
    return cached_recipe("fraud", overrides, catalogue=bench.catalogue, project=bench.project)


def age(bench: Any) -> None:
    """Make every file old enough for its time to be trusted."""
    then = time.time() - 60
    for path in bench.project.root.rglob("*.yaml"):
        os.utime(path, (then, then))


def test_a_kept_recipe_comes_back_whole_and_only_for_the_same_question(bench: Any) -> None:
    age(bench)
    kept(bench, "seed=3")

    assert found(bench, "seed=3") == bench.load("seed=3")
    assert found(bench, "seed=4") is None
    assert found(bench) is None
    assert cached_recipe("fraud2", ["seed=3"], catalogue=bench.catalogue, project=bench.project) is None


def test_any_change_on_the_search_path_makes_it_stale(bench: Any) -> None:
    changes = {
        "conf/model/boost.yaml": "use: boost\nmax_depth: 7\n",
        "conf/model/new.yaml": "use: boost\n",
        "recipes/other.yaml": "seed: 1\n",
        "recipes/fraud.yaml": (bench.project.root / "recipes/fraud.yaml").read_text() + "seed: 9\n",
    }
    for name, text in changes.items():
        age(bench)
        kept(bench)
        assert found(bench) is not None

        bench.write({name: text})

        assert found(bench) is None, name


def test_beside_a_recipe_that_is_named_by_its_path_only_its_own_folder_counts(bench: Any) -> None:
    bench.write({"trials/mine.yaml": "defaults: [fraud, _self_]\n"})

    def key() -> str:
        return composition_key("trials/mine.yaml", [], catalogue=bench.catalogue, project=bench.project)

    before = key()
    bench.write({"trials/.upshot/artefacts/00/x.yaml": "a: 1\n", "trials/data/big.yaml": "a: 1\n"})
    below = key()
    bench.write({"trials/theirs.yaml": "seed: 2\n"})

    assert below == before
    assert key() != before


def test_an_edit_within_one_tick_of_the_clock_is_noticed(bench: Any) -> None:
    kept(bench)
    path = bench.project.root / "conf/model/boost.yaml"
    facts = path.stat()

    path.write_text(path.read_text().replace("8", "9"))
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))

    assert found(bench) is None


def test_another_plugin_set_or_an_edited_parameter_class_makes_it_stale(bench: Any, tmp_path: Path) -> None:
    age(bench)
    key = kept(bench)
    path = bench.project.state / "compositions" / f"{key}.json"
    value = json.loads(path.read_text())
    others = bench.catalogue.plugins[0]

    assert any(file.endswith("tiny_components.py") for file, _ in value["code"])
    assert any(file.endswith("contracts/params.py") for file, _ in value["code"])

    value["code"][0][1][0] += 1
    path.write_text(json.dumps(value))
    assert found(bench) is None

    kept(bench)
    newer = type(bench.catalogue)((replace(others, version="9"),))
    assert cached_recipe("fraud", [], catalogue=newer, project=bench.project) is None


def test_a_torn_or_altered_file_is_composed_again(bench: Any) -> None:
    age(bench)
    path = bench.project.state / "compositions" / f"{kept(bench)}.json"
    whole = path.read_text()

    path.write_text(whole[: len(whole) // 2])
    assert found(bench) is None

    path.write_text(whole.replace('"seed": 42', '"seed": 43'))
    assert found(bench) is None

    kept(bench)
    assert found(bench) is not None
    assert [file.suffix for file in path.parent.iterdir()] == [".json"]


def test_composing_alone_writes_nothing(bench: Any) -> None:
    bench.load()

    assert not bench.project.state.exists()


def test_a_hit_imports_neither_hydra_nor_omegaconf_nor_pydantic_nor_pandas(bench: Any, tmp_path: Path) -> None:
    entries = [[c.kind, c.name, c.params, c.make, c.sentence, [], c.by_key] for c in bench.catalogue.components()]
    here = tmp_path / "light"
    here.mkdir()
    (here / "tiny_entries.py").write_text(
        "import json\nfrom upshot.catalogue import Catalogue, Plugin\nfrom upshot.contracts.components import Component\n"
        f"ENTRIES = json.loads({json.dumps(json.dumps(entries))})\n"
        "def catalogue():\n"
        "    parts = tuple(Component(k, n, p, m, s, tuple(l), b) for k, n, p, m, s, l, b in ENTRIES)\n"
        "    return Catalogue((Plugin('upshot', 'upshot', '0.1.0', None, parts, (), ()),))\n"
    )
    age(bench)
    kept(bench, "seed=3")

    done = subprocess.run(
        [sys.executable, "-c", HIT.format(here=str(here), root=str(bench.project.root))], capture_output=True, text=True, check=False
    )

    assert (done.stdout, done.stderr) == ("3 []\n", "")
