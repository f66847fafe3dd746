"""The documents `/api/health/redis` and `/api/metrics/redis`, field by field as applications expect them."""

from __future__ import annotations

from http import HTTPStatus

from aiohttp import web

from kvmon.errors import TargetError
from kvmon.model.targets.target import Target
from kvmon.tell.server.keys import VIEW, named_target
from kvmon.tell.server.problems import Problem
from kvmon.tell.server.state import main_state
from kvmon.tell.server.timestamps import timestamp


def _target(request: web.Request) -> Target:
    name = request.query.get("target")
    if name is not None:
        return named_target(request, name)
    target = request.app[VIEW].default_target()
    if target is None:
        raise Problem(HTTPStatus.NOT_FOUND, "There is no default target: name one with ?target=.")
    return target


async def health(request: web.Request) -> web.Response:
    """One SET and GET, timed; 503 if it fails."""
    view = request.app[VIEW]
    target = _target(request)
    try:
        seconds = await view.measure(target)
    except TargetError as error:
        body = {"status": "unhealthy", "error": str(error), "service": target.service}
        return web.json_response({**body, "timestamp": timestamp(view.clock.time())}, status=503)
    state = main_state(view, target)
    used, most = (state.number("used_memory"), state.number("maxmemory")) if state else (None, None)
    ratio = used / most if used is not None and most else state.memory_ratio() if state else None
    return web.json_response(
        {
            "status": "healthy",
            "service": target.service,
            "latency_ms": round(seconds * 1000),
            "memory_usage_percent": f"{100 * (ratio or 0.0):.2f}",
            "timestamp": timestamp(view.clock.time()),
        }
    )


async def metrics(request: web.Request) -> web.Response:
    """Seven numbers of the last poll; 503 while there is none that succeeded."""
    view = request.app[VIEW]
    target = _target(request)
    state = main_state(view, target)
    if state is None or state.status != "up":
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, state.why if state else f"{target.name} has no node.")

    def whole(field: str) -> int:
        return int(state.number(field) or 0)

    return web.json_response(
        {
            "memory_used": whole("used_memory"),
            "memory_peak": whole("used_memory_peak"),
            "connections": whole("connected_clients"),
            "operations_per_sec": whole("instantaneous_ops_per_sec"),
            "keyspace_hits": whole("keyspace_hits"),
            "keyspace_misses": whole("keyspace_misses"),
            "hit_ratio": state.hit_ratio(),
        }
    )
