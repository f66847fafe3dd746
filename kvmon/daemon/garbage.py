"""When Python looks for garbage among what has lived long: seldom where that takes long, as everything stands still meanwhile."""

from __future__ import annotations

import asyncio
import gc
from typing import NoReturn

from kvmon.clock import Clock

YOUNG = 10_000
"""Objects made before young ones are looked at: a poll makes hundreds, and nearly all go by themselves."""

MIDDLE = 10
"""Looks at the young before a look at those that survived one."""

NEVER = 1_000_000_000

SHARE = 1 / 200
"""Of all time that looking at everything may take: each time 0.1 s where few nodes are watched, over a second with thousands."""


class Garbage:
    """A loop that collects everything at its own pace, but not within `least` seconds, instead of whenever Python would.

    Connections that failed are such garbage: an error knows the frames it came through, and these know the error.
    """

    def __init__(self, *, clock: Clock, least: float = 60.0) -> None:
        self._clock = clock
        self._least = least

    async def run(self) -> NoReturn:
        """Until cancelled; then Python's own ways are restored."""
        before = gc.get_threshold()
        gc.set_threshold(YOUNG, MIDDLE, NEVER)
        pause = self._least
        try:
            while True:
                await asyncio.sleep(pause)
                begun = self._clock.monotonic()
                gc.unfreeze()  # what queries froze: kvmon.judge.promql.pace
                gc.collect()
                pause = max(self._least, (self._clock.monotonic() - begun) / SHARE)
        finally:
            gc.set_threshold(*before)
