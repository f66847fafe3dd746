"""When Python looks for garbage that has lived long: the seldomer the more there is, as everything stands still meanwhile."""

from __future__ import annotations

import asyncio
import gc
import sys
from typing import NoReturn

from kvmon.clock import Clock

YOUNG = 10_000
"""Objects made before young ones are looked at: a poll makes hundreds, and nearly all go by themselves."""

MIDDLE = 10
"""Looks at the young before a look at those that survived one."""

NEVER = 1_000_000_000

BLOCK = 0.2e-6
"""Seconds that looking at everything takes for each block of memory in use, about (measured with 1,000 nodes)."""

SHARE = 1 / 1000
"""Of all time that it may take: 0.1 s every two minutes where few nodes are watched, 4 s in an hour with ten thousand."""


class Garbage:
    """A loop that collects everything as often as its `share` of the time allows, instead of whenever Python would.

    Connections that failed are such garbage: an error knows the frames it came through, and these know the error.
    """

    def __init__(self, *, clock: Clock, least: float = 60.0, share: float = SHARE) -> None:
        self._clock = clock
        self._least = least
        self._share = share

    async def run(self) -> NoReturn:
        """Until cancelled; then Python's own ways are restored."""
        before = gc.get_threshold()
        gc.set_threshold(YOUNG, MIDDLE, NEVER)
        last = self._clock.monotonic()
        try:
            while True:
                await asyncio.sleep(self._least)
                now = self._clock.monotonic()
                if now - last >= sys.getallocatedblocks() * BLOCK / self._share:
                    gc.unfreeze()  # computations in slices freeze what is there, and some of that is garbage by now
                    gc.collect()
                    last = now
        finally:
            gc.unfreeze()
            gc.set_threshold(*before)
