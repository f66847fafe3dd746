"""The bar of `kvmon migrate`: how far each side is, keys a second, and the time that is left."""

from __future__ import annotations

import asyncio
from contextlib import AbstractContextManager
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

from kvmon.cli.bars import LOOK, bars
from kvmon.diagnose.migration.walk import Walk

if TYPE_CHECKING:
    from rich.progress import Progress


def bar_of(walk: Walk, *, wanted: bool) -> AbstractContextManager[None]:
    """A bar for each side while it lasts, where one is wanted."""
    return bars(partial(_move, walk), wanted=wanted)


async def _move(walk: Walk, progress: Progress) -> None:
    began = monotonic()
    before = {key: course.met for key, course in walk.courses.items()}
    tasks = {}
    while True:
        for (word, instance), course in walk.courses.items():
            key = word, instance
            if key not in tasks:
                tasks[key] = progress.add_task(f"{word} {instance}", total=None, rate="")
            rate = (course.met - before.get(key, 0)) / max(0.001, monotonic() - began)
            progress.update(
                tasks[key],
                total=course.expected or None,
                completed=course.expected if course.done else min(course.met, course.expected),
                rate=f"{rate:,.0f} keys/s, {walk.looker.tally.different:,} differ",
            )
        await asyncio.sleep(LOOK)
