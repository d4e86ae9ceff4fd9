"""skops archives whose bytes depend on the model alone, and loading by a written list of types.

An archive of skops names its members by memory addresses and dates them, so two equal models would have two digests and a content-named
artefact would be stored twice. Here members are numbered in order of appearance and carry one fixed date. The nodes of a tree are records
with unused bytes between their fields, in which lies whatever was in memory before: they are written as zeros.

skops trusts about a thousand types by itself, and finds them by importing all of scikit-learn and asking each module of the process: more
than a second. We trust the types that the caller writes down and no others, so its table is replaced by one that holds plain Python
and numpy values only.
"""

from __future__ import annotations

import io
import json
import sys
import zipfile
from importlib import import_module
from types import ModuleType
from typing import Any

from upshot.errors import IntegrityError, Problem

SCHEMA = "schema.json"
PLAIN_VALUE = "JsonNode"
"""What skops calls a number, a text, True, False or None in its schema."""
PLAIN_TYPES = {
    "PRIMITIVE": ("builtins.int", "builtins.float", "builtins.str", "builtins.bool"),
    "CONTAINER": ("builtins.list", "builtins.set", "builtins.map", "builtins.tuple"),
    "NUMPY_RANDOM_BIT_GENERATOR": ("numpy.random.PCG64",),
    "NUMPY_DTYPE": tuple(
        f"numpy.{name}" for name in ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64")
    ),
}
HEADER, RECORDS = 128, b"'descr': ["
"""Bytes in which an array file begins to say what it holds, and how it says that it holds records; a plain array has a text there."""
FIXED_DATE = (1980, 1, 1, 0, 0, 0)


def dump_stable(model: object) -> bytes:
    """The model as a skops archive; equal models give equal bytes."""
    skops = _narrow_skops()
    with zipfile.ZipFile(io.BytesIO(skops.dumps(model))) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    numbers: dict[int | tuple[str, int], int] = {}
    renamed: dict[str, str] = {}
    schema = _renumber(json.loads(members.pop(SCHEMA)), numbers, renamed)
    content = {renamed[name]: _without_gaps(data) if name.endswith(".npy") else data for name, data in members.items()}
    content[SCHEMA] = json.dumps(schema).encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in sorted(content):
            archive.writestr(zipfile.ZipInfo(name, FIXED_DATE), content[name], zipfile.ZIP_DEFLATED)
    return out.getvalue()


def load_trusted(content: bytes, trusted: tuple[str, ...]) -> Any:
    """The model of an archive.

    Raises:
        IntegrityError: It holds a type that the list does not name.
    """
    skops = _narrow_skops()
    from skops.io.exceptions import UntrustedTypesFoundException

    try:
        return skops.loads(content, trusted=list(trusted))
    except UntrustedTypesFoundException as error:  # said before anything of the archive is built
        strange = sorted(set(skops.get_untrusted_types(data=content)) - set(trusted))
        problems = [Problem(name, "is not on the list") for name in strange]
        raise IntegrityError("the model file holds types that are not trusted", problems) from error


def _narrow_skops() -> ModuleType:
    """`skops.io`, trusting nothing by itself but plain Python and numpy values."""
    table = "skops.io._trusted_types"
    if table not in sys.modules:
        narrow = ModuleType(table)
        for name in ("SKLEARN_ESTIMATOR", "SKLEARN_INTERNAL", "SCIPY_UFUNC", "NUMPY_UFUNC"):
            setattr(narrow, f"{name}_TYPE_NAMES", [])
        for name, types in PLAIN_TYPES.items():
            setattr(narrow, f"{name}_TYPE_NAMES", list(types))
        sys.modules[table] = narrow
    return import_module("skops.io")


def _without_gaps(member: bytes) -> bytes:
    """An array file whose records hold zeros where no field lies."""
    import numpy as np

    if RECORDS not in member[:HEADER]:
        return member
    array = np.load(io.BytesIO(member), allow_pickle=False)
    clean = np.zeros(array.shape, array.dtype)
    for name in array.dtype.names:
        clean[name] = array[name]
    out = io.BytesIO()
    np.save(out, clean, allow_pickle=False)
    return out.getvalue()


def _renumber(node: Any, numbers: dict[int | tuple[str, int], int], renamed: dict[str, str]) -> Any:
    """The schema with memory addresses replaced by numbers, and the new name of each member file.

    A plain value is always numbered anew: whether two equal ones were one object in memory says nothing about the model.
    """
    if isinstance(node, list):
        return [_renumber(item, numbers, renamed) for item in node]
    if not isinstance(node, dict):
        return node
    out: dict[str, Any] = {}
    for key, value in node.items():
        if key == "__id__":
            address = (PLAIN_VALUE, len(numbers)) if node.get("__loader__") == PLAIN_VALUE else value
            out[key] = numbers.setdefault(address, len(numbers) + 1)
        elif key == "file":
            out[key] = renamed.setdefault(value, f"{len(renamed) + 1}.{value.rpartition('.')[2]}")
        else:
            out[key] = _renumber(value, numbers, renamed)
    return out
