"""The daemon itself, for orchestrators: never depends on a backend."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web

from kvmon.tell.server.keys import VIEW
from kvmon.tell.server.view import Check


async def livez(request: web.Request) -> web.Response:
    """The event loop answers: that is the check."""
    return _told(request, [Check("loop", ok=True)])


async def readyz(request: web.Request) -> web.Response:
    """It does its work."""
    return _told(request, request.app[VIEW].readiness())


async def startupz(request: web.Request) -> web.Response:
    """It has come up."""
    return _told(request, request.app[VIEW].startup())


def _told(request: web.Request, checks: Sequence[Check]) -> web.Response:
    good = all(check.ok for check in checks)
    lines = []
    if not good or "verbose" in request.query:
        lines = [f"[{'+' if check.ok else '-'}]{check.name} {'ok' if check.ok else check.detail}" for check in checks]
    text = "\n".join([*lines, "ok" if good else "not ok"]) + "\n"
    return web.Response(text=text, status=200 if good else 503)
