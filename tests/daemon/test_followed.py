"""One target whose nodes are looked for: what a snapshot changes, without any server."""

from __future__ import annotations

from dataclasses import replace

from kvmon.clock import ManualClock
from kvmon.daemon.followed import Followed
from kvmon.model.snapshot import Snapshot
from kvmon.model.targets.address import Address
from kvmon.model.targets.providers import BY_NAME
from kvmon.model.targets.target import Credentials, Node, Target, Tls

SEED, FOUND = Address("cache.example.net"), Address("10.0.0.7", 6380)
REPLICAS = {"role": "master", "connected_slaves": "2", "slave0": "ip=10.0.0.7,port=6380", "slave1": "ip=127.0.0.1,port=22"}


def followed(target: Target, taken: frozenset[Address] = frozenset()) -> Followed:
    return Followed(target, dict.fromkeys(taken, "other"), clock=ManualClock())


def polled(node: Node, facts: dict[str, str]) -> Snapshot:
    return Snapshot(node, at=0.0, duration=0.0, lateness=0.0, up=True, samples=(), facts=facts)


def found(known: Followed) -> list[Address]:
    known.seen(polled(known.nodes[0], REPLICAS))
    known.settle()
    return [node.address for node in known.nodes]


def test_found_nodes_are_asked_as_their_target_is_but_nobody_on_this_machine() -> None:
    target = Target("it", (SEED,), Credentials("kvmon", "secret"), topology="auto")
    known = followed(target)
    assert found(known) == [SEED, FOUND]
    assert known.nodes[1].target == replace(target, guarded=True)
    here = followed(Target("it", (Address("127.0.0.1"),), topology="auto"))
    assert [(str(address), node.target.guarded) for address, node in zip(found(here), here.nodes, strict=True)] == [
        ("127.0.0.1:6379", False), ("10.0.0.7:6380", False), ("127.0.0.1:22", False),
    ]  # fmt: skip
    mapped = followed(replace(target, address_map={"127.0.0.1": "localhost"}))
    assert [(str(address), node.target.guarded) for address, node in zip(found(mapped), mapped.nodes, strict=True)] == [
        ("cache.example.net:6379", False), ("10.0.0.7:6380", True), ("localhost:22", False),
    ]  # fmt: skip


def test_with_tls_a_node_announced_by_ip_address_has_to_show_the_certificate_of_the_configured_name() -> None:
    known = followed(Target("it", (SEED,), tls=Tls(), topology="auto"))
    found(known)
    assert [node.target.tls for node in known.nodes] == [Tls(), Tls(server_name="cache.example.net")]
    given = followed(Target("it", (SEED,), tls=Tls(server_name="other"), topology="auto"))
    found(given)
    assert [node.target.tls for node in given.nodes] == [Tls(server_name="other")] * 2


def test_auto_leaves_what_others_name_and_what_providers_hide() -> None:
    assert found(followed(Target("it", (SEED,), topology="auto"), frozenset({FOUND}))) == [SEED]
    assert found(followed(Target("it", (SEED,), topology="replicas"), frozenset({FOUND}))) == [SEED, FOUND]
    managed = BY_NAME["azure-cache"]
    assert found(followed(Target("it", (SEED,), provider=managed, topology="auto"))) == [SEED]
    assert found(followed(Target("it", (SEED,), provider=managed, topology="replicas"))) == [SEED, FOUND]


def test_a_reload_keeps_what_was_found_at_the_same_addresses() -> None:
    target = Target("it", (SEED,), topology="auto")
    known = followed(target)
    found(known)
    assert known.retake(Target("it", (SEED,), topology="auto", interval=1.0), {})
    assert [(node.address, node.target.interval) for node in known.nodes] == [(SEED, 1.0), (FOUND, 1.0)]
    assert known.retake(target, {FOUND: "other"})
    assert [node.address for node in known.nodes] == [SEED]
    assert not known.retake(Target("it", (FOUND,), topology="auto"), {})


def test_nothing_is_looked_at_before_something_is_due() -> None:
    clock = ManualClock()
    known = Followed(Target("it", (SEED,), topology="auto", forget_after=60.0), {}, clock=clock)
    assert not known.seen(polled(known.nodes[0], {"role": "master"}))
    assert known.next is None, "a server that is alone costs nothing"
    clock.advance(5.0)
    assert known.seen(polled(known.nodes[0], REPLICAS))
    known.settle()
    assert known.next == clock.monotonic() + 60.0, "when the replica would be forgotten"
    assert not known.seen(polled(known.nodes[0], REPLICAS))


def test_nobody_in_a_cluster_is_forgotten_between_two_questions() -> None:
    clock = ManualClock()
    known = Followed(Target("it", (SEED,), topology="cluster", forget_after=3.0), {}, clock=clock)
    known.seen(polled(known.nodes[0], {"role": "master", "cluster_enabled": "1"}))
    known._announced([FOUND])
    for _ in range(3):
        clock.advance(9.0)
        known.settle()
    assert [node.address for node in known.nodes] == [SEED, FOUND]
