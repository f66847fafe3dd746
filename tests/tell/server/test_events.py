"""`/v1/events` and long polls: changes arrive at once, slow and late readers start anew."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any, NamedTuple

from aiohttp import ClientResponse

from kvmon.model.evidence import Verdict, Verdicts
from kvmon.tell.server import events, feed
from kvmon.tell.server.feed import Feed
from tests.tell.server.seen import Seen, seen
from tests.tell.server.test_breakers import CLOSED, OPEN
from tests.tell.server.test_server import door


class Event(NamedTuple):
    name: str
    id: str
    data: Any


async def next_event(response: ClientResponse) -> Event:
    fields: dict[str, str] = {}
    async with asyncio.timeout(30):
        while (line := (await response.content.readline()).decode().rstrip("\n")) or "event" not in fields:
            name, _, value = line.partition(": ")
            if name:
                fields[name] = value
    return Event(fields["event"], fields["id"], json.loads(fields["data"]))


async def followers(made: Seen, count: int) -> None:
    async with asyncio.timeout(30):
        while made.feed.followers != count:  # noqa: ASYNC110 - it is the server's own count
            await asyncio.sleep(0.001)


def view() -> Seen:
    made = seen()
    for index in range(1, 8):
        made.feed.changed(replace(CLOSED, index=index))
    made.judged = Verdicts("boot", 7, [CLOSED, OPEN])
    return made


def change(made: Seen, verdict: Verdict) -> None:
    made.judged = Verdicts("boot", verdict.index, [verdict])
    made.feed.changed(verdict)


async def test_a_snapshot_comes_first_then_changes_as_they_happen() -> None:
    made = view()
    async with door(made) as client, client.get("/v1/events") as response:
        assert response.headers["Content-Type"] == "text/event-stream"
        first = await next_event(response)
        assert (first.name, first.id) == ("snapshot", "boot-7")
        assert [found["op"] for found in first.data["breakers"]] == ["read", "write"]
        assert first.data["valid_for_ms"] == 10_000
        change(made, replace(OPEN, index=8))
        second = await next_event(response)
    assert (second.name, second.id, second.data["index"]) == ("change", "boot-8", 8)
    assert (second.data["breaker"]["state"], second.data["breaker"]["advice"]) == ("open", "deny")


async def test_who_comes_back_goes_on_where_it_left_off() -> None:
    made = view()
    async with door(made) as client:
        async with client.get("/v1/events", headers={"Last-Event-ID": "boot-5"}) as response:
            assert [(await next_event(response)).id for _ in range(2)] == ["boot-6", "boot-7"]
        for other in ("another-5", "boot-99", "boot-x", "-", "boot-"):
            async with client.get("/v1/events", headers={"Last-Event-ID": other}) as response:
                assert (await next_event(response)).name == "snapshot", other


async def test_a_stream_without_news_renews_the_lease(monkeypatch: Any) -> None:
    monkeypatch.setattr(events, "BEAT", 0.01)
    made = view()
    async with door(made) as client, client.get("/v1/events") as response:
        await next_event(response)
        made.judged = replace(made.judged, tilt="lag")
        beat = await next_event(response)
    assert (beat.name, beat.data) == ("heartbeat", {"index": 7, "valid_for_ms": 10_000, "monitor": {"tilt": "lag"}})


async def test_when_a_breaker_vanishes_all_start_anew() -> None:
    made = view()
    async with door(made) as client, client.get("/v1/events") as response:
        await next_event(response)
        made.judged = Verdicts("boot", 8, [CLOSED], {"sessions": 8})
        made.feed.renewed(8)
        found = await next_event(response)
    assert (found.name, found.data["index"], len(found.data["breakers"])) == ("snapshot", 8, 1)


def test_who_missed_more_than_is_kept_starts_anew() -> None:
    made = Feed("boot")
    for index in range(1, 3 * feed.KEPT):
        made.changed(replace(CLOSED, index=index))
    last = 3 * feed.KEPT - 1
    assert made.since(last) == b""
    assert (made.since(last - feed.KEPT) or b"").count(b"event: change") == feed.KEPT
    assert (made.since(last - 3) or b"").count(b"event: change") == 3
    assert made.since(last - feed.KEPT - 1) is None
    assert made.since(last + 1) is None, "an index from the future is another daemon's"


async def test_a_reader_that_takes_nothing_is_let_go_of_and_costs_no_more(monkeypatch: Any) -> None:
    monkeypatch.setattr(events, "PATIENCE", 0.2)
    made = view()
    made.judged = Verdicts("boot", 7, [OPEN] * 50_000)
    async with door(made) as client:
        response = await client.get("/v1/events")
        await followers(made, 1)
        await followers(made, 0)
        response.close()


async def test_the_end_of_the_daemon_ends_streams_and_waits() -> None:
    made = view()
    async with door(made) as client, client.get("/v1/events") as response:
        await next_event(response)
        waiting = asyncio.create_task(client.get("/v1/breakers?index=7&wait=5s"))
        await followers(made, 2)
        made.feed.close()
        assert (await response.content.read()) is not None
        assert (await waiting).status == 200


async def test_too_many_are_refused(monkeypatch: Any) -> None:
    monkeypatch.setattr(feed, "FOLLOWERS", 0)
    async with door(view()) as client:
        assert (await client.get("/v1/events")).status == 503


async def test_a_long_poll_answers_when_something_changed() -> None:
    made = view()
    async with door(made) as client:

        async def poll(path: str) -> tuple[ClientResponse, Any]:
            response = await client.get(path)
            return response, json.loads(await response.text())

        _, at_once = await poll("/v1/breakers?index=3&wait=5s")
        assert at_once["index"] == 7
        _, backwards = await poll("/v1/breakers?index=999&wait=5s")
        assert backwards["index"] == 7, "an index that was never given is one of another boot"
        waiting = asyncio.create_task(poll("/v1/breakers/sessions/write?index=7&wait=5s"))
        other = asyncio.create_task(poll("/v1/breakers/jobs/read?index=0&wait=100ms"))
        await followers(made, 2)
        change(made, replace(OPEN, index=8))
        _, found = await waiting
        _, quiet = await other
    assert (found["index"], found["breakers"][0]["index"]) == (8, 8)
    assert quiet["index"] == 0, "a change elsewhere is no news here"


async def test_a_long_poll_says_what_is_wrong_with_it() -> None:
    async with door(view()) as client:
        for query in ("index=x", "index=-1", "wait=1s", "index=1&wait=soon"):
            response = await client.get(f"/v1/breakers?{query}")
            assert response.status == 400, query
