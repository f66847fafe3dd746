"""`/health`: the whole in the health+json format; `/health/TARGET`: yes or no to a question about one target."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from aiohttp import web

from kvmon.options import parse_duration
from kvmon.tell.server.keys import VIEW, named_target
from kvmon.tell.server.problems import Problem
from kvmon.tell.server.state import NodeState, states
from kvmon.tell.server.timestamps import timestamp

MEDIA = "application/health+json"
STATUS = {"up": "pass", "down": "warn", "unknown": "warn"}
OPS = ("read", "write")


async def health(request: web.Request) -> web.Response:
    """Pass and warn are 200; it fails, 503, only for targets marked critical."""
    view = request.app[VIEW]
    checks: dict[str, list[dict[str, Any]]] = {}
    words = {"pass"}
    for target in view.targets():
        for state in states(view, target):
            word = "fail" if state.status == "down" and target.critical else STATUS[state.status]
            words.add(word)
            checks.setdefault(f"{target.name}:connections", []).append(_component(state, word))
    word = next(each for each in ("fail", "warn", "pass") if each in words)
    body = {"status": word, "version": "1", "releaseId": view.version, "serviceId": "kvmon", "checks": checks}
    return _json(body, MEDIA, 503 if word == "fail" else 200)


def _component(state: NodeState, word: str) -> dict[str, Any]:
    found: dict[str, Any] = {"componentId": state.node.instance, "componentType": "datastore", "status": word}
    if state.snapshot:
        found["time"] = timestamp(state.snapshot.at)
    if state.why:
        found["output"] = state.why
    return found


def _json(body: dict[str, Any], media: str, status: int) -> web.Response:
    return web.Response(body=json.dumps(body).encode(), status=status, content_type=media)


async def target_health(request: web.Request) -> web.Response:
    """Whether the target can be read, or written, or read with no more than so much lag: 200 or 503."""
    target = named_target(request, request.match_info["target"])
    op = request.query.get("op", "read")
    if op not in OPS:
        raise Problem(HTTPStatus.BAD_REQUEST, "op is read or write.")
    if request.query.get("shard", ""):
        raise Problem(HTTPStatus.NOT_FOUND, f"{target.name} has no such shard.")
    max_lag = _max_lag(request.query.get("max_lag"))
    why = _objection(states(request.app[VIEW], target), op, max_lag)
    body = {"status": "fail" if why else "pass", "serviceId": target.name}
    if why:
        body["output"] = why
    return _json(body, MEDIA, 503 if why else 200)


def _max_lag(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        return parse_duration(text)
    except ValueError as error:
        raise Problem(HTTPStatus.BAD_REQUEST, f"max_lag: {error}.") from None


def _objection(found: list[NodeState], op: str, max_lag: float | None) -> str:
    up = [state for state in found if state.status == "up" and state.role != "sentinel"]
    if not up:
        return next((state.why for state in found if state.why), "It has no node that holds data.")
    if op == "write" and not any(state.role == "primary" for state in up):
        return "No primary is up."
    if max_lag is None:
        return ""
    for state in found:
        if state.role == "sentinel":
            continue
        lag = state.lag
        if lag is None:
            return f"The lag of {state.node.instance} is not known."
        if lag > max_lag:
            return f"{state.node.instance} is {lag:g} seconds behind."
    return ""
