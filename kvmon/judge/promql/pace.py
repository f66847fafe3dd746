"""Long computations on the event loop, a few milliseconds at a time."""

from __future__ import annotations

import asyncio
import gc
from typing import TypeVar

from kvmon.clock import Clock
from kvmon.errors import EvaluationError
from kvmon.judge.promql.work import Work

T = TypeVar("T")

SLICE = 0.004
"""Seconds that a computation runs before others on the event loop get their turn."""


class TimedOut(EvaluationError):
    """A query took longer than it may."""


class _no_garbage:  # noqa: N801 - reads as what it does; a generator's context manager takes four times as long
    """Nothing looks for garbage inside: an evaluation holds a hundred thousand objects and no cycles, a look takes long.

    What is there at the end is not looked at any more; `gc.unfreeze()` takes that back. What others left is collected before.
    """

    __slots__ = ()

    def __enter__(self) -> None:
        gc.collect(0)
        gc.disable()

    def __exit__(self, *_: object) -> None:
        gc.freeze()
        gc.enable()


class Pace:
    """Runs computations in slices. One slice of all runs between two turns of the event loop, however many want to."""

    __slots__ = ("_clock", "_turn")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._turn = asyncio.Lock()

    async def run(self, work: Work[T], *, timeout: float | None = None) -> T:  # noqa: ASYNC109 - between slices, not by cancelling
        """What the computation comes to. Raises TimedOut after so many seconds, and whatever it raises."""
        now = self._clock.monotonic
        deadline = now() + timeout if timeout is not None else None
        await asyncio.sleep(0)  # else the end of one computation and the beginning of the next are one turn
        while True:
            async with self._turn:
                until = now() + SLICE
                try:
                    with _no_garbage():
                        next(work)
                        while now() < until:
                            next(work)
                except StopIteration as end:
                    return end.value  # type: ignore[no-any-return]
                if deadline is not None and now() > deadline:
                    work.close()
                    raise TimedOut("query timed out in expression evaluation")
                await asyncio.sleep(0)
