from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

RECIPE = """\
use_case: {name: events, problem: ranking}
data: {use: csv, table: events, path: PATH}
split: {use: leave_last_out}
model: {use: popularity}
policy: {use: top_k}
rollout: {use: ranked_hits}
kpi: {margin: {expression: hit_amount * 0.3, unit: EUR, impact: revenue_uplift}}
gates: {any: {kpi: margin, min: 0}}
"""


@pytest.fixture
def project(recipe_project: Callable[..., Any]) -> Any:
    made = recipe_project({"recipes/events.yaml": RECIPE.replace("PATH", "data/events.csv"), "data/events.csv": "a\n1\n"})
    outside = made.root.parent / "outside"
    outside.mkdir()
    (outside / "events.csv").write_text("a\n1\n")
    (made.root.parent / "project_twin").mkdir()
    return made


def refused(key: str, real: str, folder: str, place: str) -> tuple[int, str]:
    text = (
        "IntegrityError: recipe 'events' is refused (no data was read)\n"
        "\n"
        f"  {key}  leads out of the project; got {real}; to allow it, write paths: {{allow: [{folder}]}} in upshot.yaml  ({place})\n"
    )
    return 5, text


@pytest.mark.parametrize(
    ("path", "real", "folder"),
    [
        ("../outside/events.csv", "../outside/events.csv", "../outside"),
        ("data/../../outside/events.csv", "../outside/events.csv", "../outside"),
        ("../outside/*.csv", "../outside", ".."),
        ("../project_twin/x.csv", "../project_twin/x.csv", "../project_twin"),
        ("/etc/passwd", "/etc/passwd", "/etc"),
        ("file:///etc/passwd", "/etc/passwd", "/etc"),
        ("simplecache::file:///etc/passwd", "simplecache::file:///etc/passwd", "simplecache::file:///etc"),
        ("linked.csv", "../outside/events.csv", "../outside"),
        ("linked/events.csv", "../outside/events.csv", "../outside"),
        ("linked/new.csv", "../outside/new.csv", "../outside"),
        ("data/*.csv", "../outside/events.csv", "../outside"),
    ],
)
def test_a_path_that_leads_out_of_the_project_is_refused(project: Any, path: str, real: str, folder: str) -> None:
    (project.root / "linked.csv").symlink_to("../outside/events.csv")
    (project.root / "linked").symlink_to("../outside")
    if "*" in path:
        (project.root / "data/z.csv").symlink_to("../../outside/events.csv")
    project.write("recipes/events.yaml", RECIPE.replace("PATH", f'"{path}"'))

    outcome = project.run("validate", "events")

    assert (outcome.exit_code, outcome.stderr) == refused("data.path", real, folder, "recipes/events.yaml:2")


def test_an_argument_is_held_to_the_same_rule(project: Any) -> None:
    outcome = project.run("plan", "events", "data.path=../outside/events.csv")

    assert (outcome.exit_code, outcome.stderr) == refused("data.path", "../outside/events.csv", "../outside", "argument 1")


def test_a_link_inside_a_folder_of_parquet_files_counts_too(project: Any) -> None:
    (project.root / "data/part.parquet").symlink_to("../../outside/events.csv")

    outcome = project.run("validate", "events", "data={use:parquet,table:events,path:data}")

    assert (outcome.exit_code, outcome.stderr) == refused("data.path", "../outside/events.csv", "../outside", "argument 1")


@pytest.mark.parametrize("allowed", ["../outside", "..", "OUTSIDE"])
def test_the_project_file_allows_a_folder_outside(project: Any, allowed: str) -> None:
    allowed = allowed.replace("OUTSIDE", str(project.root.parent / "outside"))
    project.write("upshot.yaml", f"paths: {{allow: [elsewhere, '{allowed}']}}\n")
    (project.root / "linked").symlink_to("../outside")

    for path in ("../outside/events.csv", "linked/events.csv", "../outside/*.csv", str(project.root.parent / "outside/events.csv")):
        outcome = project.run("validate", "events", f"data.path='{path}'")
        assert (outcome.exit_code, outcome.stderr) == (0, ""), path


def test_an_address_of_another_machine_is_no_path(project: Any) -> None:
    assert project.run("validate", "events", "data.path='s3://bucket/events.csv'").exit_code == 0


