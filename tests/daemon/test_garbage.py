from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from weakref import ref

from kvmon.clock import SystemClock
from kvmon.daemon.garbage import Garbage
from kvmon.daemon.supervise import supervise

GENEROUS = 60.0


class Knot:
    """Knows itself, as an error does that is kept where it was caught."""

    def __init__(self) -> None:
        self.itself = self


@asynccontextmanager
async def collecting(share: float) -> AsyncIterator[None]:
    task = asyncio.create_task(supervise([Garbage(clock=SystemClock(), least=0.01, share=share)]))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def looks(number: int) -> None:
    """So many more are over."""
    before = gc.get_stats()[2]["collections"]
    async with asyncio.timeout(GENEROUS):
        while gc.get_stats()[2]["collections"] < before + number:  # noqa: ASYNC110 - a plain value
            await asyncio.sleep(0.01)


async def test_what_is_new_is_collected_and_what_was_there_is_not_looked_at_again() -> None:
    async with collecting(share=1e-9):
        there = Knot()
        old = ref(there)
        await looks(2)
        del there
        new = ref(Knot())
        await looks(2)
        assert new() is None
        assert old() is not None


async def test_everything_is_looked_at_as_often_as_its_cost_allows() -> None:
    async with collecting(share=1.0):
        there = Knot()
        old = ref(there)
        await looks(2)
        del there
        async with asyncio.timeout(GENEROUS):
            while old() is not None:
                await looks(1)


async def test_pythons_own_ways_are_restored() -> None:
    before = gc.get_threshold()
    async with collecting(share=1.0):
        await looks(2)
        assert gc.get_threshold() != before
    assert (gc.get_threshold(), gc.get_freeze_count()) == (before, 0)
