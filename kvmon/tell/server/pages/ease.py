"""Long work in parts: a page of thousands of targets must not hold up the probes of any of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import TypeVar

from kvmon.clock import Clock

T = TypeVar("T")

PART = 0.005
"""Seconds after which others have their turn."""


async def at_ease(items: Iterable[T], clock: Clock) -> AsyncIterator[T]:
    """The items, with pauses for others between them."""
    began = clock.monotonic()
    for item in items:
        yield item
        if clock.monotonic() - began > PART:
            await asyncio.sleep(0)
            began = clock.monotonic()
