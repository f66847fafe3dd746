from __future__ import annotations

import asyncio

from kvmon.clock import ManualClock
from kvmon.tell.server.pages.ease import PART, at_ease
from tests.tell import examples
from tests.tell.server.pages.test_pages import alarmed, alert, verdict
from tests.tell.server.seen import Seen, seen
from tests.tell.server.test_server import door


async def told(view: Seen, *, after: object) -> str:
    """The event that comes once this was done."""
    async with door(view) as client, asyncio.timeout(30), client.get("/v1/page/events") as stream:
        assert stream.content_type == "text/event-stream"
        while b"hello" not in await stream.content.readline():
            pass
        after()  # type: ignore[operator]
        while not (line := await stream.content.readline()).startswith(b"event: "):
            pass
        return str(line.decode()).removeprefix("event: ").strip()


async def test_a_breaker_that_changes_is_told() -> None:
    view = seen()
    assert await told(view, after=lambda: view.feed.changed(verdict())) == "trouble"


async def test_a_node_that_goes_down_is_told() -> None:
    view = seen()
    node = view.known[0].nodes[0]
    view.past.seen(examples.snapshot(node))
    assert await told(view, after=lambda: view.past.seen(examples.snapshot(node, up=False))) == "trouble"


async def test_an_alert_is_told() -> None:
    view = seen()

    def fire() -> None:
        view.evaluated = alarmed(alert(target="sessions"))

    assert await told(view, after=fire) == "trouble"


async def test_without_news_it_beats() -> None:
    view = seen()
    assert await told(view, after=lambda: view.clock.advance(6)) == "beat"


async def test_it_ends_with_the_daemon() -> None:
    view = seen()
    async with door(view) as client, asyncio.timeout(30), client.get("/v1/page/events") as stream:
        view.feed.close()
        assert b"hello" in await stream.content.read()
    assert view.feed.followers == 0


async def test_a_page_of_thousands_lets_others_have_their_turn() -> None:
    turns: list[int] = []
    clock = ManualClock()

    async def other() -> None:
        while True:
            turns.append(0)
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    taken = 0
    async for _ in at_ease(range(100), clock):
        taken += 1
        clock.advance(PART / 10)  # each item is work
    task.cancel()
    assert taken == 100
    assert 5 <= len(turns) <= 20
