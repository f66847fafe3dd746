"""Whose turn it is: a heap of nodes by due time, each with a phase of its own that a restart does not change."""

from __future__ import annotations

from hashlib import blake2b
from heapq import heappop, heappush
from math import floor, inf

from kvmon.daemon.turnstile import APART
from kvmon.watch.poller import NodePoller

AT_ONCE = 50
"""Polls that begin in one tick. More, where the event loop was late, would all wait for each other until their deadlines pass."""


class Round:
    """One node's turns: every `interval` seconds, on a grid shifted by its phase. `polled`: when its last poll began."""

    __slots__ = ("due", "interval", "offset", "polled", "poller")

    def __init__(self, poller: NodePoller, *, first: float) -> None:
        self.poller = poller
        self.interval = poller.node.target.interval
        self.offset = phase(poller.node.key) * self.interval
        self.due = first
        self.polled = -inf

    def advance(self, now: float) -> None:
        """To the next turn on the grid that lies ahead; turns that passed are not made up for."""
        base = max(now, self.due)
        # The first poll comes at once, off the grid: the second one must not follow on its heels.
        turn = self.offset + (floor((base - self.offset) / self.interval) + 1) * self.interval
        self.due = turn if turn - self.due >= self.interval / 2 else turn + self.interval


class Rounds:
    """All nodes that are polled."""

    def __init__(self) -> None:
        self.by_key: dict[tuple[str, str], Round] = {}
        self._heap: list[tuple[float, int, Round]] = []
        self._count = 0

    @property
    def head(self) -> float | None:
        """When the next node is due, monotonic seconds; None when there is none."""
        while self._heap and self.by_key.get(self._heap[0][2].poller.node.key) is not self._heap[0][2]:
            heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def add(self, poller: NodePoller, *, now: float, place: int, of: int) -> None:
        """A new node, the `place`-th `of` so many that come together: due when it may connect, as it would only wait before."""
        spread = of * APART
        known = self.by_key[poller.node.key] = Round(poller, first=now + spread * place / of)
        self._push(known)

    def remove(self, key: tuple[str, str]) -> None:
        """A node that is no more; its place in the heap is passed over."""
        del self.by_key[key]

    def due(self, now: float) -> list[tuple[Round, float]]:
        """The first of those whose turn has come, with the time at which it did; each is given its next turn."""
        found: list[tuple[Round, float]] = []
        while len(found) < AT_ONCE and (head := self.head) is not None and head <= now:
            known = heappop(self._heap)[2]
            found.append((known, known.due))
            known.advance(now)
            self._push(known)
        return found

    def _push(self, known: Round) -> None:
        self._count += 1
        heappush(self._heap, (known.due, self._count, known))


def phase(key: tuple[str, str]) -> float:
    """A number in 0..1 that depends on nothing but the node."""
    digest = blake2b("\0".join(key).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64
