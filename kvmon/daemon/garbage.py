"""When Python looks for garbage: at what is new often, at everything seldom, as the whole process stands still meanwhile."""

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

SHARE = 1 / 1000
"""Of all time that looking at everything may take: each time 0.06 s where few nodes are watched, seconds with thousands."""


class Garbage:
    """A loop that collects what came since the last time every `least` seconds, and everything as often as its `share` allows.

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
        due = self._clock.monotonic()
        try:
            while True:
                await asyncio.sleep(self._least)
                begun = self._clock.monotonic()
                if begun >= due:
                    gc.unfreeze()
                    gc.collect()
                    due = begun + (self._clock.monotonic() - begun) / self._share
                else:
                    gc.collect()
                gc.freeze()  # what is there now is not looked at again before everything is
        finally:
            gc.unfreeze()
            gc.set_threshold(*before)
