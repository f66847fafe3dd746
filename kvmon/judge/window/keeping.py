"""The window as bytes and back, so that a restart does not blind rules."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterator
from typing import Any, TypeGuard

from kvmon.judge.promql.labels import Labelset
from kvmon.judge.window.frame import Frame

MAGIC = b"kvmon window 1\n"

Key = str | tuple[str, ...]
"""Keys that can be kept: texts, and tuples of texts."""


def keepable(key: object) -> TypeGuard[Key]:
    """Whether a key can be kept."""
    return isinstance(key, str) or (isinstance(key, tuple) and all(isinstance(part, str) for part in key))


def packed(kind: str, key: Key, frame: Frame) -> bytes:
    """A frame: a line of JSON, then its times and rows as they are in memory."""
    rows, gone = frame.rows()
    distinct: dict[frozenset[int], int] = {}
    head: dict[str, Any] = {
        "kind": kind,
        "key": key,
        "columns": [column.labels.pairs for column in frame.columns],
        "widths": [len(row) for row in rows],
        "gone": [distinct.setdefault(each, len(distinct)) for each in gone],
    }
    head["sets"] = [sorted(each) for each in distinct]
    body = b"".join([array("q", frame.times).tobytes(), *[row.tobytes() for row in rows]])
    line = json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode()
    return b"%d %d\n" % (len(line), len(body)) + line + body


def unpacked(data: bytes, after: int) -> Iterator[tuple[str, Key, Frame]]:
    """The frames, with the rows that are newer than a time (ms). Raises ValueError for what is not ours or is damaged."""
    if not data.startswith(MAGIC):
        raise ValueError("it is none of ours, or of another version")
    place = len(MAGIC)
    while place < len(data):
        end = data.index(b"\n", place, place + 64)
        first, second = data[place:end].split(b" ")
        head_size, body_size = int(first), int(second)
        if end + 1 + head_size + body_size > len(data):
            raise ValueError("it ends too early")
        head = json.loads(data[end + 1 : end + 1 + head_size])
        place = end + 1 + head_size + body_size
        key = head["key"]
        yield head["kind"], key if isinstance(key, str) else tuple(key), _frame(head, data[place - body_size : place], after)


def _frame(head: dict[str, Any], body: bytes, after: int) -> Frame:
    frame = Frame()
    for pairs in head["columns"]:
        frame.column(Labelset(tuple((name, value) for name, value in pairs)))
    widths = head["widths"]
    times = array("q", body[: 8 * len(widths)])
    sets = [frozenset(each) for each in head["sets"]]
    begin = 8 * len(widths)
    for at, width, number in zip(times, widths, head["gone"], strict=True):
        row = array("d", body[begin : begin + 8 * width])
        begin += 8 * width
        if at > after:
            frame.record(at, row, sets[number])
    return frame
