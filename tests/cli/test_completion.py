"""Completion as shells ask for it: the answers themselves, and real bash, zsh and fish that load the script and press TAB."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from upshot.cli.commands import COMMANDS
from upshot.cli.completion import SCRIPTS
from upshot.testing import RecipeProject

NEEDED = ("pandas", "numpy", "hydra", "omegaconf", "pydantic", "sqlalchemy", "rich")
EXTENDED = """\
# Extends tiny
defaults:
  - tiny
  - override model: shallow
  - gates: strict
  - _self_
features:
  extra: {use: datetime}
"""


@pytest.fixture
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One index for all tests of this file; made by the first."""
    return tmp_path_factory.getbasetemp() / "completion_cache"


@pytest.fixture
def shop(tiny: RecipeProject, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RecipeProject]:
    tiny.write("conf/model/shallow.yaml", "# Few shallow trees\nuse: xgboost\nmax_depth: 3\n")
    tiny.write("conf/gates/strict.yaml", "strict: {metric: accuracy, min: 0.99}\n")
    tiny.write("recipes/extended.yaml", EXTENDED)
    tiny.write("upshot.yaml", "name: shop\n")
    with monkeypatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(cache))
        yield tiny


def words_of(project: RecipeProject, *words: str) -> list[str]:
    outcome = project.run("complete", *words)
    assert (outcome.exit_code, outcome.stderr) == (0, "")
    return [line.partition("\t")[0] for line in outcome.stdout.splitlines()]


def test_the_first_word_is_a_command(shop: RecipeProject) -> None:
    assert words_of(shop, "") == list(COMMANDS)
    assert shop.run("complete", "mig").stdout == "migrate\trewrite recipes of an older version of the recipe language\n"


def test_recipes_are_those_of_the_project_and_of_upshot(shop: RecipeProject) -> None:
    assert words_of(shop, "run", "t") == ["tiny"]
    assert {"card_fraud", "extended", "tiny"} <= set(words_of(shop, "validate", ""))
    assert words_of(shop, "show", "tiny", "--diff", "ext") == ["extended"]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("mod", ["model="]),
        ("model", ["model=", "model."]),
        ("model=sh", ["model=shallow"]),
        ("model.use=logi", ["model.use=logistic_regression"]),
        ("+metrics.roc", ["+metrics.roc_auc."]),
        ("split.test_f", ["split.test_from="]),
        ("data.roles.tar", ["data.roles.target="]),
        ("data.undeclared=", ["data.undeclared=infer", "data.undeclared=refuse"]),
        ("data.append_only=", ["data.append_only=true", "data.append_only=false"]),
        (
            "kpi.saved.parameters.friction_cost.val",
            ["kpi.saved.parameters.friction_cost.value=", "kpi.saved.parameters.friction_cost.valid_until="],
        ),
        ("~gates.", ["~gates.accurate", "~gates.worth_it"]),
        ("gates.worth_it.ag", ["gates.worth_it.against="]),
        ("gates.accurate.ag", []),
        ("objective=", ["objective=saved"]),
        ("use_case.prob", ["use_case.problem="]),
        ("use_case.problem=cl", ["use_case.problem=classification"]),
        ("see", ["seed="]),
        ("hydra", []),
        ("--js", ["--json"]),
    ],
)
def test_an_override_goes_on_with_groups_choices_keys_and_values(shop: RecipeProject, typed: str, expected: list[str]) -> None:
    assert words_of(shop, "plan", "tiny", typed) == expected


def test_keys_are_those_of_the_component_that_stands_there_after_what_is_already_typed(shop: RecipeProject) -> None:
    assert words_of(shop, "run", "tiny", "model.max_") == ["model.max_iter="]
    assert words_of(shop, "run", "tiny", "model=shallow", "model.max_dep") == ["model.max_depth="]
    assert words_of(shop, "run", "tiny", "model.use=xgboost", "model.max_dep") == ["model.max_depth="]
    assert words_of(shop, "run", "extended", "model.max_dep") == ["model.max_depth="]
    assert words_of(shop, "run", "extended", "gates.") == ["gates.accurate.", "gates.worth_it.", "gates.strict."]
    assert words_of(shop, "run", "extended", "features.extra.col") == ["features.extra.column="]


