"""From one address the daemon finds the others, and follows them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from tests.servers.cluster import works
from tests.servers.daemon import Daemon
from tests.servers.server import Server
from tests.servers.waiting import until

Start = Callable[..., Server]
StartDaemon = Callable[..., Daemon]


def target(server: Server, **options: Any) -> dict[str, Any]:
    return {"interval": "500ms", "timeout": "400ms", "targets": [{"name": "it", "url": server.url, **options}]}


def instances(daemon: Daemon) -> dict[str, float]:
    return {sample.labels["instance"]: sample.value for sample in daemon.samples("redis_up", target="it")}


def roles(daemon: Daemon) -> dict[str, str]:
    return {group["targets"][0]: group["labels"]["role"] for group in daemon.get("/discover").json()}


@pytest.mark.parametrize("seed", ["primary", "replica"])
def test_a_primary_and_its_replica_are_found_from_either(seed: str, start_server: Start, start_daemon: StartDaemon) -> None:
    primary = start_server(password="secret")
    replica = start_server(replica_of=primary, password="secret")
    daemon = start_daemon(target(primary if seed == "primary" else replica, password="secret"))
    until(
        lambda: roles(daemon) == {primary.address: "primary", replica.address: "replica"},
        what=f"both nodes\n{daemon.logs[-3000:]}",
    )
    until(lambda: instances(daemon) == {primary.address: 1, replica.address: 1}, what="series of both")
    document = daemon.get("/v1/topology/it").json()
    assert document["topology"] == "replicas"
    assert {node["instance"]: node["configured"] for node in document["nodes"]} == {
        primary.address: seed == "primary",
        replica.address: seed == "replica",
    }


def test_announced_addresses_may_be_others_than_those_that_lead_there_and_of_any_kind(
    start_server: Start, start_daemon: StartDaemon
) -> None:
    primary = start_server()
    hidden = start_server(replica_of=primary, settings={"replica-announce-ip": "10.255.255.1"})
    sixth = start_server(replica_of=primary, settings={"replica-announce-ip": "::1", "bind": "127.0.0.1 ::1"})
    daemon = start_daemon(
        {
            "interval": "500ms",
            "timeout": "400ms",
            "targets": [{"name": "it", "url": f"redis://localhost:{primary.port}", "address_map": {"10.255.255.1": "127.0.0.1"}}],
        }
    )
    expected = {f"localhost:{primary.port}": 1.0, hidden.address: 1.0, f"[::1]:{sixth.port}": 1.0}
    until(lambda: instances(daemon) == expected, what=f"all of them\n{daemon.logs[-3000:]}")


def test_a_failover_is_followed_and_who_is_gone_is_forgotten(start_server: Start, start_daemon: StartDaemon) -> None:
    primary = start_server()
    replica = start_server(replica_of=primary)
    daemon = start_daemon(target(replica, forget_after="2s"))
    until(lambda: instances(daemon) == {primary.address: 1, replica.address: 1}, what="both nodes")
    primary.stop()
    # As long as the replica tells of its primary, the primary is missed.
    daemon.until("redis_up", 0, target="it", instance=primary.address)
    replica.command("REPLICAOF", "NO", "ONE")
    until(lambda: roles(daemon) == {replica.address: "primary"}, what="the old primary forgotten")
    assert instances(daemon).keys() == {replica.address}
    assert "Traceback" not in daemon.logs


def test_the_promoted_replica_of_a_dead_seed_is_not_forgotten(start_server: Start, start_daemon: StartDaemon) -> None:
    primary = start_server()
    replica, other = start_server(replica_of=primary), start_server(replica_of=primary)
    daemon = start_daemon(target(primary, forget_after="1s"))
    until(lambda: len(instances(daemon)) == 3, what="three nodes")
    primary.stop()
    replica.command("REPLICAOF", "NO", "ONE")
    other.command("REPLICAOF", "127.0.0.1", str(replica.port))
    expected = {primary.address: "unknown", replica.address: "primary", other.address: "replica"}
    until(lambda: roles(daemon) == expected, what="the new primary")
    polls = daemon.value("redis_exporter_scrapes_total", target="it", instance=replica.address) or 0
    until(
        lambda: (daemon.value("redis_exporter_scrapes_total", target="it", instance=replica.address) or 0) > polls + 5,
        what="more polls of the new primary than the time after which it could be forgotten",
    )
    assert roles(daemon).keys() == expected.keys()


def test_nodes_that_other_targets_name_stay_theirs_and_standalone_finds_nobody(
    start_server: Start, start_daemon: StartDaemon
) -> None:
    primary = start_server()
    replica = start_server(replica_of=primary)
    until(lambda: primary.info("replication").get("connected_slaves") == "1", what="a connected replica")
    targets = [
        {"name": "first", "url": primary.url},
        {"name": "second", "url": replica.url},
        {"name": "alone", "url": primary.url, "topology": "standalone"},
        {"name": "whole", "url": primary.url, "topology": "replicas"},
    ]
    daemon = start_daemon({"interval": "500ms", "timeout": "400ms", "targets": targets})
    until(lambda: len(daemon.samples("redis_up", target="whole")) == 2, what="the replica of the target that asks for it")
    for name in ("first", "second", "alone"):
        daemon.until("redis_up", 1, target=name)


def test_exporter_mode_asks_the_addressed_node_only(start_server: Start, start_daemon: StartDaemon) -> None:
    primary = start_server()
    start_server(replica_of=primary)
    until(lambda: primary.info("replication").get("connected_slaves") == "1", what="a connected replica")
    daemon = start_daemon(environment={"REDIS_ADDR": primary.url})
    until(lambda: daemon.value("redis_connected_slaves") == 1, what="the first poll")
    assert len(daemon.get("/discover").json()) == 1


@pytest.mark.slow
def test_a_cluster_is_found_from_one_address_and_followed(start_server: Start, start_daemon: StartDaemon) -> None:
    nodes = [start_server(cluster=True) for _ in range(3)]
    first, second, third = nodes
    for node, ends in zip(nodes, ((0, 5460), (5461, 10_922), (10_923, 16_383)), strict=True):
        node.command("CLUSTER", "ADDSLOTSRANGE", *map(str, ends))
    for node in (second, third):
        first.command("CLUSTER", "MEET", "127.0.0.1", str(node.port))
    for node in nodes:
        until(partial(works, node), what="a cluster")
    daemon = start_daemon(target(first))
    until(lambda: instances(daemon) == {node.address: 1 for node in nodes}, what=f"three nodes\n{daemon.logs[-3000:]}")

    def shards() -> list[Any]:
        return [(shard["nodes"], shard["slots"]) for shard in daemon.get("/v1/topology/it").json()["shards"]]

    expected = [
        ([first.address], [[0, 5460]]), ([second.address], [[5461, 10_922]]), ([third.address], [[10_923, 16_383]]),
    ]  # fmt: skip
    until(lambda: shards() == expected, what="three shards")
    daemon.until("kvmon_cluster_slots", 16_384, target="it", state="ok")
    daemon.until("kvmon_cluster_primaries_without_replica", 3, target="it")

    # A replica joins; its primary goes, and it takes over.
    replica = start_server(cluster=True)
    replica.command("CLUSTER", "MEET", "127.0.0.1", str(first.port))
    third_id = third.command("CLUSTER", "MYID")
    until(lambda: third_id in replica.command("CLUSTER", "NODES"), what="the replica has heard of its primary")
    replica.command("CLUSTER", "REPLICATE", third_id)
    daemon.until("redis_up", 1, target="it", instance=replica.address)
    until(lambda: replica.info("replication").get("master_link_status") == "up", what="a replica in step")
    until(lambda: shards()[-1] == ([third.address, replica.address], [[10_923, 16_383]]), what="a shard of two")
    daemon.until("kvmon_cluster_primaries_without_replica", 2, target="it")
    labels = {group["targets"][0]: group["labels"] for group in daemon.get("/discover").json()}
    assert labels[replica.address]["shard"] == labels[third.address]["shard"] == third_id
    replica.command("CLUSTER", "FAILOVER", "TAKEOVER")
    until(lambda: roles(daemon).get(replica.address) == "primary", what="the new primary seen")
    until(lambda: roles(daemon).get(third.address) == "replica", what="the old primary seen")
    slots = [[10_923, 16_383]]
    until(
        lambda: any(
            node["instance"] == replica.address and node["slots"] == slots
            for node in daemon.get("/v1/topology/it").json()["nodes"]
        ),
        what="the slots of the new primary",
    )
    labels = {group["targets"][0]: group["labels"] for group in daemon.get("/discover").json()}
    assert labels[replica.address]["shard"] == third_id, "the shard keeps its name"
    assert "Traceback" not in daemon.logs
