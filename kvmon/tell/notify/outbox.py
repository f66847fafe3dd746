"""What is promised and not yet delivered: in order within a group, and the next try later and later."""

from __future__ import annotations

import json
import uuid
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from itertools import count
from typing import Any

from kvmon.tell.notify.dispatcher import Lane, Promise
from kvmon.tell.notify.payload import Payload, text_of

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
        return (
            self.id,
            self.way,
            self.grouping,
            text_of(self.message),
            self.created_at,
            self.expires_at,
            self.due_at,
            self.attempts,
        )


COLUMNS = "id, way, grouping, message, created_at, expires_at, due_at, attempts"


def of_row(row: Sequence[Any]) -> Entry:
    """Of the table `outbox`, in the order of COLUMNS."""
    ident, way, grouping, message, *rest = row
    return Entry(ident, way, grouping, json.loads(message), *rest)


def entry_of(promise: Promise, now: float) -> Entry:
    """A new message; from here on it has its id."""
    expires = now + max(LEAST_LIFE, promise.lasts)
    return Entry(f"msg_{uuid.uuid4().hex}", promise.way, promise.grouping, promise.message, now, expires, now)


@dataclass(slots=True)
class _Way:
    """One way of telling: lanes that wait by when their turn is, those under way, and until when it is left alone."""

    waiting: list[tuple[float, int, Lane]] = field(default_factory=list)
    running: set[Lane] = field(default_factory=set)
    paused: float = 0.0

    def due(self) -> float | None:
        """When the next turn comes; None if there is none, or one has to end before."""
        return max(self.waiting[0][0], self.paused) if self.waiting and len(self.running) < AT_ONCE else None


class Outbox:
    """The messages by lane, and whose turn it is."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._lanes: dict[Lane, deque[Entry]] = {}
        self._ways: dict[str, _Way] = {}
        self._turns = count()
        self.add(entries)

    def __len__(self) -> int:
        return sum(map(len, self._lanes.values()))

    def __iter__(self) -> Iterator[Entry]:
        for lane in self._lanes.values():
            yield from lane

    def add(self, entries: Iterable[Entry]) -> None:
        """More, in the order in which they were promised."""
        for entry in entries:
            if entry.lane in self._lanes:
                self._lanes[entry.lane].append(entry)
            else:
                self._lanes[entry.lane] = deque([entry])
                self._wait(entry)

    def start(self, now: float) -> list[Entry]:
        """Those whose turn it is; each is under way until `done` or `again`."""
        found: list[Entry] = []
        for way in self._ways.values():
            while (due := way.due()) is not None and due <= now:
                _, _, lane = heappop(way.waiting)
                way.running.add(lane)
                found.append(self._lanes[lane][0])
        return found

    def due(self) -> float | None:
        """When the next turn comes of those that are not under way; None if there is none, or one has to end before."""
        return min((due for way in self._ways.values() if (due := way.due()) is not None), default=None)

    def done(self, entry: Entry) -> None:
        """It is delivered, or given up."""
        self._ways[entry.way].running.discard(entry.lane)
        lane = self._lanes[entry.lane]
        lane.popleft()
        if lane:
            self._wait(lane[0])
        else:
            del self._lanes[entry.lane]

    def again(self, entry: Entry, due_at: float, *, pause: bool) -> Entry:
        """It failed for now. `pause`: this way of telling is left alone until then."""
        way = self._ways[entry.way]
        way.running.discard(entry.lane)
        later = self._lanes[entry.lane][0] = replace(entry, due_at=due_at, attempts=entry.attempts + 1)
        if pause:
            way.paused = due_at
        self._wait(later)
        return later

    def _wait(self, entry: Entry) -> None:
        heappush(self._ways.setdefault(entry.way, _Way()).waiting, (entry.due_at, next(self._turns), entry.lane))
