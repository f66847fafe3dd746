"""What was written to canaries, and when: which of it a replica has tells how far it is behind."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

KEPT = 64
"""Writes of a key that are remembered."""


@dataclass(slots=True)
class _Page:
    writer: str = ""
    expires: float = 0.0
    writes: deque[tuple[str, float]] = field(default_factory=lambda: deque(maxlen=KEPT))


class Ledger:
    """Shared by the probes of all nodes. A key is that of one target; times are monotonic seconds, all of our own clock."""

    def __init__(self) -> None:
        self._pages: dict[tuple[str, str], _Page] = {}
        self._number = 0

    def next(self) -> str:
        """A value that no canary has had."""
        self._number += 1
        return str(self._number)

    def wrote(  # noqa: PLR0913 - what was written where, by whom and from when to when it is there
        self, target: str, key: str, value: str, *, writer: str, now: float, expires: float
    ) -> None:
        """The node `writer` has taken the value, as was known by now, for so long. What another node was told is forgotten."""
        page = self._pages.setdefault((target, key), _Page())
        if page.writer != writer:
            page.writer = writer
            page.writes.clear()
        page.writes.append((value, now))
        page.expires = expires

    def behind(self, target: str, key: str, value: str | None, now: float) -> float | None:
        """Seconds since the first write that a node which holds `value` does not have; 0 where it has the last one.

        At least so far it is behind. None where the value tells nothing, such as one of an earlier primary, or the lack of one
        that has expired.
        """
        page = self._pages.get((target, key))
        if page is None or not page.writes or now >= page.expires:
            return None
        found = next((place for place, (each, _) in enumerate(page.writes) if each == value), None)
        if found is None:
            # It has none of them: all are missing, unless it is a value that came after a change of the writer.
            return now - page.writes[0][1] if value is None or _older(value, page.writes[0][0]) else None
        return 0.0 if found == len(page.writes) - 1 else now - page.writes[found + 1][1]

    def forget(self, target: str) -> None:
        """The target is no more."""
        self._pages = {place: page for place, page in self._pages.items() if place[0] != target}


def _older(value: str, first: str) -> bool:
    return value.isdigit() and int(value) < int(first)
