"""What is promised and not yet delivered: in order within a group, and the next try later and later."""

from __future__ import annotations

import json
import uuid
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from kvmon.tell.notify.dispatcher import Lane, Promise
from kvmon.tell.notify.payload import Payload

FIRST, FACTOR, LONGEST = 0.5, 1.5, 60.0
"""Seconds to the second try, how much longer each next wait is, and the longest: Alertmanager's."""

SPREAD = 0.5
"""Of a wait, in both directions: receivers that come back are not met by everybody at once."""

LEAST_LIFE = 3600.0
"""Seconds that are tried at least before a message is given up."""

AT_ONCE = 4
"""Messages under way by one way of telling."""


def wait_before(attempt: int, chance: float) -> float:
    """Seconds before the next try, after so many; `chance` is 0..1, from a generator of random numbers."""
    steady = min(LONGEST, FIRST * FACTOR ** min(attempt - 1, 50))
    return steady * (1 + SPREAD * (2 * chance - 1))


@dataclass(frozen=True, slots=True)
class Entry:
    """A message on its way. `id` is the same at every try; times are wall seconds."""

    id: str
    way: str
    grouping: str
    message: Payload
    created_at: float
    expires_at: float
    due_at: float
    attempts: int = 0

    @property
    def lane(self) -> Lane:
        """Messages of one lane are delivered one after another."""
        return self.way, self.grouping

    def row(self) -> tuple[Any, ...]:
        """For the table `outbox`."""
        text = json.dumps(self.message, ensure_ascii=False)
        return self.id, self.way, self.grouping, text, self.created_at, self.expires_at, self.due_at, self.attempts


COLUMNS = "id, way, grouping, message, created_at, expires_at, due_at, attempts"


def of_row(row: Sequence[Any]) -> Entry:
    """Of the table `outbox`, in the order of COLUMNS."""
    ident, way, grouping, message, *rest = row
    return Entry(ident, way, grouping, json.loads(message), *rest)


def entry_of(promise: Promise, now: float) -> Entry:
    """A new message; from here on it has its id."""
    expires = now + max(LEAST_LIFE, promise.lasts)
    return Entry(f"msg_{uuid.uuid4().hex}", promise.way, promise.grouping, promise.message, now, expires, now)


class Outbox:
    """The messages by lane, and whose turn it is."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._lanes: dict[Lane, deque[Entry]] = {}
        self._running: dict[str, set[Lane]] = {}
        self._paused: dict[str, float] = {}
        self.add(entries)

    def __len__(self) -> int:
        return sum(map(len, self._lanes.values()))

    def __iter__(self) -> Iterator[Entry]:
        for lane in self._lanes.values():
            yield from lane

    def add(self, entries: Iterable[Entry]) -> None:
        """More, in the order in which they were promised."""
        for entry in entries:
            self._lanes.setdefault(entry.lane, deque()).append(entry)

    def start(self, now: float) -> list[Entry]:
        """Those whose turn it is; each is under way until `done` or `again`."""
        found: list[Entry] = []
        for lane, entries in self._lanes.items():
            running = self._running.setdefault(lane[0], set())
            paused = self._paused.get(lane[0], 0.0) > now
            if lane not in running and len(running) < AT_ONCE and not paused and entries[0].due_at <= now:
                running.add(lane)
                found.append(entries[0])
        return found

    def due(self) -> float | None:
        """When the next turn comes of those that are not under way; None if there is none, or one has to end before."""
        times = [
            max(entries[0].due_at, self._paused.get(lane[0], 0.0))
            for lane, entries in self._lanes.items()
            if lane not in (running := self._running.get(lane[0], set())) and len(running) < AT_ONCE
        ]
        return min(times, default=None)

    def done(self, entry: Entry) -> None:
        """It is delivered, or given up."""
        self._running[entry.way].discard(entry.lane)
        lane = self._lanes[entry.lane]
        lane.popleft()
        if not lane:
            del self._lanes[entry.lane]

    def again(self, entry: Entry, due_at: float, *, pause: bool) -> Entry:
        """It failed for now. `pause`: this way of telling is left alone until then."""
        self._running[entry.way].discard(entry.lane)
        later = self._lanes[entry.lane][0] = replace(entry, due_at=due_at, attempts=entry.attempts + 1)
        if pause:
            self._paused[entry.way] = due_at
        return later
