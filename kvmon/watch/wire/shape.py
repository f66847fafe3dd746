"""The shape of a reply, read without making it: how deep it nests and how many elements it announces."""

from __future__ import annotations

from kvmon.errors import ProtocolBroken

DEPTH = 16
"""Levels that lists of a reply may nest."""

ELEMENTS = 1_000_000
"""Elements that a list may announce; a reply within the bound on bytes has hardly more."""

_LISTS = b"*~>"
_MAPS = b"%|"
_BULKS = b"$=!"
_LONGEST_HEADER = 32


class Shape:
    """Follows a stream of replies of any number, piece by piece. Raises ProtocolBroken for what is beyond the bounds."""

    def __init__(self) -> None:
        self._rest = b""
        self._skip = 0
        self._open: list[int] = []
        """Elements that each open list still waits for, the outermost first."""

    def feed(self, data: bytes) -> None:
        """Go on with these bytes."""
        if self._skip >= len(data) and self._skip:
            self._skip -= len(data)
            return
        text = self._rest + data[self._skip :]
        self._skip = 0
        at = 0
        while (end := text.find(b"\r\n", at)) >= 0:
            after = end + 2 + self._line(text[at:end])
            if after > len(text):
                self._skip, at = after - len(text), len(text)
                break
            at = after
        self._rest = text[at:]

    def _line(self, line: bytes) -> int:
        """Take a line; how many bytes of content follow it."""
        kind = line[:1]
        if kind in _LISTS or kind in _MAPS or kind in _BULKS:
            size = _number(line)
            if kind in _BULKS:
                self._close()
                return size + 2 if size >= 0 else 0
            size *= 2 if kind in _MAPS else 1
            if size > ELEMENTS:
                raise ProtocolBroken("too_large", f"the answer announces a list of {size} elements")
            if size > 0:
                self._open.append(size)
                if len(self._open) > DEPTH:
                    raise ProtocolBroken("protocol", f"the answer nests deeper than {DEPTH} levels")
                return 0
        self._close()
        return 0

    def _close(self) -> None:
        """An element is complete, and with it every list of which it is the last."""
        while self._open:
            self._open[-1] -= 1
            if self._open[-1] > 0:
                return
            self._open.pop()


def _number(line: bytes) -> int:
    try:
        return int(line[1:_LONGEST_HEADER])
    except ValueError:
        raise ProtocolBroken("protocol", "the answer is no RESP: a length is no number") from None
