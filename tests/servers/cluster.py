"""A real cluster on loopback, made of servers that were started with `cluster=True`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from tests.servers.server import HOST, Server
from tests.servers.waiting import until

SLOTS = 16_384


def form(primaries: Sequence[Server], replicas: Sequence[Server] = ()) -> None:
    """Shares the slots among the primaries and gives each a replica, in turn; returns when all nodes know it all."""
    first, count = primaries[0], len(primaries)
    for place, node in enumerate(primaries):
        node.command("CLUSTER", "SET-CONFIG-EPOCH", place + 1)
        node.command("CLUSTER", "ADDSLOTS", *range(SLOTS * place // count, SLOTS * (place + 1) // count))
    for node in (*primaries[1:], *replicas):
        join(node, first)
    for place, replica in enumerate(replicas):
        follow(replica, primaries[place % count])
    for node in (*primaries, *replicas):
        until(partial(ready, node, count + len(replicas)), what=f"{node.address} knows the cluster")


def join(node: Server, member: Server) -> None:
    """The node becomes a member too."""
    member.command("CLUSTER", "MEET", HOST, node.port)


def follow(replica: Server, primary: Server) -> None:
    """A member becomes the replica of another."""
    identity = primary.command("CLUSTER", "MYID")
    until(lambda: identity in replica.command("CLUSTER", "NODES"), what="the replica has heard of its primary")
    replica.command("CLUSTER", "REPLICATE", identity)
    until(lambda: replica.info("replication").get("master_link_status") == "up", what="a replica in step")


def works(node: Server) -> bool:
    """Whether it says that all slots are served."""
    return "cluster_state:ok" in node.command("CLUSTER", "INFO")


def ready(node: Server, members: int) -> bool:
    """Whether it sees so many members, all slots served, and nobody in doubt."""
    known = f"cluster_known_nodes:{members}" in node.command("CLUSTER", "INFO")
    lines = node.command("CLUSTER", "NODES").splitlines()
    return known and works(node) and not any("fail" in line for line in lines)


def move_all(source: Server, destination: Server, tellers: Sequence[Server]) -> None:
    """All slots of one primary become another's, without keys; the `tellers` are told, the others hear of it."""
    identity = destination.command("CLUSTER", "MYID")
    own = source.command("CLUSTER", "MYID")
    line = next(line for line in source.command("CLUSTER", "NODES").splitlines() if line.startswith(own))
    ranges = [word.split("-") for word in line.split()[8:]]
    slots = [slot for ends in ranges for slot in range(int(ends[0]), int(ends[-1]) + 1)]
    for node in tellers:
        with node.client() as client:
            for slot in slots:
                client.command("CLUSTER", "SETSLOT", slot, "NODE", identity)
