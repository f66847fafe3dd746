"""When Python looks for garbage: rarely all of it, as that stops everything for a second where ten thousand nodes are watched."""

from __future__ import annotations

import asyncio
import gc
from typing import NoReturn

YOUNG = 10_000
"""Objects made before young ones are looked at: a poll makes hundreds, and nearly all go by themselves."""

MIDDLE = 50
"""Looks at the young before a look at those that survived one."""

NEVER = 1_000_000_000


class Garbage:
    """A loop that collects everything once in `every` seconds, instead of whenever Python would."""

    def __init__(self, *, every: float = 3600.0) -> None:
        self._every = every

    async def run(self) -> NoReturn:
        """Until cancelled; then Python's own ways are restored."""
        before = gc.get_threshold()
        gc.set_threshold(YOUNG, MIDDLE, NEVER)
        try:
            while True:
                await asyncio.sleep(self._every)
                gc.collect()
        finally:
            gc.set_threshold(*before)