def test_a_sweep_completes_after_each_comma_and_explain_completes_keys(shop: RecipeProject) -> None:
    assert words_of(shop, "sweep", "tiny", "model=shallow,ext") == ["model=shallow,extra_trees"]
    assert words_of(shop, "run", "tiny", "model=shallow,ext") == []
    assert words_of(shop, "explain", "tiny", "policy.thr") == ["policy.threshold"]


def test_other_arguments_are_completed_by_what_they_are(shop: RecipeProject) -> None:
    assert words_of(shop, "completion", "") == list(SCRIPTS)
    assert words_of(shop, "describe", "po") == ["policy"]
    assert words_of(shop, "describe", "policy", "top") == ["top_k", "top_k_per_day"]
    assert words_of(shop, "runs", "ti") == ["tiny"]
    assert words_of(shop, "run", "tiny", "--state", "") == []
    assert words_of(shop, "nonsense", "") == []
    assert words_of(shop, "run", "no_such_recipe", "mod") == ["model="]


def test_runs_are_completed_by_their_logs_the_newest_first_and_last(shop: RecipeProject) -> None:
    ids = [shop.run("run", "tiny", f"policy.threshold=0.{digit}", "--json").json["run"] for digit in (4, 5)]
    newest_first = sorted(ids, reverse=True)  # the clock of an id counts seconds

    assert words_of(shop, "show", "r2") == newest_first
    assert words_of(shop, "show", ids[0][:-1]) == [ids[0]]
    assert words_of(shop, "show", "tiny", "--diff", "r2") == newest_first
    for command in ("compare", "lineage", "replay"):
        assert words_of(shop, command, "") == ["last", *newest_first]
    assert words_of(shop, "compare", ids[0], ids[1][:12]) == [run for run in newest_first if run.startswith(ids[1][:12])]
    assert re.fullmatch(rf"{ids[0]}\trecipe tiny of \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d\n", shop.run("complete", "lineage", ids[0]).stdout)
    assert words_of(shop, "lineage", "--state", "elsewhere", "") == words_of(shop, "lineage", "--state=elsewhere", "") == ["last"]


def test_versions_and_environments_are_completed_where_they_are_meant(shop: RecipeProject) -> None:
    assert words_of(shop, "promote", "") == []
    recipe = (shop.root / "recipes/tiny.yaml").read_text()
    shop.write("recipes/tiny.yaml", recipe + "env: {dev: {}, prod: {approvals: {risk: {}}}}\n")
    for words in ([], ["model.C=2"]):
        assert shop.run("run", "tiny", *words).exit_code == 0

    for command in ("promote", "approve"):
        assert words_of(shop, command, "ti") == ["tiny@2", "tiny@1"]
        assert words_of(shop, command, "tiny@1", "--env", "") == ["dev", "prod"]
    assert words_of(shop, "gates", "tiny") == ["tiny", "tiny@2", "tiny@1"]
    assert words_of(shop, "model", "show", "t") == ["tiny@2", "tiny@1"]
    for command in ("rollback", "history", "plan", "run", "validate"):
        assert words_of(shop, command, "tiny", "--env", "p") == ["prod"]
    assert words_of(shop, "plan", "tiny", "env.prod.approvals.risk.co") == ["env.prod.approvals.risk.count="]


