"""What one request may take, and what every answer says to a browser."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from aiohttp import web
from aiohttp.typedefs import Handler

from kvmon.tell.server.keys import VIEW
from kvmon.tell.server.problems import BEGUN, Problem

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}

ENDLESS = frozenset({"/v1/events", "/v1/page/events"})
"""Streams: they end with their client, and bound each write themselves."""

LINE = 8_190  # bytes of a request line, and of one header


async def headers(request: web.Request, response: web.StreamResponse) -> None:
    """Security headers on whatever is answered, just before it is sent."""
    request[BEGUN] = True
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)


@web.middleware
async def deadline(request: web.Request, handler: Handler) -> web.StreamResponse:
    """End a request that takes too long: it waits for a backend, or its client sends its body too slowly."""
    if request.path in ENDLESS:
        return await handler(request)
    limit = request.app[VIEW].options.request_timeout
    try:
        async with asyncio.timeout(limit) as timer:
            return await handler(request)
    except TimeoutError:
        if not timer.expired():
            raise
        raise Problem(HTTPStatus.GATEWAY_TIMEOUT, f"No answer within {limit:g} seconds.") from None
