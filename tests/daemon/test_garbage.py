from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from weakref import ref

from kvmon.clock import SystemClock
from kvmon.daemon.garbage import Garbage
from kvmon.daemon.supervise import supervise
from kvmon.judge.promql.pace import Pace
from kvmon.judge.promql.work import Work

GENEROUS = 60.0


class Knot:
    """Knows itself, as an error does that is kept where it was caught."""

    def __init__(self) -> None:
        self.itself = self


class Asked(SystemClock):
    """Counts how often it was looked at: once at the beginning, and once for each turn."""

    turns = -1

    def monotonic(self) -> float:
        self.turns += 1
        return super().monotonic()

    async def turned(self, number: int) -> None:
        """There were so many turns."""
        async with asyncio.timeout(GENEROUS):
            while self.turns < number:  # noqa: ASYNC110 - a plain value
                await asyncio.sleep(0.01)


@asynccontextmanager
async def collecting(share: float) -> AsyncIterator[Asked]:
    """After the first turn."""
    clock = Asked()
    task = asyncio.create_task(supervise([Garbage(clock=clock, least=0.01, share=share)]))
    try:
        await clock.turned(1)
        yield clock
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_what_only_knows_itself_goes_when_there_is_time_for_a_look() -> None:
    gc.collect()
    gone = ref(Knot())
    async with collecting(share=1e9) as clock:
        await clock.turned(3)
        assert gone() is None


async def test_what_was_there_when_something_was_computed_goes_too() -> None:
    knot = Knot()
    gone = ref(knot)

    def work() -> Work[None]:
        yield

    await Pace(SystemClock()).run(work())
    del knot
    async with collecting(share=1e9) as clock:
        await clock.turned(3)
        assert gone() is None


async def test_no_look_is_taken_that_would_cost_too_much() -> None:
    async with collecting(share=1e-9) as clock:
        looks = gc.get_stats()[2]["collections"]
        await clock.turned(5)
        assert gc.get_stats()[2]["collections"] == looks


async def test_pythons_own_ways_are_restored() -> None:
    before = gc.get_threshold()
    async with collecting(share=1.0):
        assert gc.get_threshold() != before
    assert gc.get_threshold() == before
