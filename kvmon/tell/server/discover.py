"""Nodes as Prometheus' http_sd documents."""

from __future__ import annotations

from aiohttp import web

from kvmon.model.targets.target import Node
from kvmon.tell.server.keys import VIEW
from kvmon.tell.server.state import states


async def discover(request: web.Request) -> web.Response:
    """Every node, with labels target, role and shard."""
    view = request.app[VIEW]
    groups = []
    for target in view.targets():
        shards = {member.node.key: member.shard for member in view.topology(target).members}
        for state in states(view, target):
            labels = {"target": target.name, "role": state.role, "shard": shards.get(state.node.key, "")}
            groups.append({"targets": [state.node.instance], "labels": labels})
    return web.json_response(groups)


async def cluster_nodes(request: web.Request) -> web.Response:
    """The same nodes in redis_exporter's form: one group of URLs, no labels; for /scrape?target=."""
    view = request.app[VIEW]
    urls = [_url(node) for target in view.targets() for node in view.nodes(target)]
    return web.json_response([{"targets": urls, "labels": {}}])


def _url(node: Node) -> str:
    if node.address.path:
        return f"unix://{node.address.path}"
    return f"{'rediss' if node.target.tls else 'redis'}://{node.instance}"
