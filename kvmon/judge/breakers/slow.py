"""Slowness: whether an op that succeeds takes so much longer than it used to that less should be asked of it."""

from __future__ import annotations

from collections import deque

FACTOR = 10.0
"""Times its usual duration is slow."""

LEAST = 0.1
"""Seconds below which nothing is slow."""

SAMPLES = 10
"""Tries that are looked at."""

RATIO = 0.8
"""How many of them have to be slow; it ends when half as many are."""

WEIGHT = 0.05
"""Of a new try in what is usual."""


class Slowness:
    """Of one op of one shard. Only tries that succeeded count, and slow ones do not change what is usual."""

    def __init__(self) -> None:
        self.usual: float | None = None
        self.slow = False
        self._recent: deque[bool] = deque(maxlen=SAMPLES)

    def take(self, seconds: float) -> None:
        """A try succeeded and took so long."""
        slow = self.usual is not None and seconds > max(LEAST, FACTOR * self.usual)
        if not slow:
            self.usual = seconds if self.usual is None else self.usual + WEIGHT * (seconds - self.usual)
        self._recent.append(slow)
        share = sum(self._recent) / SAMPLES
        self.slow = share >= (RATIO / 2 if self.slow else RATIO)

    def forget(self) -> None:
        """Something failed: what comes after it is looked at anew."""
        self._recent.clear()
        self.slow = False
