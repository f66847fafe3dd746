"""`/v1/incidents`: what was true when breakers opened, and what happened around it."""

from __future__ import annotations

from http import HTTPStatus

from aiohttp import web

from kvmon.tell.server.keys import VIEW, named_target
from kvmon.tell.server.problems import Problem
from kvmon.tell.server.timestamps import timestamp

MOST, EVENTS = 100, 10_000
"""Incidents and events at most."""


async def incidents(request: web.Request) -> web.Response:
    """The newest first: of all, or of `?target=`; at most `?limit=` (10) of them, and `?events=` (200) of the journal."""
    view = request.app[VIEW]
    name = request.query.get("target")
    target = named_target(request, name).name if name is not None else None
    found = await view.incidents(target, _number(request, "limit", 10, MOST))
    happened = await view.events(target, _number(request, "events", 200, EVENTS))
    return web.json_response(
        {
            "incidents": [{**each, "at": timestamp(each["at"])} for each in found],
            "events": [{**each, "at": timestamp(each["at"])} for each in happened],
        }
    )


def _number(request: web.Request, name: str, default: int, most: int) -> int:
    text = request.query.get(name, str(default))
    if not (text.isascii() and text.isdigit() and 0 < int(text[:6]) <= most):
        raise Problem(HTTPStatus.BAD_REQUEST, f"{name} is a number from 1 to {most}.")
    return int(text)
