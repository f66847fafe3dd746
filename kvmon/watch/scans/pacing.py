"""How long to rest after a step, so that a scan stays within its budget."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

COUNT, FIRST = 400, 16
"""Buckets of the server's table that one SCAN goes through at most, and the first one does: names may be as large as values."""

ANSWER = 1024 * 1024
"""Bytes of names that one SCAN should come to, by those that the first one gave."""

SLOW = 0.005
"""Seconds of the server's time in one SCAN from which on it is told to do less, and a quarter from which on it may do more."""


@dataclass(frozen=True, slots=True)
class Budget:
    """At most so many `commands` a second, and such a `share` of the server's time (0.02 is 2 %)."""

    commands: float = 200.0
    share: float = 0.02

    def rest(self, commands: int, took: float, way: float) -> float:
        """Seconds to wait after commands that took so long, of which `way` was the network's."""
        busy = max(0.0, took - way)
        return max(commands / self.commands - took, busy / self.share - took, 0.0)


class Way:
    """The time of the way to the server and back: the shortest that was seen."""

    def __init__(self) -> None:
        self.seconds = float("inf")

    def seen(self, seconds: float) -> None:
        """A PING took so long."""
        self.seconds = min(self.seconds, seconds)


def roomy(names: Collection[bytes]) -> int:
    """What to tell SCAN after the first answer, by how long names are."""
    mean = sum(map(len, names)) / len(names) if names else 1.0
    return max(1, min(COUNT, int(ANSWER / max(mean, 1.0))))


def fitting(count: int, busy: float, most: int) -> int:
    """What to tell SCAN next, when so many buckets kept the server busy for so many seconds."""
    if busy > SLOW:
        return max(10, count // 2)
    return min(most, count * 2) if busy < SLOW / 4 else count
