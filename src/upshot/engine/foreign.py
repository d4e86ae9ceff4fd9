"""Model folders that somebody gave us: looked at from the outside, and first read by a process that may die.

A version's own files come from our store and are known by their hash. A folder from elsewhere brings its own hashes, which say that it is
whole and not that it is meant well. So it is refused by its listing, then by the content of its files, and only then is it loaded: in a child
process of few means, whose environment holds no secret, on copies of the bytes that were looked at. The golden rows decide.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import resource
import signal
import stat
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of
from pathlib import Path, PurePosixPath
from typing import Any

from upshot.errors import IntegrityError, Problem, StorageError, UsageError
from upshot.ledger.artefacts import Artefacts
from upshot.ledger.ledger import VersionRow

MANIFEST = "manifest.json"
SHAPE = "upshot.model/1"
CHILD = "upshot.engine.rehearsal"
MOST_FILES, MOST_BYTES = 1_000, 2 << 30
"""What a folder may hold: files, and bytes of all of them."""
MOST_UNPACKED, MOST_RATIO = 1 << 30, 200
"""What an archive may hold unpacked, and how many times its own size."""
_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9_. -]{0,127}")
_MEMBER = re.compile(r"schema\.json|\d+\.npy|[a-z_]+\.npy")
_LINK = 0o120000


@dataclass(frozen=True)
class Limits:
    """What the process that loads a model may use.

    Args:
        seconds: Of processor time; five times as many on the clock.
        bytes: Of address space.
    """

    seconds: int = 60
    bytes: int = 6 << 30


@dataclass(frozen=True)
class ForeignModel:
    """A folder that was found sound.

    Attributes:
        name: Of the use case.
        number: Of the version, where it was registered.
        files: Path -> SHA-256.
        golden_rows: How many were answered as before.
        libraries: Library that is of another version here -> version that it was trained with, and version here ("none" without it).
    """

    name: str
    number: int
    files: Mapping[str, str]
    golden_rows: int
    libraries: Mapping[str, tuple[str, str]]


def export(version: VersionRow, artefacts: Artefacts, folder: Path, libraries: Mapping[str, str]) -> None:
    """Write a version's files, each verified, and their manifest.

    Args:
        version: A registered one.
        artefacts: Where its files are.
        folder: New or empty.
        libraries: Library that its results depend on -> version that it was trained with.

    Raises:
        UsageError: There is something in the folder already.
        IntegrityError: A stored file is not what was registered.
        StorageError: The folder cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError("nothing is exported", [Problem(str(folder), "must be a new or an empty folder")])
    manifest = {"shape": SHAPE, "name": version.name, "number": version.number, "files": dict(version.manifest)}
    manifest["libraries"] = dict(libraries)
    contents = {path: artefacts.read(digest) for path, digest in version.manifest.items()}
    try:
        for path, content in {**contents, MANIFEST: (json.dumps(manifest, indent=1) + "\n").encode()}.items():
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
    except OSError as error:
        raise StorageError("the version cannot be exported", [Problem(str(folder), os.strerror(error.errno or 0))]) from error


def verify(folder: Path, limits: Limits | None = None) -> ForeignModel:
    """Look at a folder, then let a child process load it and answer its golden rows.

    Raises:
        UsageError: There is no such folder.
        IntegrityError: It is not what its manifest says, holds what no model version holds, or does not answer as it should.
    """
    if not folder.is_dir():
        raise UsageError("there is no such folder", [Problem(str(folder), "must be a folder written by `upshot model export`")])
    try:
        manifest, contents = _read(folder)
    except OSError as error:  # what may not be read, or was made a link while we looked
        raise _refused(folder, [Problem(str(error.filename), "must be a file that can be read", os.strerror(error.errno or 0))]) from error
    problems = [problem for path, content in contents.items() for problem in content_problems(path, content)]
    if problems:
        raise _refused(folder, problems)
    with tempfile.TemporaryDirectory(prefix="upshot-model-") as place:
        copies = Path(place) / "model"
        for path, content in contents.items():
            (copies / path).parent.mkdir(parents=True, exist_ok=True)
            (copies / path).write_bytes(content)
        differing = _differing(manifest["libraries"])
        try:
            rows = _rehearse(folder, copies, Path(place), limits or Limits())
        except IntegrityError as error:
            raise _refused(
                folder, [*error.problems, *(Problem(f"library {n}", f"it was trained with {a}", b) for n, (a, b) in differing.items())]
            ) from error
    return ForeignModel(manifest["name"], manifest["number"], manifest["files"], rows, differing)