def test_recipes_that_are_broken_or_hostile_are_completed_from_what_is_installed(shop: RecipeProject) -> None:
    bomb = "a: &a [x, x]\nb: &b [*a, *a]\nmodel: {use: xgboost}\n"
    for name, text in {
        "bomb": bomb,
        "torn": "model: {use: [",
        "tagged": "model: !!python/object/apply:os.abort {}\n",
        "list": "- a\n",
    }.items():
        shop.write(f"recipes/{name}.yaml", text)
        assert "model.max_depth=" in words_of(shop, "validate", name, "model.max_d")
    shop.write("recipes/self.yaml", f"defaults: [{'self, ' * 50} _self_]\n")
    assert "model.max_depth=" in words_of(shop, "validate", "self", "model.max_d")


@pytest.mark.parametrize(
    "words",
    [
        ["va"],
        ["run", "t"],
        ["show", "r2"],
        ["compare", ""],
        ["promote", "t"],
        ["run", "tiny", "mod"],
        ["run", "tiny", "model=x"],
        ["run", "tiny", "model=shallow", "model.max_d"],
    ],
)
def test_an_answer_imports_nothing_that_takes_long(shop: RecipeProject, words: list[str]) -> None:
    words_of(shop, "run", "tiny", "mod")  # the index is there, as it is once a shell has loaded the script
    shop.write(
        ".upshot/logs/r20261124T021530-7f3a9c.log", "2026-11-24T02:15:30.000+00:00  run  r20261124T021530-7f3a9c of recipe tiny begins\n"
    )
    with sqlite3.connect(shop.root / ".upshot/ledger.db") as connection:
        connection.execute("CREATE TABLE versions (name, number, record, created_at)")
        connection.execute("INSERT INTO versions VALUES ('tiny', 1, 'ab', '')")
    connection.close()
    script = (
        "import sys, json\nfrom upshot.cli.main import main\n"
        f"code = main({['complete', *words]!r})\nprint(json.dumps([code, sorted(set(sys.modules) & set({NEEDED!r}))]))"
    )

    done = subprocess.run([sys.executable, "-c", script], cwd=shop.root, capture_output=True, text=True, check=True)

    answer, facts = done.stdout.splitlines()[0], json.loads(done.stdout.splitlines()[-1])
    assert facts == [0, []]
    assert answer.startswith(words[-1])


def test_completing_writes_nothing_into_the_project(shop: RecipeProject) -> None:
    before = sorted(shop.root.rglob("*"))

    words_of(shop, "run", "tiny", "model=shallow", "model.max_d")

    assert sorted(shop.root.rglob("*")) == before


def test_the_index_is_made_again_when_it_is_torn_or_older_than_the_code(shop: RecipeProject, cache: Path) -> None:
    words_of(shop, "run", "tiny", "mod")
    (kept,) = cache.glob("upshot/words-*.json")
    whole = json.loads(kept.read_bytes())

    for content in ("{", "[]", json.dumps({**whole, "files": [[whole["files"][0][0], [0, 0]]], "components": {}})):
        kept.write_text(content)
        assert words_of(shop, "run", "tiny", "seed") == ["seed="]
        assert json.loads(kept.read_bytes()) == whole


def test_a_cache_folder_that_cannot_be_made_costs_no_answer(shop: RecipeProject, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    outcome = shop.run_process("complete", "run", "tiny", "seed", env={"XDG_CACHE_HOME": str(tmp_path / "file")})

    assert (outcome.exit_code, outcome.stdout) == (0, "seed=\tSeed of everything random.\n")


BASH = """
eval "$(upshot completion bash)"
ask() {{ COMP_LINE="$1" COMP_POINT=${{#1}} COMP_CWORD=$(($# - 2)); COMP_WORDS=("${{@:2}}"); _upshot; echo "${{COMPREPLY[*]}}"; }}
ask {words}
"""


@pytest.mark.parametrize(
    ("line", "words", "expected"),
    [
        ("upshot vali", "upshot vali", "validate"),
        ("upshot validate ti", "upshot validate ti", "tiny"),
        ("upshot validate tiny mod", "upshot validate tiny mod", "model="),
        ("upshot validate tiny model=sh", "upshot validate tiny model = sh", "shallow"),
        ("upshot validate tiny model=shallow model.max_dep", "upshot validate tiny model = shallow model.max_dep", "model.max_depth="),
        ("upshot validate tiny seed=3 objective=", "upshot validate tiny seed = 3 objective =", "saved"),
        ("upshot plan tiny --js", "upshot plan tiny --js", "--json"),
        ("upshot completion ", "upshot completion ''", "bash zsh fish"),
    ],
)
def test_bash_completes_although_it_splits_words_at_the_equals_sign(shop: RecipeProject, line: str, words: str, expected: str) -> None:
    script = BASH.format(words=f"'{line}' {words}")

    done = subprocess.run(["bash", "--norc", "-c", script], cwd=shop.root, env=environment(), capture_output=True, text=True, check=True)

    assert (done.stdout, done.stderr) == (f"{expected}\n", "")


def environment() -> dict[str, str]:
    """That of this process, with the command of this environment in front."""
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "TERM": "dumb", "PS1": "$ "}


