"""A target as one of two backends that are compared: one node of each shard, with the slots that it answers for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kvmon.clock import Clock
from kvmon.daemon.scan_places import Latest, scan_places
from kvmon.diagnose.migration.sides import ALL, Door, Side
from kvmon.errors import Unreachable
from kvmon.model.targets.target import Node, Target
from kvmon.tell.server.view import Topology
from kvmon.watch.collectors.server import server_of
from kvmon.watch.scans.attached import fields_expire
from kvmon.watch.scans.pacing import Budget
from kvmon.watch.scans.walking import Walker
from kvmon.watch.wire import Connection


def side_of(  # noqa: PLR0913 - what is known of a target, by name
    target: Target,
    nodes: Sequence[Node],
    topology: Topology,
    latest: Latest,
    *,
    budget: Budget,
    clock: Clock,
    replicas: bool = False,
) -> Side:
    """Primaries, or with `replicas` those in step where there are any. Raises Unreachable where a shard has no node to ask."""
    wanted = replace(target, scan=replace(target.scan, replicas=replicas))
    places = scan_places(wanted, nodes, topology, latest)
    slots = {member.shard: tuple(member.slots) for member in topology.members if member.slots}
    doors = []
    for place in places:
        if place.node is None:
            shard = f" of shard {place.shard}" if place.shard else ""
            raise Unreachable("unreachable", f"{target.name}: no node{shard} can be asked")
        if len(places) > 1 and place.shard not in slots:
            raise Unreachable(
                "unreachable", f"{target.name} is several servers that are no cluster: nobody knows which has a key"
            )
        link = Connection(place.node, clock=clock)
        walker = Walker(
            link, budget, clock=clock, timeout=max(5.0, target.timeout), greeting=[("READONLY",)] if place.readonly else []
        )
        told = latest(place.node.key)
        knows = fields_expire(server_of(told.facts if told is not None else {}))
        doors.append(Door(place.node.instance, walker, link, slots.get(place.shard, ALL), fields_expire=knows))
    return Side(target.name, doors)
