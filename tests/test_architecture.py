"""The rules of the house, held from the imports themselves; there is no list of exceptions."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "upshot"
FLOORS = (
    {"testing"},
    {"cli"},
    {"operate", "serve", "report"},
    {"engine"},
    {"stages"},
    {"ledger", "components"},
    {"recipe"},
    {"value", "catalogue"},
    {"hookspecs"},
    {"contracts"},
    {"secrets", "identity"},
    {"project"},
    {"errors"},
)
"""From the roof down: a room may import what stands below it, and nothing on its own floor but itself."""
FAMILY_WORDS = (
    "fraud",
    "credit",
    "demand",
    "forecast",
    "recommend",
    "maintenance",
    "inventory",
    "stock",
    "customer",
    "churn",
    "newsvendor",
)
HEAVY = ("pandas", "numpy", "sklearn", "xgboost", "lightgbm", "pyarrow", "deltalake", "scipy", "skops", "pandera")


def room_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def floor_of(room: str) -> int:
    return next(level for level, rooms in enumerate(FLOORS) if room in rooms)


def imported_rooms(path: Path) -> set[str]:
    rooms: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names] if node.module == "upshot" else [node.module]
        rooms |= {name.split(".")[1] for name in names if name.startswith("upshot.")}
    return rooms


MODULES = sorted(path for path in SOURCE.rglob("*.py") if path != SOURCE / "__init__.py")


def test_a_room_imports_only_rooms_below_it() -> None:
    upward = [
        f"{path.relative_to(SOURCE)} imports {room}"
        for path in MODULES
        for room in imported_rooms(path)
        if room != room_of(path) and floor_of(room) <= floor_of(room_of(path))
    ]

    assert upward == []


def test_only_the_recipe_room_imports_hydra_and_omegaconf() -> None:
    importers = {
        room_of(path)
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in ([alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""])
        if name.split(".")[0] in ("hydra", "omegaconf")
    }

    assert importers == {"recipe"}


def test_nothing_in_the_source_can_pickle_or_instantiate_by_path() -> None:
    forbidden = {"pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}
    found = []
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found += [f"{path.name}: {a.name}" for a in node.names if a.name.split(".")[0] in forbidden]
            elif isinstance(node, ast.ImportFrom):
                module = node.module or ""
                names = {alias.name for alias in node.names}
                if module.split(".")[0] in forbidden or (module.startswith("hydra") and "instantiate" in names):
                    found.append(f"{path.name}: {module}")

    assert found == []


@pytest.mark.parametrize("room", ["engine", "stages", "value"])
def test_engine_stages_and_value_name_no_family(room: str) -> None:
    named = []
    for path in sorted((SOURCE / room).rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        documentation = docstrings(tree)
        for node in ast.walk(tree):
            words = [getattr(node, attribute, None) for attribute in ("id", "name", "arg", "attr")]
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
                words.append(node.value)
            named += [f"{path.name}: {word}" for word in words if isinstance(word, str) and any(f in word.lower() for f in FAMILY_WORDS)]

    assert named == []


def docstrings(tree: ast.Module) -> set[int]:
    """Identities of the nodes that are documentation."""
    bodies = [node.body for node in ast.walk(tree) if isinstance(getattr(node, "body", None), list)]
    return {id(line.value) for body in bodies for line in body if isinstance(line, ast.Expr)}


def test_stages_and_components_import_no_heavy_library_at_module_level() -> None:
    found = []
    for path in MODULES:
        if room_of(path) not in (
            "stages",
            "components",
            "contracts",
            "value",
            "recipe",
            "engine",
            "cli",
            "catalogue",
            "hookspecs",
            "project",
        ):
            continue
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
                found += [f"{path.relative_to(SOURCE)}: {name}" for name in names if name.split(".")[0] in HEAVY]

    assert found == []


@pytest.mark.parametrize(
    "words",
    [["--help"], ["recipes"], ["validate", "card_fraud"], ["show", "card_fraud"], ["plan", "card_fraud"], ["plugins", "list"]],
    ids=lambda words: words[0],
)
def test_a_light_command_imports_no_heavy_library(words: list[str], tmp_path: Path) -> None:
    script = (
        "import sys, json, io, contextlib\n"
        "from upshot.cli.main import main\n"
        "with contextlib.redirect_stdout(io.StringIO()):\n"
        f"    code = main({words!r})\n"
        f"print(json.dumps([code, sorted(set(sys.modules) & set({HEAVY!r}))]))"
    )

    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert json.loads(done.stdout or "null") == [0, []], done.stderr
