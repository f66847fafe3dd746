"""Bars on the terminal for what takes long; Rich is loaded when one is shown."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.progress import Progress

LOOK = 0.2
"""Seconds between movements of a bar."""


@contextmanager
def bars(move: Callable[[Progress], Coroutine[Any, Any, None]], *, wanted: bool) -> Iterator[None]:
    """Shows bars on standard error while it lasts, where they are wanted; `move` adds and moves them until cancelled.

    Each has a field `rate`, a text.
    """
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
        moving = asyncio.get_running_loop().create_task(move(progress))
        try:
            yield
        finally:
            moving.cancel()
