"""The window as bytes and back, so that a restart does not blind rules."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterator
from typing import Any, TypeGuard

from kvmon.judge.promql.labels import Labelset
from kvmon.judge.promql.work import parts
from kvmon.judge.window.frame import Frame
from kvmon.judge.window.tail import Tail

MAGIC = b"kvmon window 2\n"

Key = str | tuple[str, ...]
"""Keys that can be kept: texts, and tuples of texts."""


def keepable(key: object) -> TypeGuard[Key]:
    """Whether a key can be kept."""
    return isinstance(key, str) or (isinstance(key, tuple) and all(isinstance(part, str) for part in key))


def packed(kind: str, key: Key, frame: Frame) -> Iterator[bytes]:
    """A frame: a line of JSON, then its times and rows as they are in memory. In pieces, between which others may run."""
    # As it is now, whatever is written to it between the pieces.
    columns, times = frame.columns[:], array("q", frame.times)
    rows, gone = frame.rows()
    tails = [(place, column.tail.copied()) for place, column in enumerate(columns) if column.tail is not None]
    distinct: dict[frozenset[int], int] = {}
    head: dict[str, Any] = {
        "kind": kind,
        "key": key,
        "widths": [len(row) for row in rows],
        "gone": [distinct.setdefault(each, len(distinct)) for each in gone],
        "tails": [(place, len(tail.times), sorted(tail.stale)) for place, tail in tails],
    }
    head["sets"] = [sorted(each) for each in distinct]
    labels: list[bytes] = []
    for part in parts(columns, COLUMNS):
        labels.append(_json([column.labels.pairs for column in part])[1:-1])
        yield b""
    line = _json(head)[:-1] + b',"columns":[' + b",".join(labels) + b"]}"
    body = [times, *rows, *[column for _, tail in tails for column in (tail.times, tail.values)]]
    yield b"%d %d\n" % (len(line), sum(8 * len(column) for column in body)) + line
    for some in parts(body, ROWS):
        yield b"".join([column.tobytes() for column in some])


COLUMNS, ROWS = 500, 100
"""Columns and rows of a piece."""


def headed(head: dict[str, Any]) -> bytes:
    """The beginning, with what is said of the whole."""
    line = _json(head)
    return MAGIC + b"%d 0\n" % len(line) + line


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def unpacked(data: bytes) -> tuple[dict[str, Any], Iterator[tuple[str, Key, Frame]]]:
    """The head, and the frames. Raises ValueError for what is not ours or is damaged, also while frames are taken."""
    if not data.startswith(MAGIC):
        raise ValueError("it is none of ours, or of another version")
    pieces = _pieces(data)
    return next(pieces)[0], (_keyed(head, body) for head, body in pieces)


def _pieces(data: bytes) -> Iterator[tuple[dict[str, Any], bytes]]:
    place = len(MAGIC)
    while place < len(data):
        end = data.index(b"\n", place, place + 64)
        first, second = data[place:end].split(b" ")
        head_size, body_size = int(first), int(second)
        if end + 1 + head_size + body_size > len(data):
            raise ValueError("it ends too early")
        head = json.loads(data[end + 1 : end + 1 + head_size])
        place = end + 1 + head_size + body_size
        yield head, data[place - body_size : place]


def _keyed(head: dict[str, Any], body: bytes) -> tuple[str, Key, Frame]:
    key = head["key"]
    return head["kind"], key if isinstance(key, str) else tuple(key), _frame(head, body)


def _frame(head: dict[str, Any], body: bytes) -> Frame:
    frame = Frame()
    for pairs in head["columns"]:
        frame.column(Labelset(tuple((name, value) for name, value in pairs)))
    widths = head["widths"]
    times = array("q", body[: 8 * len(widths)])
    sets = [frozenset(each) for each in head["sets"]]
    begin = 8 * len(widths)
    for at, width, number in zip(times, widths, head["gone"], strict=True):
        frame.record(at, array("d", body[begin : begin + 8 * width]), sets[number])
        begin += 8 * width
    for place, count, stale in head["tails"]:
        middle, end = begin + 8 * count, begin + 16 * count
        column = frame.columns[place]
        column.tail = Tail(column.labels, array("q", body[begin:middle]), array("d", body[middle:end]), set(stale))
        begin = end
    return frame
