"""`/v1/events`: changes of breakers as they happen (SSE), after a snapshot or from where a client left off."""

from __future__ import annotations

import asyncio

from aiohttp import web

from kvmon.tell.server.documents import LEASE, VALID_FOR_MS, envelope, monitor, packed
from kvmon.tell.server.feed import Feed
from kvmon.tell.server.keys import VIEW

BEAT = 2.0
"""Seconds after which a stream without news says that it is alive: each line renews the lease."""

PATIENCE = 10.0
"""Seconds for which a client may take nothing at all."""

HEADERS = {"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no", **LEASE}


async def events(request: web.Request) -> web.StreamResponse:
    """A snapshot, then each change, and a heartbeat where there is none."""
    feed = request.app[VIEW].feed
    with feed.follower():
        response = web.StreamResponse(headers=HEADERS)
        await response.prepare(request)
        try:
            await _follow(request, response, feed)
        except ConnectionError:
            pass  # who left is not told
        except TimeoutError:
            if request.transport is not None:
                request.transport.abort()
        return response


async def _follow(request: web.Request, response: web.StreamResponse, feed: Feed) -> None:
    index = _left_off(request, feed)
    text = b"retry: 2000\n\n"
    while not feed.closed:
        # What the client has not taken yet waits in its connection, within bounds; what came meanwhile is read from the feed.
        missed = None if index is None else feed.since(index)
        if missed is None:
            text += _snapshot(request, feed)
        elif missed:
            text += missed
        else:
            now = request.app[VIEW].verdicts()
            text += feed.event("heartbeat", packed({"index": feed.index, "valid_for_ms": VALID_FOR_MS, "monitor": monitor(now)}))
        index = feed.index
        async with asyncio.timeout(PATIENCE):
            await response.write(text)
        text = b""
        await feed.news(index, BEAT)


def _snapshot(request: web.Request, feed: Feed) -> bytes:
    view = request.app[VIEW]
    return feed.event("snapshot", packed(envelope(view.verdicts(), view.clock.time())))


def _left_off(request: web.Request, feed: Feed) -> int | None:
    boot, _, index = request.headers.get("Last-Event-ID", "").rpartition("-")
    return int(index) if boot == feed.boot and index.isascii() and index.isdigit() and len(index) < 16 else None


async def farewell(app: web.Application) -> None:
    """The daemon ends: so do the streams."""
    app[VIEW].feed.close()
