"""The text of a CSV file: its encoding, its header, and which line of the file a record stands on.

Everything behind this module works on UTF-8 bytes without a byte order mark.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Collection, Iterator
from typing import BinaryIO, NamedTuple

from upshot.errors import DataError, Problem

_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""Byte order marks of encodings other than UTF-8; the longer ones first, because one begins like another."""


class Before(NamedTuple):
    """What lies before some bytes of a file."""

    size: int
    lines: int


START = Before(0, 0)
MOST = 8
"""A piece so many times as long as asked for is given as it is: what it holds is a quote that is never closed, or one endless row."""


def pieces(stream: BinaryIO, size: int) -> Iterator[bytes]:
    r"""The bytes of a stream in pieces that end where a record does: at the end of a line outside of quotes.

    Args:
        stream: Read to its end.
        size: Bytes of a piece, about, -1 for all in one; one is longer where a record is, and at most eight times as long.

    Example:
        >>> list(pieces(io.BytesIO(b'a\n"b\nc"\nd\n'), 4))
        [b'a\n', b'"b\nc"\n', b'd\n']
    """
    held = b""
    while more := stream.read(size):
        held += more
        end = _last_end(held) if size > 0 and len(held) < MOST * size else len(held)
        if end:
            yield held[:end]
            held = held[end:]
    if held:
        yield held


def _last_end(text: bytes) -> int:
    """Where the last record ends that begins and ends in a text; 0 where none does."""
    end = text.rfind(b"\n") + 1
    quotes = text.count(b'"', 0, end)
    while quotes % 2:
        before = text.rfind(b"\n", 0, end - 1) + 1
        quotes -= text.count(b'"', before, end)
        end = before
    return end


def utf8(raw: bytes, encoding: str, file: str, before: Before = START) -> bytes:
    r"""The same text in UTF-8.

    Args:
        raw: Bytes of the file.
        encoding: The declared encoding.
        file: Name shown in errors.
        before: Where in the file the bytes begin.

    Raises:
        DataError: The bytes are not of this encoding, or hold NUL; with line and offset.

    Example:
        >>> utf8(b"caf\xe9", "latin-1", "a.csv").decode()
        'café'
    """
    declared = codecs.lookup(encoding).name
    if declared in ("utf-8", "utf-8-sig"):
        text = raw
        if before == START:
            _refuse_other_marks(raw, file)
            text = raw.removeprefix(codecs.BOM_UTF8)
        if not _is_utf8(text):
            raise _wrong_bytes(raw, "utf-8", file, before)
    else:
        try:
            text = raw.decode(declared).removeprefix("\ufeff").encode()
        except UnicodeDecodeError as error:
            raise _wrong_bytes(raw, declared, file, before) from error
    if b"\0" in text:
        at = text.index(b"\0")
        where = f"{file}:{before.lines + line_at(text, at)}"
        likely = _likely(text)
        hint = f"it reads as {likely}: set encoding: {likely}" if likely.startswith("utf-16") else None
        raise DataError("the data cannot be read", [Problem(where, "text holds no NUL byte", f"one at offset {before.size + at}", hint)])
    if before == START and (not text or text.isspace()):
        raise DataError("the data cannot be read", [Problem(file, "must have a header and rows", "an empty file")])
    return text


def _refuse_other_marks(raw: bytes, file: str) -> None:
    for mark, name in _MARKS.items():
        if raw.startswith(mark):
            hint = f"set encoding: {name}, or save it as UTF-8"
            raise DataError("the data cannot be read", [Problem(f"{file}:1", "must be utf-8", f"the byte order mark of {name}", hint)])


def _is_utf8(text: bytes) -> bool:
    import numpy as np
    import pyarrow as pa

    ends = pa.py_buffer(np.array([0, len(text)], dtype=np.int64))
    whole = pa.Array.from_buffers(pa.large_binary(), 1, [None, ends, pa.py_buffer(text)])
    try:
        whole.cast(pa.large_string())  # validates without a copy
    except pa.ArrowInvalid:
        return False
    return True


def _wrong_bytes(raw: bytes, encoding: str, file: str, before: Before) -> DataError:
    try:
        raw.decode(encoding)
    except UnicodeDecodeError as error:
        where = f"{file}:{before.lines + line_at(raw, error.start)}"
        position = error.start - (raw.rfind(b"\n", 0, error.start) + 1) + 1
        got = f"byte 0x{raw[error.start]:02x} at offset {before.size + error.start}, byte {position} of the line"
        likely = _likely(raw)
        hint = f"it reads as {likely}: set encoding: {likely}, or save it as UTF-8"
        return DataError("the data cannot be read", [Problem(where, f"must be {encoding}", got, hint)])
    raise AssertionError("these bytes can be decoded")


def _likely(raw: bytes) -> str:
    r"""An encoding in which bytes that are no UTF-8 can be read: UTF-16 where every other one is NUL, else that of Windows, else Latin-1.

    Example:
        >>> _likely("caf\xe9".encode("cp1252")), _likely("id,day".encode("utf-16-le")), _likely(b"\x81")
        ('cp1252', 'utf-16-le', 'latin-1')
    """
    for name, nuls in (("utf-16-le", raw[1::2]), ("utf-16-be", raw[0::2])):
        if nuls and nuls.count(0) > 0.5 * len(nuls):
            return name
    try:
        raw.decode("cp1252")
    except UnicodeDecodeError:
        return "latin-1"
    return "cp1252"


def line_at(text: bytes, offset: int) -> int:
    r"""Line of a byte, counted from 1.

    Example:
        >>> line_at(b"a\nb\nc", 4)
        3
    """
    return text.count(b"\n", 0, offset) + 1


def records(text: bytes, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Records with the line each begins on, header included, blank lines left out.

    Slow: for headers and for finding faults only.

    Raises:
        csv.Error: Quotes are wrong; the record before was the last good one.
    """
    reader = csv.reader(io.TextIOWrapper(io.BytesIO(text), "utf-8", newline=""), delimiter=separator, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise csv.Error(line, str(error)) from error
        if record:
            yield line, record


def header(text: bytes, separator: str, file: str) -> tuple[int, list[str]]:
    """Line and names of the header.

    Raises:
        DataError: Its quotes are wrong.
    """
    try:
        return next(records(text, separator))
    except csv.Error as error:
        raise wrong_quotes(error, file) from error


def wrong_quotes(error: csv.Error, file: str) -> DataError:
    """The refusal that belongs to an error of `records`."""
    line, reason = error.args
    got = "a quote that is never closed" if "unexpected end" in reason else reason
    return DataError("the data cannot be read", [Problem(f"{file}:{line}", "quotes must open and close a value", got)])


def lines_of(text: bytes, separator: str, rows: Collection[int]) -> dict[int, int]:
    """Row (counted from 0 without the header) -> line of the file, for a few rows."""
    wanted = set(rows)
    found: dict[int, int] = {}
    for position, (line, _) in enumerate(records(text, separator)):
        if len(found) == len(wanted):
            break
        if position - 1 in wanted:
            found[position - 1] = line
    return found
