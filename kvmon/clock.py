"""Time, handed in: monotonic for durations, wall for timestamps."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """What anything that measures or stamps time is given."""

    def monotonic(self) -> float:
        """Seconds since some fixed moment; never goes back. For durations and deadlines."""

    def time(self) -> float:
        """Seconds since the Unix epoch. For timestamps that a person or another program reads."""


class SystemClock:
    """The machine's clock."""

    __slots__ = ()

    def monotonic(self) -> float:
        """See Clock."""
        return time.monotonic()

    def time(self) -> float:
        """See Clock."""
        return time.time()


class ManualClock:
    """A clock that moves only when told to: for tests, and for replaying what was recorded."""

    __slots__ = ("_monotonic", "_time")

    def __init__(self, monotonic: float = 1_000.0, wall: float = 1_700_000_000.0) -> None:
        self._monotonic = monotonic
        self._time = wall

    def monotonic(self) -> float:
        """See Clock."""
        return self._monotonic

    def time(self) -> float:
        """See Clock."""
        return self._time

    def advance(self, seconds: float) -> None:
        """Let both clocks go on by so many seconds."""
        self._monotonic += seconds
        self._time += seconds
