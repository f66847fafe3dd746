"""Bytes to replies: hiredis' reader behind bounds on bytes, elements and depth."""

from __future__ import annotations

import re
from typing import Any

import hiredis

from kvmon.errors import ProtocolBroken
from kvmon.model.conversation import Refusal, Reply
from kvmon.watch.wire.shape import DEPTH, Shape

LIMIT = 16 * 1024 * 1024
"""Bytes that the replies of one ask may have."""

NEVER = 1 << 30
"""More replies than an ask can have."""

_HEADER = re.compile(rb"\n[*%~>|](\d+)\r")
_LONG = [re.compile(re.escape(mark) + rb"\d{4}") for mark in (b"*", b"%", b"~", b">", b"|")]
"""A long list wherever it stands: hiredis does not look what ends a text, so that a header may follow without a line's end."""
_SUSPICIOUS = 1_000
"""Headers, or elements announced and not there yet, from which on the shape is read exactly."""


def refusal(text: str) -> Refusal:
    """The error reply as a value."""
    return Refusal(text.partition(" ")[0], text)


class Replies:
    """Collects the replies of one ask: `feed` bytes until it has `count` replies.

    hiredis makes a list as long as its header says before the elements come, and nests without bound. So a pattern counts
    headers roughly, and where that looks odd (or text only looks like headers) Shape reads what came exactly, before hiredis.
    """

    def __init__(self, count: int, limit: int = LIMIT) -> None:
        self.count = count
        self.size = 0
        self.replies: list[Reply] = []
        self._limit = limit
        made: Any = refusal  # the stub wants an exception; any value will do
        self._reader = hiredis.Reader(protocolError=_Garbled, replyError=made, notEnoughData=_MORE)
        self._seen: list[bytes] = []
        self._tail = b"\n"  # the first header stands at the beginning of a line too
        self._headers = self._missing = 0
        self._shape: Shape | None = None

    def feed(self, data: bytes) -> bool:
        """Whether all replies are there. Raises ProtocolBroken, with reason protocol or too_large."""
        self.size += len(data)
        if self.size > self._limit:
            raise ProtocolBroken("too_large", f"the answer is larger than {self._limit} bytes")
        self._guard(data)
        replies = self.replies
        try:
            self._reader.feed(data)
            while (reply := self._reader.gets()) is not _MORE:
                replies.append(reply)
                if len(replies) > self.count:
                    raise ProtocolBroken("protocol", f"more than the {self.count} answers that were asked for came")
        except _Garbled as error:
            raise ProtocolBroken("protocol", "the answer is no RESP: is this a Redis or Valkey server?") from error
        except TypeError as error:  # hiredis' word for a map whose key is a list
            raise ProtocolBroken("protocol", "the answer has a map with an impossible key") from error
        if len(replies) < self.count:
            return False
        if self._reader.has_data():
            raise ProtocolBroken("protocol", f"bytes follow the {self.count} answers that were asked for")
        _check(replies)
        return True

    def forget(self) -> None:
        """Let go of what came: an error keeps alive all that it came through, until somebody looks for garbage."""
        self._reader = hiredis.Reader()
        self._seen.clear()
        self._tail = b""

    def _guard(self, data: bytes) -> None:
        if self._shape is None:
            self._seen.append(data)
            text = self._tail + data
            # What may be the beginning of a header is looked at again with the next bytes.
            cut = max(text.rfind(b"\n"), 0)
            sizes = _HEADER.findall(text)
            self._tail = text[cut:] if len(text) - cut < 24 and not _HEADER.match(text, cut) else text[-4:]
            self._headers += len(sizes)
            self._missing += sum(int(size[:20]) for size in sizes) - data.count(b"\n")
            hidden = any(pattern.search(text) for pattern in _LONG)
            if self._headers < _SUSPICIOUS and self._missing < _SUSPICIOUS and not hidden:
                return
            self._shape = Shape()
            data = b"".join(self._seen)
            self._seen.clear()
        self._shape.feed(data)


def _check(replies: list[Reply]) -> None:
    """Raise ProtocolBroken for nesting beyond DEPTH and for maps, which RESP2 has not."""
    level: list[Any] = [replies]
    for _ in range(DEPTH + 2):
        if not level:
            return
        if any(type(item) is dict for items in level for item in items):
            raise ProtocolBroken("protocol", "the answer has a map, which was not asked for")
        level = [item for items in level for item in items if type(item) is list]
    raise ProtocolBroken("protocol", f"the answer nests deeper than {DEPTH} levels")


class _Garbled(Exception):
    """What hiredis raises for bytes that are no RESP."""


_MORE: Any = object()