def _differing(trained: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Libraries that are of another version here, or not here at all."""
    here = {name: _installed(name) for name in trained}
    return {name: (version, here[name]) for name, version in trained.items() if here[name] != version}


def _installed(library: str) -> str:
    try:
        return version_of(library)
    except PackageNotFoundError:
        return "none"


def _refused(folder: Path, problems: list[Problem]) -> IntegrityError:
    return IntegrityError(f"the model in {folder} is not to be trusted", problems)


def _read(folder: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The manifest, and the content of each file that it names."""
    found, problems = _listing(folder)
    if MANIFEST not in found:
        raise _refused(folder, [*problems, Problem(MANIFEST, "must be there: it says which files belong to the model")])
    manifest = _manifest(folder, found.pop(MANIFEST))
    named: Mapping[str, str] = manifest["files"]
    by_fold: dict[str, list[str]] = {}
    for path in sorted({*named, *found}):
        by_fold.setdefault(path.casefold(), []).append(path)
    problems += [
        Problem(", ".join(same), "differ in case only: which one is meant depends on the system")
        for same in by_fold.values()
        if len(same) > 1
    ]
    problems += [Problem(path, "is not a plain path inside the folder") for path in named if not _is_plain(path)]
    problems += [Problem(path, "is in the folder and not in the manifest") for path in sorted(found.keys() - named.keys())]
    problems += [Problem(path, "is in the manifest and not in the folder") for path in sorted(named.keys() - found.keys())]
    sizes = sum(size for size in found.values())
    if sizes > MOST_BYTES:
        problems.append(Problem("files", f"must have at most {MOST_BYTES:,} bytes", f"{sizes:,}"))
    if problems:
        raise _refused(folder, problems)
    contents = {path: _bytes(folder / path, found[path]) for path in sorted(named)}
    wrong = [(path, digest) for path, content in contents.items() if (digest := hashlib.sha256(content).hexdigest()) != named[path]]
    if wrong:
        raise _refused(folder, [Problem(path, f"must have SHA-256 {named[path][:12]}", digest[:12]) for path, digest in wrong])
    return manifest, contents


def _listing(folder: Path) -> tuple[dict[str, int], list[Problem]]:
    """Every plain file -> its size, and everything that is none."""
    found: dict[str, int] = {}
    problems: list[Problem] = []
    waiting = [folder]
    while waiting and len(found) + len(problems) <= MOST_FILES:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                path = Path(entry.path).relative_to(folder).as_posix()
                facts = entry.stat(follow_symlinks=False)
                if stat.S_ISDIR(facts.st_mode):
                    waiting.append(Path(entry.path))
                elif stat.S_ISREG(facts.st_mode):
                    found[path] = facts.st_size
                else:
                    problems.append(Problem(path, "must be a file of its own", "a link" if entry.is_symlink() else "something else"))
    if len(found) + len(problems) > MOST_FILES:
        problems = [Problem("files", f"must be at most {MOST_FILES:,}")]
    return found, problems


def _manifest(folder: Path, size: int) -> dict[str, Any]:
    try:
        body = json.loads(_bytes(folder / MANIFEST, min(size, 1 << 20)))
        sound = body["shape"] == SHAPE and isinstance(body["name"], str) and type(body["number"]) is int and len(body) == 5
        pairs = [*body["files"].items(), *body["libraries"].items()]
        sound = sound and all(isinstance(text, str) for pair in pairs for text in pair)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        sound = False
    if not sound:
        raise _refused(folder, [Problem(MANIFEST, f"must be a manifest of shape {SHAPE}, as `upshot model export` writes it")])
    return dict(body)


def _bytes(path: Path, size: int) -> bytes:
    """The content of a plain file; one that has become a link since it was listed, or has grown, is not followed."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(handle, "rb") as file:
        return file.read(size)


def _is_plain(path: str) -> bool:
    parts = PurePosixPath(path).parts
    return "/".join(parts) == path and 0 < len(parts) <= 4 and all(_PART.fullmatch(part) for part in parts)


def content_problems(path: str, content: bytes) -> Iterator[Problem]:
    r"""Why a file is no part of a model version, told by its content; its name only says what it has to be.

    Example:
        >>> [problem.sentence() for problem in content_problems("model/model.json", b"\x80\x05K\x01.")]
        ['must be JSON text; got a pickle, which runs code when it is read']
    """
    wanted = _FORMATS.get(PurePosixPath(path).suffix)
    if wanted is None:
        yield Problem(path, f"is not a format of a model version: those are {', '.join(_FORMATS)}", _seen(content))
        return
    name, fits = wanted
    if not fits(content):
        yield Problem(path, f"must be {name}", _seen(content))
    elif name in _ARCHIVES:
        yield from _archive_problems(path, content)


def _seen(content: bytes) -> str:
    """What the first bytes say."""
    return next((words for start, words in _STARTS.items() if content.startswith(start)), "something else" if content else "nothing")


def _is_text(content: bytes) -> bool:
    try:
        return bool(content) and "\0" not in content.decode("utf-8")
    except UnicodeDecodeError:
        return False


_STARTS = {
    **{bytes([0x80, protocol]): "a pickle, which runs code when it is read" for protocol in range(6)},
    b"\x1f\x8b": "a gzip file",
    b"BZh": "a bzip2 file",
    b"\xfd7zXZ": "an xz file",
    b"\x78\x9c": "a zlib stream, as joblib writes it",
    b"PK": "a zip archive",
    b"\x7fELF": "a program",
    b"MZ": "a program",
    b"\xa7\x0d\x0d\x0a": "compiled Python",
    b"#!": "a script",
}
_ARCHIVES = ("a skops archive", "a numpy archive")
_FORMATS: Mapping[str, tuple[str, Callable[[bytes], bool]]] = {
    ".json": ("JSON text", lambda content: _is_text(content) and content.lstrip()[:1] in (b"{", b"[")),
    ".txt": ("text", _is_text),
    ".arrow": ("an Arrow file", lambda content: content.startswith(b"ARROW1") and content.endswith(b"ARROW1")),
    ".skops": (_ARCHIVES[0], lambda content: content.startswith(b"PK\x03\x04")),
    ".npz": (_ARCHIVES[1], lambda content: content.startswith(b"PK\x03\x04")),
}


def _archive_problems(path: str, content: bytes) -> Iterator[Problem]:
    """Members that a saved model does not have; nothing is unpacked to say so but the header of an array."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            names = [member.filename for member in members]
            whole = sum(member.file_size for member in members)
            yield from (Problem(f"{path}: {name[:80]!r}", "is no member of a saved model") for name in names if not _MEMBER.fullmatch(name))
            yield from (
                Problem(f"{path}: {name!r}", "stands twice in the archive") for name in sorted({n for n in names if names.count(n) > 1})
            )
            yield from (
                Problem(f"{path}: {member.filename!r}", "must be a plain file", "a link, or locked")
                for member in members
                if (member.external_attr >> 16) & 0o170000 == _LINK or member.flag_bits & 1
            )
            if whole > MOST_UNPACKED or whole > MOST_RATIO * len(content) + (1 << 20):
                yield Problem(path, "must not unpack to many times its size", f"{whole:,} bytes of {len(content):,}")
                return
            for member in members:
                if member.filename.endswith(".npy"):
                    with archive.open(member) as array:
                        header = array.read(4096)
                    if re.search(rb"'descr':[^'\[]*'[<>|=]?O", header):
                        yield Problem(f"{path}: {member.filename!r}", "must hold numbers", "objects, which are a pickle")
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, EOFError, ValueError, OSError, zlib.error) as error:
        yield Problem(path, "is an archive that cannot be read", str(error))


