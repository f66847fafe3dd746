"""`/v1/breakers/TARGET/OP/override`: a person decides, for a while."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Literal

import structlog
from aiohttp import web
from pydantic import Field

from kvmon.model.evidence import Op, Override
from kvmon.options import Seconds
from kvmon.tell.server.access import must_be_allowed_to_change
from kvmon.tell.server.bodies import Body, read
from kvmon.tell.server.breakers import known_op
from kvmon.tell.server.documents import envelope
from kvmon.tell.server.keys import VIEW, named_target
from kvmon.tell.server.problems import Problem

LONGEST = 7 * 86_400.0
"""Seconds: what is meant to last is configured."""

log = structlog.get_logger("kvmon")


class OverrideBody(Body):
    """What is decided, for how long, why and by whom."""

    state: Literal["forced_open", "forced_closed", "shadow"]
    ttl: Annotated[Seconds, Field(le=LONGEST)]
    reason: Annotated[str, Field(min_length=1, max_length=500)]
    by: Annotated[str, Field(min_length=1, max_length=100)]


async def put(request: web.Request) -> web.Response:
    """Decide; the documents after that."""
    view = request.app[VIEW]
    with view.inbox.refusals("override"):
        must_be_allowed_to_change(request)
        key = _named(request)
        body = await read(request, OverrideBody)
        override = Override(body.state, view.clock.time() + body.ttl, body.reason, body.by)
        if not await view.override(key, override):
            raise Problem(HTTPStatus.CONFLICT, "It has no breaker: it is not probed, or has no such shard.")
    view.inbox.count("override", "set")
    log.warning(
        "a breaker was overridden", target=key[0], op=key[1], shard=key[2], state=body.state, ttl=body.ttl,
        reason=body.reason, by=body.by, remote=request.remote,
    )  # fmt: skip
    return _documents(request, key)


async def delete(request: web.Request) -> web.Response:
    """Let the breaker decide again; the documents after that. 404 where nothing was decided."""
    view = request.app[VIEW]
    with view.inbox.refusals("override"):
        must_be_allowed_to_change(request)
        key = _named(request)
        if not await view.override(key, None):
            raise Problem(HTTPStatus.NOT_FOUND, "There is no override.")
    view.inbox.count("override", "ended")
    log.warning("a breaker is no longer overridden", target=key[0], op=key[1], shard=key[2], remote=request.remote)
    return _documents(request, key)


def _named(request: web.Request) -> tuple[str, Op, str]:
    target = named_target(request, request.match_info["target"]).name
    return target, known_op(request.match_info["op"]), request.query.get("shard", "")


def _documents(request: web.Request, key: tuple[str, Op, str]) -> web.Response:
    view = request.app[VIEW]
    verdicts = view.verdicts()
    found = [each for each in verdicts.all if (each.target, each.op) == key[:2] and key[2] in ("", each.shard)]
    return web.json_response(envelope(verdicts, view.clock.time(), chosen=found))
