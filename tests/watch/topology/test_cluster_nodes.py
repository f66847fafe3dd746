"""CLUSTER NODES as servers wrote it, and as they never would."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kvmon.model.conversation import Malformed
from kvmon.model.targets.address import Address
from kvmon.watch.topology.cluster_nodes import SLOTS, ClusterNode, members, parse, summary, with_shards

A, B, C, D = (letter * 40 for letter in "abcd")

VALKEY_9 = f"""\
{A} 127.0.0.1:7001@17001 myself,master - 0 0 1 connected 0-5460 [5461->-{B}]
{B} 127.0.0.1:7002@17002,node-2.example.net master - 0 1700000000123 2 connected 5461-10922 10924
{C} 127.0.0.1:7003@17003,,shard-id=5e master,fail - 1700000000000 1700000000123 3 disconnected 10925-16383
{D} 127.0.0.1:7004@17004 slave {A} 0 1700000000123 1 connected
{"e" * 40} :0@0 master,noaddr - 0 0 0 disconnected
"""


def test_a_reply_of_a_real_cluster() -> None:
    a, b, c, d, gone = parse(VALKEY_9)
    assert (a.address, a.myself, a.is_primary, a.slots, a.moving) == (Address("127.0.0.1", 7001), True, True, ((0, 5460),), 1)
    assert (b.hostname, b.slots) == ("node-2.example.net", ((5461, 10922), (10924, 10924)))
    assert (c.connected, c.shard, "fail" in c.flags) == (False, "5e", True)
    assert (d.primary, d.is_primary, d.slots) == (A, False, ())
    assert gone.address.host == ""
    assert members([a, b, c, d, gone]) == (a, b, c, d)


def test_what_a_cluster_comes_to() -> None:
    slots, nodes, shards, lonely = summary(members(parse(VALKEY_9)))
    assert slots == {"ok": 5461 + 5462 + 1, "pfail": 0, "fail": 5459, "unassigned": 1}
    assert (nodes, shards, lonely) == (4, 3, 2)


def test_the_first_line_of_a_server_that_is_alone() -> None:
    (node,) = parse(f"{A} :7001@17001 myself,master - 0 0 0 connected\n")
    assert node.address == Address("", 7001)
    assert node.myself


def test_an_ipv6_address() -> None:
    (node,) = parse(f"{A} fd00::7:7001@17001 master - 0 0 0 connected")
    assert str(node.address) == "[fd00::7]:7001"


def test_redis_3_has_no_bus_port() -> None:
    (node,) = parse(f"{A} 10.0.0.7:7001 master - 0 0 0 connected 1")
    assert node.address == Address("10.0.0.7", 7001)


def test_a_shard_keeps_its_name_through_a_failover() -> None:
    before = with_shards(parse(VALKEY_9), {})
    assert [node.shard for node in before] == [A, B, "5e", A, "e" * 40]
    lines = f"{A} 127.0.0.1:7001@17001 slave {D} 0 0 4 connected\n{D} 127.0.0.1:7004@17004 master - 0 0 4 connected 0-5460\n"
    after = with_shards(parse(lines), {node.id: node.shard for node in before})
    assert [node.shard for node in after] == [A, A]


@pytest.mark.parametrize(
    "text",
    ["nonsense", f"{A} nowhere master - 0 0 0 connected", f"{A} h:1@2 master - 0 0 0 connected 9-3",
     f"{A} h:1@2 master - 0 0 0 connected x", f"{A} h:1@2 master - 0 0 0 connected 16384", "a\n" * 3_000],
)  # fmt: skip
def test_what_is_no_reply_is_malformed(text: str) -> None:
    with pytest.raises(Malformed, match="CLUSTER NODES"):
        parse(text)


RANGES = st.tuples(st.integers(0, SLOTS - 1), st.integers(0, SLOTS - 1)).map(lambda ends: (min(ends), max(ends)))


@given(
    st.lists(
        st.builds(
            ClusterNode,
            id=st.text("0123456789abcdef", min_size=40, max_size=40),
            address=st.builds(Address, st.sampled_from(["", "10.0.0.1", "fd00::1", "h"]), st.integers(0, 65_535)),
            flags=st.frozensets(st.sampled_from(["master", "slave", "myself", "fail", "fail?", "noaddr"]), min_size=1),
            hostname=st.sampled_from(["", "h.example.net"]),
            primary=st.sampled_from(["", A]),
            connected=st.booleans(),
            slots=st.lists(RANGES, max_size=4).map(tuple),
            moving=st.integers(0, 2),
            epoch=st.integers(0, 9),
        ),
        max_size=6,
    )
)
def test_what_is_written_is_read(nodes: list[ClusterNode]) -> None:
    assert parse("\n".join(map(_line, nodes))) == tuple(nodes)


def _line(node: ClusterNode) -> str:
    place = f"{node.address.host}:{node.address.port}@1{',' + node.hostname if node.hostname else ''}"
    slots = [str(begin) if begin == end else f"{begin}-{end}" for begin, end in node.slots]
    moving = [f"[7->-{A}]"] * node.moving + [f"[8-<-{A}]"]
    link = "connected" if node.connected else "disconnected"
    return " ".join([node.id, place, ",".join(node.flags), node.primary or "-", "0", "0", str(node.epoch), link, *slots, *moving])


@given(st.text() | st.lists(st.sampled_from([*VALKEY_9.split(" "), " ", "\n", ":", "@"])).map(" ".join))
@example("\n\r\n")
def test_any_text_is_read_or_malformed(text: str) -> None:
    try:
        nodes = parse(text)
    except Malformed:
        return
    assert all(0 <= begin <= end < SLOTS for node in with_shards(nodes, {}) for begin, end in node.slots)
