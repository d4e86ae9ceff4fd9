"""skops archives whose bytes depend on the model alone, and loading by a written list of types.

An archive of skops names its members by memory addresses and dates them, so two equal models would have two digests and a content-named
artefact would be stored twice. Here members are numbered in order of appearance and carry one fixed date.
"""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

from upshot.errors import IntegrityError, Problem

SCHEMA = "schema.json"
FIXED_DATE = (1980, 1, 1, 0, 0, 0)


def dump_stable(model: object) -> bytes:
    """The model as a skops archive; equal models give equal bytes."""
    import skops.io

    with zipfile.ZipFile(io.BytesIO(skops.io.dumps(model))) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    numbers: dict[int, int] = {}
    renamed: dict[str, str] = {}
    schema = _renumber(json.loads(members.pop(SCHEMA)), numbers, renamed)
    content = {renamed[name]: data for name, data in members.items()}
    content[SCHEMA] = json.dumps(schema, indent=2).encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in sorted(content):
            archive.writestr(zipfile.ZipInfo(name, FIXED_DATE), content[name], zipfile.ZIP_DEFLATED)
    return out.getvalue()


def load_trusted(content: bytes, trusted: tuple[str, ...]) -> Any:
    """The model of an archive.

    Raises:
        IntegrityError: It holds a type that neither skops trusts by itself nor the list names.
    """
    import skops.io

    strange = sorted(set(skops.io.get_untrusted_types(data=content)) - set(trusted))
    if strange:
        raise IntegrityError("the model file holds types that are not trusted", [Problem(name, "is not on the list") for name in strange])
    return skops.io.loads(content, trusted=list(trusted))


def _renumber(node: Any, numbers: dict[int, int], renamed: dict[str, str]) -> Any:
    """The schema with memory addresses replaced by numbers, and the new name of each member file."""
    if isinstance(node, list):
        return [_renumber(item, numbers, renamed) for item in node]
    if not isinstance(node, dict):
        return node
    out: dict[str, Any] = {}
    for key, value in node.items():
        if key == "__id__":
            out[key] = numbers.setdefault(value, len(numbers) + 1)
        elif key == "file":
            out[key] = renamed.setdefault(value, f"{len(renamed) + 1}.{value.rpartition('.')[2]}")
        else:
            out[key] = _renumber(value, numbers, renamed)
    return out
