"""`/v1/incidents`: what was true when breakers opened, and what happened around it."""

from __future__ import annotations

from http import HTTPStatus

from aiohttp import web

from kvmon.tell.server.keys import VIEW, named_target
from kvmon.tell.server.problems import Problem
from kvmon.tell.server.timestamps import timestamp

MOST = 100
EVENTS = 200


async def incidents(request: web.Request) -> web.Response:
    """The newest first: of all, or of `?target=`; at most `?limit=` (10) of them, with the events of the journal."""
    view = request.app[VIEW]
    name = request.query.get("target")
    target = named_target(request, name).name if name is not None else None
    text = request.query.get("limit", "10")
    if not (text.isascii() and text.isdigit() and 0 < int(text[:4]) <= MOST):
        raise Problem(HTTPStatus.BAD_REQUEST, f"limit is a number from 1 to {MOST}.")
    found = await view.incidents(target, int(text))
    happened = await view.events(target, EVENTS)
    return web.json_response(
        {
            "incidents": [{**each, "at": timestamp(each["at"])} for each in found],
            "events": [{**each, "at": timestamp(each["at"])} for each in happened],
        }
    )
