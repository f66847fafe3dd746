"""The loops live together and end together."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NoReturn, Protocol


class Loop(Protocol):
    """Something that runs as long as the daemon does."""

    async def run(self) -> NoReturn:
        """Never returns; ends when cancelled, or with an error that is a bug."""


class LoopEnded(RuntimeError):
    """A loop returned though it never should."""


async def supervise(loops: Sequence[Loop]) -> None:
    """Run all until cancelled. If one ends, all are ended, and what ended it comes out in an ExceptionGroup."""
    async with asyncio.TaskGroup() as group:
        for loop in loops:
            group.create_task(_forever(loop), name=type(loop).__name__)


async def _forever(loop: Loop) -> None:
    await loop.run()
    raise LoopEnded(f"{type(loop).__name__} ended")
