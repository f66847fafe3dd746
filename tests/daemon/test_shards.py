"""Breakers of targets with several nodes: shards of a cluster, and a failover between a primary and its replica."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from tests.servers.cluster import works
from tests.servers.daemon import Daemon
from tests.servers.server import Server
from tests.servers.waiting import until

Start = Callable[..., Server]
StartDaemon = Callable[..., Daemon]

PROBE = {"timeout": "10s", "interval": "500ms", "write_every": "500ms"}


def target(server: Server, **more: object) -> dict[str, Any]:
    return {"interval": "500ms", "timeout": "400ms", "targets": [{"name": "it", "url": server.url, "probe": PROBE, **more}]}


def breakers(daemon: Daemon) -> list[dict[str, Any]]:
    found = daemon.get("/v1/breakers/it").json()["breakers"]
    assert isinstance(found, list)
    return found


def states(daemon: Daemon) -> dict[str, str]:
    return {each["op"]: each["state"] for each in breakers(daemon)}


def test_each_shard_of_a_cluster_has_breakers_with_its_slots(start_server: Start, start_daemon: StartDaemon) -> None:
    nodes = [start_server(cluster=True) for _ in range(3)]
    slots = [(0, 5000), (5001, 9999), (10_000, 16_383)]
    for node, (first, last) in zip(nodes, slots, strict=True):
        node.command("CLUSTER", "ADDSLOTSRANGE", str(first), str(last))
    for node in nodes[1:]:
        node.command("CLUSTER", "MEET", "127.0.0.1", str(nodes[0].port))
    for node in nodes:
        node.command("CONFIG", "SET", "cluster-require-full-coverage", "no")
        until(partial(works, node), what="a cluster")
    daemon = start_daemon(target(nodes[0]))

    def by_slots(op: str, state: str) -> list[tuple[int, int]]:
        return sorted(
            tuple(each["slots"][0]) for each in breakers(daemon) if each["slots"] and (each["op"], each["state"]) == (op, state)
        )

    until(lambda: by_slots("read", "closed") == by_slots("write", "closed") == slots, what=f"three shards\n{daemon.logs[-3000:]}")
    assert len(breakers(daemon)) == 6
    nodes[1].kill()
    until(lambda: by_slots("read", "open") == by_slots("write", "open") == [slots[1]], what="the shard of the dead node open")
    (dead,) = {each["shard"] for each in breakers(daemon) if each["state"] == "open"}
    assert daemon.get(f"/v1/breakers/it/read/allow?shard={dead}").status == 503
    assert by_slots("write", "closed") == [slots[0], slots[2]]
    assert "Traceback" not in daemon.logs


def test_a_failover_is_followed_from_the_old_primary_to_the_new(start_server: Start, start_daemon: StartDaemon) -> None:
    primary = start_server()
    replica = start_server(replica_of=primary)
    daemon = start_daemon(target(primary))
    daemon.until("kvmon_probe_success", 1, target="it", instance=replica.address, op="read")
    until(lambda: states(daemon) == {"read": "closed", "write": "closed"}, what="both closed")
    primary.kill()
    until(
        lambda: states(daemon) == {"read": "open", "write": "open"}, what="both open: nobody reads from a replica that was found"
    )
    assert {each["reason_class"] for each in breakers(daemon)} == {"refused"}
    replica.command("REPLICAOF", "NO", "ONE")
    until(lambda: states(daemon) == {"read": "closed", "write": "closed"}, what=f"both closed\n{daemon.logs[-3000:]}")


def test_one_of_two_replicas_that_the_configuration_names_is_enough_to_read(
    start_server: Start, start_daemon: StartDaemon
) -> None:
    primary = start_server()
    replica = start_server(replica_of=primary)
    it = {"name": "it", "urls": [primary.url, replica.url], "probe": PROBE}
    daemon = start_daemon({"interval": "500ms", "timeout": "400ms", "targets": [it]})
    daemon.until("kvmon_probe_success", 1, target="it", instance=replica.address, op="read")
    until(lambda: states(daemon) == {"read": "closed", "write": "closed"}, what="both closed")
    primary.kill()
    until(lambda: states(daemon)["write"] == "open", what="no more writing")
    assert states(daemon)["read"] == "closed"
