"""The daemon pushes to DogStatsD what it polls."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.servers.daemon import Daemon
from tests.servers.server import Server
from tests.servers.waiting import until
from tests.tell.sinks.datadog.intake import KEY, Fault, Intake
from tests.tell.sinks.datadog.listener import Listener

DASHBOARD = (
    "stats.keyspace_hits", "stats.keyspace_misses", "rdb.changes_since_last", "cpu.sys", "net.clients", "net.slaves",
    "net.rejected", "keys", "info.latency_ms", "net.commands", "mem.used", "mem.maxmemory", "keys.evicted",
    "mem.fragmentation_ratio", "clients.blocked", "replication.master_link_down_since_seconds", "slowlog.micros",
)  # fmt: skip
"""What the Agent's stock dashboard shows; the slow log's aggregates are made from the histogram."""


def latest(listener: Listener, name: str, **tags: str) -> float | None:
    """The value that came last; None before any."""
    found = listener.named(name, **tags)
    return found[-1].value if found else None


@pytest.mark.slow
def test_a_primary_and_its_replica_are_pushed(start_server: Callable[..., Server], start_daemon: Callable[..., Daemon]) -> None:
    primary, replica = start_server(), start_server()
    replica.command("REPLICAOF", "127.0.0.1", str(primary.port))
    primary.command("SET", "key", "value")
    primary.command("CONFIG", "SET", "slowlog-log-slower-than", "0")
    until(lambda: "master_link_status:up" in replica.command("INFO", "replication"), what="the replica in step")
    with TemporaryDirectory(prefix="kvmon-") as folder, Listener(Path(folder) / "dsd") as listener:
        daemon = start_daemon({
            "interval": "1s",
            "collectors": {"slowlog": {"every": "1s"}, "config": {"every": "1s"}},
            "datadog": {"dogstatsd": listener.url, "interval": "1s", "tags": ["env:test"]},
            "targets": [
                {"name": "primary", "url": primary.url, "labels": {"team": "web"}, "probe": "off"},
                {"name": "replica", "url": replica.url, "probe": "off"},
            ],
        })  # fmt: skip
        names = {f"redis.{name}" for name in DASHBOARD}
        until(lambda: names <= {metric.name for metric in listener.metrics}, what=f"every name\n{daemon.logs[-2000:]}")
        checks = {"redis.can_connect", "redis.replication.master_link_status"}
        until(lambda: checks <= {check.name for check in listener.checks if check.status == 0}, what="both checks")
        assert listener.wrong == []
        assert not [metric for metric in listener.metrics if metric.name.startswith("datadog.")]
        assert {metric.kind for metric in listener.metrics if metric.name != "redis.slowlog.micros"} == {"g"}
        assert {metric.kind for metric in listener.named("redis.slowlog.micros")} == {"h"}
        told = {"redis_port": str(primary.port), "redis_role": "master", "target": "primary", "team": "web", "env": "test"}
        until(lambda: latest(listener, "redis.keys", redis_db="db0", **told) == 1, what="the number of keys")
        until(lambda: latest(listener, "kvmon.up", target="replica", redis_role="slave") == 1, what="the replica")
        until(lambda: latest(listener, "redis.command.calls", command="set", **told) == 1, what="calls")
        until(lambda: listener.named("redis.replication.delay", slave_id="0", **told), what="the delay")
        primary.config_set("maxmemory", "100mb")
        until(lambda: [e for e in listener.events if "event:config_change" in e.tags], what="a changed setting")
        replica.command("REPLICAOF", "NO", "ONE")
        until(lambda: [e for e in listener.events if "event:failover" in e.tags], what="the failover")
        replica.restart()
        until(lambda: [e for e in listener.events if "event:restart" in e.tags], what="the restart")
        assert all(event.fields["k"].startswith("kvmon:") for event in listener.events)
        primary.command("SET", "another", "value")
        until(lambda: latest(listener, "redis.keys", redis_db="db0", **told) == 2, what="the new number of keys")
        until(lambda: (daemon.value("kvmon_datadog_points_total", result="sent") or 0) > 100, what="points counted")
        assert daemon.value("kvmon_datadog_points_total", result="socket") == 0
        assert (daemon.value("kvmon_datadog_last_success_timestamp_seconds") or 0) > 1e9
        daemon.write({"interval": "1s", "targets": [{"name": "primary", "url": primary.url}]})
        daemon.reload()
        daemon.until("kvmon_datadog_queue_points", None)
        code, _ = daemon.terminate()
        assert code == 0, daemon.logs
        assert "Traceback" not in daemon.logs


def test_without_an_agent(valkey: Server, start_daemon: Callable[..., Daemon], tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("not-the-key")
    with Intake() as intake:
        intake.faults = [Fault(503), Fault(0)]
        daemon = start_daemon({
            "interval": "1s",
            "state_dir": str(tmp_path / "state"),
            "datadog": {"api_key_file": str(key), "api": intake.url, "interval": "1s", "hostname": "here"},
            "targets": [{"name": "it", "url": valkey.url}],
        })  # fmt: skip
        until(lambda: 403 in intake.statuses, what="a key refused")
        assert list((tmp_path / "state" / "datadog").glob("*-series-*.batch")), "what waits is on disk"
        daemon.until("redis_up", 1, target="it")
        key.write_text(KEY)
        valkey.restart()
        until(lambda: intake.named("redis.net.commands", target="it", redis_role="master"), what=f"a rate\n{daemon.logs}")
        until(lambda: intake.checks, what="a service check")
        until(lambda: [e for e in intake.events if e["aggregation_key"].startswith("kvmon:restart:it")], what="the restart")
        assert len(intake.named("redis.keys")) == len(set(intake.named("redis.keys"))), "each point once"
        assert {(point.kind, point.host) for point in intake.points} == {("gauge", "here")}
        assert intake.late == []
        until(lambda: (daemon.value("kvmon_datadog_points_total", result="sent") or 0) > 100, what="points counted")
        until(lambda: daemon.value("kvmon_datadog_queue_points") == 0, what="an empty queue")
        assert daemon.value("kvmon_datadog_requests_total", code="403") == intake.statuses.count(403)
        code, _ = daemon.terminate()
        assert code == 0, daemon.logs
        assert "Traceback" not in daemon.logs


def test_what_a_dead_agent_does_not_take_is_counted(valkey: Server, start_daemon: Callable[..., Daemon]) -> None:
    with TemporaryDirectory(prefix="kvmon-") as folder:
        daemon = start_daemon(
            {"interval": "1s", "datadog": {"interval": "1s"}, "targets": [{"name": "it", "url": valkey.url}]},
            environment={"DD_DOGSTATSD_URL": f"unix://{folder}/nobody"},
        )
        until(lambda: (daemon.value("kvmon_datadog_points_total", result="socket") or 0) > 0, what="loss counted")
        daemon.until("redis_up", 1, target="it")
        code, _ = daemon.terminate()
        assert code == 0, daemon.logs


@pytest.mark.slow
@pytest.mark.parametrize("agentless", [True, False])
def test_a_datadog_that_hangs_delays_no_poll(valkey: Server, start_daemon: Callable[..., Daemon], agentless: bool) -> None:
    """It lets itself be connected to and says nothing; a request is given up after 30 s only."""
    with TemporaryDirectory(prefix="kvmon-") as folder, ExitStack() as open_:
        if agentless:
            hangs = open_.enter_context(socket.create_server(("127.0.0.1", 0)))
            way = {"api_key": KEY, "api": f"http://127.0.0.1:{hangs.getsockname()[1]}", "hostname": "here"}
        else:
            hangs = open_.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
            hangs.bind(f"{folder}/dsd")
            way = {"dogstatsd": f"unix://{folder}/dsd"}
        daemon = start_daemon(
            {"interval": "1s", "datadog": {**way, "interval": "1s"}, "targets": [{"name": "it", "url": valkey.url}]}
        )
        until(lambda: (daemon.value("kvmon_datadog_queue_points") or 0) > 0, what="something waits")
        before = daemon.value("redis_commands_total", cmd="info") or 0
        polled = partial(daemon.value, "redis_commands_total", cmd="info")
        until(lambda: (polled() or 0) >= before + 5, within=25, what="polls go on")
        assert (daemon.value("kvmon_datadog_queue_points") or 0) > 0, "nothing was taken meanwhile"
        code, _ = daemon.terminate()
        assert code == 0, daemon.logs