def test_a_remembered_recipe_is_held_to_the_rule_again(project: Any) -> None:
    assert project.run("validate", "events").exit_code == 0
    (project.root / "data/events.csv").unlink()
    (project.root / "data/events.csv").symlink_to("../../outside/events.csv")

    outcome = project.run("run", "events")

    assert (outcome.exit_code, outcome.stderr) == refused("data.path", "../outside/events.csv", "../outside", "recipes/events.yaml:2")


def test_taking_a_permission_back_works_at_once(project: Any) -> None:
    project.write("upshot.yaml", "paths: {allow: [../outside]}\n")
    assert project.run("validate", "events", "data.path=../outside/events.csv").exit_code == 0

    project.write("upshot.yaml", "name: strict\n")

    assert project.run("validate", "events", "data.path=../outside/events.csv").exit_code == 5


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{c}: &{c} [{','.join(['*' + p] * 9)}]\n" for p, c in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "code", "told"),
    [
        (
            "names: x\n",
            2,
            "the project file is wrong|upshot.yaml: names  unknown key; did you mean 'name'? options: identity, ledger, name, paths, people, secrets, state, use_plugins",
        ),
        (
            "paths: ../x\n",
            2,
            "the project file is wrong|upshot.yaml: paths  must hold `allow`, a list of folders; got '../x'; write paths: {allow: [../shared/data]}",
        ),
        (
            "paths: {allow: ..}\n",
            2,
            "the project file is wrong|upshot.yaml: paths  must hold `allow`, a list of folders; got {'allow': '..'}; write paths: {allow: [../shared/data]}",
        ),
        (
            "secrets: hunter2\n",
            2,
            "the project file is wrong|upshot.yaml: secrets  must hold `file`, the name of a file; write secrets: {file: secrets.env}",
        ),
        (
            "use_plugins: mlflow\n",
            2,
            "the project file is wrong|upshot.yaml: use_plugins  must be a list of plugin names; got 'mlflow'; write use_plugins: [NAME]",
        ),
        ("name: a\nname: b\n", 2, "the project file is wrong|upshot.yaml:2  the key 'name' stands twice; got lines 1 and 2"),
        ("- a\n", 2, "the project file cannot be read|upshot.yaml  must be a map; got list; write name: NAME"),
        (BOMB, 2, "the project file cannot be read|upshot.yaml:1  anchors and aliases have no place here"),
        ("state: " + "[" * 3000, 2, "the project file cannot be read|upshot.yaml:1  maps and lists may be 6 levels deep"),
        ("name: " + "x" * 100_001 + "\n", 2, "the project file cannot be read|upshot.yaml  may have 100,000 bytes; got 100,008"),
        (
            "name: !!python/object/apply:os.system ['touch pwned']\n",
            5,
            "the project file is refused|upshot.yaml:1  the tag 'tag:yaml.org,2002:python/object/apply:os.system' is refused: it holds plain values",
        ),
        (
            "hydra: {searchpath: [/tmp]}\n",
            5,
            "the project file is refused|upshot.yaml  the key 'hydra' is refused: it belongs to the engine; Upshot composes recipes itself; nothing of Hydra's own settings is used",
        ),
    ],
    ids=["unknown", "paths", "allow", "secrets", "plugins", "twice", "list", "bomb", "deep", "large", "tag", "hydra"],
)
def test_the_project_file_is_read_as_strictly_as_a_recipe(project: Any, text: str, code: int, told: str) -> None:
    project.write("upshot.yaml", text)

    outcome = project.run("validate", "events")

    headline, problem = told.split("|")
    kind = "IntegrityError" if code == 5 else "UsageError"
    assert (outcome.exit_code, outcome.stderr) == (code, f"{kind}: {headline}\n\n  {problem}\n")
    assert not (project.root / "pwned").exists()


def test_a_byte_order_mark_before_the_project_file_is_fine(project: Any) -> None:
    (Path(project.root) / "upshot.yaml").write_bytes(b"\xef\xbb\xbfname: sales\r\nstate: kept\r\n")

    assert project.run("validate", "events").exit_code == 0
    assert (project.root / "kept").is_dir()
