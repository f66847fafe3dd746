"""The hot probe against real servers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import pytest

from kvmon.clock import SystemClock
from kvmon.model.evidence import Evidence
from kvmon.model.targets.address import Address
from kvmon.model.targets.target import Credentials, Probe, Target
from kvmon.watch.probes import HotProbe
from kvmon.watch.probes.canary import key_in, slots_of
from tests.servers.server import Server

PATIENT = Probe(timeout=20.0)
Found = tuple[str, bool, str, bool]


def of(found: list[Evidence]) -> list[Found]:
    return [(each.op, each.ok, each.outcome, each.conclusive) for each in found]


@pytest.fixture
async def probe_of() -> AsyncIterator[Callable[..., HotProbe]]:
    async with AsyncExitStack() as stack:

        def make(server: Server, options: Probe = PATIENT, **more: Credentials) -> HotProbe:
            target = Target("it", (Address("127.0.0.1", server.port),), **more)  # type: ignore[arg-type]
            made = HotProbe(target.nodes[0], options, clock=SystemClock())
            stack.push_async_callback(made.close)
            return made

        yield make


Maker = Callable[..., HotProbe]
READ: Found = ("read", True, "ok", False)
WRITE: Found = ("write", True, "ok", False)


async def test_reading_and_writing_work_on_a_healthy_server(server: Server, probe_of: Maker) -> None:
    probe = probe_of(server)
    assert of(await probe.probe(write=False)) == [READ]
    assert of(await probe.probe(write=True)) == [READ, WRITE]
    await probe.probe(write=False)
    info = server.info("stats")
    assert (probe.tally.hits, probe.tally.misses) == (int(info["keyspace_hits"]), int(info["keyspace_misses"])) == (1, 2)
    (key,) = server.command("KEYS", "*")
    assert key.startswith("kvmon:canary:")
    assert 0 < server.command("TTL", key) <= 30
    names = {sample.spec.name for sample in probe.tally.samples()}
    assert "kvmon_probe_duration_seconds" in names


async def test_a_full_server_can_be_read_but_not_written(server: Server, probe_of: Maker) -> None:
    server.command("SET", "big", "x" * 100_000)
    server.config_set("maxmemory-policy", "noeviction")
    server.config_set("maxmemory", "1")
    assert of(await probe_of(server).probe(write=True)) == [READ, ("write", False, "oom", True)]


async def test_missing_replicas_stop_writes(server: Server, probe_of: Maker) -> None:
    server.config_set("min-replicas-to-write", "1")
    assert of(await probe_of(server).probe(write=True)) == [READ, ("write", False, "noreplicas", True)]


async def test_whether_a_write_would_be_taken_is_asked_with_each_read_and_changes_nothing(
    server: Server, probe_of: Maker
) -> None:
    probe = probe_of(server)
    assert of(await probe.probe(write=True)) == [READ, WRITE]
    before = server.info()
    for _ in range(50):
        assert of(await probe.probe(write=False)) == [READ], "that it would be taken is no write"
    after = server.info()
    assert after["rdb_changes_since_last_save"] == before["rdb_changes_since_last_save"]
    assert int(after["keyspace_hits"]) == int(before["keyspace_hits"]) + 50
    assert after["keyspace_misses"] == before["keyspace_misses"]
    server.config_set("min-replicas-to-write", "1")
    assert of(await probe.probe(write=False)) == [READ, ("write", False, "noreplicas", True)]
    server.config_set("min-replicas-to-write", "0")
    assert of(await probe.probe(write=False)) == [READ]


async def test_writes_that_are_paused_fall_silent_while_reading_goes_on(server: Server, probe_of: Maker) -> None:
    probe = probe_of(server, Probe(timeout=1.0))
    assert of(await probe.probe(write=True)) == [READ, WRITE]
    server.command("CLIENT", "PAUSE", "60000", "WRITE")
    read, write = await probe.probe(write=False)
    assert of([read, write]) == [READ, ("write", False, "timeout", False)]
    assert read.tainted, "how long it took says nothing"
    assert "get" in probe.tally.steps()
    server.command("CLIENT", "UNPAUSE")
    assert of(await probe.probe(write=True)) == [READ, WRITE]


STOCK = "3600 1 300 100 60 10000"


def changes(server: Server) -> int:
    return int(server.info("persistence")["rdb_changes_since_last_save"])


async def test_a_server_with_stock_save_rules_where_nobody_writes_is_written_nothing(server: Server, probe_of: Maker) -> None:
    server.config_set("save", STOCK)
    probe = probe_of(server)
    for _ in range(5):
        assert of(await probe.probe(write=True)) == [READ, WRITE], "what a SET that does nothing comes to is enough"
    assert changes(server) == 0
    assert server.command("KEYS", "*") == []
    server.config_set("min-replicas-to-write", "1")
    assert of(await probe.probe(write=True)) == [READ, ("write", False, "noreplicas", True)]
    server.config_set("min-replicas-to-write", "0")
    assert of(await probe.probe(write=True, doubt=True)) == [READ, WRITE]
    assert changes(server) == 1, "in doubt only a write tells that writing works"


async def test_what_is_written_is_little_of_what_others_write(server: Server, probe_of: Maker) -> None:
    server.config_set("save", STOCK)
    probe = probe_of(server)
    for number in range(100):
        server.command("SET", f"of an application {number}", "x")
    for _ in range(50):
        assert of(await probe.probe(write=True)) == [READ, WRITE]
    assert changes(server) == 100 + 10
    server.command("SAVE")
    assert of(await probe.probe(write=True)) == [READ, WRITE]
    assert changes(server) == 0


async def test_a_server_without_save_rules_is_spared_nothing(server: Server, probe_of: Maker) -> None:
    probe = probe_of(server)
    for _ in range(5):
        assert of(await probe.probe(write=True)) == [READ, WRITE]
    assert changes(server) == 5


async def test_writes_that_are_paused_are_silent_where_they_would_be_spared(server: Server, probe_of: Maker) -> None:
    server.config_set("save", STOCK)
    probe = probe_of(server, Probe(timeout=1.0))
    assert of(await probe.probe(write=True)) == [READ, WRITE]
    server.command("CLIENT", "PAUSE", "60000", "WRITE")
    assert of(await probe.probe(write=True)) == [READ, ("write", False, "timeout", False)]
    server.command("CLIENT", "UNPAUSE")


async def test_a_replica_is_never_written(start_server: Callable[..., Server], probe_of: Maker) -> None:
    primary = start_server()
    replica = start_server(replica_of=primary, settings={"replica-read-only": "no"})
    found = of(await probe_of(replica).probe(write=True))
    assert found[1] == ("write", False, "readonly", True)
    assert replica.command("KEYS", "kvmon:*") == []


async def test_a_server_that_is_gone_is_refused_for_both(valkey: Server, probe_of: Maker) -> None:
    probe = probe_of(valkey)
    await probe.probe(write=True)
    valkey.kill()
    assert of(await probe.probe(write=True)) == [("read", False, "refused", False), ("write", False, "refused", False)]
    valkey.restart()
    assert of(await probe.probe(write=True)) == [READ, WRITE]


async def test_a_kept_connection_that_the_server_closed_is_no_failure(valkey: Server, probe_of: Maker) -> None:
    probe = probe_of(valkey)
    await probe.probe(write=False)
    valkey.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    assert of(await probe.probe(write=False)) == [READ]
    assert probe.tally.retries == 1


async def test_waiting_ends_when_the_server_closes_the_connection(valkey: Server, probe_of: Maker) -> None:
    probe = probe_of(valkey)
    await probe.probe(write=False)
    valkey.kill()
    await probe.idle(200.0)  # the test's own deadline would end it otherwise
    found = of(await probe.probe(write=False))
    assert found == [("read", False, "refused", False), ("write", False, "refused", False)], "both went with the connection"


async def test_what_our_user_may_not_do_says_nothing_about_the_server(
    start_server: Callable[..., Server], probe_of: Maker
) -> None:
    server = start_server(users={"kvmon": "on >secret +ping +info +client"})
    probe = probe_of(server, credentials=Credentials("kvmon", "secret"))
    assert of(await probe.probe(write=True)) == []
    refusals = server.command("ACL", "LOG")
    assert of(await probe.probe(write=True)) == [], "PING alone is no reading"
    assert len(server.command("ACL", "LOG")) == len(refusals), "what was refused is not asked again"


async def test_a_user_that_may_only_read_tells_of_reading(start_server: Callable[..., Server], probe_of: Maker) -> None:
    server = start_server(users={"kvmon": "on >secret +ping +info +client +get ~kvmon:canary:*"})
    probe = probe_of(server, credentials=Credentials("kvmon", "secret"))
    assert of(await probe.probe(write=True)) == [READ]
    refusals = server.command("ACL", "LOG")
    assert of(await probe.probe(write=True)) == [READ]
    assert len(server.command("ACL", "LOG")) == len(refusals), "what was refused is not asked again"


async def test_a_cluster_node_is_written_in_its_own_slots(start_server: Callable[..., Server], probe_of: Maker) -> None:
    server = start_server(cluster=True)
    server.command("CLUSTER", "ADDSLOTS", *range(16000, 16384))
    server.config_set("cluster-require-full-coverage", "no")
    probe = probe_of(server)
    for _ in range(2000):  # the cluster takes a moment to be of the opinion that it works
        found = of(await probe.probe(write=True))
        if found == [READ, WRITE]:
            break
        await probe.idle(0.01)
    assert found == [READ, WRITE]


async def test_a_cluster_without_slots_serves_nobody(start_server: Callable[..., Server], probe_of: Maker) -> None:
    assert of(await probe_of(start_server(cluster=True)).probe(write=True)) == [
        ("read", False, "clusterdown", True),
        ("write", False, "clusterdown", True),
    ]


def test_the_slots_of_a_node_are_read_from_its_own_line() -> None:
    nodes = (
        "a 127.0.0.1:1@2 master - 0 0 1 connected 0-99\nb 127.0.0.1:2@3 myself,master - 0 0 2 connected 100-199 300 [400->-a]\n"
    )
    assert slots_of(nodes) == [(100, 199), (300, 300)]
    assert slots_of("nonsense") == []
    assert key_in("t", []) is None
    assert str(key_in("t", [(5798, 5798)])).startswith("kvmon:canary:t:{")
