"""Passes over real servers: counts are right, odd keys do no harm, and a pass can be left and gone on with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic

import pytest

from kvmon.clock import SystemClock
from kvmon.errors import TargetError
from kvmon.model.targets.target import Credentials
from kvmon.watch.scans.pacing import COUNT, Budget, roomy
from kvmon.watch.scans.passing import Pass
from kvmon.watch.scans.rules import OVERFLOW, Rule, by_groups, by_pattern
from kvmon.watch.scans.walking import Walker
from kvmon.watch.wire import Connection
from tests.servers.client import Refused
from tests.servers.server import Server
from tests.watch.scans.scanning import HURRY, fill, memory_of_all, node_of, of, passed

SESSIONS = Rule("workload", "sessions", by_pattern("session:*"), full=300)
HASHES = Rule("workload", "hashes", by_pattern("h:*"), full=300)


async def test_counts_are_exact_and_estimates_within_their_error(server: Server) -> None:
    fill(server, "session", 20_000)
    with server.client() as client:
        for number in range(50):
            client.command("HSET", f"h:{number}", *(word for field in range(number + 1) for word in (field, "x")))
        client.command("SELECT", 3)
        client.command("SET", "session:elsewhere", "x")
    scan, _ = await passed(server, [SESSIONS, HASHES])

    sessions, hashes = of(scan, "workload", "sessions"), of(scan, "workload", "hashes")
    assert (sessions.keys, hashes.keys, scan.met) == (20_001, 50, 20_051)
    assert sessions.memory is not None
    assert sessions.coverage is not None
    truth = memory_of_all(server, "session:*")
    assert abs(sessions.memory.value - truth) <= 1.6 * sessions.memory.error, (sessions.memory, truth)
    assert sessions.memory.error < truth / 5
    assert abs(sessions.coverage.value - 0.25) <= 1.6 * sessions.coverage.error
    assert hashes.elements == (50 * 51 / 2, 0)
    assert hashes.coverage == (0, 0)
    assert hashes.kinds == {"hash": 50}


async def test_a_rule_for_one_database_looks_at_no_other(valkey: Server) -> None:
    with valkey.client() as client:
        for db in (0, 2, 5):
            client.command("SELECT", db)
            client.command("SET", f"a:{db}", "x")
    scan, _ = await passed(valkey, [Rule("count", "a*", by_pattern("a*"), 2, apart=True)])

    assert {(bucket.db, tally.keys) for bucket, tally in scan.tallies.items()} == {(2, 1)}
    assert scan.met == 1


async def test_odd_keys_are_keys(valkey: Server) -> None:
    """Names of bytes and of a megabyte, a big set, a stream: counted and weighed, without a long command or much memory."""
    with valkey.client(timeout=60) as client:
        client.command("SET", b"\xff\x00\r\n*[", b"\x00" * 10)
        for number in range(40):
            client.command("SET", b"session:" + b"n" * 1_000_000 + b"%d" % number, "x")
        client.command("EVAL", "for i=1,300000 do redis.call('SADD', 'h:big', i) end", 0)
        client.command("XADD", "h:stream", "*", "a", "b")
        client.command("CONFIG", "RESETSTAT")
        client.command("SLOWLOG", "RESET")
        everything = Rule("all", "", lambda _: "", full=1000, keep=100)
        scan, walker = await passed(valkey, [everything, SESSIONS], top=3)
        slowest = max((entry[2] for entry in client.command("SLOWLOG", "GET", 10)), default=0)

    found = of(scan, "all", "")
    assert found.keys == 43
    assert found.looked == 43
    assert found.elements == (300_001, 0)
    assert found.memory is not None
    assert found.memory.value > 40_000_000
    assert of(scan, "workload", "sessions").keys == 40
    assert [big.kind for big in scan.biggest] == ["set", "string", "string"]
    assert all(len(big.name) < 300 for big in scan.biggest)
    assert sum(map(len, scan.names[Rule("all", "", lambda _: "").bucket(0, "")])) < 4096
    assert slowest < 200_000, "microseconds"
    assert walker.spent.commands > 43 * 3


def test_how_many_keys_are_asked_for_follows_from_how_long_names_are() -> None:
    assert roomy([]) == roomy([b"session:1"] * 16) == COUNT
    assert roomy([b"session:1"] * 15 + [b"n" * 1_000_000]) == 16
    assert roomy([b"n" * 5_000_000]) == 1


async def test_keys_that_go_or_change_under_the_pass_are_no_error(valkey: Server) -> None:
    fill(valkey, "session", 5_000)
    link = Connection(node_of(valkey), clock=SystemClock())
    walker = Walker(link, HURRY, clock=SystemClock(), timeout=30)
    scan = Pass([Rule("workload", "sessions", by_pattern("session:*"), full=100_000)])
    client = valkey.client()
    steps = iter(range(1_000_000))

    def change() -> None:
        number = next(steps) * 7 % 5_000
        client.command("DEL", f"session:{number}")
        client.command("SADD", f"session:{number + 1}x", "a")
        client.command("DEL", f"session:{number + 2}")
        client.command("SADD", f"session:{number + 2}", "a", "b")

    await walker.walk(scan, change)
    await link.close()
    client.close()

    found = of(scan, "workload", "sessions")
    assert 4_000 < found.keys < 6_000
    assert found.memory is not None
    assert set(found.kinds) == {"string", "set"}


async def test_a_pass_goes_on_after_a_lost_connection_and_counts_nothing_twice(valkey: Server) -> None:
    fill(valkey, "session", 8_000)
    link = Connection(node_of(valkey), clock=SystemClock())
    walker = Walker(link, HURRY, clock=SystemClock(), timeout=30)
    scan = Pass([SESSIONS])
    steps = iter(range(1_000_000))

    def cut() -> None:
        if next(steps) % 9 == 8:
            link.drop()

    lost = 0
    while not scan.done:
        try:
            await walker.walk(scan, cut)
        except TargetError:
            lost += 1
    await link.close()

    found = of(scan, "workload", "sessions")
    assert found.keys == 8_000
    assert found.looked == sum(stratum.looked for tally in scan.tallies.values() for stratum in tally.strata)
    assert scan.met == 8_000


async def test_another_process_is_begun_anew(start_server: Callable[..., Server]) -> None:
    server = start_server()
    fill(server, "session", 4_000)
    link = Connection(node_of(server), clock=SystemClock())
    walker = Walker(link, HURRY, clock=SystemClock(), timeout=30)
    scan = Pass([Rule("count", "s", by_pattern("session:*"))])

    def restart() -> None:
        if scan.met > 2_000:
            server.restart()
            fill(server, "session", 700)

    with pytest.raises(TargetError):
        await walker.walk(scan, restart)
    await walker.walk(scan)
    await link.close()

    assert of(scan, "count", "s").keys == 700


async def test_groups_beyond_the_limit_overflow(valkey: Server) -> None:
    fill(valkey, "session", 1_000)
    rule = Rule("groups", "groups", by_groups(("(%d+)$",), ()), apart=True, full=10, most=20)
    scan, _ = await passed(valkey, [rule])

    counts = {bucket.group: tally.keys for bucket, tally in scan.tallies.items()}
    assert len(counts) == 21
    assert counts[OVERFLOW] == 980


async def test_the_budget_is_kept(valkey: Server) -> None:
    fill(valkey, "session", 3_000)
    valkey.command("CONFIG", "RESETSTAT")
    began = monotonic()
    scan, walker = await passed(valkey, [SESSIONS], budget=Budget(commands=2_000, share=0.5))
    took = monotonic() - began

    assert scan.done
    assert walker.spent.commands / took <= 2_000
    seen = valkey.info("commandstats")
    told = sum(
        int(seen[f"cmdstat_{name}"].split(",")[0].removeprefix("calls=")) for name in ("scan", "pttl", "type", "memory|usage")
    )
    assert told <= walker.spent.commands


async def test_a_server_under_stress_is_left_alone(valkey: Server) -> None:
    fill(valkey, "session", 3_000)
    link = Connection(node_of(valkey), clock=SystemClock())
    stressed = ["busy"]
    walker = Walker(link, HURRY, clock=SystemClock(), timeout=30, held=lambda: stressed[0])
    scan = Pass([SESSIONS])
    task = asyncio.create_task(walker.walk(scan))
    async with asyncio.timeout(30):
        while not walker.holding:  # noqa: ASYNC110 - it is the walker's own word, not an event
            await asyncio.sleep(0)
    assert (walker.holding, scan.met) == ("busy", 0)
    stressed[0] = ""
    async with asyncio.timeout(30):
        await task
    await link.close()

    assert of(scan, "workload", "sessions").keys == 3_000
    assert walker.holding == ""


async def test_who_may_only_scan_gets_counts(start_server: Callable[..., Server]) -> None:
    server = start_server(users={"default": "on nopass ~* &* +@all", "poor": "on >y ~* +scan +info +select +ping"})
    fill(server, "session", 10)
    with pytest.raises(Refused), server.client(login=("poor", "y")) as client:
        client.command("TYPE", "session:1")
    link = Connection(node_of(server, Credentials("poor", "y")), clock=SystemClock())
    scan = Pass([SESSIONS])
    await Walker(link, HURRY, clock=SystemClock(), timeout=30).walk(scan)
    await link.close()

    found = of(scan, "workload", "sessions")
    assert (found.keys, found.looked, found.memory, found.coverage) == (10, 0, None, None)
    assert set(scan.refused) == {"TYPE", "PTTL", "MEMORY USAGE"}
