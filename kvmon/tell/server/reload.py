"""`POST /-/reload`."""

from __future__ import annotations

from http import HTTPStatus

from aiohttp import web

from kvmon.errors import UsageError
from kvmon.tell.server.access import must_be_allowed_to_change
from kvmon.tell.server.keys import VIEW
from kvmon.tell.server.problems import Problem


async def reload(request: web.Request) -> web.Response:
    """Read the configuration again; a wrong one is told and the old one stays."""
    must_be_allowed_to_change(request)
    try:
        await request.app[VIEW].reload()
    except UsageError as error:
        detail = f"The configuration was not taken, the old one stays: {error}"
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail) from None
    return web.Response(text="reloaded\n")
