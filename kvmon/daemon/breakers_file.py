"""`breakers.json` in the state folder: the verdicts for those who would rather read a file than speak HTTP."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import structlog

from kvmon.clock import Clock
from kvmon.model.evidence import Verdicts
from kvmon.tell.server.documents import envelope, packed
from kvmon.tell.server.feed import Feed

NAME = "breakers.json"

EVERY = 2.0
"""Seconds between writings where nothing changes: the file's age is what tells that kvmon lives."""

APART = 0.05
"""Seconds between writings at least, however much changes."""

log = structlog.get_logger("kvmon")


class BreakersFile:
    """Writes the file anew at every change and every two seconds; a reader never sees half of one."""

    def __init__(self, folder: str, *, verdicts: Callable[[], Verdicts], feed: Feed, clock: Clock) -> None:
        self.path = Path(folder) / NAME
        self._verdicts = verdicts
        self._feed = feed
        self._clock = clock
        self._failed = False

    async def run(self) -> NoReturn:
        """Write until cancelled. A folder that cannot be written to is told when it begins and when it ends."""
        while True:
            text = self.text()
            index = self._feed.index
            try:
                # Beside the loop: a network file system may hang.
                await asyncio.to_thread(self._write, text)
            except OSError as error:
                if not self._failed:
                    log.warning("the breakers cannot be written to a file", path=str(self.path), why=error.strerror)
                self._failed = True
            else:
                if self._failed:
                    log.info("the breakers are written to a file again", path=str(self.path))
                self._failed = False
            await asyncio.sleep(APART)
            await self._feed.news(index, EVERY - APART)

    def text(self) -> bytes:
        """What the file says now."""
        wall = self._clock.time()
        document = envelope(self._verdicts(), wall)
        return packed({**document, "boot": self._feed.boot, "written_at": round(wall, 3)})

    def _write(self, text: bytes) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.path.with_suffix(".new")
        fresh.write_bytes(text)
        os.replace(fresh, self.path)  # noqa: PTH105 - the one call whose atomicity is documented
