"""Model folders from somewhere else. The attacker of these tests may write any file, and makes the manifest's hashes anew."""

from __future__ import annotations

import gzip
import io
import json
import os
import pickle
import random
import shutil
import stat
import warnings
import zipfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from upshot.engine.foreign import Limits, verify
from upshot.errors import IntegrityError
from upshot.testing import RecipeProject

MODELS = {
    "lightgbm": ("model/model.txt", ["model=lightgbm", "model.n_estimators=5", "model.min_child_samples=2"]),
    "xgboost": ("model/model.json", ["model=xgboost", "model.n_estimators=5"]),
    "hist_gradient_boosting": ("model/model.skops", ["model=hist_gradient_boosting", "model.max_iter=5", "model.min_samples_leaf=2"]),
}
MUTATIONS = 2
"""Of each format, in a normal run; `FOREIGN_MUTATIONS=200` for a long one."""


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory, tiny_files: dict[str, str]) -> Path:
    """One exported folder of each kind of model."""
    project = RecipeProject(tmp_path_factory.mktemp("exported"), tiny_files)
    for number, (name, (_, words)) in enumerate(MODELS.items(), start=1):
        assert project.run("run", "tiny", *words).exit_code == 0
        assert project.run("model", "export", f"tiny@{number}", name).exit_code == 0
    return project.root


@pytest.fixture
def folder(exported: Path, tmp_path: Path) -> Callable[[str], Path]:
    """A copy of an exported folder, to do harm to."""

    def copy(model: str = "lightgbm") -> Path:
        return Path(shutil.copytree(exported / model, tmp_path / model))

    return copy


def forge(folder: Path, path: str, content: bytes) -> None:
    """Put a file there, and its hash into the manifest."""
    place = folder / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"][path] = sha256(content).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))


def refused(folder: Path, limits: Limits | None = None) -> list[str]:
    """The sentences of the refusal."""
    with pytest.raises(IntegrityError) as caught:
        verify(folder, limits)
    assert str(caught.value).startswith(f"the model in {folder} is not to be trusted\n")
    return [f"{problem.where} {problem.sentence()}" for problem in caught.value.problems]


def test_features_and_what_they_compute_keep_their_order_whatever_their_names(tmp_path: Path, tiny_files: dict[str, str]) -> None:
    project = RecipeProject(tmp_path / "order", tiny_files)
    words = ["+features.a_later_one={use: expression, columns: {small: amount / 2, large: amount * 3}}", "model.n_estimators=5"]
    assert project.run("run", "tiny", "model=lightgbm", "model.min_child_samples=2", *words).exit_code == 0
    assert project.run("model", "export", "tiny@1", "out").exit_code == 0

    outcome = project.run("model", "verify", "out")

    assert (outcome.exit_code, outcome.stderr) == (0, "")
    assert "golden rows answered as before" in outcome.stdout


