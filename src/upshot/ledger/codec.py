"""The values of stages as files, and back when somebody looks.

A value is written as one canonical JSON manifest; tables, files and fitted components in it are artefacts of their own that the
manifest names. The digest of a value is the SHA-256 of its manifest, so it depends on content alone. Nothing is pickled: a class is
found by name among the records of the contracts and the ones that a plugin declares, and nowhere else.

Arrow files are uncompressed, because they are mapped into memory: measured on a million rows x 20 columns, LZ4 saves little of
random numbers and costs a copy of every column at each read.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol
from weakref import WeakValueDictionary

from upshot.contracts import records, sections
from upshot.contracts.records import Fitted, Spec
from upshot.contracts.tables import Blob, Map, Table
from upshot.errors import IntegrityError, Problem
from upshot.ledger import _frames
from upshot.ledger._files import HashingFile, storage_faults
from upshot.ledger.artefacts import Artefacts

if TYPE_CHECKING:
    import pandas as pd

_ODD_FLOATS = {"nan": float("nan"), "inf": float("inf"), "-inf": float("-inf")}


class Snapshots(Protocol):
    """What the codec asks of the lake: the rows of a pinned version."""

    def read(self, table: str, version: int, digest: str | None = None) -> pd.DataFrame:
        """The frame; raises IntegrityError when it is not what was pinned."""
        ...


class Codec:
    """Stores and loads what stages give.

    Args:
        artefacts: Where files go.
        lake: Where tables that are snapshots are read.
        revive: Makes a fitted component from its spec and files.
        types: Frozen dataclasses and enums beside those of `upshot.contracts.records`: plugins' own results.
        frames: Where frames that were read are found again by whoever reads the same place; while somebody holds them, when left out.

    Raises:
        ValueError: Two types have one name.
    """

    def __init__(
        self,
        artefacts: Artefacts,
        lake: Snapshots,
        revive: Callable[[Fitted], Any],
        types: tuple[type, ...] = (),
        frames: MutableMapping[str, pd.DataFrame] | None = None,
    ) -> None:
        self.artefacts = artefacts
        self._lake = lake
        self._revive = revive
        self._types: dict[str, Any] = {
            name: known
            for module in (records, sections)
            for name, known in vars(module).items()
            if is_dataclass(known) and known.__module__ == module.__name__
        }
        for extra in types:
            if self._types.setdefault(extra.__name__, extra) is not extra:
                raise ValueError(f"two result types are named {extra.__name__!r}: rename the plugin's")
        self._frames: MutableMapping[str, pd.DataFrame] = WeakValueDictionary() if frames is None else frames

    def store(self, value: object) -> str:
        """Write a value and give its digest; its tables and blobs then know where they lie (`stored`).

        Tables and blobs that are stored already are named and not written again. Nothing is waited for to reach the disk: see
        `files` and `Artefacts.sync`.

        Raises:
            TypeError: Something in the value has no exact form; names the path to it.
            StorageError: The disk does not take it.
        """
        manifest = self._encode(value, type(value).__name__)
        text = json.dumps(manifest, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        return self.artefacts.write(text.encode())

    def load(self, digest: str) -> Any:
        """The value of a digest. Frames, files and fitted components are read, and checked, when they are looked at.

        Raises:
            IntegrityError: The manifest is missing or damaged, or names a class that is not a known record.
        """
        return self._decode(self._manifest(digest), digest)

    def files(self, digest: str) -> Map[int]:
        """Artefacts that a value stands on -> size in bytes, its manifest among them: what `sync`, `fsck` and a registration need."""
        content = self.artefacts.read(digest)
        found = {digest: len(content)}
        _collect(json.loads(content), found)
        return Map(found)

    def is_whole(self, digest: str) -> bool:
        """Whether the manifest can be read and each file that it names is there in its size; contents are checked when read."""
        try:
            return all(self.artefacts.has(name, size) for name, size in self.files(digest).items())
        except (IntegrityError, ValueError):
            return False

    def _manifest(self, digest: str) -> Any:
        try:
            return json.loads(self.artefacts.read(digest))
        except ValueError as error:
            raise IntegrityError("a stored value cannot be read", [Problem(digest, "must be a JSON manifest", str(error))]) from error

    def _encode(self, value: Any, at: str) -> Any:
        """The value as JSON data; `at` is the path to it, for errors."""
        if value is None or (isinstance(value, (bool, str)) and not isinstance(value, Enum)):
            return value
        if isinstance(value, (Table, Blob, Fitted)):
            return self._encode_stored(value, at)
        if isinstance(value, Map):
            return {"$map": {key: self._encode(item, f"{at}[{key!r}]") for key, item in value.items()}}
        if isinstance(value, tuple):
            return [self._encode(item, f"{at}[{i}]") for i, item in enumerate(value)]
        if is_dataclass(value) and self._types.get(type(value).__name__) is type(value):
            return {"$": type(value).__name__} | {f.name: self._encode(getattr(value, f.name), f"{at}.{f.name}") for f in fields(value)}
        return self._encode_scalar(value, at)

    def _encode_scalar(self, value: Any, at: str) -> Any:
        if isinstance(value, Enum) and self._types.get(type(value).__name__) is type(value):
            return {"$enum": [type(value).__name__, value.name]}
        if isinstance(value, float):
            number = float(value)
            return number if number - number == 0.0 else {"$float": repr(number)}
        if isinstance(value, int) and not isinstance(value, Enum):
            return int(value)
        if isinstance(value, datetime):
            return {"$datetime": value.isoformat()}
        if isinstance(value, date):
            return {"$date": value.isoformat()}
        rule = "is not a record, Map, tuple, table, file, fitted component or plain value"
        raise TypeError(f"{at} cannot be stored: {type(value).__name__} {rule}")

    def _encode_stored(self, value: Table | Blob | Fitted, at: str) -> Any:
        if isinstance(value, Fitted):
            files = {name: self._encode(blob, f"{at}.files[{name!r}]") for name, blob in value.files.items()}
            return {"$fitted": {"spec": self._encode(value.spec, f"{at}.spec"), "files": files}}
        if isinstance(value, Blob):
            if value.stored is None:
                value.stored = Map({"blob": self.artefacts.write(value.content), "bytes": len(value.content)})
            return {"$blob": dict(value.stored)}
        if value.stored is None:
            value.stored = self._write_table(value, at)
        if value.is_loaded:
            self._frames[_locator(value.stored)] = value.frame
        return {"$table": {"at": dict(value.stored), "rows": value.rows, "columns": list(value.columns)}}

    def _write_table(self, table: Table, at: str) -> Map[str | int]:
        import pyarrow as pa

        try:
            arrow = _frames.to_arrow(table.frame)
        except TypeError as error:
            error.add_note(f"in {at}")
            raise
        with self.artefacts.writing() as file:
            _write_ipc(arrow, file, pa)
        return Map({"arrow": file.digest, "bytes": file.size})

    def _decode(self, data: Any, digest: str) -> Any:
        if isinstance(data, list):
            return tuple(self._decode(item, digest) for item in data)
        if not isinstance(data, dict):
            return data
        if "$" in data:
            return self._record(data, digest)
        (tag, content), *rest = data.items() if data else (("nothing", None),)
        if rest or tag not in _DECODERS:
            raise IntegrityError("a stored value cannot be read", [Problem(digest, "holds something unknown", repr(tag))])
        return _DECODERS[tag](self, content, digest)

    def _known(self, name: str, digest: str) -> Any:
        if name not in self._types:
            hint = "a plugin that is not in use may have made it"
            raise IntegrityError("a stored value names a class that is not a known record", [Problem(digest, "unknown", repr(name), hint)])
        return self._types[name]

    def _record(self, data: dict[str, Any], digest: str) -> Any:
        cls = self._known(data["$"], digest)
        values = {name: self._decode(item, digest) for name, item in data.items() if name != "$"}
        if not _fits(cls, set(values)):
            raise IntegrityError("a stored value has another shape", [Problem(digest, f"must fit {data['$']}", ", ".join(sorted(values)))])
        return cls(**values)

    def _map(self, content: dict[str, Any], digest: str) -> Map[Any]:
        return Map({name: self._decode(item, digest) for name, item in content.items()})

    def _float(self, content: str, _: str) -> float:
        return _ODD_FLOATS[content]

    def _date(self, content: str, _: str) -> date:
        return date.fromisoformat(content)

    def _datetime(self, content: str, _: str) -> datetime:
        return datetime.fromisoformat(content)

    def _enum(self, content: list[str], digest: str) -> Enum:
        member: Enum = self._known(content[0], digest)[content[1]]
        return member

    def _blob(self, content: dict[str, Any], _: str) -> Blob:
        return Blob(load=lambda: self.artefacts.read(content["blob"]), stored=Map(content))

    def _fitted(self, content: dict[str, Any], digest: str) -> Fitted:
        spec: Spec = self._decode(content["spec"], digest)
        files = Map({name: self._decode(blob, digest) for name, blob in content["files"].items()})
        return Fitted(spec, files=files, revive=self._revive)

    def _table(self, content: dict[str, Any], _: str) -> Table:
        stored: Map[str | int] = Map(content["at"])
        return Table(content["rows"], tuple(content["columns"]), lambda: self._frame(stored), stored)

    def _frame(self, stored: Map[str | int]) -> pd.DataFrame:
        """The frame that lies there; tables that name one place share it for as long as anybody holds it."""
        frame = self._frames.get(_locator(stored))
        if frame is None:
            frame = self._read(stored)
            self._frames[_locator(stored)] = frame
        return frame

    def _read(self, stored: Map[str | int]) -> pd.DataFrame:
        import pyarrow as pa

        if "delta" in stored:
            return self._lake.read(str(stored["delta"]), int(stored["version"]), str(stored["digest"]))
        digest = str(stored["arrow"])
        with storage_faults(self.artefacts.path(digest)):
            return _frames.to_pandas(pa.ipc.open_file(pa.py_buffer(self.artefacts.view(digest))).read_all())


_DECODERS: Mapping[str, Callable[[Codec, Any, str], Any]] = {
    "$map": Codec._map,
    "$float": Codec._float,
    "$date": Codec._date,
    "$datetime": Codec._datetime,
    "$enum": Codec._enum,
    "$blob": Codec._blob,
    "$fitted": Codec._fitted,
    "$table": Codec._table,
}


def _write_ipc(table: Any, file: HashingFile, pa: Any) -> None:
    with pa.PythonFile(file, mode="w") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        columns = [_frames.one_chunk(column) for column in table.columns]
        writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=table.schema))  # also for no rows: categories stand in it


def _fits(cls: Any, names: set[str]) -> bool:
    """Whether a record can be made of these fields. One with a default may be missing: it came after the value was stored."""
    known = fields(cls) if is_dataclass(cls) else ()
    needed = {field.name for field in known if field.default is MISSING and field.default_factory is MISSING}
    return bool(known) and needed <= names <= {field.name for field in known}


def _locator(stored: Mapping[str, str | int]) -> str:
    return "/".join(f"{name}={stored[name]}" for name in ("arrow", "delta", "version", "digest") if name in stored)


def _collect(data: Any, found: dict[str, int]) -> None:
    """Add the artefacts that a manifest names."""
    if isinstance(data, list):
        for item in data:
            _collect(item, found)
        return
    if not isinstance(data, dict):
        return
    place = data.get("$blob") or (data["$table"]["at"] if "$table" in data else {})
    for name in ("arrow", "blob"):
        if name in place:
            found[place[name]] = place["bytes"]
    inner = data.get("$map") or (data["$fitted"]["files"] | {"": data["$fitted"]["spec"]} if "$fitted" in data else data)
    for item in inner.values():
        if not place:
            _collect(item, found)
