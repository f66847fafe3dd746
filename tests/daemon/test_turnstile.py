from __future__ import annotations

import asyncio
import time

import pytest

from kvmon.clock import SystemClock
from kvmon.daemon.turnstile import APART, LATE, SLOWEST, Turnstile, paced


def test_a_busy_event_loop_slows_down_who_connects_and_a_free_one_lets_them_hurry() -> None:
    apart = APART
    for _ in range(20):
        slower = paced(apart, late=2 * LATE)
        assert slower == min(SLOWEST, 2 * apart)
        apart = slower
    for _ in range(100):
        apart = paced(apart, late=0.0)
    assert apart == APART


async def test_all_pass_in_their_order_and_apart() -> None:
    turnstile, passed, begun = Turnstile(SystemClock()), list[int](), time.monotonic()

    async def connect(number: int) -> None:
        await turnstile.wait()
        passed.append(number)

    async with asyncio.TaskGroup() as group:
        for number in range(30):
            group.create_task(connect(number))
    assert passed == list(range(30))
    assert time.monotonic() - begun >= 29 * APART


async def test_who_connects_while_the_event_loop_is_busy_leaves_time_to_others() -> None:
    turnstile = Turnstile(SystemClock())

    async def connect() -> None:
        await turnstile.wait()
        await asyncio.sleep(0)
        time.sleep(2 * LATE)  # noqa: ASYNC251 - the event loop has to stand still

    async with asyncio.TaskGroup() as group:
        for _ in range(5):
            group.create_task(connect())
    assert turnstile._apart > APART


async def test_one_alone_passes_at_once_and_one_that_gives_up_holds_nobody() -> None:
    turnstile = Turnstile(SystemClock())
    await turnstile.wait()
    second = asyncio.create_task(turnstile.wait())
    third = asyncio.create_task(turnstile.wait())
    await asyncio.sleep(0)
    second.cancel()
    await third
    with pytest.raises(asyncio.CancelledError):
        await second