def zipped(*members: tuple[zipfile.ZipInfo | str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a name that stands twice
        for name, content in members:
            archive.writestr(name, content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def linked(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


@pytest.mark.parametrize("model", MODELS)
def test_an_exported_version_is_loaded_in_a_child_and_answers_its_golden_rows(
    exported: Path, tiny_files: dict[str, str], model: str
) -> None:
    done = RecipeProject(exported, {}).run("model", "verify", model)

    files = len(json.loads((exported / model / "manifest.json").read_text())["files"])
    number = list(MODELS).index(model) + 1
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == f"tiny@{number}: {files} files are what the manifest says; 16 golden rows answered as before\n"


def test_a_refusal_has_exit_code_5_and_a_sentence_for_each_file(folder: Callable[..., Path], exported: Path) -> None:
    place = folder()
    (place / "__pycache__").mkdir()
    (place / "__pycache__" / "model.pyc").write_bytes(b"\xa7\r\r\n")
    (place / "evil.pth").write_text("import os")

    done = RecipeProject(exported, {}).run("model", "verify", str(place))

    assert (done.exit_code, done.stdout) == (5, "")
    assert done.stderr == (
        f"IntegrityError: the model in {place} is not to be trusted\n\n"
        "  __pycache__/model.pyc  is in the folder and not in the manifest\n"
        "  evil.pth               is in the folder and not in the manifest\n"
    )


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    "harm",
    [flip, lambda path: path.write_bytes(path.read_bytes()[:-7]), lambda path: path.write_bytes(b"")],
    ids=["one bit", "cut off", "empty"],
)
def test_a_file_that_is_not_what_the_manifest_says_is_never_read(folder: Callable[..., Path], harm: Callable[[Path], object]) -> None:
    place = folder()
    harm(place / "model" / "model.txt")

    (sentence,) = refused(place)

    assert sentence.startswith("model/model.txt must have SHA-256 ")


def rename(place: Path) -> None:
    (place / "signature.json").rename(place / "signed.json")


def link_file(place: Path) -> None:
    (place / "signature.json").rename(place.parent / "elsewhere.json")
    (place / "signature.json").symlink_to(place.parent / "elsewhere.json")


def link_folder(place: Path) -> None:
    (place / "golden").rename(place.parent / "golden")
    (place / "golden").symlink_to(place.parent / "golden")


GONE = "is in the manifest and not in the folder"


@pytest.mark.parametrize(
    ("harm", "sentences"),
    [
        (lambda place: (place / "signature.json").unlink(), [f"signature.json {GONE}"]),
        (rename, ["signed.json is in the folder and not in the manifest", f"signature.json {GONE}"]),
        (link_file, ["signature.json must be a file of its own; got a link", f"signature.json {GONE}"]),
        (
            link_folder,
            ["golden must be a file of its own; got a link"]
            + [f"golden/{name}.arrow {GONE}" for name in ("cases_labels", "cases_rows", "expected", "history_labels", "history_rows")],
        ),
        (lambda place: os.mkfifo(place / "pipe"), ["pipe must be a file of its own; got something else"]),
        (
            lambda place: forge(place, "Signature.json", b"{}"),
            ["Signature.json, signature.json differ in case only: which one is meant depends on the system"],
        ),
        (
            lambda place: forge(place, "../outside.json", b"{}"),
            ["../outside.json is not a plain path inside the folder", f"../outside.json {GONE}"],
        ),
        (
            lambda place: (place / "manifest.json").unlink(),
            ["manifest.json must be there: it says which files belong to the model"],
        ),
        (
            lambda place: (place / "manifest.json").write_text("[" * 100_000),
            ["manifest.json must be a manifest of shape upshot.model/1, as `upshot model export` writes it"],
        ),
    ],
    ids=["missing", "renamed", "linked file", "linked folder", "pipe", "case", "outside", "no manifest", "nested manifest"],
)
def test_a_folder_whose_listing_is_not_its_manifest_is_refused(
    folder: Callable[..., Path], harm: Callable[[Path], object], sentences: list[str]
) -> None:
    place = folder()
    harm(place)

    assert refused(place) == sentences


PICKLE = pickle.dumps({"a": 1})
NOT_A_FORMAT = "is not a format of a model version: those are .json, .txt, .arrow, .skops, .npz"
OBJECTS = b"\x93NUMPY\x01\x00v\x00{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\n" + PICKLE


@pytest.mark.parametrize(
    ("path", "content", "sentence"),
    [
        ("model/model.json", PICKLE, "must be JSON text; got a pickle, which runs code when it is read"),
        ("model/model.txt", PICKLE, "must be text; got a pickle, which runs code when it is read"),
        ("model/model.skops", PICKLE, "must be a skops archive; got a pickle, which runs code when it is read"),
        ("model/model.skops", gzip.compress(PICKLE, mtime=0), "must be a skops archive; got a gzip file"),
        ("model/model.ubj", PICKLE, f"{NOT_A_FORMAT}; got a pickle, which runs code when it is read"),
        ("evil.pth", b"import os", f"{NOT_A_FORMAT}; got something else"),
        ("code/model.py", b"#!/usr/bin/python", f"{NOT_A_FORMAT}; got a script"),
        ("model/lib.so", b"\x7fELF", f"{NOT_A_FORMAT}; got a program"),
        ("golden/expected.arrow", b"", "must be an Arrow file; got nothing"),
    ],
)
def test_a_file_is_known_by_its_content_and_not_by_its_name(folder: Callable[..., Path], path: str, content: bytes, sentence: str) -> None:
    place = folder()
    forge(place, path, content)

    assert refused(place) == [f"{path} {sentence}"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (zipped(("../evil.npy", b"")), "model/model.skops: '../evil.npy' is no member of a saved model"),
        (zipped(("/etc/evil.npy", b"")), "model/model.skops: '/etc/evil.npy' is no member of a saved model"),
        (zipped((linked("1.npy"), b"/etc/passwd")), "model/model.skops: '1.npy' must be a plain file; got a link, or locked"),
        (zipped(("1.npy", b""), ("1.npy", b"")), "model/model.skops: '1.npy' stands twice in the archive"),
        (zipped(("1.npy", OBJECTS)), "model/model.skops: '1.npy' must hold numbers; got objects, which are a pickle"),
        (zipped(("1.npy", bytes(50 << 20))), "model/model.skops must not unpack to many times its size; got 52,428,800 bytes of "),
        (zipped(("schema.json", b"{}"))[:-9], "model/model.skops is an archive that cannot be read; got "),
    ],
    ids=["up", "absolute", "link", "twice", "objects", "bomb", "cut off"],
)
def test_an_archive_with_a_trick_in_it_is_refused_before_it_is_unpacked(folder: Callable[..., Path], content: bytes, sentence: str) -> None:
    place = folder("hist_gradient_boosting")
    forge(place, "model/model.skops", content)

    (found,) = refused(place)

    assert found.startswith(sentence)


def test_a_skops_type_that_nobody_trusts_is_named(folder: Callable[..., Path]) -> None:
    place = folder("hist_gradient_boosting")
    with zipfile.ZipFile(place / "model" / "model.skops") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    schema = json.loads(members["schema.json"])
    schema["__class__"], schema["__module__"] = "Popen", "subprocess"
    members["schema.json"] = json.dumps(schema).encode()
    forge(place, "model/model.skops", zipped(*members.items()))

    assert refused(place) == ["subprocess.Popen is not on the list"]


def lightgbm_text(place: Path, **lines: str) -> bytes:
    """The model's text with other values behind some names, and without the sizes that would not fit any more."""
    text = (place / "model" / "model.txt").read_text().splitlines()
    kept = [line for line in text if not line.startswith("tree_sizes=")]
    changed = [f"{name}={lines[name]}" if (name := line.partition("=")[0]) in lines else line for line in kept]
    assert changed != kept
    return ("\n".join(changed) + "\n").encode()


@pytest.mark.parametrize(
    "lines",
    [{"left_child": "1000000000"}, {"right_child": "-1000000000"}, {"num_leaves": "1000000000"}, {"split_feature": "1000000000"}],
    ids=["child out of range", "leaf out of range", "leaf count", "feature out of range"],
)
def test_a_lightgbm_model_that_points_outside_itself_kills_at_most_the_child(folder: Callable[..., Path], lines: dict[str, str]) -> None:
    place = folder()
    forge(place, "model/model.txt", lightgbm_text(place, **lines))

    (sentence,) = refused(place)

    assert sentence.startswith(("loading it must end well in a process of its own; got ", "golden rows must be answered as before; got "))


def test_a_model_that_never_comes_to_an_end_is_stopped(folder: Callable[..., Path]) -> None:
    place = folder()
    forge(place, "model/model.txt", lightgbm_text(place, left_child="0", right_child="0"))  # the root is its own child

    assert refused(place, Limits(seconds=4)) == ["loading it must end well in a process of its own; got it took more than 4 s"]


def test_a_model_that_wants_all_memory_is_stopped(folder: Callable[..., Path]) -> None:
    place = folder()

    (sentence,) = refused(place, Limits(bytes=300 << 20))

    assert sentence.startswith("loading it must end well in a process of its own; got ")


def test_a_model_that_answers_otherwise_is_refused(folder: Callable[..., Path]) -> None:
    place = folder()
    forge(place, "model/model.txt", lightgbm_text(place, leaf_value="0.25 -0.25"))

    assert refused(place) == ["golden rows must be answered as before; got 16 of 16 differ"]


@pytest.mark.parametrize("model", MODELS)
def test_a_model_with_random_bytes_changed_is_refused_or_answers_as_before(folder: Callable[..., Path], model: str) -> None:
    place, path = folder(model), MODELS[model][0]
    whole, rng = (place / path).read_bytes(), random.Random(7)

    for _ in range(int(os.environ.get("FOREIGN_MUTATIONS", MUTATIONS))):
        content = bytearray(whole)
        for _ in range(rng.choice((1, 3, 20))):
            content[rng.randrange(len(content))] = rng.choice((rng.randrange(256), ord("9"), ord("-")))
        forge(place, path, bytes(content))
        try:
            assert verify(place).golden_rows == 16
        except IntegrityError as error:
            assert error.problems, "a refusal says why"