def _rehearse(folder: Path, copies: Path, place: Path, limits: Limits) -> int:
    """Let a child load the copies and answer the golden rows; how many it answered."""
    said = place / "said"
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "SYSTEMROOT") if name in os.environ}
    few = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    with said.open("wb") as words:
        try:
            done = subprocess.run(
                [sys.executable, "-I", "-m", CHILD, str(copies)],
                cwd=copies,
                env={**kept, **few, "HOME": str(place)},
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=words,
                preexec_fn=partial(_confine, limits),  # not a line of the child runs without its limits
                timeout=5 * limits.seconds,
                check=False,
            )
            code = done.returncode
        except subprocess.TimeoutExpired:
            code = -signal.SIGXCPU
    last = (said.read_bytes()[-4000:].decode(errors="replace").strip().splitlines() or [""])[-1]
    if code == 0:
        return int(json.loads(last)["golden_rows"])
    if code == IntegrityError.exit_code:
        raise _refused(folder, [Problem(**problem) for problem in json.loads(last)["problems"]])
    raise _refused(folder, [Problem("loading it", "must end well in a process of its own", _death(code, last, limits))])


def _confine(limits: Limits) -> None:
    """Limits of the process that loads: no core, no large file, little time and memory."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.seconds, limits.seconds + 1))
    resource.setrlimit(resource.RLIMIT_AS, (limits.bytes, limits.bytes))


def _death(code: int, last: str, limits: Limits) -> str:
    if code == -signal.SIGXCPU:
        return f"it took more than {limits.seconds} s"
    return f"it died of {signal.Signals(-code).name}" if code < 0 else last[:300] or f"exit code {code}"
