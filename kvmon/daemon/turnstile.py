"""Who connects next: one after another, and the slower the busier the event loop is."""

from __future__ import annotations

import asyncio

from kvmon.clock import Clock

APART = 0.004
"""Seconds between two who pass, where the event loop has time. Connecting, and reading all for the first time, cost ten polls."""

SLOWEST = 0.05
"""Seconds between them at most."""

LATE = 0.1
"""Seconds of lateness from which on the event loop has too much to do; what else a machine does makes it late by less."""


class Turnstile:
    """Lets through in the order of arrival, half as fast each time the event loop was late, and slowly faster again.

    So thousands of nodes, at the start or when all connections were lost at once, take the time that is left: they neither
    make those late that are connected, nor run into timeouts of their own making.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._turns = asyncio.Lock()
        self._apart = APART
        self._next = 0.0

    async def wait(self) -> None:
        """Until it is one's turn; at once where nobody passed lately."""
        queued = self._turns.locked()
        async with self._turns:
            now = self._clock.monotonic()
            if now < self._next:
                queued = True
                await asyncio.sleep(self._next - now)
                now = self._clock.monotonic()
            if queued:
                self._apart = paced(self._apart, now - self._next)
            self._next = now + self._apart


def paced(apart: float, late: float) -> float:
    """How far apart (seconds) the next ones pass, when those before were so far apart and the event loop was `late`."""
    return min(SLOWEST, apart * 2) if late > LATE else max(APART, apart * 0.9)
