"""Who is polled: pure planning."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvmon.model.targets.address import Address, parse_address
from kvmon.watch.topology.announced import reachable
from kvmon.watch.topology.membership import LIMIT, Membership
from kvmon.watch.topology.replication import neighbours

SEED, R1, R2 = Address("cache.example.net"), Address("10.0.0.1"), Address("10.0.0.2")


def test_a_found_node_stays_until_nobody_announced_it_for_long() -> None:
    members = Membership((SEED,)).announced([R1, R2], 0.0).announced([R2], 400.0)
    assert members.expired(599.0, 600.0).addresses == (SEED, R1, R2)
    assert members.expired(600.0, 600.0).addresses == (SEED, R2)
    assert members.expired(9_999.0, 600.0).addresses == (SEED,), "what is configured stays"


def test_one_process_at_two_addresses_is_one_node() -> None:
    members = Membership((SEED,)).announced([R1, R2], 0.0).met(SEED, "run-1").met(R1, "run-1").met(R2, "run-2")
    assert members.addresses == (SEED, R2)
    assert members.alias(R1) == SEED
    assert members.without([R2]).addresses == (SEED,)
    moved = members.met(SEED, "run-3")
    assert moved.addresses == (SEED, R1, R2), "the name leads elsewhere now"


def test_there_is_an_end_to_what_is_taken() -> None:
    crowd = [Address("10.0.0.1", port) for port in range(1, 3_000)]
    assert len(Membership((SEED,)).announced(crowd, 0.0).addresses) == LIMIT


ADDRESSES = st.sampled_from([SEED, R1, R2, Address("10.0.0.3"), Address("10.0.0.4")])
STEPS = st.lists(st.tuples(st.sampled_from("ame"), ADDRESSES, st.sampled_from(["", "x", "y"]), st.integers(0, 50)), max_size=30)


@given(STEPS)
def test_configured_nodes_come_first_and_nobody_comes_twice(steps: list[tuple[str, Address, str, int]]) -> None:
    members, now = Membership((SEED, R1)), 0.0
    for step, address, run, later in steps:
        now += later
        if step == "a":
            members = members.announced([address], now)
        elif step == "m":
            members = members.met(address, run)
        else:
            members = members.expired(now, 60.0)
            assert all(now - last < 60.0 for last in members.found.values())
        assert members.addresses[:2] == (SEED, R1)
        assert len(set(members.addresses)) == len(members.addresses)
        runs = [members.runs[found] for found in members.addresses[2:] if members.runs.get(found)]
        assert len(set(runs)) == len(runs)


def test_a_primary_announces_replicas_and_a_replica_its_primary() -> None:
    primary = {
        "role": "master", "connected_slaves": "3", "slave0": "ip=10.0.0.1,port=6379,state=online,offset=1,lag=0",
        "slave1": "ip=,port=6379,state=online", "slave2": "ip=fd00::1,port=7000,state=wait_bgsave",
    }  # fmt: skip
    assert neighbours(primary) == (R1, Address("fd00::1", 7000))
    replica = {"role": "slave", "master_host": "10.0.0.2", "master_port": "6379", "connected_slaves": "0"}
    assert neighbours(replica) == (R2,)
    assert neighbours({"role": "slave", "master_host": "h", "master_port": "-1", "connected_slaves": "9" * 30}) == ()


@given(
    st.dictionaries(st.sampled_from(["role", "connected_slaves", "slave0", "slave1", "master_host", "master_port"]), st.text())
)
def test_whatever_a_server_says_is_read(facts: dict[str, str]) -> None:
    assert all(0 < address.port < 65_536 and address.host for address in neighbours(facts))


@pytest.mark.parametrize(
    ("announced", "asked", "expected"),
    [
        ("10.0.0.1:6379", "cache.example.net", "10.0.0.1:6379"),
        ("127.0.0.1:6379", "cache.example.net", None),
        ("localhost:6379", "10.0.0.9", None),
        ("[::1]:6379", "10.0.0.9", None),
        ("127.0.0.1:6379", "127.0.0.1", "127.0.0.1:6379"),
        ("127.0.0.1:6379", "localhost", "127.0.0.1:6379"),
        ("169.254.169.254:80", "10.0.0.9", None),
        ("169.254.169.254:80", "127.0.0.1", None),
        ("0.0.0.0:6379", "127.0.0.1", None),
        ("127.1:6379", "10.0.0.9", None),
        ("2130706433:6379", "10.0.0.9", None),
        ("[::ffff:127.0.0.1]:6379", "10.0.0.9", None),
        ("172.17.0.2:6379", "10.0.0.9", "host-a:7001"),
        ("172.17.0.2:6380", "10.0.0.9", "host-b:6380"),
        ("127.0.0.1:9", "10.0.0.9", "host-c:9"),
    ],
)
def test_who_may_be_asked(announced: str, asked: str, expected: str | None) -> None:
    told = {"172.17.0.2:6379": "host-a:7001", "172.17.0.2": "host-b", "127.0.0.1:9": "host-c:9"}
    found = reachable(parse_address(announced), parse_address(asked), told)
    assert (str(found) if found else None) == expected


def test_a_name_that_is_none_is_not_asked() -> None:
    assert reachable(Address("evil host"), SEED, {}) is None
    assert reachable(Address(""), SEED, {}) is None
