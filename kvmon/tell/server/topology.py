"""`/v1/topology/TARGET`: which nodes a target has, and how they belong together."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from kvmon.tell.server.keys import VIEW, named_target
from kvmon.tell.server.state import NodeState, states
from kvmon.tell.server.view import Member


async def topology(request: web.Request) -> web.Response:
    """The nodes with role, shard and slots, and the shards."""
    view = request.app[VIEW]
    target = named_target(request, request.match_info["target"])
    found = view.topology(target)
    members = {member.node.key: member for member in found.members}
    rows = [(state, members.get(state.node.key, Member(state.node))) for state in states(view, target)]
    document = {
        "target": target.name,
        "topology": found.kind,
        "nodes": [_node(state, member) for state, member in rows],
        "shards": _shards(rows),
    }
    return web.json_response(document)


def _node(state: NodeState, member: Member) -> dict[str, Any]:
    return {
        "instance": state.node.instance,
        "role": state.role,
        "status": state.status,
        "shard": member.shard,
        "slots": [list(ends) for ends in member.slots],
        "flags": list(member.flags),
        "configured": member.configured,
    }


def _shards(rows: list[tuple[NodeState, Member]]) -> list[dict[str, Any]]:
    shards: dict[str, dict[str, Any]] = {}
    for state, member in rows:
        if not member.shard:
            continue
        shard = shards.setdefault(member.shard, {"shard": member.shard, "slots": [], "nodes": []})
        shard["slots"] += [list(ends) for ends in member.slots]
        shard["nodes"].append(state.node.instance)
    return sorted(shards.values(), key=lambda shard: shard["slots"] or [[16_384]])
