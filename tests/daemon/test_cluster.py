"""A real cluster of six: a primary dies, a shard comes and goes, nodes disagree."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.servers.cluster import follow, form, join, move_all, ready
from tests.servers.daemon import Daemon
from tests.servers.server import Server
from tests.servers.waiting import until

Start = Callable[..., Server]
StartDaemon = Callable[..., Daemon]


def instances(daemon: Daemon) -> dict[str, float]:
    return {sample.labels["instance"]: sample.value for sample in daemon.samples("redis_up", target="it")}


def labels(daemon: Daemon) -> dict[str, dict[str, str]]:
    return {group["targets"][0]: group["labels"] for group in daemon.get("/discover").json()}


def configured(server: Server, **options: Any) -> dict[str, Any]:
    target = {"name": "it", "url": server.url, "forget_after": "3s", "topology": "cluster", **options}
    return {"interval": "1s", "timeout": "500ms", "targets": [target]}


@pytest.mark.slow
def test_a_cluster_of_six_is_followed_through_a_crash_and_a_shard_that_comes_and_goes(
    start_server: Start, start_daemon: StartDaemon
) -> None:
    quick = {"cluster-node-timeout": "2000", "cluster-allow-replica-migration": "no"}
    primaries = [start_server(cluster=True, settings=quick) for _ in range(3)]
    replicas = [start_server(cluster=True, settings=quick) for _ in range(3)]
    form(primaries, replicas)
    daemon = start_daemon(configured(primaries[0]))
    six = {node.address for node in (*primaries, *replicas)}
    until(lambda: instances(daemon) == dict.fromkeys(six, 1.0), what="six nodes")
    daemon.until("kvmon_cluster_slots", 16_384, target="it", state="ok")
    daemon.until("kvmon_cluster_primaries_without_replica", 0, target="it")
    until(lambda: 1 <= (daemon.value("kvmon_cluster_skew_ratio", of="slots") or 0) < 1.001, what="even slots")
    until(lambda: 1 <= (daemon.value("kvmon_cluster_skew_ratio", of="memory") or 0) < 3, what="known loads")
    shard = until(lambda: labels(daemon)[primaries[2].address]["shard"], what="a shard")

    # A primary dies.
    primaries[2].kill()
    until(lambda: replicas[2].info("replication")["role"] == "master", what="a failover")
    begun = time.monotonic()
    until(lambda: labels(daemon)[replicas[2].address]["role"] == "primary", what="the new primary")
    assert time.monotonic() - begun < 2 * 1 + 5, "two intervals; a slow machine gets some more"
    assert labels(daemon)[replicas[2].address]["shard"] == shard, "the shard keeps its name"
    daemon.until("kvmon_role_changes_total", 1, target="it", instance=replicas[2].address)
    daemon.until("redis_up", 0, target="it", instance=primaries[2].address)
    daemon.until("kvmon_cluster_primaries_without_replica", 1, target="it")
    primaries[2].restart()
    until(lambda: instances(daemon) == dict.fromkeys(six, 1.0), what="six again")

    # A shard comes.
    primary, replica = (start_server(cluster=True, settings=quick) for _ in range(2))
    join(primary, primaries[0])
    until(lambda: ready(primary, 7), what="a seventh")
    join(replica, primaries[0])
    follow(replica, primary)
    with primaries[0].client() as source, primary.client() as destination:
        new = primary.command("CLUSTER", "MYID")
        for slot in range(10):
            destination.command("CLUSTER", "SETSLOT", slot, "NODE", new)
            source.command("CLUSTER", "SETSLOT", slot, "NODE", new)
    daemon.until("kvmon_cluster_shards", 4, target="it")
    until(lambda: instances(daemon) == dict.fromkeys(six | {primary.address, replica.address}, 1.0), what="eight nodes")

    # And goes: its series end.
    move_all(primary, primaries[0], [primaries[0], primary])
    daemon.until("kvmon_cluster_shards", 3, target="it")
    gone = [node.command("CLUSTER", "MYID") for node in (replica, primary)]
    replica.kill()
    primary.kill()
    for node in (*primaries, *replicas):
        for identity in gone:
            node.command("CLUSTER", "FORGET", identity)
    until(lambda: instances(daemon) == dict.fromkeys(six, 1.0), what="six nodes, and no series of the others")
    assert "Traceback" not in daemon.logs


@pytest.mark.slow
def test_a_node_that_sees_other_owners_is_counted_until_it_agrees(start_server: Start, start_daemon: StartDaemon) -> None:
    nodes = [start_server(cluster=True) for _ in range(3)]
    form(nodes)
    daemon = start_daemon(configured(nodes[0]))
    daemon.until("kvmon_cluster_disagreeing_nodes", 0, target="it", about="owners")
    # The second knows nobody any more, while the others go on to know it.
    nodes[1].command("CLUSTER", "RESET", "SOFT")
    daemon.until("kvmon_cluster_disagreeing_nodes", 1, target="it", about="owners")
    nodes[1].command("CLUSTER", "ADDSLOTSRANGE", 5461, 10_921)
    join(nodes[1], nodes[0])
    daemon.until("kvmon_cluster_disagreeing_nodes", 0, target="it", about="owners")
    nodes[0].command("CLUSTER", "SETSLOT", 9, "MIGRATING", nodes[1].command("CLUSTER", "MYID"))
    daemon.until("kvmon_cluster_slots_moving", 1, target="it")
    assert "Traceback" not in daemon.logs
