"""How long a write takes from one side to the other: a key of kvmon's own, written here and waited for there."""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Sequence

from kvmon.clock import Clock
from kvmon.diagnose.migration.sides import Side
from kvmon.model.conversation import Command, Reply, expect

PREFIX = "kvmon:migration:"
"""What the key begins with."""

LOOK = 0.02
"""Seconds between looks whether it has arrived."""

KEPT = 60_000
"""Milliseconds after which the key expires."""


async def measured(  # noqa: PLR0913 - from where to where, and what
    source: Side, destination: Side, key: bytes, token: bytes, *, clock: Clock, patience: float
) -> float:
    """Seconds until the write was seen, which is more than `patience` where it was not within that.

    Raises TargetError, and Unsupported where it may not be written.
    """
    await source.at(key).talk(0, _ask(("SET", key, token, "PX", KEPT)))
    began = clock.monotonic()
    while True:
        seen = await destination.at(key).talk(0, _ask(("GET", key)))
        took = clock.monotonic() - began
        if seen == token or took > patience:
            return took
        await asyncio.sleep(LOOK)


def _ask(command: Command) -> Generator[Sequence[Command], Sequence[Reply], Reply]:
    (reply,) = yield [command]
    return expect(str(command[0]), reply)
