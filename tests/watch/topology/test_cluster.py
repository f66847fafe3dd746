"""Asking a cluster in the way that it allows, and what comes of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvmon.model.conversation import Command, Malformed, Refusal, Reply, Unsupported
from kvmon.model.targets.address import Address
from kvmon.watch.topology.cluster import Nodes, ask, load_of, outlook, skew
from kvmon.watch.topology.cluster_nodes import parse, with_shards
from kvmon.watch.topology.cluster_shards import from_shards, from_slots
from tests.servers.server import Server
from tests.watch.collectors.talking import replies

A, B, C = (letter * 40 for letter in "abc")
UNKNOWN = Refusal("ERR", "ERR unknown subcommand")

SHARDS: Any = [
    [
        b"slots", [0, 99, 200, 300],
        b"nodes", [
            [b"id", A.encode(), b"port", 7001, b"tls-port", 7101, b"ip", b"10.0.0.1", b"endpoint", b"a.example.net",
             b"hostname", b"a.example.net", b"role", b"master", b"replication-offset", 7, b"health", b"online"],
            [b"id", B.encode(), b"port", 7002, b"ip", b"10.0.0.2", b"endpoint", b"?", b"role", b"replica", b"health", b"fail"],
        ],
    ],
    [b"slots", [], b"nodes", []],
]  # fmt: skip
SLOTS: Any = [
    [0, 99, [b"10.0.0.1", 7001, A.encode(), []], [b"10.0.0.2", 7002, B.encode()]],
    [200, 300, [b"10.0.0.1", 7001, A.encode()]],
]


def hear(answers: dict[str, Reply], refused: tuple[str, ...] = ()) -> tuple[Nodes, list[str]]:
    talk, asked = ask(refused), []
    commands = next(talk)
    try:
        while True:
            asked += [str(command[1]) for command in commands]
            commands = talk.send([answers[str(command[1])] for command in commands])
    except StopIteration as end:
        return end.value.memory, asked


def test_what_is_refused_is_asked_otherwise_and_not_again() -> None:
    found, asked = hear({"NODES": UNKNOWN, "SHARDS": UNKNOWN, "SLOTS": SLOTS})
    assert asked == ["NODES", "SHARDS", "SLOTS"]
    again, asked = hear({"SLOTS": SLOTS}, tuple(found.refused))
    assert asked == ["SLOTS"]
    assert again == found
    with pytest.raises(Unsupported, match="NOPERM"):
        hear(dict.fromkeys(("NODES", "SHARDS", "SLOTS"), Refusal("NOPERM", "NOPERM no permissions")))


def test_a_server_that_loads_is_asked_the_same_later() -> None:
    with pytest.raises(Unsupported, match="LOADING"):
        hear({"NODES": Refusal("LOADING", "LOADING the dataset")})


def test_shards_and_slots_say_who_owns_what() -> None:
    primary, replica = with_shards(from_shards(SHARDS, tls=True), {})
    assert (primary.address, primary.slots) == (Address("a.example.net", 7101), ((0, 99), (200, 300)))
    assert from_shards(SHARDS, tls=False)[0].address.port == 7001
    assert (replica.address, replica.primary, "fail" in replica.flags) == (Address("10.0.0.2", 7002), A, True)
    assert primary.shard == replica.shard == A
    primary, replica = from_slots(SLOTS)
    assert (primary.slots, replica.primary, replica.is_primary) == (((0, 99), (200, 300)), A, False)
    assert primary.address == Address("10.0.0.1", 7001)


@given(replies)
def test_any_reply_is_read_or_malformed(reply: Reply) -> None:
    for read in (lambda: from_shards(reply, tls=False), lambda: from_slots(reply), lambda: hear({"NODES": reply})):
        try:
            read()
        except (Malformed, Unsupported, KeyError):
            continue


async def test_all_ways_tell_the_same_of_a_real_node(start_server: Any) -> None:
    server: Server = start_server(cluster=True)
    server.command("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
    commands: list[Command] = [("CLUSTER", "SHARDS"), ("CLUSTER", "SLOTS")]
    with server.client() as client:
        shards, slots = (client.command(*map(str, command)) for command in commands)
        (line,) = parse(client.command("CLUSTER", "NODES"))
    for (node,) in (from_shards(shards, tls=False), from_slots(slots)):
        assert (node.id, node.slots, node.is_primary, node.address.port) == (line.id, ((0, 16_383),), True, server.port)


def test_an_outlook_is_of_owners_and_epochs_and_not_of_who_is_ill() -> None:
    line = "{} 10.0.0.1:7001@1 {} - 0 0 {} connected {}\n"
    before = outlook(parse(line.format(A, "myself,master", 1, "0-99") + line.format(B, "master", 2, "100-200")))
    ill = outlook(parse(line.format(A, "master,fail?", 1, "0-99") + line.format(B, "myself,master", 2, "100-200")))
    other = outlook(parse(line.format(A, "master", 1, "0-98") + line.format(B, "master", 3, "100-200 99")))
    assert before == ill
    assert (before.owners == other.owners, before.epochs == other.epochs) == (False, False)


def test_the_load_of_a_primary_and_how_even_it_is() -> None:
    facts = {
        "db0": "keys=5,expires=1,avg_ttl=0",
        "db3": "keys=2,expires=0",
        "used_memory": "1024",
        "instantaneous_ops_per_sec": "7",
    }
    assert load_of(facts) == (load_of({**facts, "db1": "nonsense"}))
    assert (load_of(facts).keys, load_of(facts).memory, load_of(facts).commands) == (7, 1024, 7)
    assert skew([3, 3, 3]) == 1
    assert skew([9, 0, 0]) == 3
    assert skew([0, 0]) is skew([]) is None


@given(st.lists(st.floats(0, 1e12), min_size=1, max_size=20))
def test_skew_lies_between_even_and_all_in_one(values: list[float]) -> None:
    found = skew(values)
    assert found is None or 0.999 <= found <= len(values) * 1.001
