"""The bar of `kvmon migrate`: how far each side is, keys a second, and the time that is left."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING

from kvmon.diagnose.migration.walk import Walk

if TYPE_CHECKING:
    from rich.progress import Progress

LOOK = 0.2
"""Seconds between movements."""


@contextmanager
def bar_of(walk: Walk, *, wanted: bool) -> Iterator[None]:
    """A bar on the terminal's standard error while it lasts, where one is wanted."""
    if not wanted:
        yield
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        moving = asyncio.get_running_loop().create_task(_move(progress, walk))
        try:
            yield
        finally:
            moving.cancel()


async def _move(progress: Progress, walk: Walk) -> None:
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
