"""Flapping: whether a breaker opens so often that each opening is no news."""

from __future__ import annotations

from collections import deque

WINDOW = 300.0
"""Seconds that are looked at."""

STARTS, STOPS = 4, 1
"""Openings within them at which it begins to flap, and at which it has stopped."""


class Flapping:
    """Of one breaker. Times are monotonic seconds."""

    def __init__(self) -> None:
        self.on = False
        self._openings: deque[float] = deque(maxlen=64)

    def opened(self, now: float) -> None:
        """It opened, having been closed or unknown."""
        self._openings.append(now)
        self.settle(now)

    def settle(self, now: float) -> None:
        """See what time alone has changed."""
        while self._openings and now - self._openings[0] > WINDOW:
            self._openings.popleft()
        self.on = len(self._openings) > STOPS if self.on else len(self._openings) >= STARTS
