"""Server-sent events, read from pieces of bytes of any size (the parsing rules of the HTML standard)."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

LONGEST = 16 << 20
"""Characters of one event: more than ten thousand breakers need."""

_END = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True, slots=True)
class Event:
    """One event; `id` is the last that the stream gave, also where this event gave none."""

    kind: str
    data: str
    id: str


class EventReader:
    """Feed it what arrives; it gives the events that are complete."""

    def __init__(self) -> None:
        self._decode = codecs.getincrementaldecoder("utf-8-sig")("replace").decode
        self._rest = ""
        self._after_cr = False
        self._kind = ""
        self._data: list[str] = []
        self._size = 0
        self.last_id = ""

    def feed(self, piece: bytes) -> list[Event]:
        """Raises ValueError where an event is longer than LONGEST."""
        text = self._decode(piece)
        if self._after_cr and text:  # a CR ended a line already; an LF after it belongs to it
            text = text.removeprefix("\n")
            self._after_cr = False
        text = self._rest + text
        self._after_cr = text.endswith("\r")
        *lines, self._rest = _END.split(text)
        if len(self._rest) + self._size > LONGEST:
            raise ValueError("an event of the stream is too long")
        return [event for line in lines if (event := self._line(line))]

    def _line(self, line: str) -> Event | None:
        if not line:
            return self._dispatch()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            self._kind = value
        elif name == "data":
            self._data.append(value)
            self._size += len(value)
        elif name == "id" and "\0" not in value:
            self.last_id = value
        return None

    def _dispatch(self) -> Event | None:
        kind, data = self._kind or "message", self._data
        self._kind, self._data, self._size = "", [], 0
        return Event(kind, "\n".join(data), self.last_id) if data else None
