"""Faults of real servers, one by one: the right verdicts for reading and writing, the right class, and back without flapping."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.daemon.detection import KINDS, OPS, show, until_reason
from tests.servers.client import Client, Refused
from tests.servers.daemon import Daemon
from tests.servers.following import Follower
from tests.servers.server import Server
from tests.servers.waiting import until

pytestmark = pytest.mark.slow

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
    show(capfd, f"{kind}, {name}", took)
    assert max(took["write"], took.get("read", 0.0)) < 20.0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("reads", ["", "masterdown"], ids=["serves stale data", "serves nothing"])
def test_a_replica_without_its_primary(
    reads: str,
    kind: str,
    start_server: Start,
    start_daemon: StartDaemon,
    capfd: pytest.CaptureFixture[str],
) -> None:
    primary = start_server(kind)
    replica = start_server(kind, replica_of=primary, settings={"replica-serve-stale-data": "no" if reads else "yes"})
    until(lambda: replica.info("replication").get("master_link_status") == "up", what="a replica in step")
    daemon = start_daemon({"targets": [{"name": "it", "url": replica.url, "topology": "standalone"}]})
    with Follower(daemon) as follower:
        follower.became("read", "closed", 0.0)
        follower.became("write", "open", 0.0)
        until_reason(daemon, "write", "readonly")
        begun = time.monotonic()
        primary.kill()
        if reads:
            took = {"read": follower.became("read", "open", begun).at - begun}
            until_reason(daemon, "read", reads)
            ended = time.monotonic()
            primary.restart()
            took["read again"] = follower.became("read", "closed", ended).at - ended
            assert follower.states("read", begun) == ["open", "half_open", "closed"]
            show(capfd, f"{kind}, a replica without its primary", took)
        else:
            until(lambda: replica.info("replication").get("master_link_status") == "down", what="the link down")
            tries = daemon.value("kvmon_probes_total", target="it", op="read", outcome="ok") or 0
            until(lambda: (daemon.value("kvmon_probes_total", target="it", op="read", outcome="ok") or 0) > tries + 3)
        assert ("open" in follower.states("read")) == bool(reads)


@pytest.mark.parametrize("kind", KINDS)
def test_a_cluster_without_its_slots(
    kind: str, start_server: Start, start_daemon: StartDaemon, capfd: pytest.CaptureFixture[str]
) -> None:
    server = start_server(kind, cluster=True)
    daemon = start_daemon({"targets": [{"name": "it", "url": server.url}]})
    with Follower(daemon) as follower:
        for op in OPS:
            follower.became(op, "open", 0.0)
            until_reason(daemon, op, "clusterdown")
        ended = time.monotonic()
        server.command("CLUSTER", "ADDSLOTS", *range(16_384))
        took = {f"{op} again": follower.became(op, "closed", ended).at - ended for op in OPS}
        begun = time.monotonic()
        server.command("CLUSTER", "DELSLOTS", *range(16_384))
        took |= {op: follower.became(op, "open", begun).at - begun for op in OPS}
        for op in OPS:
            until_reason(daemon, op, "clusterdown")
    show(capfd, f"{kind}, a cluster without its slots", took)


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_that_reads_its_data_says_when_to_come_back(
    kind: str, start_server: Start, start_daemon: StartDaemon, capfd: pytest.CaptureFixture[str]
) -> None:
    # Six seconds for what is there; whoever asks is answered after every other MiB.
    server = start_server(kind, settings={"key-load-delay": "100000", "rdbcompression": "no"})
    with server.client() as client:
        for number in range(60):
            client.command("SET", f"key:{number}", "x" * (1 << 20))
        client.command("SAVE")
    daemon = start_daemon({"targets": [{"name": "it", "url": server.url, "probe": {"timeout": "10s"}}]})

    def eta() -> float:
        (document,) = daemon.get("/v1/breakers/it/read").json()["breakers"]
        return float(document["retry_after_ms"]) / 1000 if document["reason_class"] == "loading" else 0.0

    with Follower(daemon) as follower:
        for op in OPS:
            follower.became(op, "closed", 0.0)
        server.kill()
        server.restart()
        until_reason(daemon, "read", "loading")
        until(lambda: eta() > 1.0, what="what the server expects is told")
        ending = time.monotonic()
        until(lambda: server.info("persistence")["loading"] == "0", what="all is read")
        ended = time.monotonic()
        took = {f"{op} again": follower.became(op, "closed", ending).at - ended for op in OPS}
    show(capfd, f"{kind}, loading", took)


@pytest.mark.parametrize("kind", KINDS)
def test_how_soon_a_crash_is_known(
    kind: str, start_server: Start, start_daemon: StartDaemon, capfd: pytest.CaptureFixture[str]
) -> None:
    server = start_server(kind)
    took = []
    for _ in range(3):
        # A daemon of its own each time: one that has seen a crash waits longer before it closes again.
        daemon = start_daemon({"targets": [{"name": "it", "url": server.url}]})
        with Follower(daemon) as follower:
            for op in OPS:
                follower.became(op, "closed", 0.0)
            begun = time.monotonic()
            server.kill()
            took += [follower.became(op, "open", begun).at - begun for op in OPS]
        daemon.stop()
        server.restart()
    took.sort()
    show(capfd, f"{kind}, crash", {"in the middle": took[len(took) // 2], "at most": took[-1]})
    assert took[len(took) // 2] < 3.0