class Terminal:
    """A shell in a terminal of its own."""

    def __init__(self, command: list[str], folder: Path) -> None:
        self.file, inside = pty.openpty()
        self.shell = subprocess.Popen(
            command, cwd=folder, env=environment(), stdin=inside, stdout=inside, stderr=inside, start_new_session=True
        )
        os.close(inside)
        self.seen = ""

    def type(self, keys: str, until: str) -> None:
        """Type keys and read until the terminal shows a pattern."""
        os.write(self.file, keys.encode())
        end, self.seen = time.monotonic() + 60, ""
        while not re.search(until, self.seen):
            assert time.monotonic() < end, f"{until!r} never came: {self.seen!r}"
            if select.select([self.file], [], [], 0.2)[0]:
                self.seen += os.read(self.file, 65536).decode(errors="replace")

    def close(self) -> None:
        """Hang up."""
        self.shell.kill()
        self.shell.wait()
        os.close(self.file)


def type_with_tabs(terminal: Terminal) -> None:
    """`upshot validate tiny model=shallow model.max_depth=4`, as a person who relies on TAB types it."""
    terminal.type("upshot validate ti\t", r"validate\s+tiny")
    terminal.type("model=sh\t", r"model=shallow")
    terminal.type("model.max_dep\t", r"model\.max_depth=")
    terminal.type("4\n", r"recipe tiny is sound")


def test_a_person_at_a_bash_prompt_types_a_command_with_tabs(shop: RecipeProject) -> None:
    terminal = Terminal(["bash", "--norc", "--noprofile", "-i"], shop.root)
    try:
        terminal.type('eval "$(upshot completion bash)"; echo lo""aded\n', r"\bloaded")
        type_with_tabs(terminal)
    finally:
        terminal.close()


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")
def test_a_person_at_a_zsh_prompt_types_a_command_with_tabs(shop: RecipeProject) -> None:
    terminal = Terminal(["zsh", "-f", "-i"], shop.root)
    try:
        terminal.type('autoload -Uz compinit; compinit -u -D; eval "$(upshot completion zsh)"; echo lo""aded\n', r"\bloaded")
        type_with_tabs(terminal)
        terminal.type("upshot validate tiny model=\t", r"model=shallow\s+Few shallow trees")
    finally:
        terminal.close()


@pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed")
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("upshot vali", "validate\tcheck a recipe, without reading data"),
        ("upshot validate tiny mod", "model=\tWhat predicts."),
        ("upshot validate tiny model=sh", "model=shallow\tFew shallow trees"),
        ("upshot validate tiny model=shallow model.max_dep", "model.max_depth=\tDeepest tree; 0 is without limit."),
    ],
)
def test_fish_completes_with_sentences(shop: RecipeProject, line: str, expected: str) -> None:
    script = f"upshot completion fish | source; complete -C '{line}'"

    done = subprocess.run(
        ["fish", "--no-config", "-c", script], cwd=shop.root, env=environment(), capture_output=True, text=True, check=True
    )

    assert done.stdout == f"{expected}\n"
