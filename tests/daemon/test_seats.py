"""Where probed nodes sit."""

from __future__ import annotations

from kvmon.daemon.seats import Seat, seats
from kvmon.model.targets.address import Address
from kvmon.model.targets.target import Node, Probe, Target
from kvmon.tell.server.view import Member, Topology

SEED, FOUND, EMPTY = (Address("127.0.0.1", port) for port in (1, 2, 3))
TARGET = Target("it", (SEED,), probe=Probe())
NODES = [Node(TARGET, address) for address in (SEED, FOUND, EMPTY)]


def test_without_probe_nobody_sits() -> None:
    alone = Target("it", (SEED,))
    assert seats(alone, alone.nodes, Topology("standalone")) == []


def test_where_nothing_is_sharded_applications_read_where_the_configuration_says() -> None:
    found = seats(TARGET, NODES[:2], Topology("replicas", [Member(node) for node in NODES[:2]]))
    assert found == [Seat(NODES[0], reads=True), Seat(NODES[1], reads=False)]


def test_in_a_cluster_a_shard_has_the_slots_of_its_primary_and_a_primary_without_slots_no_place() -> None:
    members = [Member(NODES[0], "s", [(5, 9), (0, 1)]), Member(NODES[1], "s"), Member(NODES[2], "empty")]
    found = seats(TARGET, NODES, Topology("cluster", members))
    assert found == [Seat(node, "s", ((0, 1), (5, 9)), reads=False) for node in NODES[:2]]


def test_a_cluster_that_has_not_told_its_shards_yet_is_like_no_cluster() -> None:
    assert seats(TARGET, NODES[:1], Topology("cluster", [Member(NODES[0])])) == [Seat(NODES[0])]


def test_a_cluster_in_which_nobody_has_slots_speaks_as_a_whole() -> None:
    assert seats(TARGET, NODES[:1], Topology("cluster", [Member(NODES[0], "s")])) == [Seat(NODES[0])]
