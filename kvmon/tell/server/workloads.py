"""`/v1/workloads/TARGET`: what scans have counted, and the biggest keys."""

from __future__ import annotations

from aiohttp import web

from kvmon.tell.server.access import must_be_allowed_to_change
from kvmon.tell.server.keys import VIEW, named_target
from kvmon.tell.server.timestamps import timestamp


async def workloads(request: web.Request) -> web.Response:
    """Of one target. With `?keys=true` the biggest keys by name: for those who may also change something."""
    target = named_target(request, request.match_info["target"])
    names = request.query.get("keys") == "true"
    if names:
        must_be_allowed_to_change(request)
    found = request.app[VIEW].workloads(target)
    document = {**found, "at": timestamp(found["at"]) if found["at"] is not None else None}
    biggest = document.pop("biggest")
    return web.json_response({**document, "biggest": biggest} if names else document)
