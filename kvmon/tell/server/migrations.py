"""`/v1/migrations`: whether the destination of a migration is ready, and why not."""

from __future__ import annotations

from aiohttp import web

from kvmon.tell.server.access import must_be_allowed_to_change
from kvmon.tell.server.keys import VIEW
from kvmon.tell.server.timestamps import timestamp


async def migrations(request: web.Request) -> web.Response:
    """All that are watched. With `?keys=true` some names of keys that differ: for those who may also change something."""
    names = request.query.get("keys") == "true"
    if names:
        must_be_allowed_to_change(request)
    found = []
    for each in request.app[VIEW].migrations():
        document = {**each, "at": timestamp(each["at"]) if each["at"] is not None else None}
        examples = document.pop("examples")
        found.append({**document, "examples": examples} if names else document)
    return web.json_response({"migrations": found})
