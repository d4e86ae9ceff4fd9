from __future__ import annotations

import random
import stat
from hashlib import sha256
from pathlib import Path

import pytest

from upshot.errors import IntegrityError
from upshot.ledger.artefacts import Artefacts


def files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


def test_a_file_is_named_by_the_sha256_of_its_content(tmp_path):
    artefacts = Artefacts(tmp_path / "artefacts")

    digest = artefacts.write(b"abc")

    assert digest == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert artefacts.path(digest) == tmp_path / "artefacts" / "ba" / digest
    assert artefacts.read(digest) == b"abc"


def test_equal_content_is_kept_and_not_written_again(tmp_path):
    artefacts = Artefacts(tmp_path)
    source = tmp_path / "source"
    source.write_bytes(b"model")
    digest = artefacts.write(b"model", sync=True)
    before = artefacts.path(digest).stat()

    again = {artefacts.write(b"model"), artefacts.write(b"model", sync=True), artefacts.write_file(source)}

    after = artefacts.path(digest).stat()
    assert again == {digest}
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_one_flipped_bit_in_each_of_200_files_is_found_200_times(tmp_path):
    artefacts = Artefacts(tmp_path)
    rng = random.Random(7)
    digests = [artefacts.write(rng.randbytes(rng.randint(1, 3000))) for _ in range(200)]
    for digest in digests:
        content = bytearray(artefacts.path(digest).read_bytes())
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        artefacts.path(digest).write_bytes(content)

    found = 0
    for digest in digests:
        with pytest.raises(IntegrityError) as caught:
            artefacts.read(digest)
        found += digest in caught.value.problems[0].rule

    assert found == 200


def test_a_damaged_file_is_named_with_what_was_expected_and_found(tmp_path):
    artefacts = Artefacts(tmp_path)
    digest = artefacts.write(b"right")
    artefacts.path(digest).write_bytes(b"wrong")

    with pytest.raises(IntegrityError) as caught:
        artefacts.read(digest)

    (problem,) = caught.value.problems
    assert caught.value.exit_code == 5
    assert (problem.where, problem.rule, problem.got) == (
        str(artefacts.path(digest)),
        f"must have SHA-256 {digest}",
        sha256(b"wrong").hexdigest(),
    )


def test_writing_the_same_content_again_mends_a_damaged_file(tmp_path):
    artefacts = Artefacts(tmp_path)
    source = tmp_path / "source"
    source.write_bytes(b"right")
    digest = artefacts.write(b"right")

    artefacts.path(digest).write_bytes(b"wrong")
    artefacts.write(b"right")
    mended = artefacts.read(digest)
    artefacts.path(digest).write_bytes(b"cut")
    artefacts.write_file(source)

    assert (mended, artefacts.read(digest)) == (b"right", b"right")


def test_a_write_that_fails_leaves_nothing_behind(tmp_path):
    artefacts = Artefacts(tmp_path / "artefacts")

    with pytest.raises(KeyError), artefacts.writing() as file:
        file.write(b"half")
        raise KeyError("stopped")

    assert files(tmp_path) == []


def test_only_the_owner_may_look_into_the_folder(tmp_path):
    artefacts = Artefacts(tmp_path / ".upshot" / "artefacts")

    digest = artefacts.write(b"secret")

    folders = [tmp_path / ".upshot", tmp_path / ".upshot" / "artefacts", artefacts.path(digest).parent]
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in folders] == [0o700] * 3
    assert stat.S_IMODE(artefacts.path(digest).stat().st_mode) == 0o600


def test_a_missing_file_and_a_name_that_is_no_hash_are_refused(tmp_path):
    artefacts = Artefacts(tmp_path)

    with pytest.raises(IntegrityError, match="missing"):
        artefacts.read("0" * 64)
    with pytest.raises(IntegrityError, match="missing"):
        artefacts.sync(["0" * 64])
    with pytest.raises(IntegrityError, match="not the name"):
        artefacts.path("../../etc/passwd")
    assert not artefacts.has("0" * 64)


def test_an_empty_file_is_an_artefact_too(tmp_path):
    artefacts = Artefacts(tmp_path)

    digest = artefacts.write(b"")

    assert (artefacts.read(digest), artefacts.has(digest, 0), artefacts.has(digest, 1)) == (b"", True, False)
