"""Rows 62 and 68 to 74 of the list of bad inputs: components that break their contract, and model folders that are not what they say."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Callable
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import odd_answers
import pytest

from upshot.ledger.ledger import Ledger
from upshot.testing import RecipeProject

BREAKS = "model 'odd' breaks its contract"
FAILED = "plugin 'odd' of odd-answers 1.0 failed"


@pytest.fixture
def odd(tiny: RecipeProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RecipeProject:
    """The tiny project with the plugin of `odd_answers` installed and its model in use."""
    monkeypatch.syspath_prepend(str(odd_answers.install(tmp_path / "site")))
    recipe = (tiny.root / "recipes/tiny.yaml").read_text()
    tiny.write(
        "recipes/tiny.yaml",
        recipe.replace("  - model: logistic_regression\n", "").replace("calibration:", "model: {use: odd}\ncalibration:"),
    )
    return tiny


@pytest.mark.parametrize(
    ("wrong", "headline", "problem", "stages"),
    [
        ("no answer", BREAKS, "must answer a table; got nothing", 6),
        ("a row short", BREAKS, "must give one row per case for probability; got 15 rows for 16 cases", 6),
        ("other columns", BREAKS, "predictions of kind probability need the columns ['probability']; got ['case', 'score']", 6),
        ("a gap", BREAKS, "predictions must be finite; got NaN or infinity in ['probability']", 6),
        ("no probability", BREAKS, "probabilities must lie between 0 and 1; got 1.25 to 1.75", 6),
        ("raises", FAILED, "must not raise; got KeyError: 'amount_eur'; --debug shows the trace", 6),
        ("does not learn", FAILED, "must not raise; got ZeroDivisionError: division by zero; --debug shows the trace", 5),
    ],
)
def test_a_component_that_breaks_its_contract_is_named_with_8_and_what_stood_before_stays(
    odd: RecipeProject, wrong: str, headline: str, problem: str, stages: int
) -> None:
    assert odd.run("run", "tiny").exit_code == 0

    outcome = odd.run("run", "tiny", f"model.wrong={wrong}")

    assert (outcome.exit_code, outcome.stderr) == (8, f"PluginError: {headline}\n\n  model.odd  {problem}  (recipes/tiny.yaml:17)\n")
    ledger = Ledger(odd.root / ".upshot" / "ledger.db")
    failed, done = ledger.runs()
    assert (failed.status, len(ledger.stages(failed.id)), done.status) == ("failed", stages, "done")
    assert [(row.name, row.number) for row in ledger.versions(claimed=True)] == [("tiny", 1)]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory, tiny_files: dict[str, str]) -> Path:
    project = RecipeProject(tmp_path_factory.mktemp("exported"), tiny_files)
    assert project.run("run", "tiny", "model=hist_gradient_boosting", "model.max_iter=5", "model.min_samples_leaf=2").exit_code == 0
    assert project.run("model", "export", "tiny@1", "model").exit_code == 0
    return project.root / "model"


@pytest.fixture
def project(exported: Path, tmp_path: Path) -> RecipeProject:
    """A project with a copy of an exported version in `model`, to do harm to."""
    shutil.copytree(exported, tmp_path / "model")
    return RecipeProject(tmp_path, {})


def forged(project: RecipeProject, path: str, content: bytes) -> None:
    """A file, and its hash in the manifest: what somebody would do who means harm."""
    project.write(f"model/{path}", content)
    manifest = json.loads((project.root / "model/manifest.json").read_text())
    manifest["files"][path] = sha256(content).hexdigest()
    project.write("model/manifest.json", json.dumps(manifest))


def untrusted(project: RecipeProject, *problems: str) -> tuple[int, str, str]:
    return (5, "", "IntegrityError: the model in model is not to be trusted\n\n" + "".join(f"  {problem}\n" for problem in problems))


@pytest.mark.parametrize(
    "harm",
    [lambda whole: whole[:-7], lambda whole: whole[:40] + bytes([whole[40] ^ 1]) + whole[41:], lambda whole: b""],
    ids=["cut off", "one bit", "empty"],
)
def test_a_file_that_is_not_the_one_of_the_manifest_is_refused_by_its_hash(project: RecipeProject, harm: Callable[[bytes], bytes]) -> None:
    whole = (project.root / "model/model/model.skops").read_bytes()
    project.write("model/model/model.skops", harm(whole))

    outcome = project.run("model", "verify", "model")

    wanted, found = sha256(whole).hexdigest()[:12], sha256(harm(whole)).hexdigest()[:12]
    told = untrusted(project, f"model/model.skops  must have SHA-256 {wanted}; got {found}")
    assert (outcome.exit_code, outcome.stdout, outcome.stderr) == told


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("model/model.skops", "must be a skops archive"),
        ("model/columns.json", "must be JSON text"),
        ("model/model.ubj", "is not a format of a model version: those are .json, .txt, .arrow, .skops, .npz"),
    ],
)
def test_a_pickle_is_known_by_its_content_whatever_its_name(project: RecipeProject, path: str, rule: str) -> None:
    forged(project, path, pickle.dumps({"a": 1}))

    outcome = project.run("model", "verify", "model")

    told = untrusted(project, f"{path}  {rule}; got a pickle, which runs code when it is read")
    assert (outcome.exit_code, outcome.stdout, outcome.stderr) == told


def test_a_type_that_nobody_trusts_is_named_with_the_list(project: RecipeProject) -> None:
    import io
    import zipfile

    with zipfile.ZipFile(project.root / "model/model/model.skops") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    schema = json.loads(members["schema.json"])
    schema["__class__"], schema["__module__"] = "Popen", "subprocess"
    members["schema.json"] = json.dumps(schema).encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    forged(project, "model/model.skops", out.getvalue())

    outcome = project.run("model", "verify", "model")

    assert (outcome.exit_code, outcome.stdout, outcome.stderr) == untrusted(project, "subprocess.Popen  is not on the list")


def of_another_library(project: RecipeProject) -> None:
    manifest = json.loads((project.root / "model/manifest.json").read_text())
    assert manifest["libraries"]["scikit-learn"] == version("scikit-learn")
    manifest["libraries"] |= {"scikit-learn": "1.0.2"}
    project.write("model/manifest.json", json.dumps(manifest))


def test_a_model_of_another_library_version_is_warned_of_where_its_golden_rows_come_out_the_same(project: RecipeProject) -> None:
    of_another_library(project)

    outcome = project.run("model", "verify", "model")

    files = len(json.loads((project.root / "model/manifest.json").read_text())["files"])
    assert (outcome.exit_code, outcome.stderr) == (0, "")
    assert outcome.stdout == (
        f"tiny@1: {files} files are what the manifest says; 16 golden rows answered as before\n"
        f"warning: trained with scikit-learn 1.0.2, and here is {version('scikit-learn')}\n"
    )


def test_a_model_of_another_library_version_is_refused_where_they_do_not(
    project: RecipeProject, tiny_files: dict[str, str], tmp_path: Path
) -> None:
    other = RecipeProject(tmp_path / "other", tiny_files)
    assert other.run("run", "tiny", "model=hist_gradient_boosting", "model.max_iter=2", "model.min_samples_leaf=2").exit_code == 0
    assert other.run("model", "export", "tiny@1", "model").exit_code == 0
    forged(project, "model/model.skops", (other.root / "model/model/model.skops").read_bytes())  # as if it were computed otherwise here
    of_another_library(project)

    outcome = project.run("model", "verify", "model")

    assert (outcome.exit_code, outcome.stdout, outcome.stderr) == untrusted(
        project,
        "golden rows           must be answered as before; got 16 of 16 differ",
        f"library scikit-learn  it was trained with 1.0.2; got {version('scikit-learn')}",
    )
