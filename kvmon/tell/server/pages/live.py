"""`/v1/page/events`: tells an open page when to look anew (SSE). What it shows then is the page itself, rendered here."""

from __future__ import annotations

import asyncio

from aiohttp import web

from kvmon.tell.server.events import HEADERS, PATIENCE
from kvmon.tell.server.keys import VIEW
from kvmon.tell.server.pages.mark import mark

LOOK = 0.5
"""Seconds between looks at what is announced by nobody: polls and alerts. Breakers wake it at once."""

BEAT = 5.0
"""Seconds between beats: numbers are looked at anew then, and a page without beats knows that it is stale."""


async def follow(request: web.Request) -> web.StreamResponse:
    """`event: trouble` when something became ill or well, else `event: beat` every few seconds."""
    view = request.app[VIEW]
    feed = view.feed
    with feed.follower():
        response = web.StreamResponse(headers=HEADERS)
        await response.prepare(request)
        seen = mark(view)
        text, told = f"retry: 1000\n\nevent: hello\ndata: {feed.boot}\n\n", view.clock.monotonic()
        try:
            while not feed.closed:
                if text:
                    async with asyncio.timeout(PATIENCE):
                        await response.write(text.encode())
                    told = view.clock.monotonic()
                await feed.news(feed.index, LOOK)
                before, seen = seen, mark(view)
                text = "event: trouble\ndata: \n\n" if seen != before else ""
                if not text and view.clock.monotonic() - told >= BEAT:
                    text = "event: beat\ndata: \n\n"
        except ConnectionError:
            pass  # who left is not told
        except TimeoutError:
            if request.transport is not None:
                request.transport.abort()
        return response
