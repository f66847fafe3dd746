"""`/v1/targets` and `/v1/slowlog/TARGET`: the JSON behind the pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aiohttp import web

from kvmon.model.snapshot import Capability
from kvmon.tell.server.keys import VIEW, named_target
from kvmon.tell.server.state import NodeState, states
from kvmon.tell.server.timestamps import timestamp


async def targets(request: web.Request) -> web.Response:
    """All targets with their nodes."""
    view = request.app[VIEW]
    found = [
        {
            "name": target.name,
            "service": target.service,
            "provider": target.provider.name,
            "sku": target.sku or None,
            "critical": target.critical,
            "labels": dict(target.labels),
            "nodes": [_node(state, view.capabilities(state.node)) for state in states(view, target)],
        }
        for target in view.targets()
    ]
    return web.json_response({"targets": found})


def _node(state: NodeState, capabilities: Sequence[Capability]) -> dict[str, Any]:
    shot = state.snapshot
    return {
        "instance": state.node.instance,
        "status": state.status,
        "why": state.why or None,
        "reason": state.reason or None,
        "role": state.role,
        "since": timestamp(shot.since) if shot and shot.since else None,
        "polled": timestamp(shot.at) if shot else None,
        "poll_seconds": shot.duration if shot else None,
        "version": state.facts.get("valkey_version") or state.facts.get("redis_version"),
        "memory_used_bytes": state.number("used_memory"),
        "memory_limit_bytes": state.memory_limit() if state.facts else None,
        "clients": state.number("connected_clients"),
        "commands_per_second": state.number("instantaneous_ops_per_sec"),
        "hit_ratio": state.hit_ratio(),
        "replication_lag_seconds": state.lag,
        "capabilities": {
            found.collector: {"status": found.status, "why": found.why or None, "without": list(found.without)}
            for found in capabilities
        },
        "failures": [
            {"collector": failure.collector, "reason": failure.reason, "message": failure.message}
            for failure in (shot.failures if shot else ())
        ],
    }


async def slowlog(request: web.Request) -> web.Response:
    """The latest slow commands of a target: names and how many arguments, never the arguments."""
    target = named_target(request, request.match_info["target"])
    entries = [
        {
            "instance": entry.instance,
            "id": entry.id,
            "at": timestamp(entry.at),
            "seconds": entry.seconds,
            "command": entry.command,
            "arguments": entry.arguments,
            "key": entry.shape or None,
        }
        for entry in request.app[VIEW].slow_commands(target)
    ]
    return web.json_response({"target": target.name, "entries": entries})
